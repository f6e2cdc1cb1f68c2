//! Retired legs and restored legs.

use crate::world::*;
use actix::System;
use chrono::TimeDelta;
use domain::codes::Iata;
use domain::field::{Field, Value};
use domain::leg::Alias;
use domain::ports::{Outcome, ReportSink};
use gatecall_actors::hub::Limits;
use std::sync::Arc;

#[test]
fn a_retired_leg_does_not_come_back_even_with_a_later_time() {
    run(async |world| {
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        world.clock.advance(TimeDelta::days(2));
        assert_eq!(world.hub.retire_due(10).await, 1);
        let mut later = gate("615", 60 * 46, "9");
        let tomorrow = Value::time(Field::DepartureScheduled, at(60 * 72)).unwrap();
        later.set(Field::DepartureScheduled, tomorrow);
        let outcomes = world.hub.accept(vec![later]).await.unwrap();
        assert!(matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("retired")), "{outcomes:?}");
    });
}

#[test]
fn a_retired_leg_does_not_come_back_under_its_corrected_key() {
    for (airport, others_too) in [("JFK", true), ("FLL", false)] {
        run(async |world| {
            let named = |number: &str, minute| {
                let mut report = gate(number, minute, "9");
                Arc::make_mut(&mut report.source).airport = Iata::parse(airport).ok();
                report.aliases = vec![Alias::provider("jfk", "6803787").unwrap()];
                report
            };
            for report in [scheduled("615"), named("615", 1), named("617", 2)] {
                world.hub.accept(vec![report]).await.unwrap();
            }
            assert_eq!(world.hub.flights_len(), 1, "the number was corrected");
            assert!(world.hub.remove(&key("615").id()).await.unwrap());
            let outcomes = world.hub.accept(vec![named("617", 3)]).await.unwrap();
            assert!(
                matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("retired")),
                "{outcomes:?}"
            );
            let mut other = scheduled("617");
            Arc::make_mut(&mut other.source).name = "jetblue".into();
            let outcomes = world.hub.accept(vec![other]).await.unwrap();
            let is_refused = matches!(&outcomes[0], Outcome::Rejected(_));
            assert_eq!(is_refused, others_too, "by {airport}: {outcomes:?}");
        });
    }
}

#[test]
fn a_call_sign_finds_the_departure_nearest_to_now() {
    run(async |world| {
        let daily = |days: i64| {
            let mut report = report("615", 0);
            report.key.origin_date += TimeDelta::days(days);
            let leaves = Value::time(Field::DepartureScheduled, at(180 + 1440 * days)).unwrap();
            report.set(Field::DepartureScheduled, leaves);
            report.aliases = vec![Alias::call_sign("jfk", "JBU615").unwrap()];
            report
        };
        let tomorrow = daily(1).key.id();
        world.hub.accept((-1..=8).map(daily).collect()).await.unwrap();
        assert_eq!(world.hub.find_by_call_sign("JBU615"), Some(key("615").id()));
        world.clock.advance(TimeDelta::hours(16));
        assert_eq!(world.hub.find_by_call_sign("JBU615"), Some(tomorrow));
    });
}

#[test]
fn a_retired_leg_does_not_come_back_after_a_restart() {
    run(async |world| {
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        world.clock.advance(TimeDelta::hours(27));
        assert_eq!(world.hub.retire_due(10).await, 1);
        let an_hour_later = world.hub.clock().now() + TimeDelta::hours(1);
        let after = world_at(an_hour_later, world.log.clone(), Limits::default());
        assert_eq!(after.hub.restore().await.unwrap(), 0);
        // The airport repeats the belt. No time in the report is past, and neither is its day.
        let mut belt = report("615", 60 * 28);
        belt.set(Field::ArrivalBelt, Value::text(Field::ArrivalBelt, "4").unwrap());
        let outcomes = after.hub.accept(vec![belt]).await.unwrap();
        assert!(matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("retired")), "{outcomes:?}");
        assert!(after.hub.flight_snapshot(&key("615").id()).is_none());
    });
}

#[test]
fn stored_legs_are_restored_with_their_revisions() {
    System::new().block_on(async {
        let log = log_with(MANY);
        let before = world_with(log.clone(), Limits::default());
        before.hub.accept(vec![scheduled("615"), gate("615", 1, "12")]).await.unwrap();
        let after = world_with(log, Limits::default());
        assert_eq!(after.hub.restore().await.unwrap(), 1);
        assert_eq!(snapshot(&after.hub, &jfk(), None).await, (false, vec![(leg("615"), 2)]));
        let again = after.hub.accept(vec![gate("615", 1, "12"), gate("615", 2, "14")]).await.unwrap();
        assert_eq!(again, [Outcome::Unchanged, Outcome::Changed(3)]);
    });
}

#[test]
fn a_late_report_does_not_recreate_a_retired_flight() {
    run(async |world| {
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        world.clock.advance(TimeDelta::days(4));
        assert_eq!(world.hub.retire_due(10).await, 1);
        assert_eq!(world.hub.flights_len(), 0);
        let outcomes = world.hub.accept(vec![scheduled("615")]).await.unwrap();
        assert!(matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("over")), "{outcomes:?}");
        assert_eq!(world.hub.flights_len(), 0);
    });
}
