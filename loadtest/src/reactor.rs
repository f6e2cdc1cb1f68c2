//! An epoll instance. Sockets are edge-triggered: an event is reported once, and its handler reads until a
//! short read.

use anyhow::{Context, Result};
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use std::os::fd::{AsFd, OwnedFd};

/// Events fetched at once.
const EVENTS_MAX: usize = 1_024;

/// The events of interest of a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Watch {
    /// Input and room for output, each reported once.
    Edges,
    /// Input, reported as long as there is some.
    Readable,
    /// Nothing. Errors and hang-ups are reported anyway.
    Nothing,
}

impl Watch {
    fn flags(self) -> EventFlags {
        match self {
            Self::Edges => EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET,
            Self::Readable => EventFlags::IN,
            Self::Nothing => EventFlags::ET,
        }
    }
}

/// An event.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// The socket's token.
    pub token: u64,
    /// The peer is closing: read to the end even after a short read.
    pub ending: bool,
    /// There is room to write.
    pub writable: bool,
}

/// An epoll instance with room for its events.
pub struct Reactor {
    epoll: OwnedFd,
    events: Vec<Event>,
}

impl Reactor {
    /// A new instance.
    pub fn new() -> Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).context("cannot create an epoll instance")?;
        Ok(Self { epoll, events: Vec::with_capacity(EVENTS_MAX) })
    }

    /// Watches `socket` under `token`.
    pub fn add(&self, socket: impl AsFd, token: u64, watch: Watch) -> Result<()> {
        epoll::add(&self.epoll, socket, EventData::new_u64(token), watch.flags()).context("epoll add")
    }

    /// Changes the events of interest of `socket`.
    pub fn change(&self, socket: impl AsFd, token: u64, watch: Watch) -> Result<()> {
        epoll::modify(&self.epoll, socket, EventData::new_u64(token), watch.flags()).context("epoll modify")
    }

    /// Waits for events or until `timeout_ns` has passed; 0 polls. Replaces the contents of `ready`.
    pub fn wait(&mut self, timeout_ns: u64, ready: &mut Vec<Ready>) -> Result<()> {
        ready.clear();
        let timeout = Timespec {
            tv_sec: (timeout_ns / 1_000_000_000) as i64,
            tv_nsec: (timeout_ns % 1_000_000_000) as i64,
        };
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e).context("epoll wait"),
        }
        let ending = EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
        ready.extend(self.events.drain(..).map(|event| {
            let flags = event.flags;
            Ready {
                token: event.data.u64(),
                ending: flags.intersects(ending),
                writable: flags.contains(EventFlags::OUT),
            }
        }));
        Ok(())
    }
}
