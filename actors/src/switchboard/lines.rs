//! Who on this thread follows what, and the writes.
//!
//! The usual case is written for: many sockets on one topic, each ready. A turn's frames are put
//! together once and go to each socket in one system call, without a queue, a wake-up or a copy.
//! A socket that is not ready gets a queue of legs instead ([`super::pending`]).

mod snapshots;

use super::Deliver;
use super::following::Followers;
use super::pending::{CLOSING_TICKS, Pending};
use super::turn::{Delivery, Together, Wrote, owe};
use crate::frame::{Encoding, Frame};
use crate::hub::Hub;
use crate::metrics::{ReasonLabel, TransportLabel};
use crate::unread::{COUNTED_FROM_BYTES, Client};
use bytes::Bytes;
use domain::leg::LegId;
use domain::topic::Topic;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::io;

/// A socket as the switchboard sees it.
pub trait Socket: 'static {
    /// Writes what it takes at once; `WouldBlock` if that is nothing.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// The same with bytes that may be kept as they are, instead of being copied.
    fn try_write_shared(&self, bytes: Bytes) -> io::Result<usize> {
        self.try_write(&bytes)
    }
    /// Whose it is, for what its answers cost; `None` where that cannot be known.
    fn client(&self) -> Option<Client> {
        None
    }
    /// How its listener wants frames.
    fn encoding(&self) -> Encoding;
    /// It is behind: call [`Lines::drain`] when it can take more.
    fn call_when_writable(&self, id: LineId);
    /// It is to be closed once what it has taken is out; nothing more will be written.
    fn close(&self);
    /// It is to be closed now: its listener does not take what is left.
    fn cut(&self);
}

/// A line's place and generation: a place is used again, an id is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct LineId {
    pub(super) place: u32,
    generation: u32,
}

impl LineId {
    /// Its place among the thread's lines, for spreading work over time.
    pub fn place(self) -> u64 {
        u64::from(self.place)
    }
}

pub(super) struct Line<S> {
    pub(super) socket: S,
    generation: u32,
    /// Number of the turn in which this line was last given a frame.
    turn: u32,
    /// Last delivery of that turn that was given to it, so that two topics of one delivery count
    /// once.
    delivery: u32,
    /// Its place among those touched in that turn.
    touched: u32,
    encoding: Encoding,
    pub(super) pending: Option<Box<Pending>>,
    /// Topic and this line's place among its followers.
    pub(super) follows: SmallVec<[(u32, u32); 1]>,
}

/// Deliveries kept for one turn; beyond, they leave at once.
const TURN_MAX: usize = 512;

/// Ticks without taking anything after which one who keeps a long answer alive is let go, when room for
/// such gets short.
const HURRIED_TICKS: u16 = 5;

/// Lines that are looked at together before the first of them is written to.
const LOOK_AHEAD: usize = 8;

/// See the module's page.
pub struct Lines<S: Socket> {
    pub(super) hub: Hub,
    pub(super) number: u8,
    pub(super) lines: Vec<Option<Line<S>>>,
    generations: Vec<u32>,
    free: Vec<u32>,
    pub(super) topics: FxHashMap<Topic, u32>,
    pub(super) followers: Vec<Option<Followers>>,
    pub(super) free_topics: Vec<u32>,
    deliveries: Vec<Delivery>,
    turn: u32,
    open: usize,
}

impl<S: Socket> Lines<S> {
    pub(super) fn new(hub: Hub) -> Self {
        Self {
            hub,
            number: 0,
            lines: Vec::new(),
            generations: Vec::new(),
            free: Vec::new(),
            topics: FxHashMap::default(),
            followers: Vec::new(),
            free_topics: Vec::new(),
            deliveries: Vec::new(),
            turn: 0,
            open: 0,
        }
    }

    pub(super) fn set_number(&mut self, number: u8) {
        self.number = number;
    }

    /// Takes a socket in.
    pub fn open(&mut self, socket: S) -> LineId {
        let place = self.free.pop().unwrap_or_else(|| {
            self.lines.push(None);
            self.generations.push(0);
            (self.lines.len() - 1) as u32
        });
        let generation = self.generations[place as usize];
        let encoding = socket.encoding();
        self.count(encoding, 1);
        self.open += 1;
        self.lines[place as usize] = Some(Line {
            socket,
            generation,
            turn: 0,
            delivery: 0,
            touched: 0,
            encoding,
            pending: None,
            follows: SmallVec::new(),
        });
        LineId { place, generation }
    }

    /// Lets a socket go and forgets what it followed.
    pub fn remove(&mut self, id: LineId) -> Option<S> {
        self.line(id)?;
        let line = self.lines[id.place as usize].take()?;
        for (topic, place) in line.follows {
            self.leave(topic, place);
        }
        self.generations[id.place as usize] = id.generation.wrapping_add(1);
        self.free.push(id.place);
        self.count(line.encoding, -1);
        self.open -= 1;
        Some(line.socket)
    }

    /// Open sockets.
    pub fn len(&self) -> usize {
        self.open
    }

    /// Whether there is no socket.
    pub fn is_empty(&self) -> bool {
        self.open == 0
    }

    /// Ids of all open sockets.
    pub fn ids(&self) -> Vec<LineId> {
        let id = |(place, line): (usize, &Option<Line<S>>)| {
            line.as_ref().map(|l| LineId { place: place as u32, generation: l.generation })
        };
        self.lines.iter().enumerate().filter_map(id).collect()
    }

    /// The socket of a line.
    pub fn socket(&self, id: LineId) -> Option<&S> {
        self.line(id).map(|line| &line.socket)
    }

    /// Topics a line follows.
    pub fn follows_len(&self, id: LineId) -> usize {
        self.line(id).map_or(0, |line| line.follows.len())
    }

    /// Writes ready-made bytes to one socket, after what is owed to it already.
    pub fn send(&mut self, id: LineId, bytes: Bytes) {
        let Some(line) = self.line_mut(id) else { return };
        if line.pending.is_none() {
            match line.socket.try_write(&bytes) {
                Ok(n) if n == bytes.len() => return,
                Ok(n) => line.pending.insert(Box::default()).rest(bytes, n),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // An empty queue has room.
                    let _ = line.pending.insert(Box::default()).answer(bytes);
                }
                Err(_) => return line.socket.close(),
            }
            line.socket.call_when_writable(id);
            return;
        }
        let pending = line.pending.get_or_insert_default();
        if pending.closing {
            return;
        }
        if pending.answer(bytes).is_err() {
            line.socket.cut();
            self.let_go("answers_not_read");
            return;
        }
        self.drain(id);
    }

    /// Writes frames to every socket, in one write each, after what is owed to it already.
    pub fn announce(&mut self, frames: &[Frame]) {
        let mut joined: [Option<Bytes>; Encoding::COUNT] = Default::default();
        for id in self.ids() {
            let Some(encoding) = self.socket(id).map(Socket::encoding) else { continue };
            let bytes = joined[encoding as usize].get_or_insert_with(|| Frame::join(frames, encoding));
            let bytes = bytes.clone();
            self.send(id, bytes);
        }
    }

    /// Writes `last` after what has begun, then closes: nothing follows a goodbye. If the socket does
    /// not take it within [`CLOSING_TICKS`], it is closed all the same.
    pub fn close(&mut self, id: LineId, last: Bytes, reason: &'static str) {
        let Some(line) = self.line_mut(id) else { return };
        let pending = line.pending.get_or_insert_default();
        if pending.closing {
            return;
        }
        pending.close_with(last);
        self.let_go(reason);
        self.drain(id);
    }

    /// Whether the line is being let go.
    pub fn is_closing(&self, id: LineId) -> bool {
        self.line(id).and_then(|line| line.pending.as_ref()).is_some_and(|pending| pending.closing)
    }

    /// Adds a delivery to this turn.
    pub fn add(&mut self, deliver: Deliver) {
        let topics: SmallVec<[u32; 4]> =
            deliver.topics.iter().filter_map(|t| self.topics.get(t).copied()).collect();
        if topics.is_empty() {
            return;
        }
        self.deliveries.push(Delivery { leg: deliver.leg, frames: deliver.frames, topics });
        if self.deliveries.len() >= TURN_MAX {
            self.flush();
        }
    }

    /// Writes this turn's frames: one write a socket.
    pub fn flush(&mut self) {
        let deliveries = std::mem::take(&mut self.deliveries);
        if deliveries.is_empty() {
            return;
        }
        let began = tokio::time::Instant::now();
        let mut wrote = Wrote::default();
        if self.have_one_audience(&deliveries) {
            let mut together = Together::default();
            let all: SmallVec<[u32; 16]> = (0..deliveries.len() as u32).collect();
            let places = self.followers[deliveries[0].topics[0] as usize]
                .as_mut()
                .map(|f| std::mem::take(&mut f.places));
            let places = places.unwrap_or_default();
            for some in places.chunks(LOOK_AHEAD) {
                self.look_at(some);
                for place in some {
                    self.write(*place, &deliveries, &all, &mut together, &mut wrote);
                }
            }
            if let Some(followers) = &mut self.followers[deliveries[0].topics[0] as usize] {
                followers.places = places;
            }
        } else {
            self.write_each(&deliveries, &mut wrote);
        }
        let metrics = self.hub.metrics();
        metrics.frames.inc_by(wrote.frames);
        metrics.bytes.inc_by(wrote.bytes);
        metrics.conflated.inc_by(wrote.conflated);
        metrics.fan_out_seconds.observe(began.elapsed().as_secs_f64());
        let mut emptied = deliveries;
        emptied.clear();
        self.deliveries = emptied;
    }

    /// The socket can take more: writes what is owed. Answers whether anything is still owed.
    pub fn drain(&mut self, id: LineId) -> bool {
        let hub = self.hub.clone();
        let Some(line) = self.line_mut(id) else { return false };
        let Some(pending) = &mut line.pending else { return false };
        let encoding = line.encoding;
        let newest = |leg: &LegId| hub.live(leg).filter(|live| !live.view.hidden);
        while let Some((bytes, gone)) = pending.next(encoding, newest) {
            match line.socket.try_write_shared(bytes.slice(gone..)) {
                Ok(n) => {
                    pending.idle_ticks = 0;
                    if gone + n < bytes.len() {
                        pending.rest(bytes, gone + n);
                        line.socket.call_when_writable(id);
                        return true;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    pending.rest(bytes, gone);
                    line.socket.call_when_writable(id);
                    return true;
                }
                Err(_) => {
                    line.socket.close();
                    return false;
                }
            }
        }
        if pending.closing {
            // It stays: until the socket has gone, nothing follows a goodbye.
            line.socket.close();
        } else if pending.is_done() {
            line.pending = None;
        }
        false
    }

    /// Call once a second: lets go of sockets that have taken nothing for `idle_ticks_max` ticks.
    pub fn tick(&mut self, idle_ticks_max: u16, last_words: impl Fn(Encoding) -> Bytes) {
        let unread = self.hub.unread().clone();
        let is_tight = unread.is_tight();
        for id in self.ids() {
            let Some(line) = self.line_mut(id) else { continue };
            let Some(pending) = &mut line.pending else { continue };
            let keeps_much = is_tight
                && pending.snapshot_bytes() >= COUNTED_FROM_BYTES
                && unread.is_tight_for(line.socket.client());
            let idle_ticks_max = if keeps_much { HURRIED_TICKS.min(idle_ticks_max) } else { idle_ticks_max };
            if !pending.has_work() {
                continue;
            }
            pending.idle_ticks += 1;
            if pending.closing {
                pending.closing_ticks += 1;
                if pending.closing_ticks >= CLOSING_TICKS {
                    line.socket.cut();
                }
            } else if pending.idle_ticks >= idle_ticks_max {
                let words = last_words(line.encoding);
                self.close(id, words, "slow");
            }
        }
    }

    /// Whether the line owes its socket something, and for how many legs.
    pub fn behind(&self, id: LineId) -> Option<usize> {
        self.line(id).and_then(|line| line.pending.as_ref()).map(|pending| pending.legs_len())
    }

    /// Every delivery goes to the same followers, and to them through one topic only.
    fn have_one_audience(&self, deliveries: &[Delivery]) -> bool {
        let first = &deliveries[0].topics;
        first.len() == 1 && deliveries.iter().all(|d| d.topics == *first)
    }

    /// Looks at lines that are about to be written to. A system call lies between two of them, and no
    /// processor looks past that: one at a time, each line would be waited for. What is read means
    /// nothing here; that it has been read does.
    fn look_at(&self, places: &[u32]) {
        let ready = places.iter().filter(|place| match &self.lines[**place as usize] {
            Some(line) => line.pending.is_none(),
            None => false,
        });
        std::hint::black_box(ready.count());
    }

    fn write_each(&mut self, deliveries: &[Delivery], wrote: &mut Wrote) {
        self.turn = self.turn.wrapping_add(1).max(1);
        let turn = self.turn;
        let mut touched: Vec<(u32, SmallVec<[u32; 16]>)> = Vec::new();
        for (number, delivery) in deliveries.iter().enumerate() {
            let number = number as u32;
            for topic in &delivery.topics {
                let Some(followers) = &self.followers[*topic as usize] else { continue };
                for place in &followers.places {
                    let Some(line) = &mut self.lines[*place as usize] else { continue };
                    if line.turn != turn {
                        line.turn = turn;
                        line.touched = touched.len() as u32;
                        touched.push((*place, SmallVec::from_slice(&[number])));
                    } else if line.delivery != number {
                        touched[line.touched as usize].1.push(number);
                    }
                    line.delivery = number;
                }
            }
        }
        let mut together = Together::default();
        for (place, numbers) in touched {
            self.write(place, deliveries, &numbers, &mut together, wrote);
        }
    }

    /// Gives one line its deliveries: in one write if it is ready, as legs if it is not.
    fn write(
        &mut self,
        place: u32,
        all: &[Delivery],
        numbers: &[u32],
        together: &mut Together,
        wrote: &mut Wrote,
    ) {
        let Some(line) = &mut self.lines[place as usize] else { return };
        if let Some(pending) = &mut line.pending {
            for number in numbers {
                owe(pending, &all[*number as usize], line.encoding);
            }
            wrote.conflated += numbers.len() as u64;
            return;
        }
        let (bytes, frames) = together.of(all, numbers, line.encoding);
        match line.socket.try_write(bytes) {
            Ok(n) if n == bytes.len() => {
                wrote.frames += frames;
                wrote.bytes += n as u64;
            }
            Ok(n) => {
                // A frame has begun, so the rest of this write must go; it is shared.
                line.pending.insert(Box::default()).rest(bytes.clone(), n);
                line.socket.call_when_writable(LineId { place, generation: line.generation });
                wrote.frames += frames;
                wrote.bytes += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let pending = line.pending.insert(Box::default());
                for number in numbers {
                    owe(pending, &all[*number as usize], line.encoding);
                }
                wrote.conflated += numbers.len() as u64;
                line.socket.call_when_writable(LineId { place, generation: line.generation });
            }
            Err(_) => line.socket.close(),
        }
    }

    pub(super) fn line(&self, id: LineId) -> Option<&Line<S>> {
        self.lines.get(id.place as usize)?.as_ref().filter(|line| line.generation == id.generation)
    }

    pub(super) fn line_mut(&mut self, id: LineId) -> Option<&mut Line<S>> {
        self.lines.get_mut(id.place as usize)?.as_mut().filter(|line| line.generation == id.generation)
    }

    fn count(&self, encoding: Encoding, by: i64) {
        let transport = match encoding {
            Encoding::EventStream => "events",
            Encoding::WebSocket | Encoding::Deflated => "websocket",
        };
        self.hub.metrics().sockets.get_or_create(&TransportLabel { transport }).inc_by(by);
    }

    fn let_go(&self, reason: &'static str) {
        self.hub.metrics().let_go.get_or_create(&ReasonLabel { reason }).inc();
    }
}
