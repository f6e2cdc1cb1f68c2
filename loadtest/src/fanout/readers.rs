//! Readers that are slow, and readers that read nothing until the end.
//!
//! Checks that the hub's memory stays bounded, that the others are not affected, and that slow readers have
//! the correct state once they read.

use super::round::{Phase, Side, build, check_end, followers, measure};
use crate::args::{Fanout, Topic};
use crate::checker::{BEHIND, CLOSED, Follows, Violations};
use crate::driver::Driver;
use crate::hub_under_test::{HubUnderTest, wait_until_quiet};
use crate::limits::STALL_TIMEOUT_S;
use crate::listeners::{Life, Reader};
use crate::process::rss_bytes;
use crate::ws_clients::{Closed, Pace, SockId};
use anyhow::{Context, Result};
use serde::Serialize;

/// Reports per second if the command line has no rate.
const RATE_PER_S: u32 = 200;
/// Most memory per non-reading socket, on top of what a connection takes.
pub(crate) const GROWTH_MAX_BYTES: f64 = 64.0 * 1024.0;

/// The results of this stage.
#[derive(Serialize, Debug)]
pub(crate) struct Found {
    pub(crate) rate_per_s: u32,
    /// The well-behaved sockets alone, and beside the bad ones.
    pub(crate) alone: Phase,
    pub(crate) beside: Phase,
    /// Growth of the hub's resident memory per bad reader while they did not read.
    pub(crate) growth_bytes_per_reader: f64,
    /// Growth in total without bad readers: the noise of the run.
    pub(crate) growth_bytes_alone: f64,
    /// Bad readers that the hub disconnected, by close code.
    pub(crate) let_go: std::collections::BTreeMap<String, u64>,
    /// Skipped revisions: conflation.
    pub(crate) conflated: u64,
}

/// Runs the stage with the first number of sockets as the well-behaved ones.
pub(crate) fn run(args: &Fanout, hub: &HubUnderTest, violations: &mut Violations) -> Result<Found> {
    let side = Side::Hub(hub);
    let fast = args.sockets.first().copied().unwrap_or(1) as usize;
    let (slow, never) = (args.slow_readers as usize, args.never_readers as usize);
    let mut driver = build(args, &side, fast + slow + never)?;
    driver.listeners.readers[fast..fast + slow].fill(Reader::Slow);
    driver.listeners.readers[fast + slow..].fill(Reader::Never);
    let follows = if args.topic == Topic::Flight && args.flights > 1 { Follows::One } else { Follows::All };
    let counted = followers(&driver.listeners, args.flights as usize, follows);
    driver.traffic.set_followers(counted);
    let rate_per_s = if args.rate > 0 { args.rate } else { RATE_PER_S };

    driver.connect(&(0..fast).collect::<Vec<_>>(), args.connect_rate)?;
    wait_until_quiet(&mut driver, hub.pid)?;
    let rss_first = rss_bytes(hub.pid)?;
    let alone = measure(&mut driver, hub.pid, "alone", |driver| driver.steady(rate_per_s, 1, args.seconds))?;
    let rss_alone = rss_bytes(hub.pid)?;

    let bad: Vec<SockId> = (fast..fast + slow + never).collect();
    driver.connect(&bad, args.connect_rate).context("slow and never readers")?;
    driver.set_pace(&bad[..slow], Pace::Sips)?;
    driver.set_pace(&bad[slow..], Pace::Stopped)?;
    wait_until_quiet(&mut driver, hub.pid)?;
    let rss_connected = rss_bytes(hub.pid)?;
    let beside =
        measure(&mut driver, hub.pid, "beside", |driver| driver.steady(rate_per_s, 1, args.seconds))?;
    let grown = rss_bytes(hub.pid)?.saturating_sub(rss_connected);

    read_at_last(&mut driver, &bad)?;
    check_end(&mut driver, &side)?;
    let let_go = let_go(&mut driver);
    let conflated = driver.listeners.checker.conflated;
    driver.drop_sockets();
    violations.absorb(std::mem::take(&mut driver.listeners.checker.violations));
    Ok(Found {
        rate_per_s,
        alone,
        beside,
        growth_bytes_per_reader: grown as f64 / bad.len().max(1) as f64,
        growth_bytes_alone: rss_alone.saturating_sub(rss_first) as f64,
        let_go,
        conflated,
    })
}

/// The bad readers read their backlog. Disconnected ones reconnect. From here on all are checked for the
/// same state as the others.
fn read_at_last(driver: &mut Driver, bad: &[SockId]) -> Result<()> {
    // A disconnect that asks a reader to come back is not a violation, so they stay `Slow`.
    for id in bad {
        driver.listeners.readers[*id] = Reader::Slow;
    }
    driver.set_pace(bad, Pace::Full)?;
    // Closes are noticed only when the rest is read.
    driver.rest(crate::clock::SECOND_NS)?;
    let gone: Vec<SockId> =
        bad.iter().copied().filter(|id| driver.listeners.lives[*id] == Life::Closed).collect();
    for id in &gone {
        driver.listeners.checker.forget(*id);
    }
    if !gone.is_empty() {
        driver.connect(&gone, 0).context("readers that were let go come back")?;
    }
    let ready = driver
        .until(STALL_TIMEOUT_S, |driver| bad.iter().all(|id| driver.listeners.lives[*id] == Life::Ready))?;
    if !ready {
        driver
            .listeners
            .checker
            .violations
            .add(BEHIND, || "a reader that was let go could not come back".to_owned());
    }
    Ok(())
}

/// Close codes of bad readers. 4000 to 4099 mean "come back". Any other code, and a connection without a
/// close frame, is a violation.
fn let_go(driver: &mut Driver) -> std::collections::BTreeMap<String, u64> {
    let mut codes = std::collections::BTreeMap::new();
    for (id, why) in std::mem::take(&mut driver.listeners.closes) {
        let told = match &why {
            Closed::Code(code, _) => code.to_string(),
            Closed::Lost(why) => why.clone(),
        };
        if !matches!(why, Closed::Code(4000..=4099, _)) && driver.listeners.readers[id] != Reader::Fast {
            driver
                .listeners
                .checker
                .violations
                .add(CLOSED, || format!("slow reader {id}: {why:?}, not 'come back'"));
        }
        *codes.entry(told).or_default() += 1;
    }
    codes
}
