//! One round with one server: connect, measure memory, load, check, disconnect.

use super::{hub_plan, topics};
use crate::args::{Fanout, Topic};
use crate::checker::{Follows, Violations};
use crate::clock::{SECOND_NS, now_ns};
use crate::driver::Driver;
use crate::http_pool::HttpPool;
use crate::hub_address::HubAddress;
use crate::hub_under_test::{HubUnderTest, compare_pictures, rev, wait_until_quiet};
use crate::limits::STALL_TIMEOUT_S;
use crate::listeners::{Asks, Listeners, Reader};
use crate::phase_metrics::Percentiles;
use crate::process::{cpu_ns, rss_bytes};
use crate::traffic::Traffic;
use crate::ws_clients::WsClients;
use anyhow::Result;
use serde::Serialize;

/// Unmeasured load before the first phase, to warm caches and buffers.
const WARM_UP_NS: u64 = SECOND_NS / 2;

/// From the last handshake to the measurement of memory.
const SETTLE: std::time::Duration = std::time::Duration::from_secs(3);

/// Sockets that connect before memory is first measured: a tenth, at most this many.
const EARLY_SOCKETS_MAX: usize = 100;
/// Changes per second that they receive for a second.
const EARLY_RATE_PER_S: u32 = 50;

/// The server.
pub(crate) enum Side<'a> {
    Hub(&'a HubUnderTest),
    Ceiling { hub: HubAddress, pid: u32, payload_bytes: usize },
}

impl Side<'_> {
    pub(crate) fn pid(&self) -> u32 {
        match self {
            Side::Hub(hub) => hub.pid,
            Side::Ceiling { pid, .. } => *pid,
        }
    }
}

/// A measured phase.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Phase {
    pub(crate) name: &'static str,
    /// Change and state frames that sockets received.
    pub(crate) frames: u64,
    pub(crate) seconds: f64,
    pub(crate) cpu_us_per_frame: f64,
    /// The server's share of one core.
    pub(crate) cores: f64,
    pub(crate) latency: Percentiles,
}

/// The results of a round.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Round {
    pub(crate) is_hub: bool,
    /// In the first round only, because later connections reuse freed memory.
    pub(crate) bytes_per_socket: Option<f64>,
    pub(crate) connect_s: f64,
    pub(crate) payload_bytes: usize,
    pub(crate) phases: Vec<Phase>,
    pub(crate) conflated: u64,
    pub(crate) posts: u64,
}

/// Runs one round of `side`.
pub(crate) fn run(
    args: &Fanout,
    side: &Side<'_>,
    sockets: usize,
    nth: u32,
    violations: &mut Violations,
) -> Result<Round> {
    let pid = side.pid();
    let mut driver = build(args, side, sockets)?;
    let (grown, connect_s) = connect(args, &mut driver, pid, sockets)?;

    driver.windowed(1, args.window, WARM_UP_NS)?;
    let seconds = u64::from(args.seconds) * SECOND_NS;
    let mut phases =
        vec![measure(&mut driver, pid, "window", |driver| driver.windowed(1, args.window, seconds))?];
    let payload_bytes = driver.listeners.metrics.payload_mean_bytes();
    if args.burst > 1 && !driver.has_stalled() {
        phases.push(measure(&mut driver, pid, "burst", |driver| driver.windowed(args.burst, 1, seconds))?);
    }
    if args.rate > 0 && !driver.has_stalled() {
        phases.push(measure(&mut driver, pid, "rate", |driver| driver.steady(args.rate, 1, args.seconds))?);
    }
    check_end(&mut driver, side)?;
    driver.drop_sockets();
    violations.absorb(std::mem::take(&mut driver.listeners.checker.violations));
    Ok(Round {
        is_hub: matches!(side, Side::Hub(_)),
        bytes_per_socket: (nth == 0).then_some(grown),
        connect_s,
        payload_bytes,
        phases,
        conflated: driver.listeners.checker.conflated,
        posts: driver.answers.posts,
    })
}

/// Connects all sockets. Returns the growth of the server's memory per idle connection in bytes, and the
/// time to connect in seconds. The first few connect earlier and receive some changes, so that one-time
/// allocations do not count.
fn connect(args: &Fanout, driver: &mut Driver, pid: u32, sockets: usize) -> Result<(f64, f64)> {
    let early = (sockets / 10).min(EARLY_SOCKETS_MAX);
    assume_ceiling_start(driver, 0..early);
    driver.connect(&(0..early).collect::<Vec<_>>(), args.connect_rate)?;
    driver.steady(EARLY_RATE_PER_S, 1, 1)?;
    wait_until_quiet(driver, pid)?;
    assume_ceiling_start(driver, early..sockets);
    let (rss_before, start) = (rss_bytes(pid)?, now_ns());
    driver.connect(&(early..sockets).collect::<Vec<_>>(), args.connect_rate)?;
    let took_s = (now_ns() - start) as f64 / 1e9;
    wait_until_quiet(driver, pid)?;
    // A connection is idle once the server has released the memory of its handshake.
    std::thread::sleep(SETTLE);
    let grown = rss_bytes(pid)?.saturating_sub(rss_before) as f64 / (sockets - early) as f64;
    Ok((grown, took_s))
}

/// Unconnected clients and connections for `sockets` sockets of `side`.
pub(crate) fn build(args: &Fanout, side: &Side<'_>, sockets: usize) -> Result<Driver> {
    let flights = args.flights as usize;
    let follows = if args.topic == Topic::Flight && flights > 1 { Follows::One } else { Follows::All };
    match side {
        Side::Hub(hub) => {
            let plan = hub_plan(args, hub);
            let legs: Vec<String> = plan.flights.iter().map(|f| f.leg.clone()).collect();
            let asks = Asks::Topics(topics(args.topic, &legs));
            let listeners = Listeners::new(sockets, legs.iter().map(String::as_str), follows, asks)?;
            let pool = HttpPool::new(&hub.hub, hub.reports_path.clone(), hub.key.clone(), hub.connections);
            let mut source = Traffic::reports(plan, flights);
            source.set_followers(followers(&listeners, flights, follows));
            Driver::new(listeners, WsClients::new(&hub.hub, "/ws"), pool, source, args.target.pin)
        }
        Side::Ceiling { hub, payload_bytes, .. } => {
            let legs: Vec<String> =
                (0..flights).map(|n| format!("X0-{}-20130208-JFK-ATL", 1_000 + n)).collect();
            // The baseline sends everything to all, so one flight stands for the sockets' own.
            let legs = if follows == Follows::One { legs[..1].to_vec() } else { legs };
            let listeners =
                Listeners::new(sockets, legs.iter().map(String::as_str), Follows::All, Asks::Nothing)?;
            let pool = HttpPool::new(hub, "/broadcast".to_owned(), None, args.target.connections as usize);
            let mut source = Traffic::frames(legs.clone(), *payload_bytes);
            source.set_followers(followers(&listeners, legs.len(), Follows::All));
            Driver::new(listeners, WsClients::new(hub, "/ws"), pool, source, args.target.pin)
        }
    }
}

/// Number of followers of each flight that read at once.
pub(crate) fn followers(listeners: &Listeners, flights: usize, follows: Follows) -> Vec<u32> {
    let mut followers = vec![0; flights];
    for sock in listeners.fast() {
        match follows {
            Follows::One => followers[sock % flights] += 1,
            Follows::All => followers.iter_mut().for_each(|n| *n += 1),
        }
    }
    followers
}

/// The baseline has no snapshots: its sockets start at the current revision.
fn assume_ceiling_start(driver: &mut Driver, sockets: std::ops::Range<usize>) {
    let Some(revs) = driver.traffic.revs().map(<[u32]>::to_vec) else { return };
    for sock in sockets {
        for (leg, rev) in (0..).zip(&revs) {
            driver.listeners.checker.assume(sock, leg, *rev);
        }
    }
}

/// Loads the server and reads its CPU time before and after.
pub(crate) fn measure(
    driver: &mut Driver,
    pid: u32,
    name: &'static str,
    load: impl FnOnce(&mut Driver) -> Result<()>,
) -> Result<Phase> {
    driver.listeners.metrics.begin();
    let (cpu_before, start) = (cpu_ns(pid)?, now_ns());
    load(driver)?;
    let (cpu, took) = (cpu_ns(pid)?.saturating_sub(cpu_before), now_ns() - start);
    let frames = driver.listeners.metrics.frames;
    Ok(Phase {
        name,
        frames,
        seconds: took as f64 / 1e9,
        cpu_us_per_frame: cpu as f64 / 1e3 / frames.max(1) as f64,
        cores: cpu as f64 / took as f64,
        latency: driver.listeners.metrics.latency.percentiles(),
    })
}

/// Checks that every socket has the last revision of every flight it follows, and that the state from
/// frames equals REST.
pub(crate) fn check_end(driver: &mut Driver, side: &Side<'_>) -> Result<()> {
    let flights = match side {
        Side::Hub(hub) => {
            let legs: Vec<String> = driver
                .traffic
                .plan()
                .map(|p| p.flights.iter().map(|f| f.leg.clone()).collect())
                .unwrap_or_default();
            hub.flights(&legs)?
        }
        Side::Ceiling { .. } => Vec::new(),
    };
    let last: Vec<u32> = match driver.traffic.revs() {
        Some(revs) => revs.to_vec(),
        None => flights.iter().map(rev).collect(),
    };
    let still = |driver: &Driver| -> Vec<usize> {
        [Reader::Fast, Reader::Slow]
            .iter()
            .flat_map(|reader| driver.listeners.with(*reader).collect::<Vec<_>>())
            .collect()
    };
    let socks = still(driver);
    // After a stall there is no point in waiting.
    let patience_s = if driver.has_stalled() { 0 } else { STALL_TIMEOUT_S };
    driver.until(patience_s, |driver| driver.listeners.checker.all_hold(socks.iter().copied(), &last))?;
    driver.listeners.checker.settle(socks.into_iter(), &last);
    compare_pictures(&mut driver.listeners, &flights);
    Ok(())
}
