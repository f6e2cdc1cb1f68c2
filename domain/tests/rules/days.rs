//! Days, zones and the end of a leg's life.

use crate::story::*;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use gatecall_domain::airports::{local_day, local_time};
use gatecall_domain::field::{Field, Value};
use gatecall_domain::flight::Flight;
use gatecall_domain::leg::LegKey;

#[test]
fn a_flight_that_slips_past_midnight_keeps_its_origin_date_and_its_identifier() {
    // Off at 22:30 in New York, 03:30 UTC; it leaves at 00:40 local time of the next day.
    let reports = [
        times(&jfk(), "06:00", Field::DepartureScheduled, "+1 03:30"),
        times(&jfk(), "+1 02:00", Field::DepartureEstimated, "+1 05:35"),
        times(&jfk(), "+1 05:41", Field::DepartureActual, "+1 05:40"),
    ];
    let flight = flight(&reports);
    let view = flight.view();
    assert_eq!(flight.leg.as_str(), "B6-615-20130208-JFK-FLL");
    assert_eq!(view.key.origin_date, local_day(key().from, view.departure.scheduled.unwrap()));
    assert_ne!(view.key.origin_date, local_day(key().from, view.departure.actual.unwrap()));
    assert_eq!(view.delay_minutes(), Some(130));
}

#[test]
fn a_delay_across_the_change_to_summer_time_counts_minutes_and_not_clock_hands() {
    // 10 March 2013: New York's clocks go from 01:59 EST to 03:00 EDT.
    let instant = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let (scheduled, estimated) = (instant("2013-03-10T06:30:00Z"), instant("2013-03-10T07:10:00Z"));
    let mut flight =
        Flight::new(LegKey { origin_date: NaiveDate::from_ymd_opt(2013, 3, 10).unwrap(), ..key() });
    let mut report = says(&jfk(), "06:00", |r| {
        r.set(Field::DepartureScheduled, Value::Time(scheduled.timestamp()));
        r.set(Field::DepartureEstimated, Value::Time(estimated.timestamp()));
    });
    report.observed_at = scheduled;
    flight.apply(&report, scheduled).unwrap();
    let view = flight.view();
    assert_eq!((view.delay_minutes(), view.status.as_str()), (Some(40), "delayed"));
    let shown =
        |at: Option<DateTime<Utc>>| local_time(key().from, at.unwrap()).format("%H:%M %Z").to_string();
    assert_eq!(shown(view.departure.scheduled), "01:30 EST");
    assert_eq!(shown(view.departure.estimated), "03:10 EDT");
    assert_eq!(
        local_day(key().from, instant("2013-03-10T04:59:59Z")),
        NaiveDate::from_ymd_opt(2013, 3, 9).unwrap()
    );
    assert_eq!(
        local_day(key().from, instant("2013-03-11T03:59:59Z")),
        NaiveDate::from_ymd_opt(2013, 3, 10).unwrap()
    );
}

#[test]
fn a_leg_is_kept_for_a_day_after_its_last_time() {
    let flight = flight(&[schedule(), times(&fll(), "18:30", Field::ArrivalActual, "18:20")]);
    assert_eq!(flight.retires_at(), at("+1 18:20"));
}

#[test]
fn a_leg_without_times_is_kept_for_two_days() {
    assert_eq!(Flight::new(key()).retires_at(), at("+2 00:00"));
    assert_eq!(flight(&[word(&jfk(), "12:00", "cancelled")]).retires_at(), at("+2 00:00"));
}

#[test]
fn a_time_that_is_days_off_neither_keeps_a_leg_for_ever_nor_ends_it_at_birth() {
    let at_time = |clock| flight(&[times(&jfk(), "10:00", Field::DepartureEstimated, clock)]).retires_at();
    assert_eq!(at_time("+3 00:00"), at("+4 00:00"));
    assert_eq!(at_time("+90 00:00"), at("+4 00:00"));
    assert_eq!(at_time("+-400 00:00"), at("+1 00:00"));
}

#[test]
fn a_time_that_was_taken_away_keeps_no_leg() {
    let cleared = [
        times(&jfk(), "10:00", Field::DepartureEstimated, "+2 10:00"),
        clears(&jfk(), "11:00", Field::DepartureEstimated),
    ];
    assert_eq!(flight(&cleared).retires_at(), at("+2 00:00"));
}

#[test]
fn the_ends_of_the_calendar_are_days_like_any_other() {
    for origin_date in [NaiveDate::MIN, NaiveDate::MAX] {
        let flight = Flight::new(LegKey { origin_date, ..key() });
        assert!(flight.retires_at() - at("00:00") != TimeDelta::zero());
    }
}
