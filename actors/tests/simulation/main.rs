//! A simulation of the whole hub: seeded, on virtual time, in one process.
//!
//! The flights, the hub, the boards, the switchboard, the replication and their queues are the real ones.
//! Everything around them is simulated and takes its decisions from the seed: sources, stores, networks,
//! clients and crashes. tokio's clock is paused, so that a minute takes some milliseconds, and one seed always
//! gives the same trace.
//!
//! | module | contains |
//! |---|---|
//! | `scenario` | one run, from the seed to the checks at rest |
//! | `site` | the nodes, their crashes, and the faults over time |
//! | `stories`, `senders` | what sources report, and how they send it until it is answered; an operator |
//! | `node` | one process of the hub |
//! | `disk_log` | the change log of one node |
//! | `cluster_log`, `report_queue` | the shared log and the report queue of two nodes |
//! | `network`, `session` | sockets, and the control path of a connection |
//! | `client`, `picture` | a client, and what it holds by the rules of docs/PROTOCOL.md |
//! | `record` | what became durable and what was answered |
//! | `checks` | the invariants, the violations and the trace |
//! | `faults` | faults, and doubles that are broken on purpose |
//!
//! `GATECALL_SIM_SEEDS=10000` runs more seeds. `GATECALL_SIM_SEED=7` runs one, and `GATECALL_SIM_TRACE=1`
//! prints its trace. A seed decides something else after each change of the simulation, so a fault that it has
//! found gets a test of its own.
//!
//! ## Adding a part
//!
//! 1. Start it in `Node::start`, with a double for each port that it uses. What survives a crash belongs in
//!    `node::Store`; the double of a process ends with `Node::crash`.
//! 2. Give the double a `Random` of its own, so that the decisions of other parts stay the same.
//! 3. Add what must hold to `checks::Invariant`, and check it in `scenario::check_all` or where it can break.
//! 4. Add a broken double to `faults::Broken`, and a test that the checks notice it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "../doubles/archive.rs"]
mod archive;
mod checks;
mod client;
mod clock;
mod cluster_log;
mod disk_log;
mod faults;
mod network;
mod node;
mod picture;
mod random;
mod record;
mod report_queue;
mod scenario;
mod senders;
mod session;
#[path = "../doubles/shared_log.rs"]
mod shared_log;
mod site;
mod stories;

use checks::Invariant;
use faults::Broken;
use scenario::{Deployment, Run, run};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// The first seeds run with all tests, for each deployment.
const SEEDS: u64 = 100;

/// Within this many seeds the checks must notice a broken double.
const BROKEN_SEEDS_MAX: u64 = 20;

/// A run ends after this many seeds that violate an invariant.
const FAILURES_MAX: usize = 3;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}

/// Describes what a seed has violated, and how to run it again.
fn report(seed: u64, test: &str, Run { trace, violations }: &Run) -> String {
    let last = trace.len().saturating_sub(40);
    let violations: Vec<_> = violations.iter().map(|(what, text)| format!("{what:?}: {text}")).collect();
    format!(
        "seed {seed} violates\n{}\nthe end of the trace:\n{}\nrun it again:\n\
         GATECALL_SIM_SEED={seed} GATECALL_SIM_TRACE=1 cargo test --workspace --test simulation -- --exact {test} --nocapture\n",
        violations.join("\n"),
        trace[last..].join("\n"),
    )
}

#[expect(clippy::print_stderr, reason = "the trace is what was asked for")]
fn run_seeds(test: &str, deployment: Deployment) {
    if let Some(seed) = number("GATECALL_SIM_SEED") {
        let run = run(seed, deployment, Broken::Nothing);
        if number("GATECALL_SIM_TRACE").is_some() {
            eprintln!("{}", run.trace.join("\n"));
        }
        assert!(run.violations.is_empty(), "{}", report(seed, test, &run));
        return;
    }
    let seeds = number("GATECALL_SIM_SEEDS").unwrap_or(SEEDS);
    let (next, failures) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let worker = || {
        loop {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            if seed >= seeds || failures.lock().unwrap().len() >= FAILURES_MAX {
                return;
            }
            let run = run(seed, deployment, Broken::Nothing);
            if !run.violations.is_empty() {
                failures.lock().unwrap().push(report(seed, test, &run));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(worker);
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn one_node_keeps_the_invariants() {
    run_seeds("one_node_keeps_the_invariants", Deployment::Single);
}

#[test]
fn two_nodes_keep_the_invariants() {
    run_seeds("two_nodes_keep_the_invariants", Deployment::Cluster);
}

#[test]
fn a_seed_always_gives_the_same_trace() {
    for deployment in [Deployment::Single, Deployment::Cluster] {
        for seed in 0..5 {
            let [one, other] = [(); 2].map(|()| run(seed, deployment, Broken::Nothing).trace);
            let differs = one.iter().zip(&other).position(|(one, other)| one != other);
            let at = differs.unwrap_or(one.len().min(other.len()));
            assert!(one == other, "{deployment:?} {seed}: {:?} and {:?}", one.get(at), other.get(at));
        }
    }
}

/// Runs seeds with a broken double until the checks have noticed that each of these invariants is violated.
fn assert_noticed(deployment: Deployment, broken: Broken, invariants: &[Invariant]) {
    let mut missing = invariants.to_vec();
    for seed in 0..BROKEN_SEEDS_MAX {
        let run = run(seed, deployment, broken);
        missing.retain(|missing| run.violations.iter().all(|(invariant, _)| invariant != missing));
        if missing.is_empty() {
            return;
        }
    }
    panic!("{broken:?} was not noticed as a violation of {missing:?}");
}

#[test]
fn a_log_that_answers_too_early_is_noticed() {
    let invariants = [Invariant::ShownIsDurable, Invariant::AnsweredReportsAreKept];
    assert_noticed(Deployment::Single, Broken::LogAnswersFirst, &invariants);
}

#[test]
fn a_log_that_restores_an_older_state_is_noticed() {
    let invariants = [Invariant::RevisionsRiseByOne, Invariant::MemoryEqualsLog];
    assert_noticed(Deployment::Single, Broken::LogForgets, &invariants);
}

#[test]
fn a_socket_that_drops_frames_is_noticed() {
    assert_noticed(Deployment::Single, Broken::SocketsLoseFrames, &[Invariant::ConnectionsHoldTheState]);
}

#[test]
fn a_report_queue_that_loses_reports_is_noticed() {
    assert_noticed(Deployment::Cluster, Broken::QueueLosesReports, &[Invariant::AnsweredReportsAreKept]);
}

#[test]
fn a_shared_log_that_accepts_conflicting_entries_is_noticed() {
    assert_noticed(Deployment::Cluster, Broken::LogTakesConflicts, &[Invariant::RevisionsRiseByOne]);
}
