//! Whether the brokers answer, and if not, why.
//!
//! The driver reports its errors by callbacks and lets a request end with "timed out". So the check listens to both: a
//! wrong password and a wrong address are different mistakes.

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Keeps the most telling error of the driver.
#[derive(Clone, Default)]
struct ErrorListener {
    last_error: Arc<Mutex<Option<(bool, String)>>>,
}

impl ErrorListener {
    fn hear(&self, decisive: bool, said: &str) {
        let mut heard = self.last_error.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.as_ref().is_none_or(|(was_decisive, _)| decisive && !was_decisive) {
            *heard = Some((decisive, said.to_owned()));
        }
    }

    fn take(&self) -> Option<String> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).take().map(|(_, said)| said)
    }
}

impl ClientContext for ErrorListener {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, error: KafkaError, reason: &str) {
        let decisive = matches!(
            error.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::Authentication
                    | RDKafkaErrorCode::SaslAuthenticationFailed
                    | RDKafkaErrorCode::SSL
            )
        );
        self.hear(decisive, reason);
    }
}

impl ProducerContext for ErrorListener {
    type DeliveryOpaque = ();
    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

/// Events that are served after a failed request, one per poll.
const EVENTS_MAX: usize = 40;
const EVENT_WAIT: Duration = Duration::from_millis(5);

/// Requests metadata from any broker. Blocks.
pub(super) fn check_brokers(config: &ClientConfig, wait: Duration) -> Result<(), String> {
    let listener = ErrorListener::default();
    let client: BaseProducer<ErrorListener> =
        config.create_with_context(listener.clone()).map_err(|fault| fault.to_string())?;
    match client.client().fetch_metadata(None, wait) {
        Ok(metadata) if metadata.brokers().is_empty() => Err("no broker is known there".into()),
        Ok(_) => Ok(()),
        Err(fault) => {
            (0..EVENTS_MAX).for_each(|_| client.poll(EVENT_WAIT));
            Err(listener.take().unwrap_or_else(|| fault.to_string()))
        }
    }
}
