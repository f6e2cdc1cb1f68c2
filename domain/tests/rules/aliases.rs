//! Legs found by their other names.

use crate::story::*;
use gatecall_domain::alias::AliasIndex;
use gatecall_domain::codes::{AirlineCode, Designator, FlightNumber, Suffix};
use gatecall_domain::field::{Field, Value};
use gatecall_domain::leg::{Alias, LegKey};
use gatecall_domain::report::Report;

fn named(key: LegKey, aliases: &[Alias]) -> Report {
    Report { key, aliases: aliases.to_vec(), ..schedule() }
}

fn id(text: &str) -> Alias {
    Alias::provider("jfk", text).unwrap()
}

fn call_sign() -> Alias {
    Alias::call_sign("JBU615").unwrap()
}

fn corrected() -> LegKey {
    LegKey { number: FlightNumber::parse("617").unwrap(), ..key() }
}

/// An index that knows B6 615 by a provider's identifier and its call sign.
fn index() -> AliasIndex {
    let mut index = AliasIndex::default();
    index.learn(&key().id(), &key(), &[id("42"), call_sign()]);
    index
}

#[test]
fn a_providers_corrected_key_stays_the_same_leg_for_everybody() {
    let mut index = index();
    let rekeyed = named(corrected(), &[id("42")]);
    assert_eq!(index.resolve(&rekeyed), Some(key().id()));
    assert_eq!(index.resolve(&named(corrected(), &[])), None, "before it was learnt");
    index.learn(&key().id(), &rekeyed.key, &rekeyed.aliases);
    assert_eq!(index.resolve(&named(corrected(), &[])), Some(key().id()));
    assert_eq!(index.resolve(&named(key(), &[])), Some(key().id()));
    assert_eq!(index.len(), 1);
}

#[test]
fn a_key_of_its_own_comes_before_every_alias() {
    let mut index = index();
    index.learn(&corrected().id(), &corrected(), &[]);
    assert_eq!(index.resolve(&named(corrected(), &[id("42"), call_sign()])), Some(corrected().id()));
}

#[test]
fn no_source_speaks_for_anothers_identifiers() {
    assert_eq!(index().resolve(&named(corrected(), &[Alias::provider("ewr", "42").unwrap()])), None);
}

#[test]
fn an_identifier_that_comes_back_days_later_is_another_flight() {
    let days_later =
        |days| LegKey { origin_date: key().origin_date + chrono::TimeDelta::days(days), ..key() };
    assert_eq!(
        index().resolve(&named(days_later(1), &[id("42")])),
        Some(key().id()),
        "its date was corrected"
    );
    assert_eq!(index().resolve(&named(days_later(2), &[id("42")])), None);
}

#[test]
fn a_call_sign_finds_the_flight_under_another_code_of_its_carrier() {
    let by_icao_code = LegKey { carrier: AirlineCode::parse("JBU").unwrap(), ..key() };
    assert_eq!(index().resolve(&named(by_icao_code, &[call_sign()])), Some(key().id()));
}

#[test]
fn a_call_sign_is_not_enough_for_another_day_route_suffix_or_attempt() {
    let icao = LegKey { carrier: AirlineCode::parse("JBU").unwrap(), ..key() };
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
    let mut index = index();
    index.learn(&corrected().id(), &corrected(), &[call_sign()]);
    let by_icao_code = LegKey { carrier: AirlineCode::parse("JBU").unwrap(), ..key() };
    assert_eq!(index.resolve(&named(by_icao_code, &[call_sign()])), None);
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
    let mut index = index();
    index.learn(&key().id(), &corrected(), &[]);
    index.retire(&key().id());
    for report in [named(key(), &[]), named(corrected(), &[id("42"), call_sign()])] {
        assert_eq!(index.resolve(&report), None);
    }
    assert!(index.is_empty() && index.names_len() == 0);
}

#[test]
fn a_correction_is_told_once_and_another_code_or_a_call_sign_is_none() {
    let mut index = index();
    let leg = key().id();
    let rekeyed = named(corrected(), &[id("42")]);
    assert_eq!(index.corrects(&rekeyed, &leg), Some(key()));
    let icao = LegKey { carrier: AirlineCode::parse("JBU").unwrap(), ..key() };
    for same in [named(key(), &[id("42")]), named(icao, &[id("42")]), named(corrected(), &[call_sign()])] {
        assert_eq!(index.corrects(&same, &leg), None);
    }
    for other in
        [LegKey { to: iata("MIA"), ..key() }, LegKey { origin_date: at("+1 00:00").date_naive(), ..key() }]
    {
        assert_eq!(index.corrects(&named(other, &[id("42")]), &leg), Some(key()));
    }
    index.learn(&leg, &rekeyed.key, &rekeyed.aliases);
    assert_eq!(index.corrects(&rekeyed, &leg), None);
}

#[test]
fn an_identifier_leads_to_no_other_attempt() {
    let again = LegKey { repeat: 1, ..key() };
    assert_eq!(index().resolve(&named(again, &[id("42")])), None);
}
