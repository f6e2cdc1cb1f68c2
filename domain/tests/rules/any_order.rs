//! Any reports of any sources, in any order of arrival.

use crate::story::*;
use chrono::{DateTime, TimeDelta, Utc};
use gatecall_domain::change::Change;
use gatecall_domain::codes::{Designator, FlightNumber};
use gatecall_domain::field::{Field, FieldKind, Side, Step, Value};
use gatecall_domain::flight::{Applied, Flight, Override};
use gatecall_domain::leg::{Alias, LegKey};
use gatecall_domain::report::{Confidence, Report, ReportedStatus, Source, Statement};
use gatecall_domain::view::{Fact, FlightView};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::sync::Arc;

/// The departure airport, the arrival airport, the airline and a data broker that are equals, a
/// stronger and a weaker one, a departure feed of the same airport that is no stronger than the first,
/// and secondary sources, which are heard from the leg's first revision on. The radar's feed is now one of
/// them and now not, as when the configuration changes.
fn sources() -> Vec<Arc<Source>> {
    vec![
        jfk(),
        fll(),
        airline(),
        source("broker", None, 50),
        source("aviation", None, 70),
        source("radar", None, 10),
        source("jfk-screens", Some("JFK"), 50),
        secondary("radar", 10),
        secondary("spotter", 10),
        secondary("tracker", 60),
    ]
}

/// A few minutes, so that sources often speak at the same instant.
fn minute() -> impl Strategy<Value = DateTime<Utc>> {
    (0..8i64).prop_map(|minute| at("15:00") + TimeDelta::minutes(minute))
}

fn value_of(field: Field) -> BoxedStrategy<Value> {
    match field.kind() {
        FieldKind::Text(_) => select(vec!["1", "2", "3"]).prop_map(move |t| text(field, t)).boxed(),
        FieldKind::Time if field.is_event() => (-40..5i64).prop_map(minutes_from_three).boxed(),
        FieldKind::Time => prop_oneof![-60..120i64, Just(60 * 37)].prop_map(minutes_from_three).boxed(),
        FieldKind::Step => select(Step::WORDS.to_vec()).prop_map(|(step, _)| Value::Step(step)).boxed(),
        FieldKind::Flag => any::<bool>().prop_map(Value::Flag).boxed(),
        FieldKind::Airport => {
            select(vec!["FLL", "MIA", "PBI"]).prop_map(|code| Value::Airport(iata(code))).boxed()
        }
        FieldKind::Codeshares => subsequence(vec!["EI5105", "LY8015", "B69"], 0..=3)
            .prop_map(|list| list.into_iter().map(|flight| Designator::parse(flight).unwrap()).collect())
            .prop_map(|list: Vec<_>| Value::codeshares(list).unwrap())
            .boxed(),
    }
}

fn minutes_from_three(minutes: i64) -> Value {
    Value::Time((at("15:00") + TimeDelta::minutes(minutes)).timestamp())
}

fn field() -> impl Strategy<Value = Field> {
    select(Field::TABLE.iter().map(|row| row.0).collect::<Vec<_>>())
}

fn statement() -> impl Strategy<Value = (Field, Option<Value>)> {
    field().prop_flat_map(|field| (Just(field), proptest::option::weighted(0.8, value_of(field))))
}

fn status_word() -> impl Strategy<Value = ReportedStatus> {
    let flags = [ReportedStatus::Cancelled, ReportedStatus::Reinstated, ReportedStatus::Diverted];
    select(Step::WORDS.iter().map(|(step, _)| ReportedStatus::Step(*step)).chain(flags).collect::<Vec<_>>())
}

/// Any report; without a time of the source, its time is that of receipt.
fn report() -> impl Strategy<Value = Report> {
    let said =
        (vec(statement(), 0..5), proptest::option::weighted(0.4, status_word()), vec(statement(), 0..2));
    let names = vec(select(vec!["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]), 0..2);
    (select(sources()), minute(), proptest::option::of(0..600i64), said, names).prop_map(
        |(source, received_at, lag_s, (statements, word, fallback_statements), names)| {
            let mut report = says(&source, "15:00", |report| {
                statements.into_iter().for_each(|(field, value)| match value {
                    Some(value) => report.set(field, value),
                    None => report.clear(field),
                });
                report.observed_at = received_at;
                word.into_iter().for_each(|word| report.status(word));
                for (field, value) in fallback_statements {
                    report.state(Confidence::Fallback, Statement { field, value });
                }
            });
            report.received_at = received_at + TimeDelta::seconds(lag_s.unwrap_or(0));
            report.aliases = names.iter().map(|id| Alias::provider(&source.name, id).unwrap()).collect();
            report
        },
    )
}

/// Any report, of the flight's first key or of a correction of it.
fn rekeyed_report() -> impl Strategy<Value = Report> {
    let number = LegKey { number: FlightNumber::parse("617").unwrap(), ..key() };
    let keys = vec![key(), key(), key(), number, LegKey { to: iata("MIA"), ..key() }];
    (report(), select(keys)).prop_map(|(report, key)| Report { key, ..report })
}

/// Any reports, the first of which creates the leg.
fn reports() -> impl Strategy<Value = Vec<Report>> {
    vec(report(), 1..16).prop_map(|reports| [vec![schedule()], reports].concat())
}

/// The same reports twice: in one order, and in another with some of them repeated. Any order, but
/// for the report that makes the leg known where there are secondary sources among them.
fn two_orders() -> impl Strategy<Value = (Vec<Report>, Vec<Report>)> {
    vec(rekeyed_report(), 1..16).prop_flat_map(|reports| {
        let repeats = subsequence(reports.clone(), 0..=reports.len());
        let again = repeats.prop_map({
            let reports = reports.clone();
            move |repeats| [reports.clone(), repeats].concat()
        });
        let all_create = reports.iter().all(|report| report.source.creates);
        let known = if all_create { Vec::new() } else { vec![schedule()] };
        let before = known.clone();
        let otherwise = again.prop_shuffle().prop_map(move |again| [before.clone(), again].concat());
        (Just([known, reports].concat()), otherwise)
    })
}

/// All that must not depend on the order: what is shown, on whose word, and the names. Not the
/// number of the revision, nor when things came.
fn settled(flight: &Flight) -> (FlightView, Flight) {
    let mut settled = Flight { rev: 0, changed_at: DateTime::UNIX_EPOCH, created_by: None, ..flight.clone() };
    let words = settled.claims.iter_mut().chain(&mut settled.fallback_claims);
    words.for_each(|(_, claim)| claim.received_at = DateTime::UNIX_EPOCH);
    (flight.view(), settled)
}

fn changes(reports: &[Report]) -> (Flight, Vec<Change>) {
    let mut flight = Flight::new(key());
    let changes = reports.iter().filter_map(|report| match flight.apply(report, now()).unwrap() {
        Applied::Changed(change) => Some(change),
        Applied::Unchanged | Applied::Confirmed => None,
    });
    let changes = changes.collect();
    (flight, changes)
}

/// Fields that show that an airport has seen a flight.
const SEEN: [Field; 6] = [
    Field::DepartureActual,
    Field::DepartureAirborne,
    Field::DepartureStep,
    Field::ArrivalLanded,
    Field::ArrivalActual,
    Field::ArrivalStep,
];

/// Other fields that show that a flight operates.
const OPERATES: [Field; 4] =
    [Field::Operated, Field::DepartureBoarding, Field::DepartureFinalCall, Field::ArrivalFirstBag];

fn cancels(report: &Report) -> bool {
    report.all_statements().any(|(_, s)| s.field == Field::Cancelled && s.value == Some(Value::Flag(true)))
}

fn strongest(side: Side) -> Arc<Source> {
    source("operator", Some(if side == Side::Arrival { "FLL" } else { "JFK" }), 99)
}

proptest! {
    #![proptest_config(effort())]

    #[test]
    fn any_order_repetition_and_interleaving_ends_in_the_same_state((reports, otherwise) in two_orders()) {
        prop_assert_eq!(settled(&flight(&reports)), settled(&flight(&otherwise)));
    }

    #[test]
    fn repeated_reports_of_corrected_keys_change_nothing((reports, _) in two_orders()) {
        let mut flight = flight(&reports);
        let before = flight.clone();
        for report in &reports {
            prop_assert_eq!(flight.apply(report, now()), Ok(Applied::Unchanged));
        }
        prop_assert_eq!(flight, before);
    }

    #[test]
    fn revisions_rise_by_one_with_each_change_and_not_otherwise(reports in reports()) {
        let mut flight = Flight::new(key());
        for report in &reports {
            let before = flight.clone();
            match flight.apply(report, now()).unwrap() {
                Applied::Changed(change) => {
                    prop_assert_eq!((change.rev, flight.rev), (before.rev + 1, before.rev + 1));
                    prop_assert_eq!(change.before.as_deref().cloned(), (before.rev > 0).then(|| before.view()));
                    prop_assert_eq!(&*change.after, &flight.view());
                    prop_assert!(before.rev == 0 || before.view() != flight.view());
                }
                Applied::Confirmed => {
                    prop_assert_eq!((flight.rev, flight.changed_at), (before.rev, before.changed_at));
                    prop_assert_eq!(flight.view(), before.view());
                }
                Applied::Unchanged => prop_assert_eq!(&flight, &before),
            }
        }
    }

    #[test]
    fn repeated_reports_change_nothing(reports in reports()) {
        let mut flight = flight(&reports);
        let before = flight.clone();
        for report in &reports {
            prop_assert_eq!(flight.apply(report, now()), Ok(Applied::Unchanged));
        }
        prop_assert_eq!(flight, before);
    }

    #[test]
    fn stale_reports_change_nothing(mut stale in report(), reports in reports(), others in vec(statement(), Field::TABLE.len())) {
        let newer = Report { observed_at: stale.observed_at + TimeDelta::seconds(1), ..stale.clone() };
        let mut flight = flight(&[&reports[..], &[newer]].concat());
        // What an older step shows of the flight's operating is news, though a newer step is known.
        let stays = [Field::Cancelled, Field::DepartureStep];
        for statement in stale.statements.iter_mut().filter(|s| !stays.contains(&s.field)) {
            if let Some((_, value)) = others.iter().find(|(field, _)| *field == statement.field) {
                statement.value = value.clone().filter(|_| !statement.field.is_event());
            }
        }
        let before = flight.clone();
        prop_assert_eq!(flight.apply(&stale, now()), Ok(Applied::Unchanged));
        prop_assert_eq!(flight, before);
    }

    #[test]
    fn missing_fields_stay_and_cleared_fields_go(
        reports in reports(), last in report(), cleared in field(),
    ) {
        let mut flight = flight(&reports);
        let before = flight.clone();
        flight.apply(&last, now()).unwrap();
        for (field, ..) in Field::TABLE {
            // What a step shows of the flight's operating and of its being late is learnt with it.
            let derived = [Field::Operated, Field::Late];
            let says = if derived.contains(field) { Field::DepartureStep } else { *field };
            if last.all_statements().all(|(_, s)| s.field != *field && s.field != says) {
                prop_assert_eq!(flight.value(*field), before.value(*field), "{}", field);
            }
        }
        let claim = flight.value(cleared).cloned();
        flight.apply(&clears(&strongest(cleared.side()), "16:00", cleared), now()).unwrap();
        let claims = [Field::Cancelled, Field::Diverted, Field::DivertedTo];
        let expected = claim.filter(|_| claims.contains(&cleared));
        prop_assert_eq!(flight.value(cleared), expected.as_ref());
    }

    #[test]
    fn the_differences_added_to_what_was_shown_give_what_is_shown(reports in reports()) {
        let mut shown: Vec<(&str, Fact)> = Flight::new(key()).view().facts().to_vec();
        let (flight, changes) = changes(&reports);
        for change in &changes {
            for (path, fact) in change.differing() {
                shown.iter_mut().find(|(p, _)| *p == path).unwrap().1 = fact;
            }
            prop_assert_eq!(&shown[..], &change.after.facts()[..]);
            prop_assert!(change.kinds.iter().next().is_some() || change.differing().is_empty());
        }
        prop_assert_eq!(&shown[..], &flight.view().facts()[..]);
    }

    #[test]
    fn a_cancellation_ends_only_when_it_is_taken_back_or_an_airport_has_seen_the_flight(reports in reports()) {
        let (_, changes) = changes(&reports);
        for change in changes.iter().filter(|c| c.kinds.contains(gatecall_domain::change::ChangeKind::Reinstated)) {
            let takes_back = |s: &Statement| s.field == Field::Cancelled && s.value != Some(Value::Flag(true));
            let said = |r: &Report| r.all_statements().any(|(_, s)| takes_back(s));
            let ends = [Some(key().from), Some(key().to)];
            let tells = |r: &Report, of: &[Field]| r.all_statements().any(|(_, s)| of.contains(&s.field));
            let seen = |r: &Report| ends.contains(&r.source.airport) && tells(r, &SEEN);
            let left = |r: &Report| r.source.creates && tells(r, &SEEN);
            let own = |r: &Report| tells(r, &SEEN) || tells(r, &OPERATES);
            let of_who_cancelled = |r: &Report| reports.iter().any(|c| c.source.name == r.source.name && cancels(c));
            let ends = |r: &Report| said(r) || seen(r) || left(r) || own(r) && of_who_cancelled(r);
            prop_assert!(reports.iter().any(ends), "{:?}", change);
        }
    }

    #[test]
    fn a_sources_last_claim_on_cancelling_or_operating_decides_in_any_order(
        said in vec((select(vec!["cancelled", "boarding", "airborne", "delayed", "check_in"]), 0..40i64), 1..10),
        (mixed, others) in (any::<u64>(), vec(report(), 0..4)),
    ) {
        let own = |(index, (text, minute)): (usize, &(&str, i64))| {
            // Every instant is another, so that one is the last.
            let mut report = word(&jfk(), "15:00", text);
            report.observed_at = at("15:00") + TimeDelta::seconds(60 * minute + index as i64);
            report
        };
        let others = others.into_iter().filter(|r| &*r.source.name == "spotter");
        let mut all: Vec<Report> = said.iter().enumerate().map(own).chain(others).collect();
        let last = |wanted: &dyn Fn(&str) -> bool| {
            let at = said.iter().enumerate().filter(|(_, (text, _))| wanted(text)).map(|(i, (_, m))| 60 * m + i as i64);
            at.max()
        };
        let cancelled = last(&|text| text == "cancelled");
        let operated = last(&|text| ["boarding", "airborne"].contains(&text));
        let len = all.len();
        (0..len).for_each(|i| all.swap(i, (mixed.rotate_left(7 * i as u32) % len as u64) as usize));
        all.insert(0, schedule());
        let is_cancelled = flight(&all).view().status.as_str() == "cancelled";
        prop_assert_eq!(is_cancelled, cancelled.is_some() && operated < cancelled);
    }

    #[test]
    fn the_end_of_every_override_restores_the_sources_values(
        steps in vec(prop_oneof![report().prop_map(Ok), (statement(), 1..6i64).prop_map(Err)], 1..20),
    ) {
        let (mut taken_over, mut merged) = (Flight::new(key()), Flight::new(key()));
        let mut in_force: Vec<(Field, Option<Value>)> = Vec::new();
        for step in steps {
            match step {
                Ok(report) => {
                    // A secondary source that comes first is refused by both.
                    prop_assert_eq!(merged.apply(&report, now()).is_ok(), taken_over.apply(&report, now()).is_ok());
                }
                Err(((field, value), hours)) => {
                    let until = now() + TimeDelta::hours(hours);
                    let order = Override { field, value: value.clone(), set_by: "desk".into(), set_at: now(), until };
                    taken_over.set_override(order, now());
                    if taken_over.rev > 0 {
                        in_force.retain(|(f, _)| *f != field);
                        in_force.push((field, value));
                    }
                }
            }
            for (field, value) in &in_force {
                prop_assert_eq!(taken_over.value(*field), value.as_ref());
            }
        }
        while let Some(end) = taken_over.next_override_end() {
            let rev = taken_over.rev;
            let applied = taken_over.expire_overrides(end);
            prop_assert_eq!(taken_over.rev, rev + u64::from(matches!(applied, Applied::Changed(_))));
        }
        prop_assert_eq!(settled(&taken_over), settled(&merged));
        prop_assert!(taken_over.overrides.is_empty());
    }

    #[test]
    fn a_hidden_leg_has_no_topics_and_a_shown_one_no_more_than_the_most(reports in reports()) {
        let flight = flight(&reports);
        let view = flight.view();
        let topics = view.topics(&flight.leg);
        prop_assert_eq!(topics.is_empty(), view.hidden);
        prop_assert!(topics.len() <= FlightView::TOPICS_MAX);
        prop_assert!(topics.iter().enumerate().all(|(at, topic)| !topics[..at].contains(topic)));
    }
}
