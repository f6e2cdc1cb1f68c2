//! The hub's greeting: its clock and its epoch.

use crate::book::{Book, Meaning};
use crate::checker::Violations;
use crate::clock::{SECOND_NS, now_ns};
use crate::hub::Hub;
use crate::limits::ANSWER_TIMEOUT_S;
use crate::plan::HubClock;
use crate::reactor::Reactor;
use crate::swarm::{Closed, Listener, SockId, Swarm};
use anyhow::{Result, bail};

/// What a hub says of itself when a socket is opened.
#[derive(Debug, Clone)]
pub struct Greeting {
    /// Its operational clock.
    pub clock: HubClock,
    /// Revisions are comparable within it.
    pub epoch: String,
}

#[derive(Default)]
struct First {
    hello: Option<Meaning>,
    failed: Option<String>,
}

impl Listener for First {
    fn opened(&mut self, _: SockId) -> Option<String> {
        None
    }

    fn text(&mut self, _: SockId, payload: &[u8], _: u64) -> Option<&'static str> {
        if self.hello.is_none() {
            match &*Book::default().read(payload, &mut Violations::default()) {
                hello @ Meaning::Hello { .. } => self.hello = Some(hello.clone()),
                other => self.failed = Some(format!("its first frame was {other:?}")),
            }
        }
        None
    }

    fn closed(&mut self, _: SockId, why: Closed) {
        self.failed = Some(format!("{why:?}"));
    }
}

/// Opens one socket and reads the greeting.
pub fn greet(hub: &Hub) -> Result<Greeting> {
    let (mut reactor, mut swarm, mut first) = (Reactor::new()?, Swarm::new(hub, "/ws"), First::default());
    swarm.connect(&reactor, 0, false)?;
    let (mut ready, deadline) = (Vec::new(), now_ns() + ANSWER_TIMEOUT_S * SECOND_NS);
    while now_ns() < deadline {
        if let Some(Meaning::Hello { epoch, now, speed_milli }) = &first.hello {
            return Ok(Greeting { clock: HubClock::from_hello(now, *speed_milli)?, epoch: epoch.clone() });
        }
        if let Some(why) = first.failed {
            bail!("{} does not greet as a hub does: {why}", hub.host);
        }
        reactor.wait(SECOND_NS / 20, &mut ready)?;
        for event in &ready {
            swarm.on_ready(*event, &mut first);
        }
    }
    bail!("{} did not greet within {ANSWER_TIMEOUT_S} s", hub.host)
}
