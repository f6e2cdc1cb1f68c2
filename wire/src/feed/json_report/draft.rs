//! Decodes one report, key by key.

use super::super::{Context, read};
use super::SETTABLE;
use super::plain::{Name, Plain};
use chrono::{DateTime, NaiveDate, Utc};
use domain::codes::{AirlineCode, Designator, FlightNumber, Iata, Suffix};
use domain::field::{CODESHARES_MAX, Field, FieldKind, Value};
use domain::leg::LegKey;
use domain::report::{Report, ReportedStatus};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The invalid field, if it is one, and what is wrong.
pub(super) type Wrong = (Option<String>, String);

/// Decodes one report.
pub(super) fn report(raw: &str, context: &Context) -> Result<Report, Wrong> {
    let mut draft = Draft::default();
    let mut deserializer = serde_json::Deserializer::from_str(raw);
    match (&mut draft).deserialize(&mut deserializer) {
        Ok(()) => draft.finish(context),
        // The draft's error is more precise than serde's, unless the JSON itself is invalid.
        Err(error) => Err((draft.at, draft.wrong.unwrap_or_else(|| error.to_string()))),
    }
}

/// Decodes one value as in `set` under the name of `field`. The error follows that name in a sentence.
/// `json` is one JSON value other than `null`.
pub fn decode_value(field: Field, json: &RawValue) -> Result<Value, String> {
    let mut draft = Draft::default();
    // Decoded as part of a report, so that both accept and refuse the same values.
    let set = format!("{{\"{}\":{json}}}", field.name());
    let read = Set(&mut draft).deserialize(&mut serde_json::Deserializer::from_str(&set));
    let wrong = |error: serde_json::Error| draft.wrong.take().unwrap_or_else(|| error.to_string());
    read.map_err(wrong)?;
    let value = draft.said.pop().and_then(|(_, value)| value);
    value.ok_or_else(|| "is not a field that a report can speak of".into())
}

/// The report so far, and the current position.
#[derive(Default)]
struct Draft {
    carrier: Option<AirlineCode>,
    number: Option<FlightNumber>,
    suffix: Option<Suffix>,
    origin_date: Option<NaiveDate>,
    from: Option<Iata>,
    to: Option<Iata>,
    repeat: Option<u8>,
    observed_at: Option<DateTime<Utc>>,
    status: Option<Option<ReportedStatus>>,
    /// Each field at most once; `None` clears the field.
    said: Vec<(Field, Option<Value>)>,
    /// Top-level keys so far.
    seen: Vec<&'static str>,
    /// The current field, for the fault.
    at: Option<String>,
    /// The error, if this module found it.
    wrong: Option<String>,
}

/// The fields that clearing the status clears.
const STATUS: [Field; 4] =
    [Field::DepartureStep, Field::DepartureReturned, Field::ArrivalStep, Field::Diverted];

const KEYS: [&str; 10] =
    ["carrier", "number", "origin_date", "from", "to", "observed_at", "set", "clear", "suffix", "repeat"];

impl Draft {
    fn finish(mut self, context: &Context) -> Result<Report, Wrong> {
        let missing = |key: &str| (Some(key.to_owned()), "is missing".to_owned());
        let key = LegKey {
            carrier: self.carrier.ok_or_else(|| missing("carrier"))?,
            number: self.number.ok_or_else(|| missing("number"))?,
            suffix: self.suffix,
            origin_date: self.origin_date.ok_or_else(|| missing("origin_date"))?,
            from: self.from.ok_or_else(|| missing("from"))?,
            to: self.to.ok_or_else(|| missing("to"))?,
            repeat: self.repeat.unwrap_or(0),
        };
        let mut report = Report {
            source: context.source.clone(),
            key,
            aliases: Vec::new(),
            observed_at: self.observed_at.unwrap_or(context.received_at),
            received_at: context.received_at,
            statements: Vec::with_capacity(self.said.len() + 2),
            fallback_statements: Vec::new(),
        };
        // First, because `returned` clears times that the report may set again.
        match self.status.take() {
            Some(Some(word)) => report.status(word),
            Some(None) => {
                for field in STATUS {
                    report.clear(field);
                }
            }
            None => {}
        }
        for (field, value) in self.said {
            match value {
                Some(value) => report.set(field, value),
                None => report.clear(field),
            }
        }
        Ok(report)
    }

    /// Fails at the current field.
    fn refuse<E: de::Error>(&mut self, reason: impl Into<String>) -> E {
        self.wrong = Some(reason.into());
        E::custom("")
    }

    fn checked<T, E: de::Error>(&mut self, value: Result<T, impl fmt::Display>) -> Result<T, E> {
        value.map_err(|error| self.refuse(error.to_string()))
    }

    fn required<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<Cow<'de, str>, A::Error> {
        match map.next_value::<Plain<'de>>()? {
            Plain::Text(text) => Ok(text),
            other => Err(self.refuse(other.instead_of("a text"))),
        }
    }

    fn instant<E: de::Error>(&mut self, text: &str) -> Result<DateTime<Utc>, E> {
        read::instant(text).ok_or_else(|| {
            self.refuse(
                "is not an instant with an offset (such as 2013-02-08T21:04:11Z) of the years 2000 to 2099",
            )
        })
    }

    fn key<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "carrier" => {
                let text = self.required(map)?;
                self.carrier = Some(self.checked(read::airline(&text))?);
            }
            "number" => {
                let text = match map.next_value::<Plain<'de>>()? {
                    Plain::Text(text) => text,
                    Plain::Number(number) => number.to_string().into(),
                    other => return Err(self.refuse(other.instead_of("a flight number"))),
                };
                self.number = Some(self.checked(FlightNumber::parse(&text))?);
            }
            "origin_date" => {
                let text = self.required(map)?;
                let date = read::date(&text).ok_or("is not a day (such as 2013-02-08)");
                self.origin_date = Some(self.checked(date)?);
            }
            "from" | "to" => {
                let text = self.required(map)?;
                let iata = Some(self.checked(Iata::parse(&text))?);
                *(if key == "from" { &mut self.from } else { &mut self.to }) = iata;
            }
            "suffix" => match map.next_value::<Plain<'de>>()? {
                Plain::Null => {}
                Plain::Text(text) => self.suffix = Some(self.checked(Suffix::parse(&text))?),
                other => return Err(self.refuse(other.instead_of("one letter"))),
            },
            "repeat" => match map.next_value::<Plain<'de>>()? {
                Plain::Null => {}
                Plain::Number(number) if number <= 99 => self.repeat = Some(number as u8),
                _ => return Err(self.refuse("is not a number from 0 to 99")),
            },
            "observed_at" => match map.next_value::<Plain<'de>>()? {
                Plain::Null => {}
                Plain::Text(text) => self.observed_at = Some(self.instant(&text)?),
                other => return Err(self.refuse(other.instead_of("an instant"))),
            },
            "set" => map.next_value_seed(Set(self))?,
            "clear" => map.next_value_seed(Clear(self))?,
            _ => return Err(self.refuse(format!("is not known; known are {}", KEYS.join(", ")))),
        }
        Ok(())
    }

    /// Records that a field occurs, unless it already has.
    fn once<E: de::Error>(&mut self, name: &str) -> Result<Option<Field>, E> {
        if name == "status" {
            return match self.status {
                None => Ok(None),
                Some(_) => Err(self.refuse("is spoken of twice")),
            };
        }
        let Some(field) = SETTABLE.into_iter().find(|field| field.name() == name) else {
            return Err(self.refuse("is not a field that a report can speak of"));
        };
        match self.said.iter().any(|(said, _)| *said == field) {
            false => Ok(Some(field)),
            true => Err(self.refuse("is spoken of twice")),
        }
    }

    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let Some(field) = self.once(name)? else {
            let word = self.required(map)?;
            let known = ReportedStatus::parse(&word).ok_or("is not a status word");
            self.status = Some(Some(self.checked(known)?));
            return Ok(());
        };
        let value = match field.kind() {
            FieldKind::Codeshares => {
                let flights = map.next_value_seed(Flights(self))?;
                self.checked(Value::codeshares(flights).map_err(|e| e.reason))?
            }
            kind => {
                let text = match map.next_value::<Plain<'de>>()? {
                    Plain::Text(text) => text,
                    Plain::Null => {
                        return Err(self.refuse("is null; name it under clear to take a value away"));
                    }
                    other => return Err(self.refuse(other.instead_of("a text"))),
                };
                match kind {
                    FieldKind::Time => {
                        let at = self.instant(&text)?;
                        self.checked(Value::time(field, at).map_err(|e| e.reason))?
                    }
                    FieldKind::Airport => Value::Airport(self.checked(Iata::parse(&text))?),
                    _ => self.checked(Value::text(field, &text).map_err(|e| e.reason))?,
                }
            }
        };
        self.said.push((field, Some(value)));
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for &mut Draft {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Draft {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a report")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Name)? {
            if let Some(known) = KEYS.into_iter().find(|known| *known == key) {
                if self.seen.contains(&known) {
                    self.at = Some(known.into());
                    return Err(self.refuse("is given twice"));
                }
                self.seen.push(known);
            }
            if let Err(error) = self.key(&key, &mut map) {
                // `set` and `clear` have already named the inner field.
                self.at.get_or_insert_with(|| read::cut(&key, 60).to_owned());
                return Err(error);
            }
        }
        Ok(())
    }
}

/// The values of `set`, by field name.
struct Set<'d>(&'d mut Draft);

impl<'de> DeserializeSeed<'de> for Set<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Set<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of fields and their values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Name)? {
            if let Err(error) = self.0.set(&name, &mut map) {
                self.0.at.get_or_insert_with(|| read::cut(&name, 60).to_owned());
                return Err(error);
            }
        }
        Ok(())
    }
}

/// The names in `clear`.
struct Clear<'d>(&'d mut Draft);

impl<'de> DeserializeSeed<'de> for Clear<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Clear<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of fields")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(name) = seq.next_element_seed(Name)? {
            match self.0.once::<A::Error>(&name) {
                Ok(Some(field)) => self.0.said.push((field, None)),
                Ok(None) => self.0.status = Some(None),
                Err(error) => {
                    self.0.at = Some(read::cut(&name, 60).to_owned());
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

/// The flights of `codeshares`.
struct Flights<'d>(&'d mut Draft);

impl<'de> DeserializeSeed<'de> for Flights<'_> {
    type Value = Vec<Designator>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Flights<'_> {
    type Value = Vec<Designator>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of flights (such as [\"EI5105\"])")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut flights = Vec::new();
        while let Some(text) = seq.next_element_seed(Name)? {
            if flights.len() == CODESHARES_MAX {
                return Err(self.0.refuse(format!("are more than {CODESHARES_MAX}")));
            }
            flights.push(self.0.checked(read::designator(&text))?);
        }
        Ok(flights)
    }
}
