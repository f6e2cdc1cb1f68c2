//! One run: what happens under a seed, and the checks once everything is at rest.

use crate::archive::TestArchive;
use crate::checks::{Checks, Invariant};
use crate::client::{Client, RESTS_WITHIN};
use crate::clock::VirtualClock;
use crate::cluster_log::Cluster;
use crate::disk_log::Disk;
use crate::faults::{Broken, Faults};
use crate::node::{Node, Store};
use crate::random::Random;
use crate::record::Record;
use crate::report_queue::Journal;
use crate::senders::{self, Queued};
use crate::shared_log::Shared;
use crate::site::Site;
use crate::stories::{REPORTED_FOR, StoryLeg, stories};
use actix::System;
use domain::codes::Direction;
use domain::leg::LegId;
use domain::topic::Topic;
use gatecall_actors::metrics::ReasonLabel;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How a hub is deployed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Deployment {
    /// One node with a log of its own.
    Single,
    /// Two nodes with a shared log and a report queue.
    Cluster,
}

/// What came of a run.
pub(crate) struct Run {
    pub(crate) trace: Vec<String>,
    pub(crate) violations: Vec<(Invariant, String)>,
}

/// Runs a seed on a thread of its own, as parts of the hub keep state by thread.
pub(crate) fn run(seed: u64, deployment: Deployment, broken: Broken) -> Run {
    let simulation = move || {
        let runtime = || {
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
        };
        System::with_tokio_rt(runtime).block_on(simulate(seed, deployment, broken))
    };
    std::thread::spawn(simulation).join().unwrap()
}

async fn simulate(seed: u64, deployment: Deployment, broken: Broken) -> Run {
    let random = Random::of(seed, "scenario");
    let clock = VirtualClock::new(random.pick(&[1.0, 60.0, 600.0]));
    let checks = Checks::new(clock.clone());
    let record = Record::new(checks.clone());
    let store = store(seed, deployment, broken, &record, &checks);
    let (feeds, legs) = stories(seed, &clock);
    let site = Rc::new(Site::new(seed, broken, clock, checks.clone(), record, store));
    for number in site.numbers() {
        site.start(number).await;
    }
    let queued = Queued::default();
    let clients: Vec<_> =
        (0..random.between(1..=5) as usize).map(|number| Client::new(number, site.clone(), &legs)).collect();
    for client in &clients {
        actix_rt::spawn(client.clone().run());
    }
    let senders: Vec<_> = feeds
        .into_iter()
        .map(|feed| actix_rt::spawn(senders::send_all(site.clone(), feed, queued.clone())))
        .collect();
    let disturbances = [
        actix_rt::spawn(site.clone().change_faults()),
        actix_rt::spawn(site.clone().crash_sometimes()),
        actix_rt::spawn(senders::operate(site.clone(), legs.clone())),
    ];
    tokio::time::sleep(REPORTED_FOR).await;
    site.calm();
    let ends = async {
        for task in disturbances.into_iter().chain(senders) {
            task.await.unwrap();
        }
    };
    let ended = tokio::time::timeout(RESTS_WITHIN, ends).await;
    checks.check(Invariant::ComesToRest, ended.is_ok(), format_args!("senders wait for answers"));
    come_to_rest(&site, &clients).await;
    if let Store::Cluster(_, archive) = &site.store {
        check_queued(&site, archive, &queued);
    }
    site.record.check_answered(&Random::of(seed, "orders"));
    check_all(&site, &clients, &legs).await;
    // What the log restores is what was shown.
    for number in site.numbers() {
        site.crash(number);
    }
    for number in site.numbers() {
        site.start(number).await;
    }
    come_to_rest(&site, &clients).await;
    check_all(&site, &clients, &legs).await;
    let (trace, violations) = checks.take();
    Run { trace, violations }
}

fn store(seed: u64, deployment: Deployment, broken: Broken, record: &Record, checks: &Checks) -> Store {
    if deployment == Deployment::Single {
        return Store::Disk(Arc::new(Disk::new(seed, broken, record.clone(), checks.clone())));
    }
    let shared = Arc::new(Shared::default());
    shared.takes_conflicts.store(broken == Broken::LogTakesConflicts, Ordering::SeqCst);
    let observed = record.clone();
    let observe = move |leg: &LegId, entry: Option<&_>| match entry {
        Some(entry) => observed.keep(entry),
        None => observed.end(leg),
    };
    assert!(shared.observer.set(Box::new(observe)).is_ok());
    let journal = Arc::new(Journal::new(seed, broken, checks.clone()));
    let cluster = Cluster {
        shared,
        journal,
        faults: Faults::default(),
        checks: checks.clone(),
        random: Random::of(seed, "cluster"),
    };
    Store::Cluster(Arc::new(cluster), Arc::default())
}

/// Waits until everything that was sent has arrived.
async fn come_to_rest(site: &Site, clients: &[Rc<Client>]) {
    let mut resting = 0;
    for _ in 0..RESTS_WITHIN.as_secs() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let is_merged = match &site.store {
            Store::Disk(_) => true,
            Store::Cluster(cluster, _) => cluster.journal.is_empty(),
        };
        let is_drained = clients.iter().all(|client| client.at_rest().is_some());
        let is_sent = site.running().iter().all(|node| {
            let connections = node.connections.borrow();
            connections.ids().into_iter().all(|id| connections.legs_behind(id).is_none())
        });
        resting = if is_merged && is_drained && is_sent { resting + 1 } else { 0 };
        // A node may still apply what the log holds.
        if resting == 5 {
            return site.checks.note(format_args!("at rest"));
        }
    }
    let queue = match &site.store {
        Store::Disk(_) => String::new(),
        Store::Cluster(cluster, _) => cluster.journal.describe(),
    };
    site.checks.violate(Invariant::ComesToRest, format_args!("something is still on its way; {queue}"));
}

async fn check_all(site: &Site, clients: &[Rc<Client>], legs: &[StoryLeg]) {
    let Site { record, checks, .. } = site;
    for flight in record.live() {
        checks.check(
            Invariant::CorrectionsKeepTheLeg,
            legs.iter().any(|leg| leg.id == flight.leg),
            format_args!("{} is a second leg of one flight", flight.leg),
        );
    }
    for node in site.running() {
        check_memory(site, &node);
        check_boards(site, &node).await;
        for reason in ["flight", "session", "starts_again", "ends_process"] {
            let panics = node.hub.metrics().panics.get_or_create(&ReasonLabel { reason }).get();
            checks.check(Invariant::NoPanics, panics == 0, format_args!("{panics} of {reason}"));
        }
    }
    for client in clients {
        if let Some(node) = client.at_rest() {
            client.check(&node);
        }
    }
}

/// Every queued report is merged, or in quarantine for a reason that holds.
fn check_queued(site: &Site, archive: &TestArchive, queued: &Queued) {
    let faults = archive.faults.lock().unwrap();
    for sent in queued.take() {
        if site.record.has_absorbed(&sent.leg, &sent.report) {
            site.record.answered(&sent.leg, sent.report);
            continue;
        }
        let is_its = |feed: &str, received_at| {
            feed == &*sent.report.source.name && received_at == sent.report.received_at
        };
        match faults.iter().find(|fault| is_its(&fault.feed, fault.received_at)) {
            Some(fault) => senders::check_rejection(site, &sent, &fault.reason, false),
            None => site.checks.violate(
                Invariant::AnsweredReportsAreKept,
                format_args!("a report on {} was queued and is neither merged nor in quarantine", sent.leg),
            ),
        }
    }
}

fn check_memory(site: &Site, node: &Node) {
    let live = site.record.live();
    site.checks.check(
        Invariant::MemoryEqualsLog,
        node.hub.flights_len() == live.len(),
        format_args!("node {} has {} flights, the log {}", node.number, node.hub.flights_len(), live.len()),
    );
    for flight in live {
        let held = node.hub.flight_state(&flight.leg);
        site.checks.check(
            Invariant::MemoryEqualsLog,
            held.as_ref() == Some(&flight),
            format_args!("node {} holds {held:?}, the log {flight:?}", node.number),
        );
    }
}

async fn check_boards(site: &Site, node: &Node) {
    let mut expected: BTreeMap<Topic, Vec<_>> = BTreeMap::new();
    for topic in node.hub.boards() {
        expected.entry(topic).or_default();
    }
    node.hub.for_each_flight(|live| {
        for topic in live.view.topics(&live.leg) {
            let direction = match &topic {
                Topic::Board(_, direction) => *direction,
                _ => Direction::Departures,
            };
            if !matches!(topic, Topic::Flight(_)) {
                let row = (live.view.board_time(direction), live.leg.clone(), live.rev);
                expected.entry(topic).or_default().push(row);
            }
        }
    });
    for (topic, mut rows) in expected {
        rows.sort();
        let shown = node.hub.rows(&topic).await.unwrap();
        let is_equal =
            shown.rows.iter().map(|row| (&row.leg, row.rev)).eq(rows.iter().map(|row| (&row.1, row.2)));
        site.checks.check(
            Invariant::BoardsEqualFlights,
            is_equal,
            format_args!("node {}: {topic} has other rows than {rows:?}", node.number),
        );
    }
}
