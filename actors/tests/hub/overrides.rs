//! Overrides: set, clear, expire.

use crate::broadcasts::{kinds, switchboard};
use crate::world::*;
use actix::System;
use chrono::{DateTime, TimeDelta, Utc};
use domain::clock::Clock;
use domain::field::{Field, Value};
use domain::flight::{Flight, Override};
use domain::leg::LegKey;
use domain::ports::{Outcome, ReportSink, SinkError};
use gatecall_actors::flight::OverrideOutcome;
use gatecall_actors::hub::{ExpiredOverrides, Limits, OperatorError};
use std::io::Write as _;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn order(gate: &str, now: DateTime<Utc>, minutes: i64) -> Override {
    Override {
        field: Field::DepartureGate,
        value: Some(Value::text(Field::DepartureGate, gate).unwrap()),
        set_by: "operator".into(),
        set_at: now,
        until: now + TimeDelta::minutes(minutes),
    }
}

impl World {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn gate(&self) -> (u64, Option<String>) {
        let live = self.hub.flight_snapshot(&key("615").id()).unwrap();
        (live.rev, live.view.departure.gate.as_deref().map(str::to_owned))
    }
}

fn shown(rev: u64, gate: &str) -> (u64, Option<String>) {
    (rev, Some(gate.to_owned()))
}

#[test]
fn an_override_hides_the_sources_until_it_is_cleared() {
    run(async |world| {
        let received = Arc::<Mutex<_>>::default();
        let number = world.hub.add_switchboard(switchboard(&received)).unwrap();
        world.hub.set_follower(&jfk(), number, true);
        let leg = key("615").id();
        world.hub.accept(vec![scheduled("615"), gate("615", 1, "12")]).await.unwrap();
        let taken = world.hub.set_override(&leg, order("B9", world.now(), 60)).await.unwrap();
        assert_eq!((taken, world.gate()), (OverrideOutcome::Shown(3), shown(3, "B9")));
        let outcomes = world.hub.accept(vec![gate("615", 2, "14")]).await.unwrap();
        assert_eq!((outcomes, world.gate()), (vec![Outcome::Unchanged], shown(3, "B9")));
        let longer = world.hub.set_override(&leg, order("B9", world.now(), 90)).await.unwrap();
        assert_eq!(longer, OverrideOutcome::Stored, "a later end is stored and not shown");
        let given = world.hub.clear_override(&leg, Field::DepartureGate, "operator".into()).await.unwrap();
        assert_eq!((given, world.gate()), (OverrideOutcome::Shown(4), shown(4, "14")));
        let again = world.hub.clear_override(&leg, Field::DepartureGate, "operator".into()).await.unwrap();
        assert_eq!(again, OverrideOutcome::Unchanged);
        assert_eq!(kinds(&received), ["state", "change", "change", "change"]);
    });
}

#[test]
fn an_unknown_leg_has_no_overrides() {
    run(async |world| {
        let refused = world.hub.set_override(&key("615").id(), order("B9", world.now(), 60)).await;
        assert!(matches!(refused, Err(OperatorError::UnknownLeg)), "{refused:?}");
        assert_eq!(world.hub.flights_len(), 0);
    });
}

#[test]
fn a_failed_override_is_not_shown_and_can_be_repeated() {
    run(async |world| {
        let leg = key("615").id();
        world.hub.accept(vec![gate("615", 1, "12")]).await.unwrap();
        world.log.fails.store(true, Ordering::SeqCst);
        let refused = world.hub.set_override(&leg, order("B9", world.now(), 60)).await;
        assert!(matches!(refused, Err(OperatorError::Unavailable(SinkError::NotDurable(_)))), "{refused:?}");
        assert_eq!(world.gate(), shown(1, "12"));
        world.log.fails.store(false, Ordering::SeqCst);
        world.hub.set_override(&leg, order("B9", world.now(), 60)).await.unwrap();
        assert_eq!(world.gate(), shown(2, "B9"));
        world.hub.stop_admitting();
        let refused = world.hub.clear_override(&leg, Field::DepartureGate, "operator".into()).await;
        assert!(matches!(refused, Err(OperatorError::Unavailable(SinkError::Stopping))), "{refused:?}");
    });
}

#[test]
fn overrides_expire_within_the_limit_and_again_after_a_failure() {
    run(async |world| {
        for number in ["615", "616", "617"] {
            world.hub.accept(vec![gate(number, 1, "12")]).await.unwrap();
            world.hub.set_override(&key(number).id(), order("B9", world.now(), 60)).await.unwrap();
        }
        world.hub.set_override(&key("617").id(), order("B9", world.now(), 600)).await.unwrap();
        assert_eq!(world.hub.expire_overrides(10).await, ExpiredOverrides::default());
        world.clock.advance(TimeDelta::minutes(60));
        world.log.fails.store(true, Ordering::SeqCst);
        assert_eq!(world.hub.expire_overrides(10).await, ExpiredOverrides { ended: 0, failed: 2 });
        assert_eq!(world.gate(), shown(2, "B9"));
        world.log.fails.store(false, Ordering::SeqCst);
        assert_eq!(world.hub.expire_overrides(1).await, ExpiredOverrides { ended: 1, failed: 0 });
        assert_eq!(world.hub.expire_overrides(10).await, ExpiredOverrides { ended: 1, failed: 0 });
        assert_eq!(world.hub.expire_overrides(10).await, ExpiredOverrides::default());
        assert_eq!(world.gate(), shown(3, "12"));
        assert_eq!(world.hub.flight_snapshot(&key("617").id()).unwrap().rev, 2, "it is not due");
    });
}

#[test]
fn an_override_survives_a_restart_and_expires_after_it() {
    System::new().block_on(async {
        let log = log_with(MANY);
        let before = world_with(log.clone(), Limits::default());
        before.hub.accept(vec![gate("615", 1, "12")]).await.unwrap();
        before.hub.set_override(&key("615").id(), order("B9", before.now(), 60)).await.unwrap();
        let after = world_with(log, Limits::default());
        after.hub.restore().await.unwrap();
        assert_eq!(after.gate(), shown(2, "B9"));
        after.clock.advance(TimeDelta::hours(1));
        assert_eq!(after.hub.expire_overrides(10).await.ended, 1);
        assert_eq!(after.gate(), shown(3, "12"));
    });
}

#[test]
#[ignore = "a measurement: cargo test --release -p gatecall-actors --test hub -- --ignored --nocapture"]
fn a_scan_for_due_overrides_takes_milliseconds_for_100_000_flights() {
    const FLIGHTS: u32 = 100_000;
    const ROUNDS: u32 = 20;
    System::new().block_on(async {
        let log = log_with(MANY);
        let mut one = Flight::new(key("615"));
        one.apply(&gate("615", 1, "12"), at(1)).unwrap();
        for n in 0..FLIGHTS {
            let number = domain::codes::FlightNumber::parse(&(1 + n % 9_000).to_string()).unwrap();
            let flight_key = LegKey { number, repeat: (n / 9_000) as u8, ..key("615") };
            let flight = Flight { leg: flight_key.id(), key: flight_key, ..one.clone() };
            log.kept.lock().unwrap().insert(flight.leg.clone(), flight);
        }
        let world = world_with(log, Limits::default());
        assert_eq!(world.hub.restore().await.unwrap(), FLIGHTS as usize);
        let began = tokio::time::Instant::now();
        for _ in 0..ROUNDS {
            assert_eq!(world.hub.expire_overrides(100).await, ExpiredOverrides::default());
        }
        let round = began.elapsed() / ROUNDS;
        writeln!(std::io::stderr(), "a scan of {FLIGHTS} flights takes {round:?}").unwrap();
        assert!(round < Duration::from_millis(50), "{round:?}");
    });
}
