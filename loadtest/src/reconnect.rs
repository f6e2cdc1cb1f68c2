//! `loadtest reconnect`: the screens of one board lose their link at once and come back at once.
//!
//! While they are away some flights change. Each screen is timed from the moment all begin to
//! connect until it holds the board that REST tells, coming back with a position (`since`) and
//! without one by turns.

use crate::args::Reconnect;
use crate::audience::{Asks, Audience, Life};
use crate::checker::{BEHIND, Follows};
use crate::clock::{SECOND_NS, now_ns};
use crate::http::Calm;
use crate::lanes::Lanes;
use crate::limits::{HELD_REVISIONS_MAX, STALL_TIMEOUT_S};
use crate::meter::{Percentiles, Times};
use crate::plan::Plan;
use crate::process::{cpu_ns, make_room_for_sockets};
use crate::report::{Goal, Report, Table, short};
use crate::rig::Rig;
use crate::source::Source;
use crate::subject::{Subject, rev, wait_until_quiet};
use crate::swarm::Swarm;
use crate::usage;
use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

/// Every screen should hold the right board within this.
const RIGHT_WITHIN_MS: f64 = 2_000.0;
/// Flights that change while the screens are away.
const CHANGED_MEANWHILE: usize = 20;

/// One way of coming back, over all rounds.
#[derive(Serialize)]
struct Way {
    with_since: bool,
    right_after: Percentiles,
    /// Snapshots that were the whole board, and those that were only what changed.
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
    let subject = Subject::open(&args.target)?;
    let mut plan = Plan::new(args.flights as usize, subject.greeting.clock, 0);
    subject.create(&mut plan, 0..args.flights as usize).context("cannot fill the board")?;
    let legs: Vec<String> = board(&subject, &path)?.iter().filter_map(leg).map(str::to_owned).collect();
    if u64::from(args.sockets) * legs.len() as u64 > HELD_REVISIONS_MAX {
        return usage(&format!("sockets times flights of the board must not pass {HELD_REVISIONS_MAX}"));
    }
    let mut rig = build(args, &subject, &legs)?;
    let all: Vec<usize> = (0..args.sockets as usize).collect();
    rig.connect(&all, 0).context("the screens' first connection")?;

    let mut report = Report::new(format!("loadtest reconnect: {} screens of {}", args.sockets, args.topic));
    let mut table = Table::new(
        format!("{} screens, {} flights on the board, {} rounds", args.sockets, legs.len(), args.rounds),
        &["coming back", "ms p50", "p99", "max", "whole snapshots", "partial", "hub CPU ms/round"],
    );
    for with_since in [false, true] {
        let way = come_back(args, &subject, &mut rig, &mut plan, &path, with_since)?;
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
    rig.drop_sockets();
    report.take_violations(std::mem::take(&mut rig.audience.checker.violations));
    report.notes.push("Timed from the first of the connects, all issued at once, to the snapshot that made the board right.".to_owned());
    Ok(report)
}

fn build(args: &Reconnect, subject: &Subject, legs: &[String]) -> Result<Rig> {
    let asks = Asks::Topics(vec![args.topic.clone()]);
    let audience = Audience::new(args.sockets as usize, legs.iter().map(String::as_str), Follows::All, asks)?;
    let lanes = Lanes::new(&subject.hub, subject.reports_path.clone(), subject.key.clone(), 1);
    let source = Source::frames(Vec::new(), 0);
    Rig::new(audience, Swarm::new(&subject.hub, "/ws"), lanes, source, false)
}

/// All rounds of one way.
fn come_back(
    args: &Reconnect,
    subject: &Subject,
    rig: &mut Rig,
    plan: &mut Plan,
    path: &str,
    with_since: bool,
) -> Result<Way> {
    let all: Vec<usize> = (0..args.sockets as usize).collect();
    let (mut right_after, mut cpu) = (Times::new()?, 0);
    rig.audience.snapshots = (0, 0);
    for round in 0..args.rounds {
        rig.rest(SECOND_NS / 5)?;
        rig.audience.since = rig.audience.book.newest_changed_at.clone().filter(|_| with_since);
        rig.drop_sockets();
        if !with_since {
            all.iter().for_each(|id| rig.audience.checker.forget(*id));
        }
        change_some(subject, plan, u64::from(round) + if with_since { 1_000 } else { 0 })?;
        wait_until_quiet(rig, subject.pid)?;
        let flights = board(subject, path)?;
        let (cpu_before, start) = (cpu_ns(subject.pid)?, now_ns());
        rig.connect_at_once(&all)?;
        rig.until(STALL_TIMEOUT_S, |rig| {
            all.iter().all(|id| matches!(rig.audience.lives[*id], Life::Ready | Life::Closed))
        })?;
        cpu += cpu_ns(subject.pid)? - cpu_before;
        check(rig, &all, &flights);
        for id in all.iter().filter(|id| rig.audience.lives[**id] == Life::Ready) {
            right_after.add(rig.audience.ready_ns[*id] - start);
        }
    }
    Ok(Way {
        with_since,
        right_after: right_after.percentiles(),
        whole_snapshots: rig.audience.snapshots.0,
        partial_snapshots: rig.audience.snapshots.1,
        cpu_ms_per_round: cpu as f64 / 1e6 / f64::from(args.rounds),
    })
}

/// Every screen holds what REST told before they came back, or something newer.
fn check(rig: &mut Rig, all: &[usize], flights: &[Value]) {
    let Audience { book, checker, lives, .. } = &mut rig.audience;
    for id in all.iter().filter(|id| lives[**id] != Life::Ready) {
        checker.violations.add(BEHIND, || format!("screen {id} did not come back: {:?}", lives[*id]));
    }
    for flight in flights {
        let Some(number) = leg(flight).and_then(|leg| book.number(leg)) else { continue };
        book.compare(number, flight, &mut checker.violations);
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

/// Something for the screens to miss.
fn change_some(subject: &Subject, plan: &mut Plan, turn: u64) -> Result<()> {
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
    let answer = Calm::new(&subject.hub).post(&subject.reports_path, subject.key.as_ref(), &body)?;
    anyhow::ensure!(answer.status == 202, "changes were answered with status {}", answer.status);
    Ok(())
}

fn board(subject: &Subject, path: &str) -> Result<Vec<Value>> {
    let board = Calm::new(&subject.hub).get_json(path)?;
    board.get("flights").and_then(Value::as_array).cloned().context("a board without flights")
}

fn leg(flight: &Value) -> Option<&str> {
    flight.get("leg")?.as_str()
}
