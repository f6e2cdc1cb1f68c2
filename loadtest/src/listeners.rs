//! Everybody who listens, and what they have heard.

use crate::frame_cache::{FrameCache, ServerFrame};
use crate::checker::{CLOSED, Checker, Follows};
use crate::clock::now_ns;
use crate::phase_metrics::PhaseMetrics;
use crate::ws_clients::{Closed, ClientEvents, SockId};
use std::rc::Rc;

/// How a socket reads, which decides what may be asked of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reader {
    /// Reads at once: must see every revision, and its latency counts.
    Fast,
    /// Reads a little now and then: may be conflated, must end with the right picture.
    Slow,
    /// Reads nothing until told to: may be let go, must come back to the right picture.
    Never,
}

/// Where a socket is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// Not connected, or on the way.
    Absent,
    /// Connected; its snapshot has not come.
    Open,
    /// It holds its topic.
    Ready,
    /// Closed by the server or lost.
    Closed,
}

/// What sockets ask for once they are open.
pub enum Asks {
    /// Nothing: the ceiling sends everything to everybody.
    Nothing,
    /// To follow one topic of these, by turns.
    Topics(Vec<String>),
}

/// The listeners of a driver.
pub struct Listeners {
    /// What frames mean.
    pub frames: FrameCache,
    /// What each socket holds.
    pub checker: Checker,
    /// Times and counts.
    pub metrics: PhaseMetrics,
    /// How each socket reads.
    pub readers: Vec<Reader>,
    /// Where each socket is in its life.
    pub lives: Vec<Life>,
    /// When each socket last became [`Life::Ready`].
    pub ready_ns: Vec<u64>,
    /// How many are [`Life::Ready`].
    pub ready: usize,
    /// How many handshakes have ended since the start, well or badly.
    pub handshakes: usize,
    /// Sockets that were closed, in order, with the reason.
    pub closes: Vec<(SockId, Closed)>,
    /// Snapshots that were complete, and those that were only what changed.
    pub snapshots: (u64, u64),
    /// Flights in snapshots that the run does not know.
    pub foreign: u64,
    /// The position that follow-ups resume from.
    pub since: Option<String>,
    asks: Asks,
}

impl Listeners {
    /// `sockets` absent listeners.
    pub fn new<'a>(
        sockets: usize,
        legs: impl Iterator<Item = &'a str> + Clone,
        follows: Follows,
        asks: Asks,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            checker: Checker::new(sockets, legs.clone().count(), follows),
            frames: FrameCache::new(legs),
            metrics: PhaseMetrics::new()?,
            readers: vec![Reader::Fast; sockets],
            lives: vec![Life::Absent; sockets],
            ready_ns: vec![0; sockets],
            ready: 0,
            handshakes: 0,
            closes: Vec::new(),
            snapshots: (0, 0),
            foreign: 0,
            since: None,
            asks,
        })
    }

    /// A socket starts anew. What it holds is kept: a client that resumes keeps it too.
    pub fn begin(&mut self, id: SockId) {
        self.ready -= usize::from(self.lives[id] == Life::Ready);
        self.lives[id] = Life::Absent;
    }

    /// Every socket that reads at once.
    pub fn fast(&self) -> impl Iterator<Item = SockId> {
        self.with(Reader::Fast)
    }

    /// Every socket that reads so.
    pub fn with(&self, reader: Reader) -> impl Iterator<Item = SockId> {
        (0..self.readers.len()).filter(move |id| self.readers[*id] == reader)
    }

    fn become_ready(&mut self, id: SockId) {
        if self.lives[id] != Life::Ready {
            self.lives[id] = Life::Ready;
            self.ready_ns[id] = now_ns();
            self.ready += 1;
        }
    }

    fn heard(&mut self, id: SockId, marker: Option<u32>, payload: usize, at_ns: u64) {
        self.metrics.count(payload);
        if let Some(marker) = marker
            && self.readers[id] == Reader::Fast
        {
            self.metrics.arrived(marker, at_ns);
        }
    }
}

impl ClientEvents for Listeners {
    fn opened(&mut self, id: SockId) -> Option<String> {
        self.handshakes += 1;
        self.lives[id] = Life::Open;
        match &self.asks {
            Asks::Nothing => {
                self.become_ready(id);
                None
            }
            Asks::Topics(topics) => {
                let topic = &topics[id % topics.len()];
                let since = self.since.as_ref().map(|at| format!(r#","since":"{at}""#)).unwrap_or_default();
                Some(format!(r#"{{"op":"follow","topic":"{topic}"{since}}}"#))
            }
        }
    }

    fn text(&mut self, id: SockId, payload: &[u8], at_ns: u64) -> Option<&'static str> {
        let meaning: Rc<ServerFrame> = self.frames.read(payload, &mut self.checker.violations);
        match &*meaning {
            ServerFrame::Change { leg, rev, marker } => {
                self.checker.changed(id, *leg, *rev);
                self.heard(id, *marker, payload.len(), at_ns);
            }
            ServerFrame::State { leg, rev, marker } => {
                self.checker.stated(id, *leg, *rev);
                self.heard(id, *marker, payload.len(), at_ns);
            }
            ServerFrame::Snapshot { partial, flights, foreign, .. } => {
                for (leg, rev) in flights {
                    self.checker.shown(id, *leg, *rev);
                }
                self.foreign += u64::from(*foreign);
                let counter = if *partial { &mut self.snapshots.1 } else { &mut self.snapshots.0 };
                *counter += 1;
                self.become_ready(id);
            }
            ServerFrame::Ping => return Some(r#"{"op":"pong"}"#),
            ServerFrame::Hello { .. } | ServerFrame::Ignored | ServerFrame::Wrong(_) => {}
        }
        None
    }

    fn closed(&mut self, id: SockId, why: Closed) {
        if self.lives[id] == Life::Absent {
            self.handshakes += 1;
        }
        self.ready -= usize::from(self.lives[id] == Life::Ready);
        self.lives[id] = Life::Closed;
        if self.readers[id] == Reader::Fast {
            self.checker.violations.add(CLOSED, || format!("socket {id}: {why:?}"));
        }
        self.closes.push((id, why));
    }
}
