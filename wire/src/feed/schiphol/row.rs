//! One flight of a page. Each value is decoded by itself, so a value of the wrong type is left out alone.

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The value of a key.
#[derive(Debug, Default)]
pub(super) enum Said<T> {
    /// The key is missing.
    #[default]
    Missing,
    /// `null`: cleared.
    Null,
    /// A value.
    Value(T),
    /// A value of another type, with the error.
    Wrong(String),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Said<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Ok(match serde_json::from_str::<Option<T>>(raw) {
            Ok(Some(value)) => Self::Value(value),
            Ok(None) => Self::Null,
            Err(error) => Self::Wrong(error.to_string()),
        })
    }
}

/// A text, or a number as text: Schiphol's terminals and desks are numbers.
#[derive(Debug)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a number")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// Most entries kept of a list. Schiphol has some 30 check-in rows and at most 20 codeshares.
const LIST_MAX: usize = 100;

/// A list, truncated to [`LIST_MAX`] entries.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(List::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while list.len() < LIST_MAX {
                    match seq.next_element()? {
                        Some(entry) => list.push(entry),
                        None => return Ok(List(list)),
                    }
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(List(list))
            }
        }
        deserializer.deserialize_any(ListVisitor(std::marker::PhantomData))
    }
}

macro_rules! shapes {
    ($($(#[$doc:meta])* struct $name:ident { $($field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Default, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub(super) struct $name<'a> {
            $(#[serde(borrow, default)] pub(super) $field: $type,)*
        }
    )*};
}

shapes! {
    /// A flight, with the keys that are used.
    struct Row {
        flight_direction: Said<Text<'a>>,
        flight_name: Said<Text<'a>>,
        main_flight: Said<Text<'a>>,
        origin_date: Said<Text<'a>>,
        schedule_date: Said<Text<'a>>,
        schedule_date_time: Said<Text<'a>>,
        last_updated_at: Said<Text<'a>>,
        id: Said<Text<'a>>,
        service_type: Said<Text<'a>>,
        route: Said<Route<'a>>,
        codeshares: Said<Codeshares<'a>>,
        public_flight_state: Said<States<'a>>,
        gate: Said<Text<'a>>,
        terminal: Said<Text<'a>>,
        checkin_allocations: Said<Allocations<'a>>,
        baggage_claim: Said<Baggage<'a>>,
        public_estimated_off_block_time: Said<Text<'a>>,
        actual_off_block_time: Said<Text<'a>>,
        estimated_landing_time: Said<Text<'a>>,
        actual_landing_time: Said<Text<'a>>,
        aircraft_registration: Said<Text<'a>>,
        aircraft_type: Said<Aircraft<'a>>,
        is_operational_flight: Said<&'a RawValue>,
    }

    /// `route`
    struct Route { destinations: List<Text<'a>>, }
    /// `codeshares`
    struct Codeshares { codeshares: List<Text<'a>>, }
    /// `publicFlightState`
    struct States { flight_states: List<Text<'a>>, }
    /// `checkinAllocations`
    struct Allocations { checkin_allocations: List<Allocation<'a>>, }
    /// One period of check-in
    struct Allocation { rows: Rows<'a>, }
    /// `rows`
    struct Rows { rows: List<Position<'a>>, }
    /// A row of desks
    struct Position { position: Option<Text<'a>>, }
    /// `baggageClaim`
    struct Baggage { belts: List<Text<'a>>, }
    /// `aircraftType`
    struct Aircraft { iata_main: Option<Text<'a>>, iata_sub: Option<Text<'a>>, }
}
