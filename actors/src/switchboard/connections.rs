//! The connections of one thread: what each follows, and the writes.
//!
//! The code is optimized for the common case: many connections on one topic, all of them writable. The
//! frames of a batch are joined once, and each connection gets them in one system call, without a queue,
//! a wake-up or a copy. A connection that is not writable gets a queue of dirty legs instead
//! ([`super::send_queue`]).

mod snapshots;

use super::Broadcast;
use super::batch::{JoinedFrames, QueuedBroadcast, WriteStats, mark_dirty};
use super::send_queue::{CLOSING_TICKS, SendQueue};
use super::subscriptions::Followers;
use crate::frame::{Encoding, Frame};
use crate::hub::Hub;
use crate::metrics::{ReasonLabel, TransportLabel};
use crate::unread_budget::{COUNTED_FROM_BYTES, Client};
use bytes::Bytes;
use domain::leg::LegId;
use domain::topic::Topic;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::io;

/// A socket, as the switchboard uses it.
pub trait Socket: 'static {
    /// Writes as much as the socket accepts now; `WouldBlock` if that is nothing.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Like `try_write`, for bytes that the socket may keep instead of copying them.
    fn try_write_shared(&self, bytes: Bytes) -> io::Result<usize> {
        self.try_write(&bytes)
    }
    /// The client, whose memory budget pays for its replies; `None` if it is unknown.
    fn client(&self) -> Option<Client> {
        None
    }
    /// The encoding of its frames.
    fn encoding(&self) -> Encoding;
    /// The connection has unsent data: call [`Connections::drain`] when the socket is writable.
    fn call_when_writable(&self, id: ConnectionId);
    /// Closes the socket once it has sent the bytes that it has accepted. Nothing more will be written.
    fn close(&self);
    /// Closes the socket at once and drops unsent data.
    fn cut(&self);
}

/// The slot and generation of a connection. Slots are reused, ids are not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct ConnectionId {
    pub(super) slot: u32,
    generation: u32,
}

impl ConnectionId {
    /// The slot, for spreading periodic work over time.
    pub fn slot(self) -> u64 {
        u64::from(self.slot)
    }
}

pub(super) struct Connection<S> {
    pub(super) socket: S,
    generation: u32,
    /// The last batch that had a frame for this connection.
    batch_number: u32,
    /// The last broadcast of that batch for this connection: a broadcast with two topics counts once.
    broadcast: u32,
    /// Its index among the connections of that batch.
    touched: u32,
    encoding: Encoding,
    pub(super) queue: Option<Box<SendQueue>>,
    /// The topics, each with the index of this connection among its followers.
    pub(super) follows: SmallVec<[(u32, u32); 1]>,
}

/// Maximum number of broadcasts in a batch. At this number the batch is flushed at once.
const BATCH_MAX: usize = 512;

/// Ticks without progress after which a connection that keeps a long reply in memory is closed while
/// memory is tight.
const TIGHT_MEMORY_TICKS: u16 = 5;

/// Connections that are prefetched together before the first of them is written.
const PREFETCH: usize = 8;

/// The connections of one thread; see the page of the module.
pub struct Connections<S: Socket> {
    pub(super) hub: Hub,
    pub(super) number: u8,
    pub(super) connections: Vec<Option<Connection<S>>>,
    generations: Vec<u32>,
    free: Vec<u32>,
    pub(super) topics: FxHashMap<Topic, u32>,
    pub(super) followers: Vec<Option<Followers>>,
    pub(super) free_topics: Vec<u32>,
    batch: Vec<QueuedBroadcast>,
    batch_number: u32,
    open: usize,
}

impl<S: Socket> Connections<S> {
    pub(super) fn new(hub: Hub) -> Self {
        Self {
            hub,
            number: 0,
            connections: Vec::new(),
            generations: Vec::new(),
            free: Vec::new(),
            topics: FxHashMap::default(),
            followers: Vec::new(),
            free_topics: Vec::new(),
            batch: Vec::new(),
            batch_number: 0,
            open: 0,
        }
    }

    pub(super) fn set_number(&mut self, number: u8) {
        self.number = number;
    }

    /// Adds a connection.
    pub fn open(&mut self, socket: S) -> ConnectionId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.connections.push(None);
            self.generations.push(0);
            (self.connections.len() - 1) as u32
        });
        let generation = self.generations[slot as usize];
        let encoding = socket.encoding();
        self.count(encoding, 1);
        self.open += 1;
        self.connections[slot as usize] = Some(Connection {
            socket,
            generation,
            batch_number: 0,
            broadcast: 0,
            touched: 0,
            encoding,
            queue: None,
            follows: SmallVec::new(),
        });
        ConnectionId { slot, generation }
    }

    /// Removes a connection and its subscriptions.
    pub fn remove(&mut self, id: ConnectionId) -> Option<S> {
        self.connection(id)?;
        let connection = self.connections[id.slot as usize].take()?;
        for (topic, slot) in connection.follows {
            self.remove_follower(topic, slot);
        }
        self.generations[id.slot as usize] = id.generation.wrapping_add(1);
        self.free.push(id.slot);
        self.count(connection.encoding, -1);
        self.open -= 1;
        Some(connection.socket)
    }

    /// The number of open connections.
    pub fn len(&self) -> usize {
        self.open
    }

    /// Whether there is no connection.
    pub fn is_empty(&self) -> bool {
        self.open == 0
    }

    /// The ids of all open connections.
    pub fn ids(&self) -> Vec<ConnectionId> {
        let id = |(slot, connection): (usize, &Option<Connection<S>>)| {
            connection.as_ref().map(|l| ConnectionId { slot: slot as u32, generation: l.generation })
        };
        self.connections.iter().enumerate().filter_map(id).collect()
    }

    /// The socket of a connection.
    pub fn socket(&self, id: ConnectionId) -> Option<&S> {
        self.connection(id).map(|connection| &connection.socket)
    }

    /// The number of topics that a connection follows.
    pub fn follows_len(&self, id: ConnectionId) -> usize {
        self.connection(id).map_or(0, |connection| connection.follows.len())
    }

    /// Sends bytes to one connection, after its queued data.
    pub fn send(&mut self, id: ConnectionId, bytes: Bytes) {
        let Some(connection) = self.connection_mut(id) else { return };
        if connection.queue.is_none() {
            match connection.socket.try_write(&bytes) {
                Ok(n) if n == bytes.len() => return,
                Ok(n) => connection.queue.insert(Box::default()).rest(bytes, n),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // An empty queue has room.
                    let _ = connection.queue.insert(Box::default()).answer(bytes);
                }
                Err(_) => return connection.socket.close(),
            }
            connection.socket.call_when_writable(id);
            return;
        }
        let queue = connection.queue.get_or_insert_default();
        if queue.closing {
            return;
        }
        if queue.answer(bytes).is_err() {
            connection.socket.cut();
            self.count_disconnect("answers_not_read");
            return;
        }
        self.drain(id);
    }

    /// Sends frames to every connection, in one write each, after its queued data.
    pub fn announce(&mut self, frames: &[Frame]) {
        let mut joined: [Option<Bytes>; Encoding::COUNT] = Default::default();
        for id in self.ids() {
            let Some(encoding) = self.socket(id).map(Socket::encoding) else { continue };
            let bytes = joined[encoding as usize].get_or_insert_with(|| Frame::join(frames, encoding));
            let bytes = bytes.clone();
            self.send(id, bytes);
        }
    }

    /// Finishes a partial write, sends `last`, then closes. Nothing follows `last`. If the client has not
    /// read it within [`CLOSING_TICKS`], the connection is closed anyway.
    pub fn close(&mut self, id: ConnectionId, last: Bytes, reason: &'static str) {
        let Some(connection) = self.connection_mut(id) else { return };
        let queue = connection.queue.get_or_insert_default();
        if queue.closing {
            return;
        }
        queue.close_with(last);
        self.count_disconnect(reason);
        self.drain(id);
    }

    /// Whether the connection is closing.
    pub fn is_closing(&self, id: ConnectionId) -> bool {
        self.connection(id)
            .and_then(|connection| connection.queue.as_ref())
            .is_some_and(|queue| queue.closing)
    }

    /// Adds a broadcast to the current batch.
    pub fn add(&mut self, broadcast: Broadcast) {
        let topics: SmallVec<[u32; 4]> =
            broadcast.topics.iter().filter_map(|t| self.topics.get(t).copied()).collect();
        if topics.is_empty() {
            return;
        }
        self.batch.push(QueuedBroadcast { leg: broadcast.leg, frames: broadcast.frames, topics });
        if self.batch.len() >= BATCH_MAX {
            self.flush();
        }
    }

    /// Sends the current batch, with one write per connection.
    pub fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return;
        }
        let began = tokio::time::Instant::now();
        let mut stats = WriteStats::default();
        if self.share_one_topic(&batch) {
            let mut joined_frames = JoinedFrames::default();
            let all: SmallVec<[u32; 16]> = (0..batch.len() as u32).collect();
            let slots =
                self.followers[batch[0].topics[0] as usize].as_mut().map(|f| std::mem::take(&mut f.slots));
            let slots = slots.unwrap_or_default();
            for some in slots.chunks(PREFETCH) {
                self.prefetch(some);
                for slot in some {
                    self.write(*slot, &batch, &all, &mut joined_frames, &mut stats);
                }
            }
            if let Some(followers) = &mut self.followers[batch[0].topics[0] as usize] {
                followers.slots = slots;
            }
        } else {
            self.write_by_connection(&batch, &mut stats);
        }
        let metrics = self.hub.metrics();
        metrics.frames.inc_by(stats.frames);
        metrics.bytes.inc_by(stats.bytes);
        metrics.conflated.inc_by(stats.conflated);
        metrics.fan_out_seconds.observe(began.elapsed().as_secs_f64());
        let mut emptied = batch;
        emptied.clear();
        self.batch = emptied;
    }

    /// Sends queued data when the socket is writable. Returns whether some is left because the socket
    /// blocks.
    pub fn drain(&mut self, id: ConnectionId) -> bool {
        let hub = self.hub.clone();
        let Some(connection) = self.connection_mut(id) else { return false };
        let Some(queue) = &mut connection.queue else { return false };
        let encoding = connection.encoding;
        let newest = |leg: &LegId| hub.flight_snapshot(leg).filter(|live| !live.view.hidden);
        while let Some((bytes, gone)) = queue.next(encoding, newest) {
            match connection.socket.try_write_shared(bytes.slice(gone..)) {
                Ok(n) => {
                    queue.idle_ticks = 0;
                    if gone + n < bytes.len() {
                        queue.rest(bytes, gone + n);
                        connection.socket.call_when_writable(id);
                        return true;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    queue.rest(bytes, gone);
                    connection.socket.call_when_writable(id);
                    return true;
                }
                Err(_) => {
                    connection.socket.close();
                    return false;
                }
            }
        }
        if queue.closing {
            // The queue stays, so that nothing follows the close frame until the socket is gone.
            connection.socket.close();
        } else if queue.is_done() {
            connection.queue = None;
        }
        false
    }

    /// Call once per second: closes connections that made no progress for `idle_ticks_max` ticks.
    pub fn tick(&mut self, idle_ticks_max: u16, close_frame: impl Fn(Encoding) -> Bytes) {
        let unread = self.hub.unread_budget().clone();
        let is_tight = unread.is_tight();
        for id in self.ids() {
            let Some(connection) = self.connection_mut(id) else { continue };
            let Some(queue) = &mut connection.queue else { continue };
            let keeps_much = is_tight
                && queue.snapshot_bytes() >= COUNTED_FROM_BYTES
                && unread.is_tight_for(connection.socket.client());
            let idle_ticks_max =
                if keeps_much { TIGHT_MEMORY_TICKS.min(idle_ticks_max) } else { idle_ticks_max };
            if !queue.has_work() {
                continue;
            }
            queue.idle_ticks += 1;
            if queue.closing {
                queue.closing_ticks += 1;
                if queue.closing_ticks >= CLOSING_TICKS {
                    connection.socket.cut();
                }
            } else if queue.idle_ticks >= idle_ticks_max {
                let close_frame = close_frame(connection.encoding);
                self.close(id, close_frame, "slow");
            }
        }
    }

    /// The number of dirty legs of a connection with queued data; `None` if it has none.
    pub fn legs_behind(&self, id: ConnectionId) -> Option<usize> {
        self.connection(id).and_then(|connection| connection.queue.as_ref()).map(|queue| queue.legs_len())
    }

    /// Whether all broadcasts of a batch have the same single topic.
    fn share_one_topic(&self, batch: &[QueuedBroadcast]) -> bool {
        let first = &batch[0].topics;
        first.len() == 1 && batch.iter().all(|d| d.topics == *first)
    }

    /// Prefetches the cache lines of the next connections. Each write is a system call, and no processor
    /// prefetches across one, so that without this every connection costs a cache miss. Only the reads
    /// matter, not their result.
    fn prefetch(&self, slots: &[u32]) {
        let ready = slots.iter().filter(|slot| match &self.connections[**slot as usize] {
            Some(connection) => connection.queue.is_none(),
            None => false,
        });
        std::hint::black_box(ready.count());
    }

    fn write_by_connection(&mut self, batch: &[QueuedBroadcast], stats: &mut WriteStats) {
        self.batch_number = self.batch_number.wrapping_add(1).max(1);
        let batch_number = self.batch_number;
        let mut touched: Vec<(u32, SmallVec<[u32; 16]>)> = Vec::new();
        for (number, broadcast) in batch.iter().enumerate() {
            let number = number as u32;
            for topic in &broadcast.topics {
                let Some(followers) = &self.followers[*topic as usize] else { continue };
                for slot in &followers.slots {
                    let Some(connection) = &mut self.connections[*slot as usize] else { continue };
                    if connection.batch_number != batch_number {
                        connection.batch_number = batch_number;
                        connection.touched = touched.len() as u32;
                        touched.push((*slot, SmallVec::from_slice(&[number])));
                    } else if connection.broadcast != number {
                        touched[connection.touched as usize].1.push(number);
                    }
                    connection.broadcast = number;
                }
            }
        }
        let mut joined_frames = JoinedFrames::default();
        for (slot, numbers) in touched {
            self.write(slot, batch, &numbers, &mut joined_frames, stats);
        }
    }

    /// Sends broadcasts to one connection: in one write if it is writable, as dirty legs if not.
    fn write(
        &mut self,
        slot: u32,
        all: &[QueuedBroadcast],
        numbers: &[u32],
        joined_frames: &mut JoinedFrames,
        stats: &mut WriteStats,
    ) {
        let Some(connection) = &mut self.connections[slot as usize] else { return };
        if let Some(queue) = &mut connection.queue {
            for number in numbers {
                mark_dirty(queue, &all[*number as usize], connection.encoding);
            }
            stats.conflated += numbers.len() as u64;
            return;
        }
        let (bytes, frames) = joined_frames.of(all, numbers, connection.encoding);
        match connection.socket.try_write(bytes) {
            Ok(n) if n == bytes.len() => {
                stats.frames += frames;
                stats.bytes += n as u64;
            }
            Ok(n) => {
                // A frame is partly sent, so the rest of this write must follow. The bytes are shared.
                connection.queue.insert(Box::default()).rest(bytes.clone(), n);
                connection
                    .socket
                    .call_when_writable(ConnectionId { slot, generation: connection.generation });
                stats.frames += frames;
                stats.bytes += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let queue = connection.queue.insert(Box::default());
                for number in numbers {
                    mark_dirty(queue, &all[*number as usize], connection.encoding);
                }
                stats.conflated += numbers.len() as u64;
                connection
                    .socket
                    .call_when_writable(ConnectionId { slot, generation: connection.generation });
            }
            Err(_) => connection.socket.close(),
        }
    }

    pub(super) fn connection(&self, id: ConnectionId) -> Option<&Connection<S>> {
        self.connections
            .get(id.slot as usize)?
            .as_ref()
            .filter(|connection| connection.generation == id.generation)
    }

    pub(super) fn connection_mut(&mut self, id: ConnectionId) -> Option<&mut Connection<S>> {
        self.connections
            .get_mut(id.slot as usize)?
            .as_mut()
            .filter(|connection| connection.generation == id.generation)
    }

    fn count(&self, encoding: Encoding, by: i64) {
        let transport = match encoding {
            Encoding::EventStream => "events",
            Encoding::WebSocket | Encoding::Deflated => "websocket",
        };
        self.hub.metrics().sockets.get_or_create(&TransportLabel { transport }).inc_by(by);
    }

    fn count_disconnect(&self, reason: &'static str) {
        self.hub.metrics().disconnects.get_or_create(&ReasonLabel { reason }).inc();
    }
}
