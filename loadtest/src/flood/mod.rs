//! `loadtest flood`: clients that send too much, or request data and do not read it, one kind after the
//! other.
//!
//! Meanwhile a well-behaved follower and a poster ([`control_client`]) must not be affected. The hub's
//! resident memory is measured before and after each kind: it must release what the clients made it
//! allocate.

mod control_client;
mod kinds;

use crate::args::Flood;
use crate::clock::{SECOND_NS, now_ns};
use crate::hub_under_test::HubUnderTest;
use crate::limits::FLOOD_SETTLES_WITHIN_S;
use crate::phase_metrics::Percentiles;
use crate::plan::Plan;
use crate::process::{make_room_for_sockets, rss_bytes};
use crate::report::{Goal, Report, Table, short};
use anyhow::{Context, Result};
use control_client::ControlClient;
use kinds::Flooders;
pub use kinds::Kind;
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Goal: the time within which the follower and the poster are served.
const SERVED_WITHIN_MS: f64 = 100.0;
/// Most additional resident memory after a flood.
const MORE_AFTER_MB: f64 = 64.0;
/// Interval of memory measurements.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Rule: the follower or the poster was not served.
const NOT_SERVED: &str = "a well-behaved client was let go, or waited too long";

/// One kind of flood.
#[derive(Serialize)]
struct Outcome {
    kind: &'static str,
    follower: Percentiles,
    poster: Percentiles,
    rss_before_mb: f64,
    rss_most_mb: f64,
    rss_after_mb: f64,
    /// Until the memory was released, or the run gave up.
    settled_after_s: f64,
    sent_mb: f64,
    connections_opened: u64,
}

/// Runs it.
pub fn run(args: &Flood) -> Result<Report> {
    make_room_for_sockets(u64::from(args.clients) * kinds::CONNECTIONS_A_READER)?;
    let hub = HubUnderTest::open(&args.target)?;
    let mut plan = Plan::new(args.flights as usize, hub.greeting.clock, control_client::REMARK_BYTES);
    hub.create(&mut plan, 0..args.flights as usize).context("cannot fill the board")?;
    let mut report = Report::new(format!("loadtest flood: {} clients of each kind", args.clients));
    let mut table = Table::new(
        format!("{} flights on the board, {} changes/s, {} s each", args.flights, args.rate, args.seconds),
        &[
            "flood",
            "follower ms p99",
            "max",
            "poster ms p99",
            "max",
            "RSS MB before",
            "most",
            "after",
            "back in s",
            "sent MB",
        ],
    );
    let mut control = ControlClient::new(&hub, plan, args.rate)?;
    let quiet = control.watch(Duration::from_secs(u64::from(args.seconds)), || Ok(()))?;
    table.row(vec![
        "none".to_owned(),
        short(quiet.follower.ms_p99),
        short(quiet.follower.ms_max),
        short(quiet.poster.ms_p99),
        short(quiet.poster.ms_max),
    ]);
    let kinds = if args.kinds.is_empty() { Kind::ALL.to_vec() } else { args.kinds.clone() };
    for kind in kinds {
        let outcome = flood(args, &hub, kind, &mut control, &mut report)?;
        let Outcome { follower, poster, .. } = &outcome;
        let (before, most, after) = (outcome.rss_before_mb, outcome.rss_most_mb, outcome.rss_after_mb);
        let numbers = [follower.ms_p99, follower.ms_max, poster.ms_p99, poster.ms_max, before, most, after];
        let more = [outcome.settled_after_s, outcome.sent_mb];
        let cells = numbers.into_iter().chain(more).map(short);
        table.row(std::iter::once(outcome.kind.to_owned()).chain(cells).collect());
        for (who, times) in [("follower", follower), ("poster", poster)] {
            let name = format!("{}: p99 of the {who}", outcome.kind);
            report.goals.push(Goal::at_most(name, times.ms_p99, SERVED_WITHIN_MS, "ms"));
        }
        let name = format!("{}: memory after less before", outcome.kind);
        report.goals.push(Goal::at_most(name, after - before, MORE_AFTER_MB, "MB"));
        report.value(outcome.kind, outcome)?;
    }
    report.tables.push(table);
    report.notes.push(
        "Flooders come back as soon as they are let go. They and the hub share this machine's cores."
            .to_owned(),
    );
    Ok(report)
}

fn flood(
    args: &Flood,
    hub: &HubUnderTest,
    kind: Kind,
    control: &mut ControlClient,
    report: &mut Report,
) -> Result<Outcome> {
    let rss_mb = || rss_bytes(hub.pid).map(|bytes| bytes as f64 / 1e6);
    let rss_before_mb = rss_mb()?;
    let (mut rss_most_mb, stop) = (rss_before_mb, AtomicBool::new(false));
    let mut flooders = Flooders::new(hub, kind, args)?;
    let (watched, flooded) = std::thread::scope(|scope| {
        let flooding = scope.spawn(|| flooders.run(&stop));
        let watched = control.watch(Duration::from_secs(u64::from(args.seconds)), || {
            rss_most_mb = rss_most_mb.max(rss_mb()?);
            Ok(())
        });
        stop.store(true, Ordering::Relaxed);
        (watched, flooding.join())
    });
    let watched = watched?;
    flooded.map_err(|_| anyhow::anyhow!("the flooding thread died"))??;
    for told in &watched.not_served {
        let told = format!("{}: {told}", kind.name());
        *report.violations.entry(NOT_SERVED).or_default() += 1;
        report.violations_told.push(told);
    }
    let (sent_mb, connections_opened) = (flooders.sent_bytes as f64 / 1e6, flooders.opened);
    drop(flooders);
    let began = now_ns();
    let mut rss_after_mb = rss_mb()?;
    let within_ns = FLOOD_SETTLES_WITHIN_S * SECOND_NS;
    while rss_after_mb - rss_before_mb > MORE_AFTER_MB && now_ns() - began < within_ns {
        // The follower must still answer pings.
        control.watch(LOOK_EVERY, || Ok(()))?;
        rss_after_mb = rss_mb()?;
    }
    Ok(Outcome {
        kind: kind.name(),
        follower: watched.follower,
        poster: watched.poster,
        rss_before_mb,
        rss_most_mb,
        rss_after_mb,
        settled_after_s: (now_ns() - began) as f64 / SECOND_NS as f64,
        sent_mb,
        connections_opened,
    })
}
