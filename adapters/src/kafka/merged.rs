//! Up to where the reports are merged, whoever merges them: the offsets that the owners have committed.
//!
//! Asked for only while reports that this node wrote wait to be merged: one question to the group's
//! coordinator, some times a second.

use super::core::{Core, Voice, lock};
use super::figures::Observer;
use super::topics::FLIGHTS_GROUP;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::time::Duration;

/// Between two questions, and how long an answer may take.
const ASK_EVERY: Duration = Duration::from_millis(250);
const ANSWER_WAIT: Duration = Duration::from_secs(3);

/// Asks, for as long as the node lives. On a thread of its own: the driver's question blocks.
pub(super) fn watch(core: &Core) {
    let mut asking: Option<BaseConsumer<Voice>> = None;
    while !core.is_ending() {
        std::thread::sleep(ASK_EVERY);
        let waiting: Vec<usize> = lock(&core.backlog).partitions_waiting().collect();
        if waiting.is_empty() || core.reach.refuse_while_away().is_err() {
            continue;
        }
        let asked = match &asking {
            Some(consumer) => ask(core, consumer, &waiting),
            None => reader(core).and_then(|consumer| ask(core, asking.insert(consumer), &waiting)),
        };
        if let Err(fault) = asked {
            tracing::debug!(%fault, "it cannot be asked up to where reports are merged");
        }
    }
}

/// A client in the owners' group that joins nothing: only their offsets are asked for.
fn reader(core: &Core) -> Result<BaseConsumer<Voice>, KafkaError> {
    let mut config = core.config.consumer("merged", &core.config.named(FLIGHTS_GROUP));
    config.set("statistics.interval.ms", "0");
    config.create_with_context(Voice::new("merged", Observer::deaf()))
}

fn ask(core: &Core, consumer: &BaseConsumer<Voice>, waiting: &[usize]) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::with_capacity(waiting.len());
    for partition in waiting.iter().filter_map(|number| i32::try_from(*number).ok()) {
        list.add_partition(&core.names.reports, partition);
    }
    // There is nothing to read: what the driver says of its connections is taken from it.
    drop(consumer.poll(Duration::ZERO));
    let wait = core.config.request_timeout.min(ANSWER_WAIT);
    let committed = consumer.committed_offsets(list, wait)?;
    let mut backlog = lock(&core.backlog);
    for element in committed.elements() {
        if let (Ok(partition), Offset::Offset(next)) =
            (usize::try_from(element.partition()), element.offset())
        {
            backlog.merged(partition, next);
        }
    }
    Ok(())
}
