//! Whether every partition of the reports has an owner, according to the coordinator of the group.
//!
//! Reports in a partition without an owner are durable and wait. Their flights are outdated on every node, so every node
//! checks.

use super::client::KafkaProducer;
use super::context::{Context, lock, monotonic};
use super::report_queue::QUEUE;
use super::topics::FLIGHTS_GROUP;
use rdkafka::producer::Producer;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Time limit of a request to the coordinator.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// What this node knows of the owners.
#[derive(Debug, Default)]
pub(super) struct PartitionOwners(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How many partitions have no owner, and since when any partition has had none.
    missing: Option<(usize, Instant)>,
    /// When every partition last had an owner.
    all_owned_at: Option<Instant>,
}

impl PartitionOwners {
    fn note(&self, missing: usize, now: Instant) {
        let mut state = lock(&self.0);
        if missing == 0 {
            *state = State { missing: None, all_owned_at: Some(now) };
        } else {
            let since = state.missing.map_or(now, |(_, since)| since);
            state.missing = Some((missing, since));
        }
    }

    /// The group has members and distributes the partitions among them.
    fn record_rebalance(&self) {
        lock(&self.0).missing = None;
    }

    /// How many partitions have no owner and for how long, if that is longer than `grace`: during a
    /// rebalance they have none for a moment.
    pub(super) fn unowned(&self, grace: Duration) -> Option<(usize, Duration)> {
        let (missing, since) = lock(&self.0).missing?;
        Some((missing, since.elapsed())).filter(|(_, age)| *age >= grace)
    }

    /// Whether every partition had an owner at some time since an instant.
    pub(super) fn all_owned_since(&self, instant: Instant) -> bool {
        lock(&self.0).all_owned_at.is_some_and(|at| at >= instant)
    }
}

/// Asks the coordinator and records the answer. During a rebalance there is none.
pub(super) fn refresh(context: &Context, writer: &KafkaProducer) {
    let (asked, group) = (monotonic(), context.config.named(FLIGHTS_GROUP));
    let wait = context.config.request_timeout.min(ANSWER_WAIT);
    let groups = match writer.client().fetch_group_list(Some(&group), wait) {
        Ok(groups) => groups,
        Err(fault) => return tracing::debug!(%fault, "the owners of flights are unknown"),
    };
    let mut owned = BTreeSet::new();
    // The coordinator does not list a group that never had a member.
    if let Some(group) = groups.groups().iter().find(|known| known.name() == group) {
        match group.state() {
            "Stable" => {
                let ours = context.config.client_id(QUEUE);
                for member in group.members() {
                    let given = partitions(member.assignment().unwrap_or_default(), &context.names.reports);
                    // This node knows better whether it has taken over its own partitions.
                    let is_taken_up = |number: i32| {
                        context.partition(number).is_some_and(|known| known.owned.load(Ordering::Acquire))
                    };
                    owned.extend(given.into_iter().filter(|n| member.client_id() != ours || is_taken_up(*n)));
                }
            }
            "Empty" | "Dead" => {}
            dealing => {
                tracing::debug!(dealing, "the group rebalances");
                return context.owners.record_rebalance();
            }
        }
    }
    let all = 0..i32::from(context.config.partitions);
    context.owners.note(all.filter(|partition| !owned.contains(partition)).count(), asked);
}

/// The partitions of a topic in the assignment of a member: version, topics with their partitions, user
/// data (Kafka's `ConsumerProtocolAssignment`). An unreadable assignment has none.
fn partitions(assignment: &[u8], topic: &str) -> Vec<i32> {
    let mut bytes = Bytes(assignment);
    let mut found = Vec::new();
    let mut read = || {
        bytes.take(2)?;
        for _ in 0..bytes.number()? {
            let length = i16::from_be_bytes(bytes.take(2)?.try_into().ok()?);
            let is_it = bytes.take(usize::try_from(length).ok()?)? == topic.as_bytes();
            for _ in 0..bytes.number()? {
                let partition = bytes.number()?;
                if is_it {
                    found.push(partition);
                }
            }
        }
        Some(())
    };
    if read().is_none() && !assignment.is_empty() {
        tracing::debug!(bytes = assignment.len(), "an assignment is unreadable");
    }
    found
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<i32> {
        self.take(4)?.try_into().ok().map(i32::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_decoded_and_an_invalid_assignment_has_none() {
        let mut bytes = vec![0, 1, 0, 0, 0, 2];
        for (topic, partitions) in [("other", vec![7]), ("g.reports", vec![0, 3, 11])] {
            bytes.extend((topic.len() as i16).to_be_bytes());
            bytes.extend(topic.as_bytes());
            bytes.extend((partitions.len() as i32).to_be_bytes());
            partitions.iter().for_each(|partition: &i32| bytes.extend(partition.to_be_bytes()));
        }
        bytes.extend((-1_i32).to_be_bytes());
        assert_eq!(partitions(&bytes, "g.reports"), [0, 3, 11]);
        assert_eq!(partitions(&bytes[..bytes.len() - 8], "g.reports"), [0, 3]);
        for none in [&b""[..], b"\x00", b"\x00\x01\xff\xff\xff\xff", b"\x00\x01\x7f\xff\xff\xff\xff\xff"] {
            assert!(partitions(none, "g.reports").is_empty());
        }
    }

    #[test]
    fn a_partition_without_an_owner_counts_after_the_grace_period() {
        let (owners, now) = (PartitionOwners::default(), monotonic());
        assert!(owners.unowned(Duration::ZERO).is_none() && !owners.all_owned_since(now));
        let Some(before) = now.checked_sub(Duration::from_secs(5)) else { return };
        owners.note(4, before);
        owners.note(3, now);
        assert_eq!(owners.unowned(Duration::from_secs(5)).map(|(missing, _)| missing), Some(3));
        assert!(owners.unowned(Duration::from_secs(600)).is_none(), "they may just be dealt anew");
        owners.record_rebalance();
        assert!(owners.unowned(Duration::ZERO).is_none() && !owners.all_owned_since(before));
        owners.note(0, now);
        assert!(owners.unowned(Duration::ZERO).is_none() && owners.all_owned_since(now));
        assert!(owners.all_owned_since(before));
    }
}
