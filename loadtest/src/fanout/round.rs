//! One round of one server: connect, weigh, load, check, drop.

use super::{subject_plan, topics};
use crate::args::{Fanout, Topic};
use crate::audience::{Asks, Audience, Reader};
use crate::checker::{Follows, Violations};
use crate::clock::{SECOND_NS, now_ns};
use crate::hub::Hub;
use crate::lanes::Lanes;
use crate::limits::STALL_TIMEOUT_S;
use crate::meter::Percentiles;
use crate::process::{cpu_ns, rss_bytes};
use crate::rig::Rig;
use crate::source::Source;
use crate::subject::{Subject, compare_pictures, rev, wait_until_quiet};
use crate::swarm::Swarm;
use anyhow::Result;
use serde::Serialize;

/// Unmeasured load before the first phase, so that caches and buffers are as in use.
const WARM_UP_NS: u64 = SECOND_NS / 2;

/// Between the last handshake and the look at memory.
const SETTLE: std::time::Duration = std::time::Duration::from_secs(3);

/// Sockets that are connected before memory is first looked at: a tenth, but no more than this.
const EARLY_SOCKETS_MAX: usize = 100;
/// Changes per second they hear for a second.
const EARLY_RATE_PER_S: u32 = 50;

/// Which server.
pub(crate) enum Side<'a> {
    Hub(&'a Subject),
    Ceiling { hub: Hub, pid: u32, payload_bytes: usize },
}

impl Side<'_> {
    pub(crate) fn pid(&self) -> u32 {
        match self {
            Side::Hub(subject) => subject.pid,
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
    /// Share of one core the server took.
    pub(crate) cores: f64,
    pub(crate) latency: Percentiles,
}

/// What a round found.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Round {
    pub(crate) is_hub: bool,
    /// Of the first round only: later connections take memory that earlier ones gave back.
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
    let mut rig = build(args, side, sockets)?;
    let (grown, connect_s) = connect(args, &mut rig, pid, sockets)?;

    rig.windowed(1, args.window, WARM_UP_NS)?;
    let seconds = u64::from(args.seconds) * SECOND_NS;
    let mut phases = vec![measure(&mut rig, pid, "window", |rig| rig.windowed(1, args.window, seconds))?];
    let payload_bytes = rig.audience.meter.payload_mean_bytes();
    if args.burst > 1 && !rig.has_stalled() {
        phases.push(measure(&mut rig, pid, "burst", |rig| rig.windowed(args.burst, 1, seconds))?);
    }
    if args.rate > 0 && !rig.has_stalled() {
        phases.push(measure(&mut rig, pid, "rate", |rig| rig.steady(args.rate, 1, args.seconds))?);
    }
    check_end(&mut rig, side)?;
    rig.drop_sockets();
    violations.absorb(std::mem::take(&mut rig.audience.checker.violations));
    Ok(Round {
        is_hub: matches!(side, Side::Hub(_)),
        bytes_per_socket: (nth == 0).then_some(grown),
        connect_s,
        payload_bytes,
        phases,
        conflated: rig.audience.checker.conflated,
        posts: rig.answers.posts,
    })
}

/// Connects everybody and tells by how many bytes the server's memory grew per idle connection, and
/// how many seconds the connecting took. The first
/// few come earlier and hear some changes, so that what a server allocates once, at the first of
/// anything, is not counted.
fn connect(args: &Fanout, rig: &mut Rig, pid: u32, sockets: usize) -> Result<(f64, f64)> {
    let early = (sockets / 10).min(EARLY_SOCKETS_MAX);
    assume_ceiling_start(rig, 0..early);
    rig.connect(&(0..early).collect::<Vec<_>>(), args.connect_rate)?;
    rig.steady(EARLY_RATE_PER_S, 1, 1)?;
    wait_until_quiet(rig, pid)?;
    assume_ceiling_start(rig, early..sockets);
    let (rss_before, start) = (rss_bytes(pid)?, now_ns());
    rig.connect(&(early..sockets).collect::<Vec<_>>(), args.connect_rate)?;
    let took_s = (now_ns() - start) as f64 / 1e9;
    wait_until_quiet(rig, pid)?;
    // A connection is idle once the server has forgotten its handshake.
    std::thread::sleep(SETTLE);
    let grown = rss_bytes(pid)?.saturating_sub(rss_before) as f64 / (sockets - early) as f64;
    Ok((grown, took_s))
}

/// Listeners and pushers for `sockets` sockets of `side`, none connected.
pub(crate) fn build(args: &Fanout, side: &Side<'_>, sockets: usize) -> Result<Rig> {
    let flights = args.flights as usize;
    let follows = if args.topic == Topic::Flight && flights > 1 { Follows::One } else { Follows::All };
    match side {
        Side::Hub(subject) => {
            let plan = subject_plan(args, subject);
            let legs: Vec<String> = plan.flights.iter().map(|f| f.leg.clone()).collect();
            let asks = Asks::Topics(topics(args.topic, &legs));
            let audience = Audience::new(sockets, legs.iter().map(String::as_str), follows, asks)?;
            let lanes =
                Lanes::new(&subject.hub, subject.reports_path.clone(), subject.key.clone(), subject.lanes);
            let mut source = Source::reports(plan, flights);
            source.set_followers(followers(&audience, flights, follows));
            Rig::new(audience, Swarm::new(&subject.hub, "/ws"), lanes, source, args.target.pin)
        }
        Side::Ceiling { hub, payload_bytes, .. } => {
            let legs: Vec<String> =
                (0..flights).map(|n| format!("X0-{}-20130208-JFK-ATL", 1_000 + n)).collect();
            // The ceiling sends everything to everybody, so one flight stands for the sockets' own.
            let legs = if follows == Follows::One { legs[..1].to_vec() } else { legs };
            let audience =
                Audience::new(sockets, legs.iter().map(String::as_str), Follows::All, Asks::Nothing)?;
            let lanes = Lanes::new(hub, "/broadcast".to_owned(), None, args.target.connections as usize);
            let mut source = Source::frames(legs.clone(), *payload_bytes);
            source.set_followers(followers(&audience, legs.len(), Follows::All));
            Rig::new(audience, Swarm::new(hub, "/ws"), lanes, source, args.target.pin)
        }
    }
}

/// How many sockets that read at once follow each flight.
pub(crate) fn followers(audience: &Audience, flights: usize, follows: Follows) -> Vec<u32> {
    let mut followers = vec![0; flights];
    for sock in audience.fast() {
        match follows {
            Follows::One => followers[sock % flights] += 1,
            Follows::All => followers.iter_mut().for_each(|n| *n += 1),
        }
    }
    followers
}

/// The ceiling has no snapshots: its sockets begin at the source's revision when they connect.
fn assume_ceiling_start(rig: &mut Rig, sockets: std::ops::Range<usize>) {
    let Some(revs) = rig.source.revs().map(<[u32]>::to_vec) else { return };
    for sock in sockets {
        for (leg, rev) in (0..).zip(&revs) {
            rig.audience.checker.assume(sock, leg, *rev);
        }
    }
}

/// Loads the server and reads its CPU time before and after.
pub(crate) fn measure(
    rig: &mut Rig,
    pid: u32,
    name: &'static str,
    load: impl FnOnce(&mut Rig) -> Result<()>,
) -> Result<Phase> {
    rig.audience.meter.begin();
    let (cpu_before, start) = (cpu_ns(pid)?, now_ns());
    load(rig)?;
    let (cpu, took) = (cpu_ns(pid)?.saturating_sub(cpu_before), now_ns() - start);
    let frames = rig.audience.meter.frames;
    Ok(Phase {
        name,
        frames,
        seconds: took as f64 / 1e9,
        cpu_us_per_frame: cpu as f64 / 1e3 / frames.max(1) as f64,
        cores: cpu as f64 / took as f64,
        latency: rig.audience.meter.latency.percentiles(),
    })
}

/// At the end every socket holds the last revision of every flight it follows, and the picture
/// that the frames gave is the one REST tells.
pub(crate) fn check_end(rig: &mut Rig, side: &Side<'_>) -> Result<()> {
    let flights = match side {
        Side::Hub(subject) => {
            let legs: Vec<String> = rig
                .source
                .plan()
                .map(|p| p.flights.iter().map(|f| f.leg.clone()).collect())
                .unwrap_or_default();
            subject.flights(&legs)?
        }
        Side::Ceiling { .. } => Vec::new(),
    };
    let last: Vec<u32> = match rig.source.revs() {
        Some(revs) => revs.to_vec(),
        None => flights.iter().map(rev).collect(),
    };
    let still = |rig: &Rig| -> Vec<usize> {
        [Reader::Fast, Reader::Slow]
            .iter()
            .flat_map(|reader| rig.audience.with(*reader).collect::<Vec<_>>())
            .collect()
    };
    let socks = still(rig);
    // What has stalled once is not waited for again.
    let patience_s = if rig.has_stalled() { 0 } else { STALL_TIMEOUT_S };
    rig.until(patience_s, |rig| rig.audience.checker.all_hold(socks.iter().copied(), &last))?;
    rig.audience.checker.settle(socks.into_iter(), &last);
    compare_pictures(&mut rig.audience, &flights);
    Ok(())
}
