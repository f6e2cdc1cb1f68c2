//! The WebSocket clients of a run and what they received.

use crate::checker::{CLOSED, Checker, Follows};
use crate::clock::now_ns;
use crate::frame_cache::{FrameCache, ServerFrame};
use crate::phase_metrics::PhaseMetrics;
use crate::ws_clients::{ClientEvents, Closed, SockId};
use std::rc::Rc;

/// How a socket reads, and therefore what is checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reader {
    /// Reads at once: must receive every revision, and its latency counts.
    Fast,
    /// Reads a little at a time: may be conflated, must end with the correct state.
    Slow,
    /// Reads nothing until the end: may be disconnected, must return to the correct state.
    Never,
}

/// The state of a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// Not connected, or connecting.
    Absent,
    /// Connected, without a snapshot.
    Open,
    /// It has its topic.
    Ready,
    /// Closed by the server, or lost.
    Closed,
}

/// What sockets request once they are open.
pub enum Asks {
    /// Nothing: the baseline sends everything to all.
    Nothing,
    /// To follow one of these topics, in turn.
    Topics(Vec<String>),
}

/// The listeners of a driver.
pub struct Listeners {
    /// The parsed frames.
    pub frames: FrameCache,
    /// The revision of each socket.
    pub checker: Checker,
    /// Times and counts.
    pub metrics: PhaseMetrics,
    /// How each socket reads.
    pub readers: Vec<Reader>,
    /// The state of each socket.
    pub lives: Vec<Life>,
    /// When each socket last became [`Life::Ready`].
    pub ready_ns: Vec<u64>,
    /// The number of sockets in [`Life::Ready`].
    pub ready: usize,
    /// The number of completed handshakes, successful or not.
    pub handshakes: usize,
    /// Closed sockets in order, with the reason.
    pub closes: Vec<(SockId, Closed)>,
    /// Full and partial snapshots.
    pub snapshots: (u64, u64),
    /// Flights in snapshots that are not part of the run.
    pub foreign: u64,
    /// The `since` of reconnecting sockets.
    pub since: Option<String>,
    asks: Asks,
}

impl Listeners {
    /// `sockets` unconnected clients.
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

    /// A socket starts anew and keeps its revisions, as a client that resumes does.
    pub fn begin(&mut self, id: SockId) {
        self.ready -= usize::from(self.lives[id] == Life::Ready);
        self.lives[id] = Life::Absent;
    }

    /// The sockets that read at once.
    pub fn fast(&self) -> impl Iterator<Item = SockId> {
        self.with(Reader::Fast)
    }

    /// The sockets with this reader.
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
