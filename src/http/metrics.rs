//! Metrics of requests.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// Labels of the request counter.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct RequestLabel {
    /// The path pattern, such as `/api/v1/flights/{leg}`; `page` for files.
    pub(super) route: &'static str,
    /// The method; `OTHER` for unusual ones.
    pub(super) method: &'static str,
    /// The status.
    pub(super) status: u16,
}

/// Labels of the duration histogram.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct RouteLabel {
    /// As in [`RequestLabel`].
    pub(super) route: &'static str,
}

/// Number and duration of requests. Clones share their values.
#[derive(Clone, Debug)]
pub(super) struct HttpMetrics {
    pub(super) requests: Family<RequestLabel, Counter>,
    pub(super) seconds: Family<RouteLabel, Histogram, fn() -> Histogram>,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        // 100 us to 3.3 s: a board takes less than 100 us, a pushed report takes one commit.
        let buckets: fn() -> Histogram = || Histogram::new(exponential_buckets(0.000_1, 2.0, 16));
        Self { requests: Family::default(), seconds: Family::new_with_constructor(buckets) }
    }
}

impl HttpMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "gatecall_http_requests",
            "Requests by route, method and status",
            self.requests.clone(),
        );
        let help = "From the request's head to the start of the answer, by route";
        registry.register_with_unit("gatecall_http_request", help, Unit::Seconds, self.seconds.clone());
    }
}
