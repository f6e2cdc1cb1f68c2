//! Legs found by their other names.

use crate::story::*;
use gatecall_domain::alias::AliasIndex;
use gatecall_domain::codes::{AirlineCode, Designator, FlightNumber, Suffix};
use gatecall_domain::field::{Field, Value};
use gatecall_domain::flight::Flight;
use gatecall_domain::leg::{Alias, LegId, LegKey};
use gatecall_domain::report::{Report, Source};
use std::sync::Arc;

fn by(source: &Arc<Source>, key: LegKey, aliases: &[Alias]) -> Report {
    Report { key, source: source.clone(), aliases: aliases.to_vec(), ..schedule() }
}

fn named(key: LegKey, aliases: &[Alias]) -> Report {
    by(&jfk(), key, aliases)
}

fn id(text: &str) -> Alias {
    Alias::provider("jfk", text).unwrap()
}

fn call_sign() -> Alias {
    Alias::call_sign("jfk", "JBU615").unwrap()
}

fn corrected() -> LegKey {
    LegKey { number: FlightNumber::parse("617").unwrap(), ..key() }
}

fn known(reports: &[Report]) -> Flight {
    let mut flight = Flight::new(reports[0].key);
    reports.iter().for_each(|report| drop(flight.apply(report, now()).unwrap()));
    flight
}

fn index_of(flights: &[Flight]) -> AliasIndex {
    let mut index = AliasIndex::default();
    flights.iter().for_each(|flight| index.learn(flight));
    index
}

/// An index that knows B6 615 by a provider's identifier and its call sign.
fn index() -> AliasIndex {
    index_of(&[known(&[named(key(), &[id("42"), call_sign()])])])
}

fn later(report: Report, minutes: i64) -> Report {
    Report { observed_at: report.observed_at + chrono::TimeDelta::minutes(minutes), ..report }
}

fn leg() -> Option<LegId> {
    Some(key().id())
}

#[test]
fn the_departure_airports_number_of_a_flight_applies_to_all_sources() {
    let rekeyed = later(named(corrected(), &[id("42")]), 5);
    assert_eq!(index().resolve(&rekeyed), leg());
    assert_eq!(index().resolve(&by(&fll(), corrected(), &[])), None, "before it was learnt");
    let index = index_of(&[known(&[named(key(), &[id("42")]), rekeyed])]);
    for source in [jfk(), fll(), airline()] {
        assert_eq!(index.resolve(&by(&source, corrected(), &[])), leg());
        assert_eq!(index.resolve(&by(&source, key(), &[])), leg());
    }
    assert_eq!(index.len(), 1);
}

#[test]
fn a_feeds_names_of_a_flight_apply_only_to_its_own_reports() {
    let five = Alias::provider("fll", "5").unwrap();
    let first = by(&fll(), key(), std::slice::from_ref(&five));
    let rekeyed = later(by(&fll(), corrected(), &[five]), 5);
    let index = index_of(&[known(&[first, rekeyed])]);
    assert_eq!(index.resolve(&by(&fll(), corrected(), &[])), leg());
    for other in [jfk(), airline()] {
        assert_eq!(index.resolve(&by(&other, corrected(), &[])), None);
    }
}

#[test]
fn a_key_of_its_own_comes_before_every_alias() {
    let flights = [known(&[named(key(), &[id("42"), call_sign()])]), known(&[named(corrected(), &[])])];
    assert_eq!(
        index_of(&flights).resolve(&named(corrected(), &[id("42"), call_sign()])),
        Some(corrected().id())
    );
}

#[test]
fn no_source_can_use_anothers_identifiers_or_call_signs() {
    let icao = LegKey { carrier: AirlineCode::parse("JBX").unwrap(), ..key() };
    for (source, alias) in [
        (fll(), Alias::provider("fll", "42").unwrap()),
        (fll(), id("42")),
        (fll(), Alias::call_sign("fll", "JBU615").unwrap()),
        (fll(), call_sign()),
    ] {
        assert_eq!(index().resolve(&by(&source, icao, &[alias])), None);
    }
}

#[test]
fn an_identifier_that_comes_back_days_later_is_another_flight() {
    let days_later =
        |days| LegKey { origin_date: key().origin_date + chrono::TimeDelta::days(days), ..key() };
    assert_eq!(index().resolve(&named(days_later(1), &[id("42")])), leg(), "its date was corrected");
    assert_eq!(index().resolve(&named(days_later(2), &[id("42")])), None);
}

#[test]
fn an_identifier_of_each_days_flight_is_no_correction_of_the_date() {
    let today = known(&[named(key(), &[id("42")])]);
    let origin_date = key().origin_date.succ_opt().unwrap();
    let mut tomorrow = named(LegKey { origin_date, ..key() }, &[id("42")]);
    assert!(today.may_be_meant_by(&tomorrow), "planned at the same time");
    tomorrow.set(Field::DepartureScheduled, time("+1 15:00"));
    assert!(!today.may_be_meant_by(&tomorrow));
    assert_eq!(index().resolve_where(&tomorrow, |_| false), None);
}

#[test]
fn an_identifier_that_is_used_for_another_number_and_route_or_the_way_back_is_another_flight() {
    let route = LegKey { to: iata("MIA"), ..key() };
    assert_eq!(index().resolve(&named(route, &[id("42")])), leg(), "its route was corrected");
    let both = LegKey { to: iata("MIA"), ..corrected() };
    let back = LegKey { from: key().to, to: key().from, ..key() };
    for other in [both, back, LegKey { repeat: 1, ..key() }] {
        assert_eq!(index().resolve(&named(other, &[id("42")])), None, "{other:?}");
    }
}

#[test]
fn a_call_sign_finds_the_flight_under_another_code_of_its_carrier() {
    let by_icao_code = LegKey { carrier: AirlineCode::parse("JBX").unwrap(), ..key() };
    assert_eq!(index().resolve(&named(by_icao_code, &[call_sign()])), leg());
}

#[test]
fn a_call_sign_is_not_enough_for_another_day_route_suffix_or_attempt() {
    let icao = LegKey { carrier: AirlineCode::parse("JBX").unwrap(), ..key() };
    let others = [
        LegKey { origin_date: icao.origin_date.succ_opt().unwrap(), ..icao },
        LegKey { to: iata("MIA"), ..icao },
        LegKey { from: iata("LGA"), ..icao },
        LegKey { suffix: Some(Suffix::parse("A").unwrap()), ..icao },
        LegKey { repeat: 1, ..icao },
    ];
    for other in others {
        assert_eq!(index().resolve(&named(other, &[call_sign()])), None, "{other:?}");
    }
}

#[test]
fn a_call_sign_of_two_legs_finds_neither() {
    let flights = [known(&[named(key(), &[call_sign()])]), known(&[named(corrected(), &[call_sign()])])];
    let by_icao_code = LegKey { carrier: AirlineCode::parse("JBX").unwrap(), ..key() };
    assert_eq!(index_of(&flights).resolve(&named(by_icao_code, &[call_sign()])), None);
}

#[test]
fn a_search_finds_a_call_sign_of_any_source() {
    assert_eq!(index().called("JBU615"), leg().as_slice());
    let mut stored_before = known(&[named(key(), &[])]);
    stored_before.aliases.push(Alias::CallSign("JBU615".into()));
    assert_eq!(index_of(&[stored_before]).called("JBU615"), leg().as_slice());
    assert_eq!(index().called("JBU616"), []);
}

#[test]
fn the_call_sign_of_a_daily_flight_is_learnt_for_each_day_of_the_longest_horizon() {
    let day = |days| LegKey { origin_date: key().origin_date + chrono::TimeDelta::days(days), ..key() };
    let flights: Vec<_> = (0..32).map(|days| known(&[named(day(days), &[call_sign()])])).collect();
    let index = index_of(&flights);
    assert_eq!(index.called("JBU615").len(), 32);
    let icao = LegKey { carrier: AirlineCode::parse("JBX").unwrap(), ..day(31) };
    assert_eq!(index.resolve(&named(icao, &[call_sign()])), Some(day(31).id()));
}

#[test]
fn the_changing_names_of_one_source_leave_those_of_others() {
    let changing = (0..40).map(|n| Alias::provider("aaa", &format!("{n:02}")).unwrap());
    let signs = (0..40).map(|n| Alias::call_sign("aaa", &format!("AAA{n:02}")).unwrap());
    let mut all: Vec<Alias> = changing.chain(signs).collect();
    let own = [id("42"), call_sign()];
    for reversed in [false, true] {
        let mut flight = known(&[named(key(), &own)]);
        for alias in &all {
            flight.apply(&by(&source("aaa", None, 50), key(), std::slice::from_ref(alias)), now()).unwrap();
        }
        let kept: Vec<Alias> = flight.aliases.iter().filter(|alias| alias.is_of("aaa")).cloned().collect();
        let smallest = [
            Alias::provider("aaa", "00").unwrap(),
            Alias::provider("aaa", "01").unwrap(),
            Alias::call_sign("aaa", "AAA00").unwrap(),
        ];
        assert_eq!(kept, smallest, "reversed: {reversed}");
        assert!(own.iter().all(|alias| flight.aliases.contains(alias)), "{:?}", flight.aliases);
        all.reverse();
    }
}

#[test]
fn codeshares_never_find_a_leg() {
    let codeshare = Designator::parse("B6615").unwrap();
    let mut report = named(LegKey { carrier: AirlineCode::parse("EI").unwrap(), ..key() }, &[]);
    report.set(Field::Codeshares, Value::codeshares(vec![codeshare]).unwrap());
    report.set(Field::AircraftRegistration, text(Field::AircraftRegistration, "N503JB"));
    assert_eq!(index().resolve(&report), None);
}

#[test]
fn a_retired_leg_takes_its_names_with_it() {
    let rekeyed = later(named(corrected(), &[id("42")]), 5);
    let mut index = index_of(&[known(&[named(key(), &[id("42"), call_sign()]), rekeyed])]);
    index.retire(&key().id());
    for report in [named(key(), &[]), named(corrected(), &[id("42"), call_sign()])] {
        assert_eq!(index.resolve(&report), None);
    }
    assert!(index.is_empty() && index.names_len() == 0);
}

#[test]
fn a_leg_stored_with_an_airlines_other_code_is_found_by_the_present_one() {
    let stored = LegKey { carrier: AirlineCode::parse("JBU").unwrap(), repeat: 1, ..key() };
    let index = index_of(&[known(&[named(stored, &[])])]);
    assert_eq!(index.resolve(&by(&fll(), key(), &[])), Some(stored.id()));
}
