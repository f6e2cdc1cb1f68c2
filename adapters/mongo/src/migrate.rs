//! Creates what a database lacks, and checks what it has.

use super::errors::{CallError, Cause, NAMESPACE_EXISTS};
use super::schema::{COLLECTIONS, CollectionSchema, IndexSchema};
use super::uri::MongoUri;
use super::{Inner, Mongo};
use mongodb::IndexModel;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::ErrorKind;
use mongodb::options::IndexOptions;
use std::time::Duration;

/// Time limit for building an index; a large collection takes long.
const INDEX_BUILD_MAX: Duration = Duration::from_secs(3600);

/// Why the archive is unusable. Each message is a whole sentence for an operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MongoCheckError {
    /// No server answers.
    #[error("MongoDB cannot be reached: {reason}")]
    Unreachable {
        /// The server and its error.
        reason: String,
    },
    /// User or password is wrong.
    #[error("MongoDB at {uri} refuses the user name or the password")]
    Credentials {
        /// Which.
        uri: String,
    },
    /// The user may not read or write the database.
    #[error("MongoDB's database {database} may not be used: {reason}")]
    Rights {
        /// Which database.
        database: String,
        /// The error.
        reason: String,
    },
    /// A server returned another error.
    #[error("MongoDB refuses: {reason}")]
    Refused {
        /// The server and its error.
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
        /// What is missing, one description each.
        missing: Vec<String>,
    },
    /// An index has one of our names and other fields.
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

/// A difference between the database and the schema.
#[derive(Clone, Copy)]
enum MigrationStep {
    Collection(&'static CollectionSchema),
    Index(&'static CollectionSchema, &'static IndexSchema),
    Expiry(&'static CollectionSchema, &'static IndexSchema, Option<u64>, u64),
    Foreign(&'static CollectionSchema, &'static IndexSchema),
}

impl MigrationStep {
    /// Describes what is missing.
    fn missing(self) -> String {
        match self {
            Self::Collection(schema) => format!("the collection {} is missing", schema.collection),
            Self::Index(schema, index) => format!("{} has no index {}", schema.collection, index.name),
            Self::Expiry(schema, index, found, should) => {
                let found = found.map_or_else(|| "never".to_owned(), |seconds| format!("{seconds} s late"));
                format!(
                    "the index {} of {} drops documents {found} instead of {should} s late",
                    index.name, schema.collection
                )
            }
            Self::Foreign(schema, index) => {
                format!("the index {} of {} has other fields", index.name, schema.collection)
            }
        }
    }

    /// Describes what was done.
    fn done(self) -> String {
        match self {
            Self::Collection(schema) => format!("made the collection {}", schema.collection),
            Self::Index(schema, index) => format!("made the index {} of {}", index.name, schema.collection),
            Self::Expiry(schema, index, _, should) => {
                format!("the index {} of {} now drops {should} s late", index.name, schema.collection)
            }
            Self::Foreign(..) => self.missing(),
        }
    }
}

impl Mongo {
    /// Whether the archive is usable: the servers answer, the user may read, collections and indexes
    /// exist. Writes nothing.
    pub async fn check(&self) -> Result<(), MongoCheckError> {
        let steps = self.steps().await.map_err(|failure| self.fault(&failure))?;
        if steps.is_empty() {
            return Ok(());
        }
        let missing = steps.into_iter().map(MigrationStep::missing).collect();
        let (database, uri) = (self.inner.config.database.clone(), self.inner.config.uri.to_string());
        Err(MongoCheckError::NotMigrated { database, uri, missing })
    }

    /// Creates missing collections and indexes, and corrects when documents are dropped. Several nodes
    /// may call it at once. Returns descriptions of what was done.
    pub async fn migrate(&self) -> Result<Vec<String>, MongoCheckError> {
        let mut done = Vec::new();
        // The second pass sees the missing indexes of new collections.
        for _ in 0..2 {
            for step in self.steps().await.map_err(|failure| self.fault(&failure))? {
                if let MigrationStep::Foreign(schema, index) = step {
                    let database = self.inner.config.database.clone();
                    let (collection, index) = (schema.collection, index.name);
                    return Err(MongoCheckError::Foreign { database, collection, index });
                }
                self.take(step).await.map_err(|failure| self.fault(&failure))?;
                done.push(step.done());
            }
        }
        Ok(done)
    }

    async fn steps(&self) -> Result<Vec<MigrationStep>, CallError> {
        let database = self.inner.database.clone();
        self.call(async move {
            let there = database.list_collection_names().await?;
            let mut steps = Vec::new();
            for schema in &COLLECTIONS {
                if !there.iter().any(|name| name == schema.collection) {
                    steps.push(MigrationStep::Collection(schema));
                    continue;
                }
                let collection = database.collection::<Document>(schema.collection);
                let mut cursor = collection.list_indexes().await?;
                let mut indexes: Vec<IndexModel> = Vec::new();
                while cursor.advance().await? {
                    indexes.push(cursor.deserialize_current()?);
                }
                steps.extend(schema.indexes.iter().filter_map(|index| difference(schema, index, &indexes)));
            }
            Ok(steps)
        })
        .await
    }

    async fn take(&self, step: MigrationStep) -> Result<(), CallError> {
        let Inner { database, call_max, .. } = &*self.inner;
        let (database, call_max) = (database.clone(), *call_max);
        match step {
            MigrationStep::Collection(schema) => {
                self.call(async move {
                    match database.create_collection(schema.collection).await {
                        // Another node was faster.
                        Err(e) if matches!(*e.kind, ErrorKind::Command(ref c) if c.code == NAMESPACE_EXISTS) => {
                            Ok(())
                        }
                        outcome => Ok(outcome?),
                    }
                })
                .await
            }
            MigrationStep::Index(schema, index) => {
                self.call_within(call_max + INDEX_BUILD_MAX, async move {
                    let collection = database.collection::<Document>(schema.collection);
                    collection.create_index(model(index)).max_time(INDEX_BUILD_MAX).await?;
                    Ok(())
                })
                .await
            }
            MigrationStep::Expiry(schema, index, _, should) => {
                let seconds = i64::try_from(should).unwrap_or(i64::MAX);
                let change = doc! {
                    "collMod": schema.collection,
                    "index": { "name": index.name, "expireAfterSeconds": seconds },
                };
                self.call(async move {
                    database.run_command(change).await?;
                    Ok(())
                })
                .await
            }
            MigrationStep::Foreign(..) => Ok(()),
        }
    }

    fn fault(&self, failure: &CallError) -> MongoCheckError {
        let (uri, database): (&MongoUri, _) = (&self.inner.config.uri, &self.inner.config.database);
        match failure.cause() {
            Cause::Credentials => MongoCheckError::Credentials { uri: uri.to_string() },
            Cause::Rights => {
                MongoCheckError::Rights { database: database.clone(), reason: failure.message(uri) }
            }
            Cause::Answer => MongoCheckError::Refused { reason: failure.message(uri) },
            Cause::Away => MongoCheckError::Unreachable { reason: failure.message(uri) },
        }
    }
}

/// How an existing or missing index differs from the schema.
fn difference(
    schema: &'static CollectionSchema,
    index: &'static IndexSchema,
    there: &[IndexModel],
) -> Option<MigrationStep> {
    let name = |model: &IndexModel| model.options.as_ref().and_then(|options| options.name.clone());
    let Some(found) = there.iter().find(|model| name(model).as_deref() == Some(index.name)) else {
        return Some(MigrationStep::Index(schema, index));
    };
    // Directions are integers or not, depending on the tool that created the index.
    let direction = |value: &Bson| match *value {
        Bson::Int32(n) => Some(f64::from(n)),
        Bson::Int64(n) => Some(n as f64),
        Bson::Double(n) => Some(n),
        _ => None,
    };
    let keys = found.keys.iter().map(|(field, value)| (field.as_str(), direction(value)));
    let should = index.keys.iter().map(|(field, value)| (*field, Some(f64::from(*value))));
    if !keys.eq(should) {
        return Some(MigrationStep::Foreign(schema, index));
    }
    let expires =
        found.options.as_ref().and_then(|options| options.expire_after).map(|after| after.as_secs());
    match index.expires_after_seconds {
        Some(should) if expires != Some(should) => {
            Some(MigrationStep::Expiry(schema, index, expires, should))
        }
        None if expires.is_some() => Some(MigrationStep::Foreign(schema, index)),
        _ => None,
    }
}

fn model(index: &IndexSchema) -> IndexModel {
    let keys: Document =
        index.keys.iter().map(|(field, direction)| ((*field).to_owned(), Bson::from(*direction))).collect();
    let mut options = IndexOptions::default();
    options.name = Some(index.name.to_owned());
    options.expire_after = index.expires_after_seconds.map(Duration::from_secs);
    IndexModel::builder().keys(keys).options(options).build()
}
