//! Callbacks that every Kafka client has, for logs, errors and statistics of the driver.

use super::context::{lock, monotonic};
use super::metrics::StatisticsObserver;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::future_producer::FutureProducer;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Pause between two warnings of one client: each unreachable broker causes several a second.
const TROUBLES_EVERY: Duration = Duration::from_secs(10);

/// Forwards the messages of librdkafka to the log of the hub.
#[derive(Clone)]
pub(super) struct ClientCallbacks {
    purpose: &'static str,
    observer: Arc<StatisticsObserver>,
    /// When the last warning was written.
    spoke: Arc<Mutex<Option<Instant>>>,
}

impl ClientCallbacks {
    pub(super) fn new(purpose: &'static str, observer: StatisticsObserver) -> Self {
        Self { purpose, observer: Arc::new(observer), spoke: Arc::default() }
    }

    fn trouble(&self, what: &str, said: &str) {
        let mut spoke = lock(&self.spoke);
        if spoke.is_none_or(|at| at.elapsed() >= TROUBLES_EVERY) {
            *spoke = Some(monotonic());
            tracing::warn!(kafka = self.purpose, what, "{said}");
        } else {
            tracing::debug!(kafka = self.purpose, what, "{said}");
        }
    }
}

impl ClientContext for ClientCallbacks {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        use RDKafkaLogLevel::{Alert, Critical, Emerg, Error, Notice, Warning};
        match level {
            Emerg | Alert | Critical | Error | Warning => {
                self.trouble(facility, message);
            }
            Notice => tracing::info!(kafka = self.purpose, facility, "{message}"),
            _ => tracing::debug!(kafka = self.purpose, facility, "{message}"),
        }
    }

    fn stats(&self, statistics: rdkafka::Statistics) {
        self.observer.observe(&statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // The driver reports the end of a partition as an error.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        self.trouble(&error.to_string(), reason);
    }
}

impl ConsumerContext for ClientCallbacks {}

/// A producer with these callbacks.
pub(super) type KafkaProducer = FutureProducer<ClientCallbacks>;
