//! The way of a message in: decode, keep, hand on, and only then answer.
//!
//! The same for what is pushed and for what is polled. The raw message and its reports are made
//! durable side by side; what cannot be used is kept with its reason and never stops the rest.

use crate::metrics::{FeedOutcomeLabel, FeedReasonLabel, Metrics};
use chrono::{DateTime, Utc};
use dashmap::DashMap;
use domain::clock::Clock;
use domain::codes::Iata;
use domain::feed_health::{FAILING_FROM, FeedHealth};
use domain::leg::LegId;
use domain::ports::{Archive, Outcome, Quarantined, RawMessage, ReportSink, SinkError, StoreError};
use domain::report::{Report, Source};
use domain::scope::OTHER_SIDE;
use futures_util::TryFutureExt;
use futures_util::future::try_join;
use rustc_hash::FxBuildHasher;
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::feed::{Context, Decoded, Fault, Format};

/// A feed as configured.
#[derive(Clone, Debug)]
pub struct FeedSpec {
    /// Whose word it is, and its weight.
    pub source: Arc<Source>,
    /// What it sends, unless the message says otherwise.
    pub format: Format,
    /// For times without a zone.
    pub zone: chrono_tz::Tz,
}

/// One report or part of a message that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Which report of the message, counted from 0.
    pub index: Option<u32>,
    /// The field at fault, if it is one.
    pub field: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// What became of a message. Everything in it is durable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Reports that changed what is shown.
    pub changed: usize,
    /// Reports that told nothing new.
    pub unchanged: usize,
    /// Reports that the owners of their legs will merge.
    pub queued: usize,
    /// Values that were left out, as the feed does not speak for them.
    pub left_out: usize,
    /// What could not be used, kept in quarantine.
    pub rejected: Vec<Rejection>,
    /// Why no report could be read at all, where there should have been some. Its feed is failing.
    pub unread: Option<String>,
}

/// Why a message was not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotTaken {
    /// The message as a whole cannot be read. It is kept in quarantine.
    #[error("{}", .0.reason)]
    Unusable(Fault),
    /// It cannot be kept now: the sender should come back with it.
    #[error(transparent)]
    NotKept(#[from] StoreError),
    /// Its reports cannot be taken now: the sender should come back with them.
    #[error(transparent)]
    NotNow(#[from] SinkError),
}

/// How a feed has been doing.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// When its last message was taken, by the operational clock.
    pub last_good_at: Option<DateTime<Utc>>,
    /// What went wrong since, if anything did.
    pub last_error: Option<String>,
    /// Failures in a row.
    pub failures: u32,
    /// A human must look: the airport refuses us.
    pub refused: bool,
    /// When the last message or failure was noted, by the operational clock.
    pub noted_at: Option<DateTime<Utc>>,
    /// Reports by outcome since the hub started.
    pub changed: u64,
    /// See `changed`.
    pub unchanged: u64,
    /// See `changed`.
    pub queued: u64,
    /// See `changed`.
    pub rejected: u64,
    /// What the feed has said beyond its scope since the hub started, by [`domain::scope`]'s words: whole
    /// reports, and values of the other airport's side.
    pub out_of_scope: BTreeMap<&'static str, u64>,
}

impl Health {
    /// The part that decides whether the feed is silent; `None` where nothing was noted yet. A feed that
    /// nobody has ever heard well is failing at once.
    pub fn shared(&self, was_ever_heard: bool) -> Option<FeedHealth> {
        let patience = if was_ever_heard { FAILING_FROM } else { 1 };
        let is_failing = self.refused || self.failures >= patience;
        self.noted_at.map(|at| FeedHealth { heard_at: self.last_good_at, is_failing, at })
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Intake(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    archive: Arc<dyn Archive>,
    sink: Arc<dyn ReportSink>,
    metrics: Metrics,
    health: DashMap<Arc<str>, Health, FxBuildHasher>,
}

impl Intake {
    /// An intake that keeps in `archive` and hands on to `sink`.
    pub fn new(
        clock: Arc<dyn Clock>,
        archive: Arc<dyn Archive>,
        sink: Arc<dyn ReportSink>,
        metrics: Metrics,
    ) -> Self {
        Self(Arc::new(Shared { clock, archive, sink, metrics, health: DashMap::default() }))
    }

    /// How each feed that has been heard of is doing.
    pub fn health(&self, feed: &str) -> Health {
        self.0.health.get(feed).map(|h| h.clone()).unwrap_or_default()
    }

    /// The operational clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// Notes a failure to reach a feed, or to take what it said.
    pub fn note_failure(&self, feed: &FeedSpec, error: &str, refused: bool) {
        let mut health = self.0.health.entry(feed.source.name.clone()).or_default();
        health.last_error = Some(error.to_owned());
        health.failures += 1;
        health.refused = refused;
        health.noted_at = Some(self.0.clock.now());
    }

    /// Notes that a feed answered, with nothing new.
    pub fn note_quiet(&self, feed: &FeedSpec) {
        self.note_good(feed);
    }

    /// Keeps the fact that a message came of which nothing was kept, with why, where a human will find
    /// it. To its feed it is a failure like one to read a message.
    pub async fn set_aside(&self, feed: &FeedSpec, reason: String) -> Result<(), StoreError> {
        self.note_unusable(feed, &reason);
        let fault = Fault { index: None, field: Some("body".into()), reason, excerpt: String::new() };
        self.0.archive.keep(None, vec![quarantined(feed, self.0.clock.now(), &fault)]).await
    }

    /// Takes one message. When this answers `Ok`, everything in it is durable. A feed of whose message
    /// nothing can be read is noted as failing, whoever brought the message.
    pub async fn take(
        &self,
        feed: &FeedSpec,
        format: Format,
        content_type: &str,
        body: &[u8],
    ) -> Result<Taken, NotTaken> {
        let received_at = self.0.clock.now();
        let context = Context {
            source: feed.source.clone(),
            received_at,
            zone: feed.zone,
            airport: feed.source.airport,
        };
        let raw = RawMessage {
            feed: feed.source.name.clone(),
            received_at,
            content_type: content_type.into(),
            body: body.into(),
        };
        let mut decoded = match wire::feed::decode(format, body, &context) {
            Ok(decoded) => decoded,
            Err(fault) => {
                self.note_unusable(feed, &fault.reason);
                self.0.archive.keep(Some(raw), vec![quarantined(feed, received_at, &fault)]).await?;
                return Err(NotTaken::Unusable(fault));
            }
        };
        // An airport that has changed its format may go on sending what has the form of a message.
        let unread = decoded.faults.first().filter(|_| decoded.reports.is_empty());
        let unread = unread.map(|fault| fault.reason.clone());
        let outside = confine(&mut decoded, received_at);
        let mut taken = self.hand_on(feed, raw, decoded.reports, decoded.faults).await?;
        taken.left_out = outside.get(OTHER_SIDE).map_or(0, |count| *count as usize);
        self.note_taken(feed, &taken);
        self.note_out_of_scope(feed, &outside);
        match &unread {
            Some(reason) => self.note_failure(feed, reason, false),
            None => self.note_good(feed),
        }
        Ok(Taken { unread, ..taken })
    }

    async fn hand_on(
        &self,
        feed: &FeedSpec,
        raw: RawMessage,
        reports: Vec<(u32, Report)>,
        faults: Vec<Fault>,
    ) -> Result<Taken, NotTaken> {
        let received_at = raw.received_at;
        let mut taken = Taken::default();
        taken.rejected.extend(faults.iter().map(rejection));
        let (indices, reports): (Vec<u32>, Vec<Report>) = reports.into_iter().unzip();
        let names: Vec<_> = reports.iter().map(|report| report.key).collect();
        let kept_faults = faults.iter().map(|fault| quarantined(feed, received_at, fault)).collect();
        // The sink is asked first: of what it refuses at once nothing is kept, as its sender comes back
        // with it, again and again while the hub is at its limit.
        let accepted = self.0.sink.accept(reports).map_err(NotTaken::from);
        let kept = self.0.archive.keep(Some(raw), kept_faults).map_err(NotTaken::from);
        let (outcomes, ()) = try_join(accepted, kept).await?;
        let mut late_faults = Vec::new();
        for ((index, key), outcome) in indices.into_iter().zip(names).zip(outcomes) {
            match outcome {
                Outcome::Changed(_) => taken.changed += 1,
                Outcome::Unchanged => taken.unchanged += 1,
                Outcome::Queued => taken.queued += 1,
                Outcome::MergedUnderCorrectedKey { leg, rev } => {
                    let count = if rev.is_some() { &mut taken.changed } else { &mut taken.unchanged };
                    *count += 1;
                    let (reason, excerpt) = (correction(&leg, &key.id()), key.id().to_string());
                    let fault = Fault { index: Some(index), field: None, reason, excerpt };
                    late_faults.push(quarantined(feed, received_at, &fault));
                }
                Outcome::Rejected(reason) => {
                    let excerpt = key.id().to_string();
                    let fault = Fault { index: Some(index), field: None, reason, excerpt };
                    taken.rejected.push(rejection(&fault));
                    late_faults.push(quarantined(feed, received_at, &fault));
                }
            }
        }
        if !late_faults.is_empty() {
            self.0.archive.keep(None, late_faults).await?;
        }
        Ok(taken)
    }

    fn note_good(&self, feed: &FeedSpec) {
        let mut health = self.0.health.entry(feed.source.name.clone()).or_default();
        health.last_good_at = Some(self.0.clock.now());
        health.noted_at = health.last_good_at;
        (health.last_error, health.failures, health.refused) = (None, 0, false);
    }

    /// Notes a message of which nothing can be used.
    fn note_unusable(&self, feed: &FeedSpec, reason: &str) {
        self.note_failure(feed, reason, false);
        self.0.health.entry(feed.source.name.clone()).or_default().rejected += 1;
        self.count(feed, "rejected", 1);
    }

    fn note_taken(&self, feed: &FeedSpec, taken: &Taken) {
        let mut health = self.0.health.entry(feed.source.name.clone()).or_default();
        health.changed += taken.changed as u64;
        health.unchanged += taken.unchanged as u64;
        health.queued += taken.queued as u64;
        health.rejected += taken.rejected.len() as u64;
        drop(health);
        self.count(feed, "changed", taken.changed);
        self.count(feed, "unchanged", taken.unchanged);
        self.count(feed, "queued", taken.queued);
        self.count(feed, "rejected", taken.rejected.len());
    }

    fn note_out_of_scope(&self, feed: &FeedSpec, outside: &BTreeMap<&'static str, u64>) {
        if outside.is_empty() {
            return;
        }
        let mut health = self.0.health.entry(feed.source.name.clone()).or_default();
        for (reason, count) in outside {
            *health.out_of_scope.entry(reason).or_default() += count;
            let label = FeedReasonLabel { feed: feed.source.name.to_string(), reason };
            self.0.metrics.out_of_scope.get_or_create(&label).inc_by(*count);
        }
    }

    fn count(&self, feed: &FeedSpec, outcome: &'static str, by: usize) {
        let label = FeedOutcomeLabel { feed: feed.source.name.to_string(), outcome };
        self.0.metrics.reports.get_or_create(&label).inc_by(by as u64);
    }
}

impl FeedSpec {
    /// The airport it speaks for, if it is one airport's.
    pub fn airport(&self) -> Option<Iata> {
        self.source.airport
    }
}

/// Takes out of a message what its feed does not speak for: values, and whole reports, which become
/// faults. Answers how much that was, by reason. The message itself is kept as it came.
fn confine(decoded: &mut Decoded, now: DateTime<Utc>) -> BTreeMap<&'static str, u64> {
    let mut outside = BTreeMap::new();
    let Decoded { reports, faults, .. } = decoded;
    reports.retain_mut(|(index, report)| {
        let (reason, count) = match report.confine(now) {
            Ok(0) => return true,
            Ok(left_out) => (OTHER_SIDE, left_out as u64),
            Err(why) => {
                let (index, excerpt) = (Some(*index), report.key.id().to_string());
                faults.push(Fault { index, field: None, reason: why.to_string(), excerpt });
                (why.word(), 1)
            }
        };
        *outside.entry(reason).or_default() += count;
        reason == OTHER_SIDE
    });
    outside
}

/// What a human is told of a report that gives its leg another number, route or date than is shown.
pub(crate) fn correction(known: &LegId, said: &LegId) -> String {
    format!(
        "was merged into {known}, as it has that leg's identifier, and calls it {said}; this is not shown, as a \
         feed with more authority over the departure says otherwise. PollRequest both for the reason"
    )
}

fn rejection(fault: &Fault) -> Rejection {
    Rejection { index: fault.index, field: fault.field.clone(), reason: fault.reason.clone() }
}

fn quarantined(feed: &FeedSpec, received_at: DateTime<Utc>, fault: &Fault) -> Quarantined {
    Quarantined {
        feed: feed.source.name.clone(),
        received_at,
        index: fault.index,
        field: fault.field.clone(),
        reason: fault.reason.clone(),
        excerpt: fault.excerpt.clone(),
    }
}
