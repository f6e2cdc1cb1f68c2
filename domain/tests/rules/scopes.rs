//! What a feed is believed for.

use crate::story::*;
use gatecall_domain::codes::AirlineCode;
use gatecall_domain::field::{Field, Step, Value};
use gatecall_domain::flight::Flight;
use gatecall_domain::leg::LegKey;
use gatecall_domain::report::{Report, Source};
use gatecall_domain::scope::{Horizon, OutOfScope, PassesOn, Scope, SpeaksFor};
use std::sync::Arc;

fn scoped(source: &Arc<Source>, scope: Scope) -> Arc<Source> {
    Arc::new(Source { scope, ..(**source).clone() })
}

/// An airport's feed as it is by default.
fn airport(source: &Arc<Source>) -> Arc<Source> {
    scoped(source, Scope { speaks_for: SpeaksFor::Airport, ..Scope::default() })
}

fn with_movements(source: &Arc<Source>) -> Arc<Source> {
    let passes_on = PassesOn::Movements;
    scoped(source, Scope { speaks_for: SpeaksFor::Airport, passes_on, ..Scope::default() })
}

/// Everything that one report can contain.
fn everything(source: &Arc<Source>, observed: &str) -> Report {
    says(source, observed, |r| {
        for (field, _, kind, _) in Field::TABLE {
            use gatecall_domain::field::FieldKind;
            let value = match kind {
                FieldKind::Text(_) => text(*field, "9"),
                FieldKind::Time => time("14:00"),
                FieldKind::Step if *field == Field::DepartureStep => step(Step::Boarding),
                FieldKind::Step => step(Step::Landed),
                FieldKind::Flag => Value::Flag(true),
                FieldKind::Airport => Value::Airport(iata("MIA")),
                FieldKind::Codeshares => Value::codeshares(Vec::new()).unwrap(),
            };
            r.set(*field, value);
        }
    })
}

fn said(mut report: Report) -> (usize, Vec<Field>) {
    let left_out = report.confine(now()).unwrap();
    let again = report.clone();
    assert_eq!(report.confine(now()), Ok(0), "confined twice");
    assert_eq!(report, again);
    (left_out, report.statements.iter().map(|s| s.field).collect())
}

#[test]
fn an_airport_covers_its_own_side_and_the_flight_as_a_whole() {
    use gatecall_domain::field::Side;
    for (source, own, other) in
        [(jfk(), Side::Departure, Side::Arrival), (fll(), Side::Arrival, Side::Departure)]
    {
        let (left_out, fields) = said(everything(&airport(&source), "15:00"));
        let all = |side| Field::TABLE.iter().filter(move |row| row.3 == side).map(|row| row.0);
        assert!(all(own).chain(all(Side::Whole)).all(|field| fields.contains(&field)));
        let of_other: Vec<_> = fields.iter().copied().filter(|field| field.side() == other).collect();
        let planned = match other {
            Side::Arrival => vec![Field::ArrivalScheduled],
            // Its step only ends the feed's own statement on the arrival's delay.
            _ => vec![Field::DepartureScheduled, Field::DepartureStep],
        };
        assert_eq!(of_other, planned);
        assert!(left_out >= all(other).count() - planned.len());
    }
}

#[test]
fn movements_are_passed_on_where_it_is_configured() {
    let (_, fields) = said(everything(&with_movements(&jfk()), "15:00"));
    let of_arrival: Vec<_> = fields.into_iter().filter(|f| f.name().starts_with("arrival.")).collect();
    use Field::{ArrivalActual, ArrivalEstimated, ArrivalLanded, ArrivalScheduled, ArrivalStep};
    assert_eq!(of_arrival, [ArrivalScheduled, ArrivalEstimated, ArrivalLanded, ArrivalActual, ArrivalStep]);
    let nothing = Scope { speaks_for: SpeaksFor::Airport, passes_on: PassesOn::Nothing, ..Scope::default() };
    let (_, fields) = said(everything(&scoped(&jfk(), nothing), "15:00"));
    assert!(fields.iter().all(|field| !field.name().starts_with("arrival.")));
}

#[test]
fn an_airport_cannot_report_on_flights_between_others() {
    let mut report = word(&airport(&source("lga", Some("LGA"), 50)), "15:00", "cancelled");
    let refused = report.confine(now()).unwrap_err();
    assert_eq!(refused.word(), "other_airport");
    assert!(refused.to_string().contains("flights from and to LGA"), "{refused}");
}

#[test]
fn an_airlines_feed_covers_both_sides_of_its_flights_only() {
    let of = |code: &str| {
        let airlines = [AirlineCode::parse(code).unwrap()].into();
        let scope = Scope { speaks_for: SpeaksFor::Airlines(airlines), ..Scope::default() };
        everything(&scoped(&airline(), scope), "15:00").confine(now())
    };
    assert_eq!(of("B6"), Ok(0));
    assert!(matches!(of("DL"), Err(OutOfScope::OtherAirline { .. })));
    for text in ["airport", "all", "airline:B6", "airline:B6,EI"] {
        assert_eq!(text.parse::<SpeaksFor>().unwrap().to_string(), text);
    }
    for text in ["", "airline:", "airline:B", "everybody", "airline:B6;EI"] {
        assert!(text.parse::<SpeaksFor>().is_err(), "{text}");
    }
}

#[test]
fn a_flight_beyond_the_horizon_is_refused() {
    let horizon = Some(Horizon { past_days: 2, future_days: 3 });
    let source = scoped(&airline(), Scope { horizon, ..Scope::default() });
    let on = |days: i64| {
        let origin_date = now().date_naive() + chrono::TimeDelta::days(days);
        Report { key: LegKey { origin_date, ..key() }, ..says(&source, "15:00", |_| {}) }.confine(now())
    };
    assert_eq!((on(-2), on(0), on(3)), (Ok(0), Ok(0), Ok(0)));
    assert_eq!(on(-3).unwrap_err().word(), "too_long_ago");
    let far = on(4).unwrap_err();
    assert_eq!(far.word(), "too_far_ahead");
    assert!(far.to_string().contains("4 days ahead, and this feed speaks of 3 (horizon_days.future)"));
}

/// The flight after these reports, each confined as on its way in.
fn confined(reports: &[Report]) -> Flight {
    let within = |report: &Report| {
        let mut report = report.clone();
        report.confine(now()).unwrap();
        report
    };
    let all: Vec<_> = reports.iter().map(within).collect();
    let (forwards, backwards) = (flight(&all), flight(&all.into_iter().rev().collect::<Vec<_>>()));
    assert_eq!(forwards.view(), backwards.view(), "in another order");
    forwards
}

#[test]
fn a_planned_time_is_passed_on_until_anybody_else_gives_one() {
    let schedule = Report { source: airport(&jfk()), ..schedule() };
    let arrives = |reports: &[Report]| confined(reports).view().arrival.scheduled.unwrap();
    assert_eq!(arrives(std::slice::from_ref(&schedule)), at("18:00"));
    let weak = source("broker", None, 1);
    for other in [airport(&fll()), weak] {
        let earlier = times(&other, "05:00", Field::ArrivalScheduled, "18:10");
        assert_eq!(arrives(&[schedule.clone(), earlier]), at("18:10"));
    }
    let gate = texts(&airport(&fll()), "07:00", Field::ArrivalGate, "C9");
    assert_eq!(arrives(&[schedule, gate]), at("18:00"), "a gate gives no time");
}

#[test]
fn a_passed_on_movement_counts_until_the_other_airport_reports() {
    let jfk = with_movements(&jfk());
    let schedule = Report { source: jfk.clone(), ..schedule() };
    let landed = word(&jfk, "18:00", "landed");
    let status = |reports: &[Report]| confined(reports).view().status.as_str();
    assert_eq!(status(&[schedule.clone(), landed.clone()]), "landed");
    let gate = texts(&airport(&fll()), "07:00", Field::ArrivalGate, "C9");
    assert_eq!(status(&[schedule.clone(), landed.clone(), gate.clone()]), "scheduled");
    let on_block = times(&airport(&fll()), "18:20", Field::ArrivalActual, "18:18");
    assert_eq!(status(&[schedule, landed, gate, on_block]), "arrived");
}

#[test]
fn an_arrival_that_is_late_at_its_airport_is_late_until_that_takes_it_back() {
    let fll = airport(&fll());
    let late = word(&fll, "15:00", "delayed");
    let status = |reports: &[Report]| confined(reports).view().status.as_str();
    assert_eq!(status(std::slice::from_ref(&late)), "delayed");
    for word_of_end in ["scheduled", "airborne", "boarding"] {
        assert_eq!(status(&[late.clone(), word(&fll, "15:10", word_of_end)]), "scheduled", "{word_of_end}");
    }
    let boards = word(&airport(&jfk()), "14:50", "boarding");
    assert_eq!(status(&[late, boards]), "boarding", "the departure airport has spoken of its side");
}

#[test]
fn only_the_two_airports_may_cancel_and_divert() {
    for end in [jfk(), fll()] {
        let off = word(&airport(&end), "12:00", "cancelled");
        assert_eq!(confined(&[off]).view().status.as_str(), "cancelled");
        let away = word(&airport(&end), "16:00", "diverted");
        assert_eq!(confined(&[away]).view().status.as_str(), "diverted");
    }
    let mut elsewhere = word(&airport(&source("bos", Some("BOS"), 99)), "12:00", "cancelled");
    assert!(elsewhere.confine(now()).is_err());
}
