//! `[feeds.NAME]`: the sources of flight data, how they are connected, and how much their claims weigh.

use super::reader::{ConfigError, Reader, Section};
use super::secrets::{self, Secrets};
use ::airports::{AirportConfig, AirportLimits};
use actors::ingest::FeedSpec;
use chrono_tz::Tz;
use domain::codes::Iata;
use domain::ports::{FeedKind, RegisteredFeed};
use domain::report::Source;
use domain::scope::{Horizon, PassesOn, Scope, SpeaksFor};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use wire::feed::Format;

/// Longest name of a feed.
const NAME_LENGTH_MAX: usize = 32;

/// Most feeds of one hub.
const FEEDS_MAX: usize = 1_000;

/// The default time until a feed is silent: at least this many seconds, and this many of its intervals.
const SILENT_AFTER_S: u64 = 600;
const SILENT_INTERVALS: u64 = 3;

/// A feed.
#[derive(Clone, Debug)]
pub struct Feed {
    /// The source and the format of its messages.
    pub spec: FeedSpec,
    /// After this real time without a message the feed is silent.
    pub silent_after: Duration,
    /// Whether the hub notifies clients of its silence.
    pub is_expected: bool,
    /// How its messages arrive.
    pub transport: Transport,
}

/// How a feed's messages arrive.
#[derive(Clone, Debug)]
pub enum Transport {
    /// The airport pushes.
    Push {
        /// SHA-256 digests of the valid keys.
        key_digests: Vec<[u8; 32]>,
        /// The file to which `gatecall feed-key` writes a key.
        key_file: Option<PathBuf>,
    },
    /// The hub polls.
    Pull {
        /// URL and headers.
        airport: Box<AirportConfig>,
        /// Real time between two polls.
        interval: Duration,
        /// Whether the first page's ETag covers all pages.
        etag_covers_pages: bool,
    },
}

impl Feed {
    /// The entry in the directory, to which keys refer.
    pub fn note(&self) -> RegisteredFeed {
        let source = &self.spec.source;
        RegisteredFeed {
            name: source.name.clone(),
            airport: source.airport,
            kind: match self.transport {
                Transport::Push { .. } => FeedKind::Push,
                Transport::Pull { .. } => FeedKind::Pull,
            },
            format: self.spec.format.as_str().into(),
            rank: source.rank,
            creates: source.creates,
            zone: self.spec.zone,
        }
    }
}

impl Feed {
    /// The scope in a line for people.
    pub fn speaks_for(&self) -> String {
        let Source { airport, scope: Scope { speaks_for, passes_on, horizon, flights_max }, .. } =
            &*self.spec.source;
        let whose = match (speaks_for, airport) {
            (SpeaksFor::Airport, Some(airport)) => {
                let passed_on = match passes_on {
                    PassesOn::Nothing => "nothing of the other side",
                    PassesOn::Schedule => "planned times of the other side",
                    PassesOn::Movements => "planned times and movements of the other side",
                };
                format!("{airport}'s side of its flights, {passed_on}")
            }
            (other, _) => other.to_string(),
        };
        let days = horizon.map(|h| format!(", {} days back to {} ahead", h.past_days, h.future_days));
        let share = flights_max.filter(|_| self.spec.source.creates);
        let share = share.map(|most| format!(", at most {most} flights"));
        whose + &days.unwrap_or_default() + &share.unwrap_or_default()
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Push,
    Pull,
}

pub(super) fn read(
    reader: &Reader,
    secrets: &dyn Secrets,
    keys_elsewhere: bool,
    flights_max: usize,
) -> Result<BTreeMap<String, Feed>, ConfigError> {
    let names = reader.names_below("feeds");
    let section = reader.section("feeds");
    if names.len() > FEEDS_MAX {
        return Err(reader.section("feeds").wrong("*", format!("more than {FEEDS_MAX} feeds")));
    }
    let read_one = |name: String| {
        let shaped =
            name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if !shaped || name.len() > NAME_LENGTH_MAX {
            let why = format!(
                "a feed's name is 1 to {NAME_LENGTH_MAX} of a-z, 0-9, - and _, as it stands in addresses"
            );
            return Err(section.wrong(&name, why));
        }
        let feed = feed(&name, &section.below(&name), secrets, keys_elsewhere)?;
        Ok((name, feed))
    };
    let mut feeds: BTreeMap<String, Feed> = names.into_iter().map(read_one).collect::<Result<_, _>>()?;
    allocate_flight_shares(&mut feeds, &section, flights_max)?;
    Ok(feeds)
}

/// Assigns to each feed that may create flights its share of `limits.flights_max`: the configured one, or an
/// equal part of the rest. No feed can then use up the space of another.
fn allocate_flight_shares(
    feeds: &mut BTreeMap<String, Feed>,
    section: &Section<'_>,
    flights_max: usize,
) -> Result<(), ConfigError> {
    let given: usize = feeds.values().filter_map(|feed| feed.spec.source.scope.flights_max).sum();
    let largest = feeds.iter().max_by_key(|(_, feed)| feed.spec.source.scope.flights_max);
    if let Some((name, _)) = largest.filter(|_| given > flights_max) {
        let what =
            format!("the feeds' shares add up to {given}, more than limits.flights_max = {flights_max}");
        return Err(section.below(name).wrong("flights_max", what));
    }
    let shares = |feed: &&mut Feed| feed.spec.source.creates && feed.spec.source.scope.flights_max.is_none();
    let rest = feeds.values_mut().filter(shares).count();
    for feed in feeds.values_mut().filter(shares) {
        let share = (flights_max - given) / rest;
        Arc::make_mut(&mut feed.spec.source).scope.flights_max = Some(share.max(1));
    }
    Ok(())
}

fn feed(
    name: &str,
    section: &Section<'_>,
    secrets: &dyn Secrets,
    keys_elsewhere: bool,
) -> Result<Feed, ConfigError> {
    let airport = match section.text("airport")? {
        Some(code) => Some(Iata::parse(&code).map_err(|fault| section.wrong("airport", fault))?),
        None => None,
    };
    let zone = zone(section, airport)?;
    let format = match section.text("format")? {
        Some(word) => word
            .parse::<Format>()
            .map_err(|fault| section.wrong("format", format!("{fault}, is {word:?}")))?,
        None => return Err(section.wrong("format", "is missing; must be json, aidx or schiphol")),
    };
    if format == Format::Schiphol && airport.is_none() {
        return Err(section.wrong("airport", "is missing; this format names only a flight's other end"));
    }
    let name: Arc<str> = name.into();
    let rank = section.whole("rank", 50, 0..=99)? as u8;
    let creates = section.flag("creates", true)?;
    let transport = match section.word("kind", "", &[(Kind::Push, "push"), (Kind::Pull, "pull")])? {
        Kind::Push => push(section, secrets, keys_elsewhere)?,
        Kind::Pull => pull(name.clone(), section, secrets)?,
    };
    let scope = scope(section, airport)?;
    let source = Arc::new(Source { name, airport, rank, creates, scope });
    let usual_s = match &transport {
        Transport::Push { .. } => SILENT_AFTER_S,
        Transport::Pull { interval, .. } => SILENT_AFTER_S.max(SILENT_INTERVALS * interval.as_secs()),
    };
    let silent_after = section.seconds("silent_after_s", usual_s, 5..=604_800)?;
    let is_expected = matches!(transport, Transport::Pull { .. }) || section.is_given("silent_after_s");
    Ok(Feed { spec: FeedSpec { source, format, zone }, silent_after, is_expected, transport })
}

/// Longest configurable horizon in days.
const DAYS_MAX: u64 = 366;

fn scope(section: &Section<'_>, airport: Option<Iata>) -> Result<Scope, ConfigError> {
    let given = section.text("speaks_for")?;
    let speaks_for = match (&given, airport) {
        (None, Some(_)) => SpeaksFor::Airport,
        (None, None) => {
            let what = "is missing; a feed without an airport speaks for \"airline:XX\" or for \"all\"";
            return Err(section.wrong("speaks_for", what));
        }
        (Some(text), _) => {
            let fault = |fault| section.wrong("speaks_for", format!("{fault}, is {text:?}"));
            text.parse::<SpeaksFor>().map_err(fault)?
        }
    };
    if speaks_for == SpeaksFor::Airport && airport.is_none() {
        return Err(section.wrong("airport", "is missing; speaks_for = \"airport\" needs it"));
    }
    let passes_on = section.word("passes_on", "schedule", &PassesOn::WORDS)?;
    let (days, default) = (section.below("horizon_days"), Horizon::default());
    let horizon = Horizon {
        past_days: days.whole("past", u64::from(default.past_days), 1..=DAYS_MAX)? as u16,
        future_days: days.whole("future", u64::from(default.future_days), 1..=DAYS_MAX)? as u16,
    };
    let flights_max = match section.whole("flights_max", 0, 0..=10_000_000)? {
        0 => None,
        most => Some(most as usize),
    };
    Ok(Scope { speaks_for, passes_on, horizon: Some(horizon), flights_max })
}

fn zone(section: &Section<'_>, airport: Option<Iata>) -> Result<Tz, ConfigError> {
    let given = section.text("zone")?;
    if let Some(name) = given {
        let unknown = |_| {
            section.wrong(
                "zone",
                format!("is not a zone of the IANA database, such as America/New_York: {name:?}"),
            )
        };
        return name.parse().map_err(unknown);
    }
    let Some(airport) = airport else { return Ok(Tz::UTC) };
    domain::airports::zone_of(airport)
        .ok_or_else(|| section.wrong("airport", format!("{airport} is in no table of ours; give its zone")))
}

/// With a shared directory all keys may be there (`gatecall feed-key`).
fn push(
    section: &Section<'_>,
    secrets: &dyn Secrets,
    keys_elsewhere: bool,
) -> Result<Transport, ConfigError> {
    let keys = secrets::keys(section, "key", secrets)?;
    if keys.digests.is_empty() && !keys_elsewhere {
        return Err(section.wrong("key_file", "is missing; a pushed feed needs key_file or key_env"));
    }
    Ok(Transport::Push { key_digests: keys.digests, key_file: keys.file })
}

fn pull(name: Arc<str>, section: &Section<'_>, secrets: &dyn Secrets) -> Result<Transport, ConfigError> {
    let url =
        section.text("url")?.ok_or_else(|| section.wrong("url", "is missing; a pulled feed needs it"))?;
    let authority = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match authority.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default()) {
        None | Some("") => {
            return Err(section.wrong("url", "must begin with http:// or https:// and name a host"));
        }
        Some(host) if host.contains('@') => {
            return Err(section.wrong("url", "a secret must not stand here; send it as a header"));
        }
        Some(_) => {}
    }
    let names = section.names_below("headers");
    let headers = section.below("headers");
    let read_one = |header: String| {
        let shaped = header.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !shaped {
            return Err(headers.wrong(&header, "is not a header's name"));
        }
        let value = secrets::header(&headers, &header, secrets)?;
        Ok((header, value))
    };
    let airport = AirportConfig {
        name,
        url,
        since_parameter: section.text("since_parameter")?,
        headers: names.into_iter().map(read_one).collect::<Result<_, _>>()?,
        limits: AirportLimits::default(),
    };
    let interval = section.seconds("interval_s", 60, 1..=86_400)?;
    let etag_covers_pages = section.flag("etag_covers_pages", false)?;
    Ok(Transport::Pull { airport: Box::new(airport), interval, etag_covers_pages })
}
