//! Reading the log: from its beginning to its end at the start, and from then on as it grows.
//!
//! On a thread of its own, because the driver's calls wait. States are read here, so that whoever
//! shows them has nothing to decode; our own entries come back as we gave them.

use super::core::{Core, Voice, lock, monotonic, unavailable};
use super::figures::{self, Observer};
use super::head;
use super::ledger::{Head, Ledger, Verdict};
use super::log::{Appended, Pending, Pendings, Reply};
use super::topics::{ENDS_KEPT, KAFKA};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{Followed, LogEntry, StoreError, Told, Version};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;
use wire::record::{RecordError, past_change};

/// How long the driver is asked to wait for a record.
const POLL: Duration = Duration::from_millis(100);

/// At the start, for so long nothing may come before the end is reached.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// After so many records the ends of legs that nobody can bring back any more are forgotten.
const FORGET_EVERY: u64 = 100_000;

/// One thing that was read: what is to be shown, and who is to hear of it then.
pub(super) struct Item {
    pub(super) what: Option<Told>,
    pub(super) reply: Option<(Reply, Result<Version, StoreError>)>,
}

/// The newest entry of a leg, not yet read.
pub(super) struct Newest {
    leg: LegId,
    payload: Vec<u8>,
    version: Version,
}

impl Newest {
    /// The state in it, or the leg of which nothing can be read. That one flight begins anew must not
    /// keep the whole hub from starting.
    pub(super) fn read(self) -> Result<(Flight, Version), LegId> {
        match wire::record::decode_log(&self.payload) {
            Ok(record) => Ok((record.flight, self.version)),
            Err(fault) => {
                tracing::error!(flight.leg = %self.leg, %fault, "a state in the log cannot be read and is left out");
                Err(self.leg)
            }
        }
    }
}

/// A reader that stands at the end of the log.
pub(super) struct Reader {
    consumer: BaseConsumer<Voice>,
}

/// The log as it was read from its beginning to its end.
pub(super) struct Whole {
    pub(super) reader: Reader,
    pub(super) ledger: Ledger,
    pub(super) newest: Vec<Newest>,
    /// By partition, the offset up to which it was read.
    judged: Vec<i64>,
}

impl Whole {
    /// Makes it what this node knows of the log.
    pub(super) fn install(self, core: &Core) -> (Reader, Vec<Newest>) {
        *lock(&core.ledger) = self.ledger;
        for (partition, judged) in core.partitions.iter().zip(self.judged) {
            partition.judged.store(judged, Ordering::Release);
        }
        (self.reader, self.newest)
    }
}

/// Reads the log from its beginning to its end, judging every entry. Blocks.
pub(super) fn read_all(core: &Arc<Core>) -> Result<Whole, StoreError> {
    let began = monotonic();
    let reader = Reader::at_the_beginning(core)?;
    let mut ledger = Ledger::default();
    let mut judged = vec![0; core.partitions.len()];
    let mut newest: FxHashMap<LegId, Newest> = FxHashMap::default();
    let mut ended = vec![false; core.partitions.len()];
    let (mut heard, mut records) = (began, 0_u64);
    while ended.contains(&false) {
        match reader.consumer.poll(POLL) {
            Some(Ok(message)) => {
                heard = monotonic();
                records += 1;
                let version = Version(version_of(&message));
                match judge(&mut ledger, &message) {
                    Read::State { leg, payload, .. } => {
                        core.late.counted(&leg);
                        newest.insert(leg.clone(), Newest { leg, payload: payload.to_vec(), version });
                    }
                    Read::End { leg, .. } => {
                        core.late.counted(&leg);
                        newest.remove(&leg);
                    }
                    Read::Late { leg, .. } => {
                        core.late.note(Some(&leg), message.partition(), message.offset());
                    }
                    Read::Unreadable { leg, reason } => core.unreadable(leg.as_ref(), &message, &reason),
                    Read::Newer { fault } => return Err(unreadable(&fault)),
                    Read::Mark { .. } => {}
                }
                if let Some(judged) =
                    usize::try_from(message.partition()).ok().and_then(|p| judged.get_mut(p))
                {
                    *judged = message.offset() + 1;
                }
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                if let Some(end) = usize::try_from(partition).ok().and_then(|p| ended.get_mut(p)) {
                    *end = true;
                }
            }
            Some(Err(fault)) => tracing::warn!(%fault, "reading the log"),
            None => {}
        }
        if heard.elapsed() > SILENCE_MAX || core.is_ending() {
            return Err(unavailable("the log could not be read to its end"));
        }
    }
    let duration_ms = began.elapsed().as_millis() as u64;
    tracing::info!(records, flights = newest.len(), duration_ms, "the log was read to its end");
    Ok(Whole { reader, ledger, newest: newest.into_values().collect(), judged })
}

impl Reader {
    fn at_the_beginning(core: &Arc<Core>) -> Result<Self, StoreError> {
        let heard = core.clone();
        let observer = Observer::new(move |statistics| {
            figures::note(statistics, &heard.names.changes, &heard.figures.log, 0, false);
        });
        let mut config = core.config.consumer("follower", &core.config.named("followers"));
        config.set("enable.partition.eof", "true");
        let voice = Voice::new("follower", observer);
        let failed = |fault: KafkaError| unavailable(format!("the log cannot be followed: {fault}"));
        let consumer: BaseConsumer<Voice> = config.create_with_context(voice).map_err(failed)?;
        let mut all = TopicPartitionList::with_capacity(core.partitions.len());
        for partition in 0..core.config.partitions {
            let begin = Offset::Beginning;
            all.add_partition_offset(&core.names.changes, i32::from(partition), begin).map_err(failed)?;
        }
        consumer.assign(&all).map_err(failed)?;
        Ok(Self { consumer })
    }

    /// Goes on reading, on a thread of its own, until the node ends or nobody listens any more.
    pub(super) fn follow(
        self,
        core: Arc<Core>,
        pendings: Arc<Pendings>,
        process: u64,
        items: mpsc::Sender<Item>,
    ) -> Result<(), StoreError> {
        let following = Following { core: core.clone(), pendings, process };
        core.thread("kafka-follower", move || following.run(&self.consumer, &items))
    }
}

struct Following {
    core: Arc<Core>,
    pendings: Arc<Pendings>,
    process: u64,
}

impl Following {
    fn run(&self, consumer: &BaseConsumer<Voice>, items: &mpsc::Sender<Item>) {
        let mut records = 0_u64;
        while !self.core.is_ending() {
            let message = match consumer.poll(POLL) {
                Some(Ok(message)) => message,
                Some(Err(KafkaError::PartitionEOF(_))) | None => {
                    if items.is_closed() {
                        return;
                    }
                    continue;
                }
                Some(Err(fault)) => {
                    tracing::warn!(%fault, "following the log");
                    continue;
                }
            };
            let item = self.item(&message);
            note_judged(&self.core, &message);
            self.core.figures.log.took(message.partition(), message.timestamp().to_millis());
            records += 1;
            if let (0, Some(now_ms)) = (records % FORGET_EVERY, message.timestamp().to_millis()) {
                lock(&self.core.ledger).forget_ended_before(now_ms - ENDS_KEPT.as_millis() as i64);
            }
            if let Some(item) = item
                && items.blocking_send(item).is_err()
            {
                return;
            }
        }
    }

    fn item(&self, message: &BorrowedMessage<'_>) -> Option<Item> {
        let version = Version(version_of(message));
        let read = judge(&mut lock(&self.core.ledger), message);
        let ours =
            |by: head::Writer| (by.process == self.process).then(|| self.pendings.take(by.count)).flatten();
        match read {
            Read::Mark { by } => {
                let Pending { reply, .. } = ours(by)?;
                Some(Item { what: None, reply: Some((reply, Ok(version))) })
            }
            Read::Late { leg, head, by } => {
                self.core.late.note(Some(&leg), message.partition(), message.offset());
                self.core.figures.late.fetch_add(1, Ordering::Relaxed);
                let Pending { reply, .. } = ours(by)?;
                Some(Item {
                    what: None,
                    reply: Some((reply, Err(StoreError::Conflict { leg, rev: head.rev }))),
                })
            }
            Read::End { leg, by } => {
                self.core.late.counted(&leg);
                let reply = ours(by).map(|pending| (pending.reply, Ok(version)));
                Some(Item { what: Some(Told::Retired { leg, version }), reply })
            }
            Read::State { leg, gap, by, payload } => self.state(&leg, gap, ours(by), payload, version),
            Read::Unreadable { leg, reason } => {
                self.core.unreadable(leg.as_ref(), message, &reason);
                None
            }
            Read::Newer { fault } => {
                self.core.too_old(&place_of(message), &fault);
                None
            }
        }
    }

    fn state(
        &self,
        leg: &LegId,
        gap: bool,
        ours: Option<Pending>,
        payload: &[u8],
        version: Version,
    ) -> Option<Item> {
        self.core.late.counted(leg);
        if let Some(Pending { what: Appended::State(LogEntry { flight, changes, .. }), reply }) = ours {
            let changes = changes.iter().map(past_change).collect();
            let followed = Followed { flight, version, changes, gap };
            return Some(Item { what: Some(Told::Changed(followed)), reply: Some((reply, Ok(version))) });
        }
        match wire::record::decode_log(payload) {
            Ok(record) => {
                let (flight, changes) = (Arc::new(record.flight), record.changes);
                Some(Item {
                    what: Some(Told::Changed(Followed { flight, version, changes, gap })),
                    reply: None,
                })
            }
            Err(fault) => {
                // JSON of our version that is no state: no hub has written it. Everybody forgets what
                // was known of the leg's versions, and it goes on from what is shown of it.
                self.core.figures.unreadable.fetch_add(1, Ordering::Relaxed);
                lock(&self.core.ledger).forget(leg);
                tracing::error!(flight.leg = %leg, %fault, "a state in the log cannot be read and is not shown");
                None
            }
        }
    }
}

/// What a record of the log is.
enum Read<'a> {
    State {
        leg: LegId,
        gap: bool,
        by: head::Writer,
        payload: &'a [u8],
    },
    End {
        leg: LegId,
        by: head::Writer,
    },
    Late {
        leg: LegId,
        head: Head,
        by: head::Writer,
    },
    Mark {
        by: head::Writer,
    },
    /// It is passed over, by everybody alike.
    Unreadable {
        leg: Option<LegId>,
        reason: String,
    },
    /// Only a newer hub can read it.
    Newer {
        fault: RecordError,
    },
}

fn judge<'a>(ledger: &mut Ledger, message: &'a BorrowedMessage<'_>) -> Read<'a> {
    let key = message.key().and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default();
    let (head, by) = match head::read(message.headers()) {
        Ok(read) => read,
        Err(reason) => return Read::Unreadable { leg: None, reason: reason.into() },
    };
    if key.starts_with('#') {
        return Read::Mark { by };
    }
    let Some(leg) = LegId::known(key) else {
        return Read::Unreadable { leg: None, reason: "its key is no leg".into() };
    };
    let version = version_of(message);
    let Some(payload) = message.payload() else {
        let at_ms = message.timestamp().to_millis().unwrap_or_default();
        return match ledger.judge_end(&leg, head, version, at_ms) {
            Verdict::Counts { .. } => Read::End { leg, by },
            Verdict::Late => Read::Late { leg, head, by },
        };
    };
    match wire::record::check_log(&leg, payload) {
        Ok(()) => {}
        Err(fault @ RecordError::Newer { .. }) => return Read::Newer { fault },
        Err(fault) => return Read::Unreadable { leg: Some(leg), reason: fault.to_string() },
    }
    match ledger.judge(&leg, head, version) {
        Verdict::Counts { gap } => Read::State { leg, gap, by, payload },
        Verdict::Late => Read::Late { leg, head, by },
    }
}

/// The start of this hub ends with these words.
fn unreadable(fault: &RecordError) -> StoreError {
    StoreError::Unreadable { store: KAFKA, reason: fault.to_string() }
}

/// Where a record stands, for people.
pub(super) fn place_of(message: &BorrowedMessage<'_>) -> String {
    format!("{} {}/{}", message.topic(), message.partition(), message.offset())
}

fn version_of(message: &BorrowedMessage<'_>) -> u64 {
    u64::try_from(message.offset() + 1).unwrap_or_default()
}

fn note_judged(core: &Core, message: &BorrowedMessage<'_>) {
    if let Some(partition) = core.partition(message.partition()) {
        partition.judged.store(message.offset() + 1, Ordering::Release);
    }
}
