//! How Kafka's errors map to [`StoreError`].

use super::topics::KAFKA;
use domain::ports::StoreError;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

pub(super) fn unavailable(reason: impl Into<String>) -> StoreError {
    StoreError::Unavailable { store: KAFKA, reason: reason.into() }
}

/// Why a record was not written.
pub(super) fn refused(fault: &KafkaError) -> StoreError {
    match fault.rdkafka_error_code() {
        Some(RDKafkaErrorCode::QueueFull) => unavailable("too many records wait to be written"),
        Some(RDKafkaErrorCode::MessageTimedOut) => unavailable("no broker confirmed the record in time"),
        _ => unavailable(fault.to_string()),
    }
}
