//! Whether the brokers answer, and if not, why.
//!
//! The driver tells its troubles by callbacks, and answers a question only with 'timed out'. So who
//! asks listens to both: a wrong password and a wrong address are different mistakes.

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Hears what the driver says of its connections.
#[derive(Clone, Default)]
struct Ear {
    heard: Arc<Mutex<Option<(bool, String)>>>,
}

impl Ear {
    fn hear(&self, decisive: bool, said: &str) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.as_ref().is_none_or(|(was_decisive, _)| decisive && !was_decisive) {
            *heard = Some((decisive, said.to_owned()));
        }
    }

    fn take(&self) -> Option<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).take().map(|(_, said)| said)
    }
}

impl ClientContext for Ear {
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

impl ProducerContext for Ear {
    type DeliveryOpaque = ();
    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

/// Events that are listened to after an answer that did not come: one a poll.
const EVENTS_MAX: usize = 40;
const EVENT_WAIT: Duration = Duration::from_millis(5);

/// Asks any broker for what it knows, on a thread that may wait.
pub(super) fn reach(config: &ClientConfig, wait: Duration) -> Result<(), String> {
    let ear = Ear::default();
    let client: BaseProducer<Ear> =
        config.create_with_context(ear.clone()).map_err(|fault| fault.to_string())?;
    match client.client().fetch_metadata(None, wait) {
        Ok(metadata) if metadata.brokers().is_empty() => Err("no broker is known there".into()),
        Ok(_) => Ok(()),
        Err(fault) => {
            (0..EVENTS_MAX).for_each(|_| client.poll(EVENT_WAIT));
            Err(ear.take().unwrap_or_else(|| fault.to_string()))
        }
    }
}
