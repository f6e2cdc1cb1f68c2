//! `loadtest ingest`: reports per second, and the time until a follower receives a change.
//!
//! Flights change in turn. Every tenth report goes to one of a few sampled flights and carries a marker. A
//! socket follows each of those, so report-to-frame times cover all flights without thousands of frames per
//! second to read.

use crate::args::Ingest;
use crate::checker::{Follows, REFUSED, STALLED, Violations};
use crate::clock::{SECOND_NS, now_ns};
use crate::driver::Driver;
use crate::http_pool::HttpPool;
use crate::hub_under_test::{HubUnderTest, compare_pictures, rev, wait_until_quiet};
use crate::limits::STALL_TIMEOUT_S;
use crate::listeners::{Asks, Listeners};
use crate::nodes::Nodes;
use crate::phase_metrics::Percentiles;
use crate::plan::Plan;
use crate::process::rss_bytes;
use crate::report::{Goal, Report, Table, short};
use crate::traffic::Traffic;
use crate::usage;
use crate::ws_clients::WsClients;
use anyhow::{Context, Result};
use serde::Serialize;

/// Flights with a follower.
const SAMPLED_FLIGHTS: usize = 16;
/// One in this many reports goes to a sampled flight.
const SAMPLED_REPORTS: u64 = 10;
/// Unmeasured load at the start.
const WARM_UP_S: u32 = 1;
/// Goal: reports accepted per second, sustained.
const TAKEN_MIN_PER_S: f64 = 20_000.0;
/// Report to frame at 1,000 reports per second.
const FRAME_P99_MAX_MS: f64 = 15.0;
/// The same goals for reports that go through Kafka between nodes.
const MERGED_MIN_PER_S: f64 = 10_000.0;
const NODE_TO_NODE_P99_MAX_MS: f64 = 50.0;
/// The rate for which that goal is stated.
const RATE_OF_GOAL: u32 = 1_000;
/// The cost of a report is flat if the highest of a sweep is at most this many times the lowest.
const FLAT_RATIO: f64 = 1.25;

/// The results for one number of flights.
#[derive(Serialize)]
struct Found {
    flights: u32,
    seconds: f64,
    reports: u64,
    changed: u64,
    /// POSTs that the hub deferred.
    put_off: u64,
    reports_per_s: f64,
    cpu_us_per_report: f64,
    cores: f64,
    rss_mb: f64,
    post: Percentiles,
    frame: Percentiles,
}

/// Runs it.
pub fn run(args: &Ingest) -> Result<Report> {
    let counts = if args.flights_sweep.is_empty() { vec![args.flights] } else { args.flights_sweep.clone() };
    if !counts.is_sorted() {
        return usage("--flights-sweep must rise: flights cannot be taken away from a hub again");
    }
    let hub = HubUnderTest::open(&args.target)?;
    let nodes = Nodes::new(&hub.hub, args.listen.as_deref(), &args.target.feed)?;
    let how = if args.max { "as fast as taken".to_owned() } else { format!("{} reports/s", args.rate) };
    let mut report = Report::new(format!(
        "loadtest ingest: {how}, {} per POST, {} connections",
        args.batch, hub.connections
    ));
    let mut table = Table::new(
        "By number of flights",
        &[
            "flights",
            "reports/s",
            "CPU us/report",
            "cores",
            "RSS MB",
            "POST ms p50",
            "p99",
            "max",
            "frame ms p50",
            "p99",
            "max",
        ],
    );
    let (mut violations, mut found, mut known) = (Violations::default(), Vec::new(), 0);
    for count in counts {
        let one = measure(args, &hub, &nodes, known, count, &mut violations)
            .with_context(|| format!("with {count} flights"))?;
        known = count as usize;
        table.row(row(&one));
        found.push(one);
    }
    report.tables.push(table);
    goals(args, &found, &mut report);
    report.value("ingest", &found)?;
    report.take_violations(violations);
    report.notes.push(format!(
        "Frame times are from the moment a report was {} to its frame at one of {SAMPLED_FLIGHTS} followers.",
        if args.max { "sent" } else { "due" }
    ));
    let (reports, changed) = found.iter().fold((0, 0), |sum, one| (sum.0 + one.reports, sum.1 + one.changed));
    let put_off: u64 = found.iter().map(|one| one.put_off).sum();
    if put_off > 0 {
        report.notes.push(format!(
            "{put_off} POSTs were answered 429 or 503, as too many reports waited, and were not sent again."
        ));
    }
    report.notes.extend(unchanged_note(reports, changed, hub.connections));
    Ok(report)
}

/// Every report is meant to change something; explains those that did not.
fn unchanged_note(reports: u64, changed: u64, connections: usize) -> Option<String> {
    let unchanged = reports.checked_sub(changed).filter(|unchanged| *unchanged > 0)?;
    let why = if connections > 1 {
        format!(
            "with {connections} connections a report may overtake an older one of its flight, which then is old news"
        )
    } else {
        "over one connection none can overtake another, so the hub dropped changes".to_owned()
    };
    Some(format!("{unchanged} of {reports} reports changed nothing: {why}."))
}

fn row(one: &Found) -> Vec<String> {
    let (post, frame) = (&one.post, &one.frame);
    let mut cells = vec![one.flights.to_string()];
    let numbers = [one.reports_per_s, one.cpu_us_per_report, one.cores, one.rss_mb];
    let times = [post.ms_p50, post.ms_p99, post.ms_max, frame.ms_p50, frame.ms_p99, frame.ms_max];
    cells.extend(numbers.iter().chain(&times).map(|n| short(*n)));
    cells
}

fn goals(args: &Ingest, found: &[Found], report: &mut Report) {
    for one in found {
        let with = format!("{} flights", one.flights);
        let (what, taken_min, frame_max) = match args.listen {
            None => ("taken", TAKEN_MIN_PER_S, FRAME_P99_MAX_MS),
            Some(_) => ("merged by all nodes", MERGED_MIN_PER_S, NODE_TO_NODE_P99_MAX_MS),
        };
        if args.max {
            let name = format!("reports {what}, {with}");
            report.goals.push(Goal::at_least(name, one.reports_per_s, taken_min, "/s"));
        } else if args.rate == RATE_OF_GOAL {
            let name = format!("report to frame p99 at {RATE_OF_GOAL}/s, {with}");
            report.goals.push(Goal::at_most(name, one.frame.ms_p99, frame_max, "ms"));
        }
    }
    if found.len() > 1 {
        let costs = || found.iter().map(|one| one.cpu_us_per_report);
        let ratio = costs().fold(0.0, f64::max) / costs().fold(f64::INFINITY, f64::min);
        report.goals.push(Goal::at_most(
            "dearest report of the sweep beside the cheapest",
            ratio,
            FLAT_RATIO,
            "x",
        ));
    }
}

/// Creates missing flights, loads, checks.
fn measure(
    args: &Ingest,
    hub: &HubUnderTest,
    nodes: &Nodes,
    known: usize,
    count: u32,
    violations: &mut Violations,
) -> Result<Found> {
    let mut plan = Plan::new(count as usize, hub.greeting.clock, 0);
    let at_first = nodes.merged()?.all;
    hub.create(&mut plan, known..count as usize)?;
    let mut load = Load::new(plan, args.batch);
    let mut driver = build(args, hub, nodes, &mut load)?;
    driver.may_be_put_off = nodes.are_several();
    let created = at_first + (count as usize - known) as u64;
    if nodes.are_several() {
        nodes.wait_until_merged(&mut driver, created).context("the flights")?;
    }
    let sampled: Vec<usize> = (0..load.sampled.len()).collect();
    driver.connect(&sampled, 0).context("the followers")?;
    wait_until_quiet(&mut driver, hub.pid)?;
    load.run(args, &mut driver, WARM_UP_S)?;
    if nodes.are_several() {
        let taken = load.taken(&driver);
        nodes.wait_until_merged(&mut driver, created + taken).context("the load before the measured one")?;
    }

    driver.listeners.metrics.begin();
    driver.post_times.clear();
    let (before, merged_before) = (driver.answers, nodes.merged()?);
    let (cpu_before, start) = (nodes.cpu_ns(hub.pid)?, now_ns());
    load.run(args, &mut driver, args.seconds)?;
    if nodes.are_several() {
        // Accepted reports are durable; merged reports are the sustained capacity.
        let taken = load.taken(&driver);
        nodes.wait_until_merged(&mut driver, created + taken).context("the measured load")?;
    }
    let (took, cpu) = (now_ns() - start, nodes.cpu_ns(hub.pid)? - cpu_before);
    let reports = driver.answers.accepted - before.accepted;
    let found = Found {
        flights: count,
        seconds: took as f64 / 1e9,
        reports,
        changed: if nodes.are_several() {
            nodes.merged()?.changed - merged_before.changed
        } else {
            driver.answers.changed - before.changed
        },
        reports_per_s: reports as f64 * 1e9 / took as f64,
        cpu_us_per_report: cpu as f64 / 1e3 / reports.max(1) as f64,
        cores: cpu as f64 / took as f64,
        rss_mb: rss_bytes(hub.pid)? as f64 / 1e6,
        put_off: driver.answers.put_off - before.put_off,
        post: driver.post_times.percentiles(),
        frame: driver.listeners.metrics.latency.percentiles(),
    };
    check(hub, &mut driver, &load)?;
    driver.drop_sockets();
    violations.absorb(std::mem::take(&mut driver.listeners.checker.violations));
    Ok(found)
}

fn build(args: &Ingest, hub: &HubUnderTest, nodes: &Nodes, load: &mut Load) -> Result<Driver> {
    let legs = load.sampled_legs();
    let asks = Asks::Topics(legs.iter().map(|leg| format!("flight/{leg}")).collect());
    let listeners = Listeners::new(legs.len(), legs.iter().map(String::as_str), Follows::One, asks)?;
    let pool = HttpPool::new(&hub.hub, hub.reports_path.clone(), hub.key.clone(), hub.connections);
    let source = Traffic::frames(Vec::new(), 0);
    // While it waits for the hub at full speed, the client has nothing else to do.
    Driver::new(listeners, WsClients::new(nodes.listens(), "/ws"), pool, source, args.max && hub.pinned)
}

/// Checks that every report was accepted and that the followers' last states are correct. A hub of several
/// nodes may defer reports that it cannot merge in time.
fn check(hub: &HubUnderTest, driver: &mut Driver, load: &Load) -> Result<()> {
    let flights = hub.flights(&load.sampled_legs())?;
    let last: Vec<u32> = flights.iter().map(rev).collect();
    let socks = 0..last.len();
    driver.until(STALL_TIMEOUT_S, |driver| driver.listeners.checker.all_hold(socks.clone(), &last))?;
    driver.listeners.checker.settle(socks, &last);
    compare_pictures(&mut driver.listeners, &flights);
    let (sent, taken) = (load.taken(driver), driver.answers.accepted);
    if sent != taken {
        driver
            .listeners
            .checker
            .violations
            .add(REFUSED, || format!("{sent} reports were sent, {taken} were taken"));
    }
    Ok(())
}

/// The endless stream of reports.
struct Load {
    plan: Plan,
    batch: u32,
    /// Indexes of the flights with a follower.
    sampled: Vec<usize>,
    sent: u64,
    body: Vec<u8>,
}

impl Load {
    fn new(plan: Plan, batch: u32) -> Self {
        let flights = plan.flights.len();
        let samples = flights.min(SAMPLED_FLIGHTS);
        let sampled = (0..samples).map(|nth| nth * flights / samples).collect();
        Self { plan, batch, sampled, sent: 0, body: Vec::new() }
    }

    fn sampled_legs(&self) -> Vec<String> {
        self.sampled.iter().map(|index| self.plan.flights[*index].leg.clone()).collect()
    }

    /// Reports that were sent and not deferred.
    fn taken(&self, driver: &Driver) -> u64 {
        self.sent - driver.answers.put_off * u64::from(self.batch)
    }

    /// Loads for `seconds` and waits for the last response.
    fn run(&mut self, args: &Ingest, driver: &mut Driver, seconds: u32) -> Result<()> {
        if args.max {
            let end = now_ns() + u64::from(seconds) * SECOND_NS;
            while now_ns() < end {
                while !driver.pool_is_full() {
                    self.post(driver, now_ns())?;
                }
                driver.turn(SECOND_NS / 20)?;
            }
        } else {
            let every_ns = u64::from(self.batch) * SECOND_NS / u64::from(args.rate);
            driver.open_loop(every_ns, seconds, |driver, due_ns| self.post(driver, due_ns))?;
        }
        if !driver.until(STALL_TIMEOUT_S, |driver| !driver.is_busy())? {
            driver.listeners.checker.violations.add(STALLED, || "POSTs were not answered".to_owned());
        }
        Ok(())
    }

    /// Pushes one batch; `false` if no connection is free.
    fn post(&mut self, driver: &mut Driver, at_ns: u64) -> Result<bool> {
        if driver.pool_is_full() {
            return Ok(false);
        }
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        for nth in 0..self.batch {
            body.push(if nth == 0 { b'[' } else { b',' });
            self.put(&mut body, driver, at_ns)?;
        }
        body.push(b']');
        let pushed = driver.push_body(&body);
        self.body = body;
        pushed
    }

    fn put(&mut self, body: &mut Vec<u8>, driver: &mut Driver, at_ns: u64) -> Result<()> {
        let (turn, flights) = (self.sent, self.plan.flights.len() as u64);
        self.sent += 1;
        if turn.is_multiple_of(SAMPLED_REPORTS) {
            let sample = self.sampled[(turn / SAMPLED_REPORTS % self.sampled.len() as u64) as usize];
            let marker = driver.listeners.metrics.send(at_ns, 0);
            return self.plan.put_remark(body, sample, marker);
        }
        self.plan.put_gate(body, (turn % flights) as usize, turn / flights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_that_changed_nothing_are_counted_and_explained() {
        assert_eq!(unchanged_note(10, 10, 16), None);
        let overtaken = unchanged_note(1_000, 990, 16).unwrap();
        assert!(
            overtaken.starts_with("10 of 1000 reports changed nothing: with 16 connections"),
            "{overtaken}"
        );
        let dropped = unchanged_note(1_000, 999, 1).unwrap();
        assert!(dropped.contains("the hub dropped changes"), "{dropped}");
    }
}
