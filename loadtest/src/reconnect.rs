//! `loadtest reconnect`: the screens of one board lose their connection at once and reconnect at once.
//!
//! While they are away, some flights change. The time of each screen is measured from the start of all
//! reconnections until it has the board that REST returns. Rounds with a `since` and without one alternate.

use crate::args::Reconnect;
use crate::checker::{BEHIND, Follows};
use crate::clock::{SECOND_NS, now_ns};
use crate::driver::Driver;
use crate::http::BlockingClient;
use crate::http_pool::HttpPool;
use crate::hub_under_test::{HubUnderTest, rev, wait_until_quiet};
use crate::limits::{HELD_REVISIONS_MAX, STALL_TIMEOUT_S};
use crate::listeners::{Asks, Life, Listeners};
use crate::phase_metrics::{LatencyHistogram, Percentiles};
use crate::plan::Plan;
use crate::process::{cpu_ns, make_room_for_sockets};
use crate::report::{Goal, Report, Table, short};
use crate::traffic::Traffic;
use crate::usage;
use crate::ws_clients::WsClients;
use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

/// Goal: every screen has the correct board within this time.
const RIGHT_WITHIN_MS: f64 = 2_000.0;
/// Flights that change while the screens are away.
const CHANGED_MEANWHILE: usize = 20;

/// One way of reconnecting, over all rounds.
#[derive(Serialize)]
struct Way {
    with_since: bool,
    right_after: Percentiles,
    /// Full and partial snapshots.
    whole_snapshots: u64,
    partial_snapshots: u64,
    cpu_ms_per_round: f64,
}

/// Runs it.
pub fn run(args: &Reconnect) -> Result<Report> {
    let Some(path) = args.topic.strip_prefix("board/").map(|rest| format!("/api/v1/boards/{rest}")) else {
        return usage("--topic must be a board, such as board/JFK/departures");
    };
    make_room_for_sockets(u64::from(args.sockets))?;
    let hub = HubUnderTest::open(&args.target)?;
    let mut plan = Plan::new(args.flights as usize, hub.greeting.clock, 0);
    hub.create(&mut plan, 0..args.flights as usize).context("cannot fill the board")?;
    let legs: Vec<String> = board(&hub, &path)?.iter().filter_map(leg).map(str::to_owned).collect();
    if u64::from(args.sockets) * legs.len() as u64 > HELD_REVISIONS_MAX {
        return usage(&format!("sockets times flights of the board must not pass {HELD_REVISIONS_MAX}"));
    }
    let mut driver = build(args, &hub, &legs)?;
    let all: Vec<usize> = (0..args.sockets as usize).collect();
    driver.connect(&all, 0).context("the screens' first connection")?;

    let mut report = Report::new(format!("loadtest reconnect: {} screens of {}", args.sockets, args.topic));
    let mut table = Table::new(
        format!("{} screens, {} flights on the board, {} rounds", args.sockets, legs.len(), args.rounds),
        &["coming back", "ms p50", "p99", "max", "whole snapshots", "partial", "hub CPU ms/round"],
    );
    for with_since in [false, true] {
        let way = come_back(args, &hub, &mut driver, &mut plan, &path, with_since)?;
        let name = if with_since { "with since" } else { "without since" };
        let Percentiles { ms_p50, ms_p99, ms_max, .. } = way.right_after;
        table.row(vec![
            name.to_owned(),
            short(ms_p50),
            short(ms_p99),
            short(ms_max),
            way.whole_snapshots.to_string(),
            way.partial_snapshots.to_string(),
            short(way.cpu_ms_per_round),
        ]);
        report.goals.push(Goal::at_most(
            format!("the last screen is right again, {name}"),
            ms_max,
            RIGHT_WITHIN_MS,
            "ms",
        ));
        report.value(name.replace(' ', "_"), way)?;
    }
    report.tables.push(table);
    driver.drop_sockets();
    report.take_violations(std::mem::take(&mut driver.listeners.checker.violations));
    report.notes.push("Timed from the first of the connects, all issued at once, to the snapshot that made the board right.".to_owned());
    Ok(report)
}

fn build(args: &Reconnect, hub: &HubUnderTest, legs: &[String]) -> Result<Driver> {
    let asks = Asks::Topics(vec![args.topic.clone()]);
    let listeners =
        Listeners::new(args.sockets as usize, legs.iter().map(String::as_str), Follows::All, asks)?;
    let pool = HttpPool::new(&hub.hub, hub.reports_path.clone(), hub.key.clone(), 1);
    let source = Traffic::frames(Vec::new(), 0);
    Driver::new(listeners, WsClients::new(&hub.hub, "/ws"), pool, source, false)
}

/// All rounds of one way.
fn come_back(
    args: &Reconnect,
    hub: &HubUnderTest,
    driver: &mut Driver,
    plan: &mut Plan,
    path: &str,
    with_since: bool,
) -> Result<Way> {
    let all: Vec<usize> = (0..args.sockets as usize).collect();
    let (mut right_after, mut cpu) = (LatencyHistogram::new()?, 0);
    driver.listeners.snapshots = (0, 0);
    for round in 0..args.rounds {
        driver.rest(SECOND_NS / 5)?;
        driver.listeners.since = driver.listeners.frames.newest_changed_at.clone().filter(|_| with_since);
        driver.drop_sockets();
        if !with_since {
            all.iter().for_each(|id| driver.listeners.checker.forget(*id));
        }
        change_some(hub, plan, u64::from(round) + if with_since { 1_000 } else { 0 })?;
        wait_until_quiet(driver, hub.pid)?;
        let flights = board(hub, path)?;
        let (cpu_before, start) = (cpu_ns(hub.pid)?, now_ns());
        driver.connect_at_once(&all)?;
        driver.until(STALL_TIMEOUT_S, |driver| {
            all.iter().all(|id| matches!(driver.listeners.lives[*id], Life::Ready | Life::Closed))
        })?;
        cpu += cpu_ns(hub.pid)? - cpu_before;
        check(driver, &all, &flights);
        for id in all.iter().filter(|id| driver.listeners.lives[**id] == Life::Ready) {
            right_after.add(driver.listeners.ready_ns[*id] - start);
        }
    }
    Ok(Way {
        with_since,
        right_after: right_after.percentiles(),
        whole_snapshots: driver.listeners.snapshots.0,
        partial_snapshots: driver.listeners.snapshots.1,
        cpu_ms_per_round: cpu as f64 / 1e6 / f64::from(args.rounds),
    })
}

/// Checks that every screen has the state that REST returned before, or a newer one.
fn check(driver: &mut Driver, all: &[usize], flights: &[Value]) {
    let Listeners { frames, checker, lives, .. } = &mut driver.listeners;
    for id in all.iter().filter(|id| lives[**id] != Life::Ready) {
        checker.violations.add(BEHIND, || format!("screen {id} did not come back: {:?}", lives[*id]));
    }
    for flight in flights {
        let Some(number) = leg(flight).and_then(|leg| frames.number(leg)) else { continue };
        frames.compare(number, flight, &mut checker.violations);
        let last = rev(flight);
        for id in all.iter().filter(|id| lives[**id] == Life::Ready) {
            let held = checker.held(*id, number);
            if held < last {
                checker
                    .violations
                    .add(BEHIND, || format!("screen {id}, flight {number}: held {held}, REST has {last}"));
            }
        }
    }
}

/// Changes for the screens to miss.
fn change_some(hub: &HubUnderTest, plan: &mut Plan, turn: u64) -> Result<()> {
    let count = plan.flights.len().min(CHANGED_MEANWHILE);
    if count == 0 {
        return Ok(());
    }
    let mut body = vec![b'['];
    for flight in 0..count {
        if flight > 0 {
            body.push(b',');
        }
        plan.put_gate(&mut body, flight, turn)?;
    }
    body.push(b']');
    let answer = BlockingClient::new(&hub.hub).post(&hub.reports_path, hub.key.as_ref(), &body)?;
    anyhow::ensure!(answer.status == 202, "changes were answered with status {}", answer.status);
    Ok(())
}

fn board(hub: &HubUnderTest, path: &str) -> Result<Vec<Value>> {
    let board = BlockingClient::new(&hub.hub).get_json(path)?;
    board.get("flights").and_then(Value::as_array).cloned().context("a board without flights")
}

fn leg(flight: &Value) -> Option<&str> {
    flight.get("leg")?.as_str()
}
