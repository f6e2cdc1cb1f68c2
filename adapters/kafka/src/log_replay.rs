//! Reads the log from its beginning to its present end, when a node starts.
//!
//! The replay classifies every record and keeps the newest state of each leg as bytes; states are decoded at the end.
//! A record that only a newer hub can read ends the start, unless a later record says that an operator has skipped it
//! (`skipped_records`).

use super::classify::{LogRecord, classify, place_of, version_of};
use super::context::{Context, lock, monotonic};
use super::errors::unavailable;
use super::log_reader::LogReader;
use super::topics::{CHANGES, KAFKA};
use super::version_arbiter::VersionArbiter;
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{StoreError, Version};
use rdkafka::message::{BorrowedMessage, Message};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Threads that read the log, each some of its partitions.
const READERS_MAX: usize = 4;

/// The newest state of a leg, not yet decoded.
pub(super) struct NewestState {
    leg: LegId,
    payload: Vec<u8>,
    version: Version,
}

impl NewestState {
    /// Decodes the state. An unreadable state returns its leg ([`read_older_states`]): one flight must
    /// not keep the hub from starting.
    pub(super) fn read(self) -> Result<(Flight, Version), LegId> {
        match wire::record::decode_log(&self.payload) {
            Ok(record) => Ok((record.flight, self.version)),
            Err(fault) => {
                tracing::error!(flight.leg = %self.leg, %fault, "a state in the log is unreadable, and the one before it counts");
                Err(self.leg)
            }
        }
    }
}

/// The log, read from its beginning to its end.
pub(super) struct ReplayedLog {
    pub(super) arbiter: VersionArbiter,
    pub(super) newest: Vec<NewestState>,
    /// WriterId partition, the offset up to which it was read.
    read_up_to: Vec<i64>,
}

impl ReplayedLog {
    /// Whether the log has a state of the leg, or its end.
    pub(super) fn knows(&self, leg: &LegId) -> bool {
        self.arbiter.version(leg) > 0
    }

    /// Makes the result the state of this node.
    pub(super) fn install(self, context: &Context) -> Vec<NewestState> {
        *lock(&context.arbiter) = self.arbiter;
        for (partition, offset) in context.partitions.iter().zip(self.read_up_to) {
            partition.read_up_to.store(offset, Ordering::Release);
        }
        self.newest
    }
}

/// A record that only a newer hub can read and that no operator has skipped.
pub(super) struct BlockingRecord {
    pub(super) partition: i32,
    pub(super) offset: i64,
    /// The leg of the state, if the log knows the leg from other records.
    pub(super) leg: Option<LegId>,
    /// Position and fault, for the operator.
    pub(super) reason: String,
}

/// Reads the log to its end and classifies every record. Blocks. A record that only a newer hub can read
/// is an error, unless an operator has skipped it.
pub(super) fn replay(context: &Arc<Context>) -> Result<ReplayedLog, StoreError> {
    let (whole, blocked) = replay_with_blocking(context)?;
    match blocked.first() {
        None => Ok(whole),
        Some(BlockingRecord { reason, .. }) => Err(StoreError::Unreadable {
            store: KAFKA,
            reason: format!("{reason}. OPERATING.md, 'A record that ends hubs', says what to do"),
        }),
    }
}

/// Like [`replay`], and returns the records that only a newer hub can read.
pub(super) fn replay_with_blocking(
    context: &Arc<Context>,
) -> Result<(ReplayedLog, Vec<BlockingRecord>), StoreError> {
    let began = monotonic();
    let partitions = i32::from(context.config.partitions);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).clamp(1, READERS_MAX);
    // A record counts only in the partition of its leg, so each partition can be read on its own.
    let read = |nth: usize| -> Result<(Replay<'_>, u64), StoreError> {
        let mut reading = Replay::new(context);
        let share = (0..partitions).skip(nth).step_by(threads);
        let records =
            LogReader::from_beginning(context, share)?.read_to_end(context, |record| reading.take(record))?;
        Ok((reading, records))
    };
    let parts: Vec<_> = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..threads).map(|nth| scope.spawn(move || read(nth))).collect();
        readers.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let (mut whole, mut records) = (Replay::new(context), 0);
    for part in parts {
        let (part, read) = part.map_err(|_| unavailable("a reader of the log panicked"))??;
        whole.add(part);
        records += read;
    }
    let Replay { arbiter, read_up_to, newest, mut blocked, .. } = whole;
    blocked.retain(|record| !context.skips.has(CHANGES, record.partition, record.offset));
    let duration_ms = began.elapsed().as_millis() as u64;
    tracing::info!(records, flights = newest.len(), duration_ms, "the log is replayed");
    Ok((ReplayedLog { arbiter, newest: newest.into_values().collect(), read_up_to }, blocked))
}

/// The replay of some partitions.
struct Replay<'a> {
    context: &'a Context,
    arbiter: VersionArbiter,
    read_up_to: Vec<i64>,
    newest: FxHashMap<LegId, NewestState>,
    blocked: Vec<BlockingRecord>,
}

impl<'a> Replay<'a> {
    fn new(context: &'a Context) -> Self {
        let (arbiter, newest, blocked) = (VersionArbiter::default(), FxHashMap::default(), Vec::new());
        Self { context, arbiter, read_up_to: vec![0; context.partitions.len()], newest, blocked }
    }

    /// Adds the result of other partitions.
    fn add(&mut self, other: Self) {
        self.arbiter.adopt(other.arbiter);
        self.newest.extend(other.newest);
        self.blocked.extend(other.blocked);
        for (mine, theirs) in self.read_up_to.iter_mut().zip(other.read_up_to) {
            *mine = (*mine).max(theirs);
        }
    }

    fn take(&mut self, message: &BorrowedMessage<'_>) {
        let (context, partition, offset) = (self.context, message.partition(), message.offset());
        match classify(&mut self.arbiter, context.config.partitions, message) {
            LogRecord::State { leg, payload, .. } => {
                context.superseded.accepted(&leg);
                let version = Version(version_of(message));
                self.newest.insert(leg.clone(), NewestState { leg, payload: payload.to_vec(), version });
            }
            LogRecord::End { leg, .. } => {
                context.superseded.accepted(&leg);
                self.newest.remove(&leg);
            }
            LogRecord::Superseded { leg, known, .. } => {
                context.superseded.note(Some(&leg).filter(|_| known), partition, offset);
            }
            LogRecord::Unreadable { leg, reason } => context.unreadable(leg.as_ref(), message, &reason),
            LogRecord::Misplaced { own } => context.misplaced(own, message),
            LogRecord::Skip { skip, .. } => context.skips.note(skip),
            LogRecord::NewerVersion { leg, fault } => {
                context.superseded.note(leg.as_ref(), partition, offset);
                let reason = format!("{}: {fault}", place_of(message));
                self.blocked.push(BlockingRecord { partition, offset, leg, reason });
            }
            LogRecord::Barrier { .. } => {}
        }
        if let Some(read_up_to) = usize::try_from(partition).ok().and_then(|p| self.read_up_to.get_mut(p)) {
            *read_up_to = offset + 1;
        }
    }
}

/// The newest readable states of legs whose newest state is unreadable because no hub wrote it. Running
/// nodes continue from these states, so a node that starts does too. Blocks.
pub(super) fn read_older_states(
    context: &Arc<Context>,
    legs: &[LegId],
) -> Result<Vec<(Flight, Version)>, StoreError> {
    let (mut arbiter, mut found) = (VersionArbiter::default(), FxHashMap::default());
    let partitions = 0..i32::from(context.config.partitions);
    LogReader::from_beginning(context, partitions)?.read_to_end(context, |message| {
        let key = message.key().and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default();
        let is_replayed = context
            .partition(message.partition())
            .is_some_and(|partition| message.offset() < partition.read_up_to.load(Ordering::Acquire));
        let Some(leg) = legs.iter().find(|leg| leg.as_str() == key).filter(|_| is_replayed) else { return };
        let state = match message.payload().map(wire::record::decode_log) {
            Some(Err(_)) => return context.superseded.note(Some(leg), message.partition(), message.offset()),
            Some(Ok(record)) => Some(record.flight),
            None => None,
        };
        match (classify(&mut arbiter, context.config.partitions, message), state) {
            (LogRecord::State { .. }, Some(flight)) => {
                context.superseded.accepted(leg);
                found.insert(leg.clone(), (flight, Version(version_of(message))));
            }
            (LogRecord::End { .. }, _) => {
                context.superseded.accepted(leg);
                found.remove(leg);
            }
            _ => {}
        }
    })?;
    lock(&context.arbiter).adopt(arbiter);
    Ok(found.into_values().collect())
}
