//! Drives a server under load: its WebSocket clients and its HTTP connections, in one loop.

use crate::checker::{REFUSED, STALLED};
use crate::clock::{SECOND_NS, now_ns};
use crate::http::excerpt;
use crate::http_pool::{Done, HTTP_TOKENS, HttpPool};
use crate::limits::{ANSWER_TIMEOUT_S, HANDSHAKES_IN_FLIGHT, SLOW_SIPS_PER_S, STALL_TIMEOUT_S};
use crate::listeners::{Life, Listeners, Reader};
use crate::phase_metrics::LatencyHistogram;
use crate::reactor::{Reactor, Ready};
use crate::traffic::Traffic;
use crate::ws_clients::{Pace, SockId, WsClients};
use anyhow::{Result, bail};
use serde::Deserialize;

/// Shortest sleep of the open loop. While every connection is busy, the next response wakes it.
const POLL_MIN_NS: u64 = 20_000;

/// The hub's `Retry-After`.
const PUT_OFF_S: u64 = 1;

/// The responses to POSTs so far.
#[derive(Default, Clone, Copy, Debug, serde::Serialize)]
pub struct Answers {
    /// POSTs.
    pub posts: u64,
    /// Accepted reports.
    pub accepted: u64,
    /// Accepted reports that changed a flight.
    pub changed: u64,
    /// Refused reports.
    pub rejected: u64,
    /// POSTs that the hub deferred, without accepting anything.
    pub put_off: u64,
}

#[derive(Deserialize)]
struct Accepted {
    accepted: u64,
    changed: u64,
    #[serde(default)]
    rejected: Vec<serde_json::Value>,
}

/// Clients, connections and loop.
pub struct Driver {
    /// What the clients received.
    pub listeners: Listeners,
    /// What is pushed.
    pub traffic: Traffic,
    /// The responses to POSTs.
    pub answers: Answers,
    /// From sending a POST to the complete response.
    pub post_times: LatencyHistogram,
    reactor: Reactor,
    clients: WsClients,
    pool: HttpPool,
    ready: Vec<Ready>,
    done: Vec<Done>,
    body: Vec<u8>,
    jobs: u64,
    next_sip_ns: u64,
    /// Accept that the hub defers reports; the driver then waits.
    pub may_be_put_off: bool,
    /// Until then the hub wants no reports.
    put_off_until_ns: u64,
    /// While frames are expected, the loop polls without sleeping: wake-ups of a sleeping client would be
    /// charged to the measured server. Needs a core of its own.
    spins: bool,
}

impl Driver {
    /// A driver without connections.
    pub fn new(
        listeners: Listeners,
        clients: WsClients,
        pool: HttpPool,
        traffic: Traffic,
        spins: bool,
    ) -> Result<Self> {
        Ok(Self {
            listeners,
            traffic,
            answers: Answers::default(),
            post_times: LatencyHistogram::new()?,
            reactor: Reactor::new()?,
            clients,
            pool,
            ready: Vec::new(),
            done: Vec::new(),
            body: Vec::new(),
            jobs: 0,
            next_sip_ns: 0,
            may_be_put_off: false,
            put_off_until_ns: 0,
            spins,
        })
    }

    /// One iteration of the loop: waits up to `timeout_ns` and handles events.
    pub fn turn(&mut self, timeout_ns: u64) -> Result<()> {
        let timeout_ns = if self.spins { 0 } else { timeout_ns };
        self.reactor.wait(timeout_ns, &mut self.ready)?;
        for ready in &self.ready {
            if ready.token >= HTTP_TOKENS {
                self.pool.on_ready(&self.reactor, *ready, &mut self.done)?;
            } else {
                self.clients.on_ready(*ready, &mut self.listeners);
            }
        }
        while let Some(done) = self.done.pop() {
            self.answered(&done);
        }
        self.read_slowly();
        Ok(())
    }

    /// Runs the loop for a while.
    pub fn rest(&mut self, ns: u64) -> Result<()> {
        let end = now_ns() + ns;
        let spins = std::mem::replace(&mut self.spins, false);
        while now_ns() < end {
            self.turn((end - now_ns().min(end)).min(SECOND_NS / 20))?;
        }
        self.spins = spins;
        Ok(())
    }

    /// Runs the loop until `done`, at most `seconds`. Returns whether it was done in time.
    pub fn until(&mut self, seconds: u64, done: impl Fn(&Self) -> bool) -> Result<bool> {
        let end = now_ns() + seconds * SECOND_NS;
        while !done(self) {
            if now_ns() > end {
                return Ok(false);
            }
            self.turn(SECOND_NS / 20)?;
        }
        Ok(true)
    }

    /// Connects `socks` and waits until each has its topic. `rate_per_s` 0 means as fast as a bounded
    /// number of concurrent handshakes allows.
    pub fn connect(&mut self, socks: &[SockId], rate_per_s: u32) -> Result<()> {
        let (start, mut begun) = (now_ns(), 0);
        let before = self.listeners.handshakes;
        let deadline = start
            + (ANSWER_TIMEOUT_S + socks.len() as u64 / u64::from(rate_per_s.clamp(1, 1_000))) * SECOND_NS;
        let absent = |driver: &Self| {
            socks
                .iter()
                .filter(|id| !matches!(driver.listeners.lives[**id], Life::Ready | Life::Closed))
                .count()
        };
        while begun < socks.len() || absent(self) > 0 {
            let due = match rate_per_s {
                0 => socks.len() as u64,
                rate => (now_ns() - start) * u64::from(rate) / SECOND_NS,
            };
            let under_way = begun.saturating_sub(self.listeners.handshakes - before);
            let free = HANDSHAKES_IN_FLIGHT.saturating_sub(under_way);
            let upto = (begun + free).min(due as usize).min(socks.len());
            for id in &socks[begun..upto] {
                self.connect_one(*id)?;
            }
            begun = upto.max(begun);
            self.turn(SECOND_NS / 100)?;
            if now_ns() > deadline {
                let told = self.listeners.checker.violations.told.first().cloned().unwrap_or_default();
                bail!("{} of {} sockets were not ready in time. {told}", absent(self), socks.len());
            }
        }
        self.refuse_lost(socks)
    }

    /// Starts to connect all of `socks` at once, as after a power cut.
    pub fn connect_at_once(&mut self, socks: &[SockId]) -> Result<()> {
        for id in socks {
            self.connect_one(*id)?;
        }
        Ok(())
    }

    fn connect_one(&mut self, id: SockId) -> Result<()> {
        self.listeners.begin(id);
        let small = self.listeners.readers[id] != Reader::Fast;
        self.clients.connect(&self.reactor, id, small)
    }

    fn refuse_lost(&self, socks: &[SockId]) -> Result<()> {
        let lost = socks.iter().filter(|id| self.listeners.lives[**id] == Life::Closed).count();
        if lost > 0 {
            let why = self.listeners.closes.last().map(|(id, why)| format!("socket {id}: {why:?}"));
            bail!(
                "{lost} of {} sockets could not be opened; the last: {}",
                socks.len(),
                why.unwrap_or_default()
            );
        }
        Ok(())
    }

    /// Resets every socket.
    pub fn drop_sockets(&mut self) {
        self.clients.drop_all();
        for life in &mut self.listeners.lives {
            *life = Life::Absent;
        }
        self.listeners.ready = 0;
    }

    /// Changes how sockets read.
    pub fn set_pace(&mut self, socks: &[SockId], pace: Pace) -> Result<()> {
        for id in socks {
            self.clients.set_pace(&self.reactor, *id, pace, &mut self.listeners)?;
        }
        Ok(())
    }

    /// Whether POSTs are in flight or frames are expected.
    pub fn is_busy(&self) -> bool {
        self.pool.under_way() > 0 || self.listeners.metrics.awaited > 0
    }

    /// Whether a broadcast did not complete.
    pub fn has_stalled(&self) -> bool {
        self.listeners.checker.violations.counts.contains_key(STALLED)
    }

    /// Closed loop for `for_ns`: `burst` reports per POST, and at most `window` POSTs whose frames have not
    /// reached every socket.
    pub fn windowed(&mut self, burst: u32, window: u32, for_ns: u64) -> Result<()> {
        let per_post = burst.min(self.traffic.flights() as u32);
        let end = now_ns() + for_ns;
        let (mut progress_ns, mut awaited) = (now_ns(), 0);
        loop {
            let now = now_ns();
            let room = self.listeners.metrics.awaited + per_post <= window * per_post
                && self.pool.under_way() < window as usize;
            if now < end && room {
                self.post_burst(burst, now, true)?;
            } else if now >= end && !self.is_busy() {
                return Ok(());
            }
            if self.listeners.metrics.awaited != awaited {
                (awaited, progress_ns) = (self.listeners.metrics.awaited, now);
            }
            if now - progress_ns > STALL_TIMEOUT_S * SECOND_NS {
                self.listeners
                    .checker
                    .violations
                    .add(STALLED, || format!("{awaited} reports after {STALL_TIMEOUT_S} s"));
                return Ok(());
            }
            self.turn(SECOND_NS / 20)?;
        }
    }

    /// Open loop for `seconds`: `rate_per_s` reports, `burst` per POST, regardless of the server.
    pub fn steady(&mut self, rate_per_s: u32, burst: u32, seconds: u32) -> Result<()> {
        let every_ns = u64::from(burst) * SECOND_NS / u64::from(rate_per_s.max(1));
        self.open_loop(every_ns, seconds, |driver, due_ns| driver.post_burst(burst, due_ns, false))?;
        self.until(STALL_TIMEOUT_S, |driver| !driver.is_busy())?;
        Ok(())
    }

    /// Calls `post` every `every_ns` with the due time, for `seconds`; later if no connection is free.
    /// Latency counts from the due time, so that a stalled server cannot hide its stall by blocking the
    /// client.
    pub fn open_loop(
        &mut self,
        every_ns: u64,
        seconds: u32,
        mut post: impl FnMut(&mut Self, u64) -> Result<bool>,
    ) -> Result<()> {
        let (mut due, spins) = (now_ns(), std::mem::replace(&mut self.spins, false));
        let end = due + u64::from(seconds) * SECOND_NS;
        while due < end {
            while due <= now_ns() && due < end && post(self, due)? {
                due += every_ns.max(1);
            }
            self.turn(due.saturating_sub(now_ns()).clamp(POLL_MIN_NS, SECOND_NS / 20))?;
            if now_ns() > end + STALL_TIMEOUT_S * SECOND_NS {
                self.listeners
                    .checker
                    .violations
                    .add(STALLED, || "the server does not take the rate".to_owned());
                break;
            }
        }
        self.spins = spins;
        Ok(())
    }

    /// Pushes `burst` reports, one flight after the other; `false` if no connection is free.
    pub fn post_burst(&mut self, burst: u32, at_ns: u64, awaited: bool) -> Result<bool> {
        self.body.clear();
        if self.pool.is_full() {
            return Ok(false);
        }
        let flights = self.traffic.flights() as u32;
        for nth in 0..burst {
            let flight = self.traffic.next_flight();
            // Of several reports about one flight only the last is expected as a frame, because the others
            // may be conflated.
            let last = nth + flights.min(burst) >= burst;
            let waiting = if awaited && last { self.traffic.followers(flight) } else { 0 };
            let marker = self.listeners.metrics.send(at_ns, waiting);
            self.traffic.put(&mut self.body, nth == 0, flight, marker)?;
        }
        self.traffic.finish(&mut self.body);
        self.push()
    }

    /// Pushes a complete body; `false` if no connection is free.
    pub fn push_body(&mut self, body: &[u8]) -> Result<bool> {
        self.body.clear();
        self.body.extend_from_slice(body);
        self.push()
    }

    fn push(&mut self) -> Result<bool> {
        self.jobs += 1;
        self.pool.post(&self.reactor, self.jobs, &self.body)
    }

    /// Whether nothing can be sent now: every connection has a POST in flight, or the hub defers reports.
    pub fn pool_is_full(&self) -> bool {
        self.pool.is_full() || now_ns() < self.put_off_until_ns
    }

    fn answered(&mut self, done: &Done) {
        self.post_times.add(done.got_ns - done.sent_ns);
        self.answers.posts += 1;
        let body: Option<Accepted> = serde_json::from_slice(&done.answer.body).ok();
        if self.may_be_put_off && matches!(done.answer.status, 429 | 503) {
            self.answers.put_off += 1;
            self.put_off_until_ns = now_ns() + PUT_OFF_S * SECOND_NS;
            return;
        }
        let told = || format!("status {}: {}", done.answer.status, excerpt(&done.answer.body));
        let Some(body) = body.filter(|_| done.answer.status == 202) else {
            return self.listeners.checker.violations.add(REFUSED, told);
        };
        self.answers.accepted += body.accepted;
        self.answers.changed += body.changed;
        self.answers.rejected += body.rejected.len() as u64;
        if !body.rejected.is_empty() {
            self.listeners.checker.violations.add(REFUSED, told);
        }
    }

    fn read_slowly(&mut self) {
        let now = now_ns();
        if now < self.next_sip_ns {
            return;
        }
        self.next_sip_ns = now + SECOND_NS / SLOW_SIPS_PER_S;
        for id in 0..self.listeners.readers.len() {
            if self.listeners.readers[id] == Reader::Slow && self.listeners.lives[id] == Life::Ready {
                self.clients.read_slowly(id, &mut self.listeners);
            }
        }
    }
}
