//! Tests of flights, boards and the hub, over a log under the control of the test.
//!
//! | module | contains |
//! |---|---|
//! | `world` | the hub, its log, and reports |
//! | `boards` | what boards show, and snapshots for clients that resume |
//! | `broadcasts` | which switchboards get a broadcast |
//! | `retirement` | retired and restored legs |
//! | `overrides` | overrides: set, clear, expire |

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod boards;
mod broadcasts;
mod overrides;
mod retirement;
mod world;

use crate::world::*;
use actix::{Arbiter, System};
use domain::ports::{Outcome, ReportSink, SinkError};
use domain::report::{Report, Source};
use gatecall_actors::hub::Limits;
use std::sync::atomic::Ordering;

#[test]
fn a_report_is_answered_and_shown_only_once_it_is_durable() {
    System::new().block_on(async {
        let world = world_with(log_with(0), Limits::default());
        let hub = world.hub.clone();
        let answer = actix_rt::spawn(async move { hub.accept(vec![scheduled("615")]).await });
        // The flight waits for the log, which waits for a permit.
        while world.hub.flights_len() == 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!answer.is_finished());
        assert!(world.hub.flight_snapshot(&key("615").id()).is_none());
        world.log.permits.add_permits(1);
        assert_eq!(answer.await.unwrap().unwrap(), [Outcome::Changed(1)]);
        assert_eq!(world.hub.flight_snapshot(&key("615").id()).unwrap().rev, 1);
    });
}

#[test]
fn a_failed_commit_changes_nothing_and_the_report_can_be_repeated() {
    run(async |world| {
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        world.log.fails.store(true, Ordering::SeqCst);
        let refused = world.hub.accept(vec![gate("615", 1, "12")]).await;
        assert!(matches!(refused, Err(SinkError::NotDurable(_))));
        assert_eq!(world.hub.flight_snapshot(&key("615").id()).unwrap().rev, 1);
        let unknown = world.hub.accept(vec![scheduled("616")]).await;
        assert!(matches!(unknown, Err(SinkError::NotDurable(_))));
        world.log.fails.store(false, Ordering::SeqCst);
        let answer = world.hub.accept(vec![gate("615", 1, "12"), scheduled("616")]).await.unwrap();
        assert_eq!(answer, [Outcome::Changed(2), Outcome::Changed(1)]);
    });
}

#[test]
fn outcomes_come_in_the_order_of_the_reports() {
    run(async |world| {
        let mut late = gate("617", 0, "9");
        late.observed_at = at(600);
        let reports =
            vec![scheduled("615"), late, gate("615", 1, "12"), scheduled("616"), gate("615", 1, "12")];
        let outcomes = world.hub.accept(reports).await.unwrap();
        assert_eq!(outcomes[0], Outcome::Changed(1));
        assert!(
            matches!(&outcomes[1], Outcome::Rejected(why) if why.contains("future")),
            "{:?}",
            outcomes[1]
        );
        assert_eq!(outcomes[2..], [Outcome::Changed(2), Outcome::Changed(1), Outcome::Unchanged]);
        assert_eq!(world.hub.flights_len(), 2, "a leg whose first report was rejected is removed");
    });
}

#[test]
fn flights_run_on_the_assigned_thread() {
    run(async |world| {
        let elsewhere = Arbiter::new();
        world.hub.run_flights_on(elsewhere.handle());
        let outcomes = world.hub.accept(vec![scheduled("615")]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Changed(1)]);
        elsewhere.stop();
        elsewhere.join().unwrap();
        let gone = world.hub.accept(vec![gate("615", 1, "3")]).await;
        assert!(gone.is_err(), "its thread has ended: {gone:?}");
        world.hub.run_flights_on(Arbiter::current());
        let outcomes = world.hub.accept(vec![gate("615", 1, "3")]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Changed(2)], "it continues from its last state");
    });
}

#[test]
fn reports_beyond_the_limit_in_flight_are_refused() {
    System::new().block_on(async {
        let limits = Limits { reports_under_way_max: 2, ..Limits::default() };
        let world = world_with(log_with(0), limits);
        let hub = world.hub.clone();
        let first =
            actix_rt::spawn(async move { hub.accept(vec![scheduled("615"), scheduled("616")]).await });
        while world.hub.flights_len() < 2 {
            tokio::task::yield_now().await;
        }
        let refused = world.hub.accept(vec![scheduled("617")]).await;
        assert!(matches!(refused, Err(SinkError::Full { limit: 2 })));
        world.log.permits.add_permits(MANY);
        first.await.unwrap().unwrap();
        assert!(world.hub.accept(vec![scheduled("617")]).await.is_ok());
    });
}

#[test]
fn reports_of_a_disconnected_sender_count_until_they_are_merged() {
    System::new().block_on(async {
        let limits = Limits { reports_under_way_max: 2, ..Limits::default() };
        let world = world_with(log_with(0), limits);
        let hub = world.hub.clone();
        let sent = actix_rt::spawn(async move { hub.accept(vec![scheduled("615"), scheduled("616")]).await });
        while world.hub.flights_len() < 2 {
            tokio::task::yield_now().await;
        }
        sent.abort();
        assert!(sent.await.unwrap_err().is_cancelled());
        assert_eq!(world.hub.metrics().reports_under_way.get(), 2);
        let refused = world.hub.accept(vec![scheduled("617")]).await;
        assert!(matches!(refused, Err(SinkError::Full { limit: 2 })));
        world.log.permits.add_permits(MANY);
        while world.hub.flight_snapshot(&key("616").id()).is_none()
            || world.hub.metrics().reports_under_way.get() > 0
        {
            tokio::task::yield_now().await;
        }
        assert!(world.hub.accept(vec![scheduled("617")]).await.is_ok());
    });
}

#[test]
fn concurrent_reports_keep_the_order_of_each_flight() {
    run(async |world| {
        let numbers: Vec<String> = (100..150).map(|n| n.to_string()).collect();
        world.hub.accept(numbers.iter().map(|n| scheduled(n)).collect()).await.unwrap();
        let rounds = (1..20).map(|minute| {
            let hub = world.hub.clone();
            let reports: Vec<_> = numbers.iter().map(|n| gate(n, minute, &format!("G{minute}"))).collect();
            async move { hub.accept(reports).await.unwrap() }
        });
        futures_util::future::join_all(rounds).await;
        for number in &numbers {
            let live = world.hub.flight_snapshot(&key(number).id()).unwrap();
            assert_eq!(live.view.departure.gate.as_deref(), Some("G19"));
            assert_eq!(live.rev, 20);
        }
    });
}

#[test]
fn a_corrected_number_keeps_the_leg() {
    run(async |world| {
        let named = |mut report: Report| {
            report.aliases = vec![domain::leg::Alias::provider("jfk", "6803787").unwrap()];
            report
        };
        world.hub.accept(vec![named(scheduled("615"))]).await.unwrap();
        let twice = vec![named(gate("651", 1, "12")), named(gate("651", 1, "12"))];
        let outcomes = world.hub.accept(twice).await.unwrap();
        assert_eq!(outcomes, [Outcome::Changed(2), Outcome::Unchanged]);
        assert_eq!(world.hub.flight_snapshot(&key("615").id()).unwrap().view.key, key("651"));
        let again = world.hub.accept(vec![gate("651", 2, "14")]).await.unwrap();
        assert_eq!(again, [Outcome::Changed(3)], "the corrected key is an alias");
        assert_eq!(world.hub.flights_len(), 1);
    });
}

#[test]
fn an_unshown_correction_is_reported_once() {
    run(async |world| {
        let by_fll = |mut report: Report| {
            let airport = domain::codes::Iata::parse("FLL").ok();
            let source = Source { name: "fll".into(), airport, ..(*report.source).clone() };
            report.source = source.into();
            report.aliases = vec![domain::leg::Alias::provider("fll", "5").unwrap()];
            report
        };
        world.hub.accept(vec![scheduled("615"), by_fll(scheduled("615"))]).await.unwrap();
        let twice = vec![by_fll(gate("651", 1, "12")), by_fll(gate("651", 1, "12"))];
        let outcomes = world.hub.accept(twice).await.unwrap();
        let corrects = Outcome::MergedUnderCorrectedKey { leg: key("615").id(), rev: Some(2) };
        assert_eq!(outcomes, [corrects, Outcome::Unchanged]);
        let live = world.hub.flight_snapshot(&key("615").id()).unwrap();
        assert_eq!((live.rev, live.view.key), (2, key("615")));
        // The first report of the other flight does not match this leg.
        assert_eq!(world.hub.accept(vec![scheduled("651")]).await.unwrap(), [Outcome::Changed(1)]);
        assert_eq!(world.hub.flights_len(), 2);
    });
}
