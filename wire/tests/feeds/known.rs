//! Any leg with any statements.

use chrono::{DateTime, NaiveDate, TimeDelta};
use domain::codes::{AirlineCode, Designator, Direction, FlightNumber, Iata, Suffix};
use domain::field::{Field, FieldKind, Step, Value};
use domain::leg::LegKey;
use domain::report::ReportedStatus;
use gatecall_wire::feed::KnownLeg;
use proptest::prelude::*;
use proptest::{collection, option, sample};

/// Seconds of the years 2000 to 2099.
const SECONDS: std::ops::Range<i64> = 946_684_800..4_102_444_800;

fn designator() -> impl Strategy<Value = Designator> {
    let airline = sample::select(vec!["B6", "9E", "DL", "GEC", "U2"]);
    (airline, 1..=9999u16, option::of("[A-Z]")).prop_map(|(airline, number, suffix)| Designator {
        airline: AirlineCode::parse(airline).unwrap(),
        number: FlightNumber::parse(&number.to_string()).unwrap(),
        suffix: suffix.map(|letter| Suffix::parse(&letter).unwrap()),
    })
}

fn airport() -> impl Strategy<Value = Iata> {
    "[A-Z]{3}".prop_map(|code| Iata::parse(&code).unwrap())
}

/// A leg without statements: the reporting airport, its side, and the attempt.
fn leg(own: Iata, repeat_max: u8) -> impl Strategy<Value = KnownLeg> {
    let names = (option::of("[A-Za-z0-9-]{1,40}"), option::of("[A-Z0-9]{2,8}"));
    (designator(), 0..36_000i64, airport(), any::<bool>(), 0..=repeat_max, names, option::of(SECONDS))
        .prop_map(move |(flight, day, other, departs, repeat, (provider_id, call_sign), observed)| {
            let (from, to) = if departs { (own, other) } else { (other, own) };
            let Designator { airline: carrier, number, suffix } = flight;
            let origin_date = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap() + TimeDelta::days(day);
            let key = LegKey { carrier, number, suffix, origin_date, from, to, repeat };
            let direction = if departs { Direction::Departures } else { Direction::Arrivals };
            let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
            KnownLeg {
                provider_id,
                call_sign,
                observed_at: observed.map(at),
                ..KnownLeg::new(key, direction)
            }
        })
}

fn value(field: Field, length_max: usize) -> BoxedStrategy<Value> {
    let text = move |text: String| Value::text(field, &text).ok();
    match field.kind() {
        FieldKind::Text(_) if field == Field::DelayReason => (0..100u8)
            .prop_map(|code| domain::delay_reason::text(&format!("{code:02}")).unwrap().to_owned())
            .prop_filter_map("a text", text)
            .boxed(),
        // Aircraft are written in capitals whatever was given.
        FieldKind::Text(_) if matches!(field, Field::AircraftType | Field::AircraftRegistration) => {
            "[A-Z0-9-]{1,8}".prop_filter_map("a text", text).boxed()
        }
        FieldKind::Text(most) => {
            let any = format!("[ -~äøß中🛫<>&'\"]{{1,{}}}", most.min(length_max));
            prop_oneof!["[A-Z]?[0-9]{1,2}(-[A-Z]?[0-9]{1,2})?", any.prop_map_into_string()]
                .prop_filter_map("a text", text)
                .boxed()
        }
        FieldKind::Time => SECONDS.prop_map(Value::Time).boxed(),
        FieldKind::Step => {
            let steps = Step::WORDS.iter().map(|(step, _)| *step).filter(|step| step.field() == field);
            sample::select(steps.collect::<Vec<_>>()).prop_map(Value::Step).boxed()
        }
        FieldKind::Flag => any::<bool>().prop_map(Value::Flag).boxed(),
        FieldKind::Airport => airport().prop_map(Value::Airport).boxed(),
        FieldKind::Codeshares => collection::vec(designator(), 0..=20)
            .prop_map(|flights| Value::codeshares(flights).unwrap())
            .boxed(),
    }
}

/// A regular expression as a strategy of texts.
trait IntoTexts {
    fn prop_map_into_string(self) -> BoxedStrategy<String>;
}

impl IntoTexts for String {
    fn prop_map_into_string(self) -> BoxedStrategy<String> {
        proptest::string::string_regex(&self).unwrap().boxed()
    }
}

/// A leg with statements on any of its fields that make sense together.
pub(crate) fn known_leg(own: &str, repeat_max: u8) -> impl Strategy<Value = KnownLeg> {
    let fields: Vec<_> =
        Field::TABLE.iter().map(|(field, ..)| option::of(option::weighted(0.8, value(*field, 60)))).collect();
    (leg(Iata::parse(own).unwrap(), repeat_max), fields).prop_map(|(mut leg, said)| {
        for ((field, ..), said) in Field::TABLE.iter().zip(said) {
            match said {
                Some(Some(value)) => leg.set(*field, value),
                Some(None) => leg.clear(*field),
                None => {}
            }
        }
        make_sense(&mut leg);
        leg
    })
}

/// What has happened is not yet to come. A leg without a time of its own is observed when its message
/// is sent or received, see `round_trip`.
fn nothing_before_its_time(leg: &mut KnownLeg) {
    let observed_at = leg.observed_at.unwrap_or_else(|| "2024-03-05T09:59:00Z".parse().unwrap());
    for statement in leg.statements.iter_mut().filter(|statement| statement.field.is_event()) {
        if let Some(Value::Time(at)) = &mut statement.value {
            *at = observed_at.timestamp().min(*at);
        }
    }
}

fn make_sense(leg: &mut KnownLeg) {
    if leg.said(Field::DepartureStep) == Some(Some(&Value::Step(Step::Returned))) {
        leg.status(ReportedStatus::Step(Step::Returned));
    }
    nothing_before_its_time(leg);
    // A diversion is taken back by sending the flight to where it was planned to go.
    if leg.said(Field::Diverted) == Some(Some(&Value::Flag(false))) {
        leg.set(Field::DivertedTo, Value::Airport(leg.key.to));
    }
    if let Some(Some(Value::Codeshares(flights))) = leg.said(Field::Codeshares) {
        let others = flights.iter().filter(|flight| **flight != leg.key.designator()).copied().collect();
        leg.set(Field::Codeshares, Value::codeshares(others).unwrap());
    }
}
