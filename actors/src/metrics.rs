//! Counters and histograms of the actors. The binary registers them with Prometheus and gives them names
//! and help texts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

/// Label: the outcome of a report.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct OutcomeLabel {
    /// `changed`, `unchanged`, `queued` or `rejected`.
    pub outcome: &'static str,
}

/// Label: a feed and the outcome of its report.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct FeedOutcomeLabel {
    /// The feed's name.
    pub feed: String,
    /// `changed`, `unchanged`, `queued` or `rejected`.
    pub outcome: &'static str,
}

/// Label: a feed and a reason.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct FeedReasonLabel {
    /// The feed's name.
    pub feed: String,
    /// One of a fixed set.
    pub reason: &'static str,
}

/// Label: the transport.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct TransportLabel {
    /// `websocket` or `events`.
    pub transport: &'static str,
}

/// Label: a reason.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct ReasonLabel {
    /// One of a fixed set.
    pub reason: &'static str,
}

/// Label: a field of a flight.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct FieldLabel {
    /// The name of the field in reports.
    pub field: &'static str,
}

/// All metrics. Clones share their values.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Reports by feed and outcome.
    pub reports: Family<FeedOutcomeLabel, Counter>,
    /// Data beyond the scope of its feed, by feed and reason: whole reports, and values of the other
    /// airport's side.
    pub out_of_scope: Family<FeedReasonLabel, Counter>,
    /// Legs in memory.
    pub flights: Gauge,
    /// Reports that were admitted and have no outcome yet.
    pub reports_under_way: Gauge,
    /// Open connections by transport.
    pub sockets: Family<TransportLabel, Gauge>,
    /// Frames written to connections.
    pub frames: Counter,
    /// Bytes written to connections.
    pub bytes: Counter,
    /// Frames that marked a leg as dirty because the connection was not writable.
    pub conflated: Counter,
    /// Bytes of responses that clients have not read yet.
    pub unread_bytes: Gauge,
    /// Disconnected clients, by reason.
    pub disconnects: Family<ReasonLabel, Counter>,
    /// From the first frame of a batch to its last write, in seconds.
    pub fan_out_seconds: Histogram,
    /// From the append to the answer of the log, in seconds.
    pub commit_seconds: Histogram,
    /// Entries that the shared log refused because another node wrote first.
    pub append_conflicts: Counter,
    /// Times that became doubtful, by field.
    pub doubtful: Family<FieldLabel, Counter>,
    /// Actors that panicked, by what follows.
    pub panics: Family<ReasonLabel, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        // 50 us to 1.6 s: shorter times drown in the cost of the clock, longer ones end in a time-out.
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
            disconnects: Family::default(),
            fan_out_seconds: Histogram::new(buckets()),
            commit_seconds: Histogram::new(buckets()),
            append_conflicts: Counter::default(),
            doubtful: Family::default(),
            panics: Family::default(),
        }
    }
}
