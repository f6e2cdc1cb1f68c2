//! How far reports are merged: the offsets that the owners have committed.
//!
//! The node asks the coordinator of the group several times a second, and only while reports that it wrote wait to be
//! merged.

use super::client::ClientCallbacks;
use super::context::{Context, lock};
use super::metrics::StatisticsObserver;
use super::topics::FLIGHTS_GROUP;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::time::Duration;

/// Pause between two requests, and the time limit of a request.
const ASK_EVERY: Duration = Duration::from_millis(250);
const ANSWER_WAIT: Duration = Duration::from_secs(3);

/// Polls for as long as the node lives. Needs a thread of its own, because the request blocks.
pub(super) fn watch(context: &Context) {
    let mut asking: Option<BaseConsumer<ClientCallbacks>> = None;
    while !context.is_ending() {
        std::thread::sleep(ASK_EVERY);
        let waiting: Vec<usize> = lock(&context.backlog).partitions_waiting().collect();
        if waiting.is_empty() || context.broker_health.refuse_while_unavailable().is_err() {
            continue;
        }
        let asked = match &asking {
            Some(consumer) => ask(context, consumer, &waiting),
            None => reader(context).and_then(|consumer| ask(context, asking.insert(consumer), &waiting)),
        };
        if let Err(fault) = asked {
            tracing::debug!(%fault, "the progress of merging is unknown");
        }
    }
}

/// A client of the owners' group that does not join it and only reads its offsets.
fn reader(context: &Context) -> Result<BaseConsumer<ClientCallbacks>, KafkaError> {
    let mut config = context.config.consumer("merged", &context.config.named(FLIGHTS_GROUP));
    config.set("statistics.interval.ms", "0");
    config.create_with_context(ClientCallbacks::new("merged", StatisticsObserver::ignore()))
}

fn ask(
    context: &Context,
    consumer: &BaseConsumer<ClientCallbacks>,
    waiting: &[usize],
) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::with_capacity(waiting.len());
    for partition in waiting.iter().filter_map(|number| i32::try_from(*number).ok()) {
        list.add_partition(&context.names.reports, partition);
    }
    // Serves the callbacks of the driver; there are no records to read.
    drop(consumer.poll(Duration::ZERO));
    let wait = context.config.request_timeout.min(ANSWER_WAIT);
    let committed = consumer.committed_offsets(list, wait)?;
    let mut backlog = lock(&context.backlog);
    for element in committed.elements() {
        if let (Ok(partition), Offset::Offset(next)) =
            (usize::try_from(element.partition()), element.offset())
        {
            backlog.merged(partition, next);
        }
    }
    Ok(())
}
