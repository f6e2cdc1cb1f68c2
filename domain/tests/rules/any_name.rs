//! The index of aliases under any sequence of what is learnt and retired.

use crate::story::*;
use gatecall_domain::alias::AliasIndex;
use gatecall_domain::codes::FlightNumber;
use gatecall_domain::flight::Flight;
use gatecall_domain::leg::{ALIASES_MAX, Alias, LegId, LegKey};
use gatecall_domain::report::Report;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Event {
    Reported(LegKey, Vec<Alias>),
    Retired(LegKey),
}

fn any_key() -> impl Strategy<Value = LegKey> {
    (1..12u16, 0..4i64).prop_map(|(number, days)| LegKey {
        number: FlightNumber::parse(&number.to_string()).unwrap(),
        origin_date: key().origin_date + chrono::TimeDelta::days(days),
        ..key()
    })
}

fn any_alias() -> impl Strategy<Value = Alias> {
    let provider = (select(vec!["jfk", "fll"]), 0..12u8)
        .prop_map(|(s, id)| Alias::provider(s, &id.to_string()).unwrap());
    let call_sign = (select(vec!["jfk", "fll"]), 0..6u8)
        .prop_map(|(s, n)| Alias::call_sign(s, &format!("JBU{n}")).unwrap());
    prop_oneof![provider, call_sign]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (any_key(), vec(any_alias(), 0..3)).prop_map(|(key, aliases)| Event::Reported(key, aliases)),
        1 => any_key().prop_map(Event::Retired),
    ]
}

fn report(key: LegKey, aliases: Vec<Alias>, minute: usize) -> Report {
    let observed_at = at("06:00") + chrono::TimeDelta::minutes(minute as i64);
    Report { key, aliases, observed_at, ..schedule() }
}

proptest! {
    #![proptest_config(effort())]

    #[test]
    fn reports_go_to_live_legs_alone_and_the_index_is_as_large_as_they_are(events in vec(event(), 1..120)) {
        let mut index = AliasIndex::default();
        let mut live: BTreeMap<LegId, Flight> = BTreeMap::new();
        for (minute, event) in events.into_iter().enumerate() {
            match event {
                Event::Reported(key, aliases) => {
                    let report = report(key, aliases, minute);
                    let found = index.resolve(&report);
                    prop_assert!(found.as_ref().is_none_or(|leg| live.contains_key(leg)));
                    prop_assert!(!live.contains_key(&key.id()) || found == Some(key.id()));
                    let leg = found.unwrap_or_else(|| key.id());
                    let flight = live.entry(leg.clone()).or_insert_with(|| Flight::new(key));
                    flight.apply(&report, now()).unwrap();
                    index.learn(flight);
                    // A leg of its own aside, the next report of this key goes where this one went, also
                    // after a restart.
                    prop_assert_eq!(index.resolve(&report), Some(leg.clone()));
                    let mut restored = AliasIndex::default();
                    live.values().for_each(|flight| restored.learn(flight));
                    prop_assert_eq!(restored.resolve(&report), Some(leg));
                }
                Event::Retired(key) => {
                    index.retire(&key.id());
                    live.remove(&key.id());
                }
            }
            prop_assert_eq!(index.len(), live.len());
            prop_assert!(index.names_len() <= live.len() * AliasIndex::NAMES_MAX);
        }
        live.keys().for_each(|leg| index.retire(leg));
        prop_assert_eq!((index.len(), index.names_len()), (0, 0));
    }

    #[test]
    fn the_names_that_a_leg_keeps_do_not_depend_on_their_order(
        names in vec((0..16u8, 0..4u8, any::<bool>()), 1..120).prop_shuffle()
    ) {
        let of = |(feed, n, is_sign): &(u8, u8, bool)| {
            let feed = format!("feed{feed}");
            let make = if *is_sign { Alias::call_sign } else { Alias::provider };
            make(&feed, &n.to_string()).unwrap()
        };
        let names: Vec<Alias> = names.iter().map(of).collect();
        let kept = |groups: Vec<Vec<Alias>>| {
            let mut flight = Flight::new(key());
            for aliases in groups {
                flight.apply(&report(key(), aliases, 0), now()).unwrap();
            }
            flight.aliases
        };
        let at_once = kept(vec![names.clone()]);
        prop_assert!(at_once.len() <= ALIASES_MAX);
        prop_assert_eq!(&kept(names.iter().map(|name| vec![name.clone()]).collect()), &at_once);
        prop_assert_eq!(&kept(names.iter().rev().map(|name| vec![name.clone()]).collect()), &at_once);
    }

    #[test]
    fn a_source_that_invents_names_fills_nothing(names in vec("[a-z0-9]{1,8}", 1..200)) {
        let (mut index, mut flight) = (AliasIndex::default(), Flight::new(key()));
        for (minute, name) in names.into_iter().enumerate() {
            let report = report(key(), vec![Alias::provider("jfk", &name).unwrap()], minute);
            flight.apply(&report, now()).unwrap();
            index.learn(&flight);
        }
        prop_assert!(index.names_len() <= AliasIndex::NAMES_MAX);
    }
}
