//! Reads the hub's `hello` frame: clock and epoch.

use crate::checker::Violations;
use crate::clock::{SECOND_NS, now_ns};
use crate::frame_cache::{FrameCache, ServerFrame};
use crate::hub_address::HubAddress;
use crate::limits::ANSWER_TIMEOUT_S;
use crate::plan::HubClock;
use crate::reactor::Reactor;
use crate::ws_clients::{ClientEvents, Closed, SockId, WsClients};
use anyhow::{Result, bail};

/// The contents of `hello`.
#[derive(Debug, Clone)]
pub struct Hello {
    /// Its operational clock.
    pub clock: HubClock,
    /// Revisions are comparable within it.
    pub epoch: String,
}

#[derive(Default)]
struct First {
    hello: Option<ServerFrame>,
    failed: Option<String>,
}

impl ClientEvents for First {
    fn opened(&mut self, _: SockId) -> Option<String> {
        None
    }

    fn text(&mut self, _: SockId, payload: &[u8], _: u64) -> Option<&'static str> {
        if self.hello.is_none() {
            match &*FrameCache::default().read(payload, &mut Violations::default()) {
                hello @ ServerFrame::Hello { .. } => self.hello = Some(hello.clone()),
                other => self.failed = Some(format!("its first frame was {other:?}")),
            }
        }
        None
    }

    fn closed(&mut self, _: SockId, why: Closed) {
        self.failed = Some(format!("{why:?}"));
    }
}

/// Opens a socket and reads the `hello` frame.
pub fn read_hello(hub: &HubAddress) -> Result<Hello> {
    let (mut reactor, mut clients, mut first) =
        (Reactor::new()?, WsClients::new(hub, "/ws"), First::default());
    clients.connect(&reactor, 0, false)?;
    let (mut ready, deadline) = (Vec::new(), now_ns() + ANSWER_TIMEOUT_S * SECOND_NS);
    while now_ns() < deadline {
        if let Some(ServerFrame::Hello { epoch, now, speed_milli }) = &first.hello {
            return Ok(Hello { clock: HubClock::from_hello(now, *speed_milli)?, epoch: epoch.clone() });
        }
        if let Some(why) = first.failed {
            bail!("{} does not send hello as a hub does: {why}", hub.host);
        }
        reactor.wait(SECOND_NS / 20, &mut ready)?;
        for event in &ready {
            clients.on_ready(*event, &mut first);
        }
    }
    bail!("{} did not read_hello within {ANSWER_TIMEOUT_S} s", hub.host)
}
