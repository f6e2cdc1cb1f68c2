//! The log from its beginning to its present end, as a node reads it when it starts.
//!
//! Every record is judged, and of each leg the newest state that counts is kept as bytes; states are read
//! when all is known. A record that only a newer hub can read ends the start, unless an operator has decided
//! that it is passed over (`skips`), which stands further on in the log.

use super::core::{Core, lock, monotonic, unavailable};
use super::follower::Reader;
use super::judge::{Read, judge, place_of, version_of};
use super::ledger::Ledger;
use super::topics::{CHANGES, KAFKA};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{StoreError, Version};
use rdkafka::message::{BorrowedMessage, Message};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Threads that read the log, each some of its partitions.
const READERS_MAX: usize = 4;

/// The newest entry of a leg, not yet read.
pub(super) struct Newest {
    leg: LegId,
    payload: Vec<u8>,
    version: Version,
}

impl Newest {
    /// The state in it, or the leg whose newest state cannot be read ([`read_older`]). One flight must not keep
    /// the whole hub from starting.
    pub(super) fn read(self) -> Result<(Flight, Version), LegId> {
        match wire::record::decode_log(&self.payload) {
            Ok(record) => Ok((record.flight, self.version)),
            Err(fault) => {
                tracing::error!(flight.leg = %self.leg, %fault, "a state in the log cannot be read, and the one before it counts");
                Err(self.leg)
            }
        }
    }
}

/// The log as it was read from its beginning to its end.
pub(super) struct Whole {
    pub(super) ledger: Ledger,
    pub(super) newest: Vec<Newest>,
    /// By partition, the offset up to which it was read.
    judged: Vec<i64>,
}

impl Whole {
    /// Whether the log has a state of the leg, or its end.
    pub(super) fn knows(&self, leg: &LegId) -> bool {
        self.ledger.version(leg) > 0
    }

    /// Makes it what this node knows of the log.
    pub(super) fn install(self, core: &Core) -> Vec<Newest> {
        *lock(&core.ledger) = self.ledger;
        for (partition, judged) in core.partitions.iter().zip(self.judged) {
            partition.judged.store(judged, Ordering::Release);
        }
        self.newest
    }
}

/// A record that only a newer hub can read, and that nobody has decided to pass over.
pub(super) struct Blocked {
    pub(super) partition: i32,
    pub(super) offset: i64,
    /// The leg whose state it would be, if the log knows the leg without it.
    pub(super) leg: Option<LegId>,
    /// Where it stands and what is wrong with it, for people.
    pub(super) reason: String,
}

/// Reads the log from its beginning to its end, judging every entry. Blocks. A record that only a newer
/// hub can read is an error, unless an operator has decided that it is passed over.
pub(super) fn read_all(core: &Arc<Core>) -> Result<Whole, StoreError> {
    let (whole, blocked) = read_log(core)?;
    match blocked.first() {
        None => Ok(whole),
        Some(Blocked { reason, .. }) => Err(StoreError::Unreadable {
            store: KAFKA,
            reason: format!("{reason}. OPERATING.md, 'A record that ends hubs', says what to do"),
        }),
    }
}

/// The same, with every record that only a newer hub can read.
pub(super) fn read_log(core: &Arc<Core>) -> Result<(Whole, Vec<Blocked>), StoreError> {
    let began = monotonic();
    let partitions = i32::from(core.config.partitions);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).clamp(1, READERS_MAX);
    // A record counts in its leg's partition alone, so each partition is judged by itself.
    let read = |nth: usize| -> Result<(Reading<'_>, u64), StoreError> {
        let mut reading = Reading::new(core);
        let share = (0..partitions).skip(nth).step_by(threads);
        let records =
            Reader::at_the_beginning(core, share)?.read_to_end(core, |record| reading.take(record))?;
        Ok((reading, records))
    };
    let parts: Vec<_> = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..threads).map(|nth| scope.spawn(move || read(nth))).collect();
        readers.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let (mut whole, mut records) = (Reading::new(core), 0);
    for part in parts {
        let (part, read) = part.map_err(|_| unavailable("a reader of the log died"))??;
        whole.add(part);
        records += read;
    }
    let Reading { ledger, judged, newest, mut blocked, .. } = whole;
    blocked.retain(|record| !core.skips.has(CHANGES, record.partition, record.offset));
    let duration_ms = began.elapsed().as_millis() as u64;
    tracing::info!(records, flights = newest.len(), duration_ms, "the log was read to its end");
    Ok((Whole { ledger, newest: newest.into_values().collect(), judged }, blocked))
}

/// The log on the way from its beginning to its end.
struct Reading<'a> {
    core: &'a Core,
    ledger: Ledger,
    judged: Vec<i64>,
    newest: FxHashMap<LegId, Newest>,
    blocked: Vec<Blocked>,
}

impl<'a> Reading<'a> {
    fn new(core: &'a Core) -> Self {
        let (ledger, newest, blocked) = (Ledger::default(), FxHashMap::default(), Vec::new());
        Self { core, ledger, judged: vec![0; core.partitions.len()], newest, blocked }
    }

    /// Adds what was read of other partitions.
    fn add(&mut self, other: Self) {
        self.ledger.adopt(other.ledger);
        self.newest.extend(other.newest);
        self.blocked.extend(other.blocked);
        for (judged, read) in self.judged.iter_mut().zip(other.judged) {
            *judged = (*judged).max(read);
        }
    }

    fn take(&mut self, message: &BorrowedMessage<'_>) {
        let (core, partition, offset) = (self.core, message.partition(), message.offset());
        match judge(&mut self.ledger, core.config.partitions, message) {
            Read::State { leg, payload, .. } => {
                core.late.counted(&leg);
                let version = Version(version_of(message));
                self.newest.insert(leg.clone(), Newest { leg, payload: payload.to_vec(), version });
            }
            Read::End { leg, .. } => {
                core.late.counted(&leg);
                self.newest.remove(&leg);
            }
            Read::Late { leg, known, .. } => core.late.note(Some(&leg).filter(|_| known), partition, offset),
            Read::Unreadable { leg, reason } => core.unreadable(leg.as_ref(), message, &reason),
            Read::Misplaced { own } => core.misplaced(own, message),
            Read::Skip { skip, .. } => core.skips.note(skip),
            Read::Newer { leg, fault } => {
                core.late.note(leg.as_ref(), partition, offset);
                let reason = format!("{}: {fault}", place_of(message));
                self.blocked.push(Blocked { partition, offset, leg, reason });
            }
            Read::Mark { .. } => {}
        }
        if let Some(judged) = usize::try_from(partition).ok().and_then(|p| self.judged.get_mut(p)) {
            *judged = offset + 1;
        }
    }
}

/// The newest states that can be read of legs whose newest cannot, and which began with records that no hub
/// wrote. As every node that runs goes on from those, a node that starts does too. Blocks.
pub(super) fn read_older(core: &Arc<Core>, legs: &[LegId]) -> Result<Vec<(Flight, Version)>, StoreError> {
    let (mut ledger, mut found) = (Ledger::default(), FxHashMap::default());
    let partitions = 0..i32::from(core.config.partitions);
    Reader::at_the_beginning(core, partitions)?.read_to_end(core, |message| {
        let key = message.key().and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default();
        let is_judged = core
            .partition(message.partition())
            .is_some_and(|partition| message.offset() < partition.judged.load(Ordering::Acquire));
        let Some(leg) = legs.iter().find(|leg| leg.as_str() == key).filter(|_| is_judged) else { return };
        let state = match message.payload().map(wire::record::decode_log) {
            Some(Err(_)) => return core.late.note(Some(leg), message.partition(), message.offset()),
            Some(Ok(record)) => Some(record.flight),
            None => None,
        };
        match (judge(&mut ledger, core.config.partitions, message), state) {
            (Read::State { .. }, Some(flight)) => {
                core.late.counted(leg);
                found.insert(leg.clone(), (flight, Version(version_of(message))));
            }
            (Read::End { .. }, _) => {
                core.late.counted(leg);
                found.remove(leg);
            }
            _ => {}
        }
    })?;
    lock(&core.ledger).adopt(ledger);
    Ok(found.into_values().collect())
}
