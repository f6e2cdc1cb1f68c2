//! Display names of airports and airlines: an operator's name, else the built-in one, else the code.
//!
//! An operator's time zone for an airport only affects how pages and screens show its times. It changes no
//! instant: a feed's own `zone` in the configuration determines how its times are read.

use crate::directory_cache::DirectoryCache;
use domain::codes::{AirlineCode, Iata};
use domain::ports::AirportOverride;
use domain::{airlines, airports};
use std::collections::BTreeMap;
use wire::rest::{AirlineRow, BoardAirport};

/// An airport with an operator's changes. An unknown airport has its code as name, and UTC.
pub(super) fn airport(iata: Iata, changed: Option<AirportOverride>) -> BoardAirport {
    let known = airports::find(iata);
    let code = iata.to_string();
    let built_in = |text: Option<&str>| text.map_or_else(|| code.clone(), str::to_owned);
    let (name, city, zone) = changed.map_or((None, None, None), |c| (c.name, c.city, c.zone));
    BoardAirport {
        name: name.map_or_else(|| built_in(known.map(|a| a.name)), |line| line.to_string()),
        city: city.map_or_else(|| built_in(known.map(|a| a.city)), |line| line.to_string()),
        country: known.map_or("", |a| a.country).into(),
        zone: zone.or(known.map(|a| a.zone)).map_or("UTC", |zone| zone.name()).into(),
        iata: code,
    }
}

/// The code that an airline's flights use, from any of its codes.
pub(super) fn one_code(code: AirlineCode) -> AirlineCode {
    airlines::find(code).and_then(airlines::Airline::code).unwrap_or(code)
}

/// An airline's row.
pub(super) fn airline(code: AirlineCode, directory_cache: &DirectoryCache) -> AirlineRow {
    let built_in = || airlines::find(code).map_or_else(|| code.to_string(), |airline| airline.name.into());
    let name =
        directory_cache.airline(one_code(code)).map_or_else(built_in, |change| change.name.to_string());
    row(code, name)
}

/// The row of an airline with this name.
pub(in crate::http) fn row(code: AirlineCode, name: String) -> AirlineRow {
    let icao = airlines::find(code).and_then(|airline| airline.icao);
    AirlineRow { code: code.to_string(), icao: icao.map(|icao| icao.to_string()), name }
}

/// All airlines in the table or named by an operator, by code.
pub(super) fn all_airlines(directory_cache: &DirectoryCache) -> Vec<AirlineRow> {
    let built_in = airlines::all().iter().filter_map(|a| Some((a.code()?, a.name.to_owned())));
    let mut all: BTreeMap<AirlineCode, String> = built_in.collect();
    all.extend(directory_cache.airlines().into_iter().map(|c| (c.code, c.name.to_string())));
    all.into_iter().map(|(code, name)| row(code, name)).collect()
}

/// All airports in the table or named by an operator, by code.
pub(super) fn all_airports(directory_cache: &DirectoryCache) -> Vec<Iata> {
    let mut all: Vec<Iata> = airports::all().iter().map(|airport| airport.iata).collect();
    all.extend(directory_cache.airports());
    all.sort_unstable();
    all.dedup();
    all
}
