//! What the actors count. The hub registers these with Prometheus; names and help are there.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

/// Label: what became of a report.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct OutcomeLabel {
    /// `changed`, `unchanged`, `queued` or `rejected`.
    pub outcome: &'static str,
}

/// Label: a feed and what became of its report.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct FeedOutcomeLabel {
    /// The feed's name.
    pub feed: String,
    /// `changed`, `unchanged`, `queued` or `rejected`.
    pub outcome: &'static str,
}

/// Label: a feed and why.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct FeedReasonLabel {
    /// The feed's name.
    pub feed: String,
    /// A fixed word.
    pub reason: &'static str,
}

/// Label: which encoding.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct TransportLabel {
    /// `websocket` or `events`.
    pub transport: &'static str,
}

/// Label: why.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct ReasonLabel {
    /// A fixed word.
    pub reason: &'static str,
}

/// Label: a field of a flight.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct FieldLabel {
    /// Its name in reports.
    pub field: &'static str,
}

/// Everything that is counted. Clones share their numbers.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Reports by feed and outcome.
    pub reports: Family<FeedOutcomeLabel, Counter>,
    /// What feeds say beyond their scope, by feed and reason: whole reports, and values of the other
    /// airport's side.
    pub out_of_scope: Family<FeedReasonLabel, Counter>,
    /// Legs in memory.
    pub flights: Gauge,
    /// Reports taken and not yet answered.
    pub reports_under_way: Gauge,
    /// Open listeners by transport.
    pub sockets: Family<TransportLabel, Gauge>,
    /// Frames written to listeners.
    pub frames: Counter,
    /// Bytes written to listeners.
    pub bytes: Counter,
    /// Times a frame was entered as a leg because the socket was not ready.
    pub conflated: Counter,
    /// Bytes of answers that clients have not read yet.
    pub unread_bytes: Gauge,
    /// Listeners let go, by reason.
    pub let_go: Family<ReasonLabel, Counter>,
    /// From the first frame of a turn to the last write of it, in seconds.
    pub fan_out_seconds: Histogram,
    /// From asking the log to its answer, in seconds.
    pub commit_seconds: Histogram,
    /// Entries that the shared log refused because another node was faster.
    pub append_conflicts: Counter,
    /// Times of flights that became doubtful, by field.
    pub doubtful: Family<FieldLabel, Counter>,
    /// Actors that died, by what they were.
    pub deaths: Family<ReasonLabel, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        // 50 us to 1.6 s: below lies the cost of the clock, above the time-outs.
        let buckets = || exponential_buckets(0.000_05, 2.0, 16);
        Self {
            reports: Family::default(),
            out_of_scope: Family::default(),
            flights: Gauge::default(),
            reports_under_way: Gauge::default(),
            sockets: Family::default(),
            frames: Counter::default(),
            bytes: Counter::default(),
            conflated: Counter::default(),
            unread_bytes: Gauge::default(),
            let_go: Family::default(),
            fan_out_seconds: Histogram::new(buckets()),
            commit_seconds: Histogram::new(buckets()),
            append_conflicts: Counter::default(),
            doubtful: Family::default(),
            deaths: Family::default(),
        }
    }
}
