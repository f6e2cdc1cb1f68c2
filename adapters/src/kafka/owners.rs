//! Whether every partition of the reports has a hub that merges them, as the group's coordinator says.
//!
//! Reports of a partition that nobody has are durable and wait. What is shown of their flights is old then, on
//! every node, so every node looks.

use super::core::{Core, Writer, lock, monotonic};
use super::queue::QUEUE;
use super::topics::FLIGHTS_GROUP;
use rdkafka::producer::Producer;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long the coordinator's answer may take.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// What is known of the owners.
#[derive(Debug, Default)]
pub(super) struct Owners(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Partitions without an owner, and since when that has been so of some partition.
    missing: Option<(usize, Instant)>,
    /// When every partition was last seen with an owner.
    whole_at: Option<Instant>,
}

impl Owners {
    fn note(&self, missing: usize, now: Instant) {
        let mut state = lock(&self.0);
        if missing == 0 {
            *state = State { missing: None, whole_at: Some(now) };
        } else {
            let since = state.missing.map_or(now, |(_, since)| since);
            state.missing = Some((missing, since));
        }
    }

    /// The group has members, and deals the partitions among them.
    fn note_dealing(&self) {
        lock(&self.0).missing = None;
    }

    /// Partitions without an owner, and for how long, where that is longer than `grace`: partitions that are
    /// dealt anew have none for a moment.
    pub(super) fn missing(&self, grace: Duration) -> Option<(usize, Duration)> {
        let (missing, since) = lock(&self.0).missing?;
        Some((missing, since.elapsed())).filter(|(_, age)| *age >= grace)
    }

    /// Whether every partition has been seen with an owner since an instant.
    pub(super) fn whole_since(&self, instant: Instant) -> bool {
        lock(&self.0).whole_at.is_some_and(|at| at >= instant)
    }
}

/// Asks the coordinator, and notes the answer. While the group deals its partitions anew there is none.
pub(super) fn look(core: &Core, writer: &Writer) {
    let (asked, group) = (monotonic(), core.config.named(FLIGHTS_GROUP));
    let wait = core.config.request_timeout.min(ANSWER_WAIT);
    let groups = match writer.client().fetch_group_list(Some(&group), wait) {
        Ok(groups) => groups,
        Err(fault) => return tracing::debug!(%fault, "who owns flights cannot be asked"),
    };
    let mut owned = BTreeSet::new();
    // A group that nobody was ever in is not listed.
    if let Some(group) = groups.groups().iter().find(|known| known.name() == group) {
        match group.state() {
            "Stable" => {
                let ours = core.config.client_id(QUEUE);
                for member in group.members() {
                    let given = partitions(member.assignment().unwrap_or_default(), &core.names.reports);
                    // Of this node it is known better whether it has taken them up.
                    let is_taken_up = |number: i32| {
                        core.partition(number).is_some_and(|known| known.owned.load(Ordering::Acquire))
                    };
                    owned.extend(given.into_iter().filter(|n| member.client_id() != ours || is_taken_up(*n)));
                }
            }
            "Empty" | "Dead" => {}
            dealing => {
                tracing::debug!(dealing, "partitions are dealt anew");
                return core.owners.note_dealing();
            }
        }
    }
    let all = 0..i32::from(core.config.partitions);
    core.owners.note(all.filter(|partition| !owned.contains(partition)).count(), asked);
}

/// The partitions of a topic in a member's assignment: version, topics with their partitions, user data
/// (Kafka's `ConsumerProtocolAssignment`). What cannot be read assigns nothing.
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
        tracing::debug!(bytes = assignment.len(), "an assignment cannot be read to its end");
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
    fn partitions_are_read_from_an_assignment_and_nothing_from_what_is_none() {
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
    fn a_partition_without_an_owner_counts_once_that_has_lasted() {
        let (owners, now) = (Owners::default(), monotonic());
        assert!(owners.missing(Duration::ZERO).is_none() && !owners.whole_since(now));
        let Some(before) = now.checked_sub(Duration::from_secs(5)) else { return };
        owners.note(4, before);
        owners.note(3, now);
        assert_eq!(owners.missing(Duration::from_secs(5)).map(|(missing, _)| missing), Some(3));
        assert!(owners.missing(Duration::from_secs(600)).is_none(), "they may just be dealt anew");
        owners.note_dealing();
        assert!(owners.missing(Duration::ZERO).is_none() && !owners.whole_since(before));
        owners.note(0, now);
        assert!(owners.missing(Duration::ZERO).is_none() && owners.whole_since(now));
        assert!(owners.whole_since(before));
    }
}
