//! The pipeline of an incoming message: decode, archive, submit to the report sink, then answer.
//!
//! Pushed and polled messages take the same path. The raw message and its reports become durable
//! concurrently. Unusable parts go to quarantine with a reason and never stop the rest.

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

/// A configured feed.
#[derive(Clone, Debug)]
pub struct FeedSpec {
    /// The source of its reports, with its authority.
    pub source: Arc<Source>,
    /// The format of its messages, unless a message states another.
    pub format: Format,
    /// The zone of times that state none.
    pub zone: chrono_tz::Tz,
}

/// A report, or a part of a message, that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The index of the report in the message, counted from 0.
    pub index: Option<u32>,
    /// The field that is wrong, if there is one.
    pub field: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// The result of a message. Everything in it is durable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngestOutcome {
    /// Reports that changed what is shown.
    pub changed: usize,
    /// Reports without news.
    pub unchanged: usize,
    /// Reports that wait for the owners of their legs to merge them.
    pub queued: usize,
    /// Values that were dropped because the feed has no authority over them.
    pub left_out: usize,
    /// Unusable parts, which are in quarantine.
    pub rejected: Vec<Rejection>,
    /// The reason if a message that should contain reports had no readable one. The feed counts as
    /// failing.
    pub unreadable: Option<String>,
}

/// Why a message was not ingested.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IngestError {
    /// The whole message is unreadable. It is in quarantine.
    #[error("{}", .0.reason)]
    Unreadable(Fault),
    /// The archive cannot store the message now. The sender should retry.
    #[error(transparent)]
    ArchiveUnavailable(#[from] StoreError),
    /// The sink cannot accept the reports now. The sender should retry.
    #[error(transparent)]
    SinkUnavailable(#[from] SinkError),
}

/// The health of a feed.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// When the last message was ingested, by the operational clock.
    pub last_good_at: Option<DateTime<Utc>>,
    /// The last error since then, if there was one.
    pub last_error: Option<String>,
    /// Failures in a row.
    pub failures: u32,
    /// The airport refuses our requests; an operator must act.
    pub refused: bool,
    /// When the last message or failure was recorded, by the operational clock.
    pub noted_at: Option<DateTime<Utc>>,
    /// Reports that changed something, since the hub started.
    pub changed: u64,
    /// See `changed`.
    pub unchanged: u64,
    /// See `changed`.
    pub queued: u64,
    /// See `changed`.
    pub rejected: u64,
    /// Data beyond the scope of the feed since the hub started, by the reasons of [`domain::scope`]:
    /// whole reports, and values of the other airport's side.
    pub out_of_scope: BTreeMap<&'static str, u64>,
}

impl Health {
    /// What decides whether the feed is silent. `None` if nothing was recorded yet. A feed that was never
    /// heard counts as failing at its first failure.
    pub fn shared(&self, was_ever_heard: bool) -> Option<FeedHealth> {
        let patience = if was_ever_heard { FAILING_FROM } else { 1 };
        let is_failing = self.refused || self.failures >= patience;
        self.noted_at.map(|at| FeedHealth { heard_at: self.last_good_at, is_failing, at })
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct IngestPipeline(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    archive: Arc<dyn Archive>,
    sink: Arc<dyn ReportSink>,
    metrics: Metrics,
    health: DashMap<Arc<str>, Health, FxBuildHasher>,
}

impl IngestPipeline {
    /// Creates a pipeline that stores messages in `archive` and submits reports to `sink`.
    pub fn new(
        clock: Arc<dyn Clock>,
        archive: Arc<dyn Archive>,
        sink: Arc<dyn ReportSink>,
        metrics: Metrics,
    ) -> Self {
        Self(Arc::new(Shared { clock, archive, sink, metrics, health: DashMap::default() }))
    }

    /// The health of a feed.
    pub fn health(&self, feed: &str) -> Health {
        self.0.health.get(feed).map(|h| h.clone()).unwrap_or_default()
    }

    /// The operational clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// Records a failure to reach a feed or to use its answer.
    pub fn note_failure(&self, feed: &FeedSpec, error: &str, refused: bool) {
        let mut health = self.0.health.entry(feed.source.name.clone()).or_default();
        health.last_error = Some(error.to_owned());
        health.failures += 1;
        health.refused = refused;
        health.noted_at = Some(self.0.clock.now());
    }

    /// Records that a feed answered without news.
    pub fn note_quiet(&self, feed: &FeedSpec) {
        self.note_good(feed);
    }

    /// Quarantines a message whose body was not read, with the reason. For the health of the feed it
    /// counts as an unreadable message.
    pub async fn quarantine_unreadable(&self, feed: &FeedSpec, reason: String) -> Result<(), StoreError> {
        self.note_unusable(feed, &reason);
        let fault = Fault { index: None, field: Some("body".into()), reason, excerpt: String::new() };
        self.0.archive.keep(None, vec![quarantined(feed, self.0.clock.now(), &fault)]).await
    }

    /// Ingests one message. On `Ok` everything in it is durable. If nothing in it is readable, the feed
    /// counts as failing, whether the message was pushed or polled.
    pub async fn ingest(
        &self,
        feed: &FeedSpec,
        format: Format,
        content_type: &str,
        body: &[u8],
    ) -> Result<IngestOutcome, IngestError> {
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
                return Err(IngestError::Unreadable(fault));
            }
        };
        // An airport that changes its format may still send well-formed messages without readable
        // reports.
        let unreadable = decoded.faults.first().filter(|_| decoded.reports.is_empty());
        let unreadable = unreadable.map(|fault| fault.reason.clone());
        let outside = drop_out_of_scope(&mut decoded, received_at);
        let mut summary = self.archive_and_submit(feed, raw, decoded.reports, decoded.faults).await?;
        summary.left_out = outside.get(OTHER_SIDE).map_or(0, |count| *count as usize);
        self.count_outcomes(feed, &summary);
        self.count_out_of_scope(feed, &outside);
        match &unreadable {
            Some(reason) => self.note_failure(feed, reason, false),
            None => self.note_good(feed),
        }
        Ok(IngestOutcome { unreadable, ..summary })
    }

    async fn archive_and_submit(
        &self,
        feed: &FeedSpec,
        raw: RawMessage,
        reports: Vec<(u32, Report)>,
        faults: Vec<Fault>,
    ) -> Result<IngestOutcome, IngestError> {
        let received_at = raw.received_at;
        let mut summary = IngestOutcome::default();
        summary.rejected.extend(faults.iter().map(rejection));
        let (indices, reports): (Vec<u32>, Vec<Report>) = reports.into_iter().unzip();
        let names: Vec<_> = reports.iter().map(|report| report.key).collect();
        let kept_faults = faults.iter().map(|fault| quarantined(feed, received_at, fault)).collect();
        // The sink comes first: if it refuses at once, nothing is stored. Otherwise a sender that retries
        // while the hub is at its limit would fill the archive.
        let accepted = self.0.sink.accept(reports).map_err(IngestError::from);
        let kept = self.0.archive.keep(Some(raw), kept_faults).map_err(IngestError::from);
        let (outcomes, ()) = try_join(accepted, kept).await?;
        let mut late_faults = Vec::new();
        for ((index, key), outcome) in indices.into_iter().zip(names).zip(outcomes) {
            match outcome {
                Outcome::Changed(_) => summary.changed += 1,
                Outcome::Unchanged => summary.unchanged += 1,
                Outcome::Queued => summary.queued += 1,
                Outcome::MergedUnderCorrectedKey { leg, rev } => {
                    let count = if rev.is_some() { &mut summary.changed } else { &mut summary.unchanged };
                    *count += 1;
                    let (reason, excerpt) =
                        (unshown_correction_reason(&leg, &key.id()), key.id().to_string());
                    let fault = Fault { index: Some(index), field: None, reason, excerpt };
                    late_faults.push(quarantined(feed, received_at, &fault));
                }
                Outcome::Rejected(reason) => {
                    let excerpt = key.id().to_string();
                    let fault = Fault { index: Some(index), field: None, reason, excerpt };
                    summary.rejected.push(rejection(&fault));
                    late_faults.push(quarantined(feed, received_at, &fault));
                }
            }
        }
        if !late_faults.is_empty() {
            self.0.archive.keep(None, late_faults).await?;
        }
        Ok(summary)
    }

    fn note_good(&self, feed: &FeedSpec) {
        let mut health = self.0.health.entry(feed.source.name.clone()).or_default();
        health.last_good_at = Some(self.0.clock.now());
        health.noted_at = health.last_good_at;
        (health.last_error, health.failures, health.refused) = (None, 0, false);
    }

    /// Records an unreadable message.
    fn note_unusable(&self, feed: &FeedSpec, reason: &str) {
        self.note_failure(feed, reason, false);
        self.0.health.entry(feed.source.name.clone()).or_default().rejected += 1;
        self.count(feed, "rejected", 1);
    }

    fn count_outcomes(&self, feed: &FeedSpec, summary: &IngestOutcome) {
        let mut health = self.0.health.entry(feed.source.name.clone()).or_default();
        health.changed += summary.changed as u64;
        health.unchanged += summary.unchanged as u64;
        health.queued += summary.queued as u64;
        health.rejected += summary.rejected.len() as u64;
        drop(health);
        self.count(feed, "changed", summary.changed);
        self.count(feed, "unchanged", summary.unchanged);
        self.count(feed, "queued", summary.queued);
        self.count(feed, "rejected", summary.rejected.len());
    }

    fn count_out_of_scope(&self, feed: &FeedSpec, outside: &BTreeMap<&'static str, u64>) {
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
    /// The airport of the feed, if it reports for a single airport.
    pub fn airport(&self) -> Option<Iata> {
        self.source.airport
    }
}

/// Drops what is outside the scope of the feed: values, and whole reports, which become faults. Returns
/// the counts by reason. The archive keeps the message unchanged.
fn drop_out_of_scope(decoded: &mut Decoded, now: DateTime<Utc>) -> BTreeMap<&'static str, u64> {
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

/// Explains to an operator that a report gives its leg another number, route or date than is shown.
pub(crate) fn unshown_correction_reason(known: &LegId, reported: &LegId) -> String {
    format!(
        "was merged into {known} by that leg's identifier, although its own key is {reported}; this is not shown, \
         because a feed with more authority over the departure states another key. PollRequest both for the reason"
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
