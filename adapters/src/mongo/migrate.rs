//! What a database lacks, and how it comes by it.

use super::schema::{PLAN, Planned, PlannedIndex};
use super::uri::MongoUri;
use super::words::{Cause, Failure, NAMESPACE_EXISTS};
use super::{Inner, Mongo};
use mongodb::IndexModel;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::ErrorKind;
use mongodb::options::IndexOptions;
use std::time::Duration;

/// Longest that building an index may take; a large collection takes its time.
const INDEX_BUILD_MAX: Duration = Duration::from_secs(3600);

/// Why the archive cannot be used. Each reads as a whole sentence for an operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MongoFault {
    /// No server answers.
    #[error("MongoDB cannot be reached: {reason}")]
    Unreachable {
        /// Which, and what was said.
        reason: String,
    },
    /// User or password are wrong.
    #[error("MongoDB at {uri} refuses the user name or the password")]
    Credentials {
        /// Which.
        uri: String,
    },
    /// The user may not look or write there.
    #[error("MongoDB's database {database} may not be used: {reason}")]
    Rights {
        /// Which database.
        database: String,
        /// What was said.
        reason: String,
    },
    /// A server says no for another reason.
    #[error("MongoDB refuses: {reason}")]
    Refused {
        /// Which, and what was said.
        reason: String,
    },
    /// Collections or indexes are missing.
    #[error(
        "MongoDB's database {database} at {uri} is not as it should be: {}; run `gatecall migrate`",
        .missing.join(", ")
    )]
    NotMigrated {
        /// Which database.
        database: String,
        /// Where.
        uri: String,
        /// What is missing, each in words.
        missing: Vec<String>,
    },
    /// An index has a name of ours and other fields.
    #[error(
        "MongoDB's database {database}: the index {index} of {collection} has other fields than it \
         should; drop it, then run `gatecall migrate`"
    )]
    Foreign {
        /// Which database.
        database: String,
        /// Which collection.
        collection: &'static str,
        /// Which index.
        index: &'static str,
    },
}

/// A difference between what is and what should be.
#[derive(Clone, Copy)]
enum Step {
    Collection(&'static Planned),
    Index(&'static Planned, &'static PlannedIndex),
    Expiry(&'static Planned, &'static PlannedIndex, Option<u64>, u64),
    Foreign(&'static Planned, &'static PlannedIndex),
}

impl Step {
    /// What is missing.
    fn missing(self) -> String {
        match self {
            Self::Collection(planned) => format!("the collection {} is missing", planned.collection),
            Self::Index(planned, index) => format!("{} has no index {}", planned.collection, index.name),
            Self::Expiry(planned, index, found, should) => {
                let found = found.map_or_else(|| "never".to_owned(), |seconds| format!("{seconds} s late"));
                format!(
                    "the index {} of {} drops documents {found} instead of {should} s late",
                    index.name, planned.collection
                )
            }
            Self::Foreign(planned, index) => {
                format!("the index {} of {} has other fields", index.name, planned.collection)
            }
        }
    }

    /// What was done about it.
    fn done(self) -> String {
        match self {
            Self::Collection(planned) => format!("made the collection {}", planned.collection),
            Self::Index(planned, index) => format!("made the index {} of {}", index.name, planned.collection),
            Self::Expiry(planned, index, _, should) => {
                format!("the index {} of {} now drops {should} s late", index.name, planned.collection)
            }
            Self::Foreign(..) => self.missing(),
        }
    }
}

impl Mongo {
    /// Whether the archive can be used: the servers answer, the user may look, the collections and
    /// indexes are there. Writes nothing.
    pub async fn check(&self) -> Result<(), MongoFault> {
        let steps = self.steps().await.map_err(|failure| self.fault(&failure))?;
        if steps.is_empty() {
            return Ok(());
        }
        let missing = steps.into_iter().map(Step::missing).collect();
        let (database, uri) = (self.inner.config.database.clone(), self.inner.config.uri.to_string());
        Err(MongoFault::NotMigrated { database, uri, missing })
    }

    /// Makes the collections and indexes that are missing and corrects when documents are dropped.
    /// Does nothing where all is as it should be; several may do it at the same time. Answers what was
    /// done, in words.
    pub async fn migrate(&self) -> Result<Vec<String>, MongoFault> {
        let mut done = Vec::new();
        // A new collection's indexes are seen by the second look.
        for _ in 0..2 {
            for step in self.steps().await.map_err(|failure| self.fault(&failure))? {
                if let Step::Foreign(planned, index) = step {
                    let database = self.inner.config.database.clone();
                    let (collection, index) = (planned.collection, index.name);
                    return Err(MongoFault::Foreign { database, collection, index });
                }
                self.take(step).await.map_err(|failure| self.fault(&failure))?;
                done.push(step.done());
            }
        }
        Ok(done)
    }

    async fn steps(&self) -> Result<Vec<Step>, Failure> {
        let database = self.inner.database.clone();
        self.call(async move {
            let there = database.list_collection_names().await?;
            let mut steps = Vec::new();
            for planned in &PLAN {
                if !there.iter().any(|name| name == planned.collection) {
                    steps.push(Step::Collection(planned));
                    continue;
                }
                let collection = database.collection::<Document>(planned.collection);
                let mut cursor = collection.list_indexes().await?;
                let mut indexes: Vec<IndexModel> = Vec::new();
                while cursor.advance().await? {
                    indexes.push(cursor.deserialize_current()?);
                }
                steps.extend(planned.indexes.iter().filter_map(|index| difference(planned, index, &indexes)));
            }
            Ok(steps)
        })
        .await
    }

    async fn take(&self, step: Step) -> Result<(), Failure> {
        let Inner { database, call_max, .. } = &*self.inner;
        let (database, call_max) = (database.clone(), *call_max);
        match step {
            Step::Collection(planned) => {
                self.call(async move {
                    match database.create_collection(planned.collection).await {
                        // Another one was faster.
                        Err(e) if matches!(*e.kind, ErrorKind::Command(ref c) if c.code == NAMESPACE_EXISTS) => {
                            Ok(())
                        }
                        outcome => Ok(outcome?),
                    }
                })
                .await
            }
            Step::Index(planned, index) => {
                self.call_within(call_max + INDEX_BUILD_MAX, async move {
                    let collection = database.collection::<Document>(planned.collection);
                    collection.create_index(model(index)).max_time(INDEX_BUILD_MAX).await?;
                    Ok(())
                })
                .await
            }
            Step::Expiry(planned, index, _, should) => {
                let seconds = i64::try_from(should).unwrap_or(i64::MAX);
                let change = doc! {
                    "collMod": planned.collection,
                    "index": { "name": index.name, "expireAfterSeconds": seconds },
                };
                self.call(async move {
                    database.run_command(change).await?;
                    Ok(())
                })
                .await
            }
            Step::Foreign(..) => Ok(()),
        }
    }

    fn fault(&self, failure: &Failure) -> MongoFault {
        let (uri, database): (&MongoUri, _) = (&self.inner.config.uri, &self.inner.config.database);
        match failure.cause() {
            Cause::Credentials => MongoFault::Credentials { uri: uri.to_string() },
            Cause::Rights => MongoFault::Rights { database: database.clone(), reason: failure.words(uri) },
            Cause::Answer => MongoFault::Refused { reason: failure.words(uri) },
            Cause::Away => MongoFault::Unreachable { reason: failure.words(uri) },
        }
    }
}

/// How an index that is there, or is not, differs from what is planned.
fn difference(planned: &'static Planned, index: &'static PlannedIndex, there: &[IndexModel]) -> Option<Step> {
    let name = |model: &IndexModel| model.options.as_ref().and_then(|options| options.name.clone());
    let Some(found) = there.iter().find(|model| name(model).as_deref() == Some(index.name)) else {
        return Some(Step::Index(planned, index));
    };
    // Directions come back as whole numbers or not, as whoever made the index wrote them.
    let direction = |value: &Bson| match *value {
        Bson::Int32(n) => Some(f64::from(n)),
        Bson::Int64(n) => Some(n as f64),
        Bson::Double(n) => Some(n),
        _ => None,
    };
    let keys = found.keys.iter().map(|(field, value)| (field.as_str(), direction(value)));
    let should = index.keys.iter().map(|(field, value)| (*field, Some(f64::from(*value))));
    if !keys.eq(should) {
        return Some(Step::Foreign(planned, index));
    }
    let expires =
        found.options.as_ref().and_then(|options| options.expire_after).map(|after| after.as_secs());
    match index.expires_after_seconds {
        Some(should) if expires != Some(should) => Some(Step::Expiry(planned, index, expires, should)),
        None if expires.is_some() => Some(Step::Foreign(planned, index)),
        _ => None,
    }
}

fn model(index: &PlannedIndex) -> IndexModel {
    let keys: Document =
        index.keys.iter().map(|(field, direction)| ((*field).to_owned(), Bson::from(*direction))).collect();
    let mut options = IndexOptions::default();
    options.name = Some(index.name.to_owned());
    options.expire_after = index.expires_after_seconds.map(Duration::from_secs);
    IndexModel::builder().keys(keys).options(options).build()
}
