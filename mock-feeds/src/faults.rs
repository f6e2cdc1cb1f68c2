//! Faults of an airport, set by flags and at run time.

use crate::encode::ZoneFault;
use crate::simulation::seeded_random::SeededRandom;
use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The faults of one airport. All rates are shares of answers or messages, 0 to 1.
///
/// They apply to the answers of a polled airport and to the messages of a pushing one, for which `errors`
/// and `timeouts` have no meaning.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Milliseconds of real time before each answer or message.
    pub latency_ms: u64,
    /// Share of answers that are a 500.
    pub errors: f64,
    /// Share of requests without an answer.
    pub timeouts: f64,
    /// Share of truncated bodies. A truncated push is repeated as a whole.
    pub cuts: f64,
    /// Share of messages sent twice, or of answers that repeat the previous one.
    pub repeats: f64,
    /// Share of messages sent after later ones, or of answers older than the previous one.
    pub reorders: f64,
    /// How times are written.
    pub wrong_zone: ZoneFault,
    /// Operational instant from which the airport reports nothing new.
    pub silent_from: Option<DateTime<Utc>>,
    /// Operational instant at which it reports everything again; an hour after `silent_from` by default.
    pub silent_until: Option<DateTime<Utc>>,
}

/// Longest `latency_ms`. Anything longer is a time-out, which has a setting of its own.
const LATENCY_MS_MAX: u64 = 60_000;

impl Faults {
    /// Whether the airport is silent at `now`.
    pub fn is_silent(&self, now: DateTime<Utc>) -> bool {
        let Some(from) = self.silent_from else { return false };
        let until = self.silent_until.unwrap_or(from + chrono::TimeDelta::hours(1));
        (from..until).contains(&now)
    }

    /// Parses flags such as `errors=0.1,latency_ms=400,wrong_zone=missing`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut wanted = serde_json::Map::new();
        for pair in text.split(',') {
            let (name, value) =
                pair.split_once('=').with_context(|| format!("{pair:?} is not NAME=VALUE"))?;
            let value =
                serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::String(value.into()));
            wanted.insert(name.trim().into(), value);
        }
        let faults: Self =
            serde_json::from_value(wanted.into()).with_context(|| format!("faults {text:?}"))?;
        faults.checked()
    }

    /// A copy with some values changed, for `POST /faults`.
    pub fn changed_by(&self, change: &serde_json::Value) -> Result<Self> {
        let mut all = serde_json::to_value(self)?;
        let (Some(all_of), Some(change)) = (all.as_object_mut(), change.as_object()) else {
            bail!("faults are an object of knobs");
        };
        for (name, value) in change {
            all_of.insert(name.clone(), value.clone());
        }
        serde_json::from_value::<Self>(all).context("faults")?.checked()
    }

    fn checked(self) -> Result<Self> {
        for (name, rate) in [
            ("errors", self.errors),
            ("timeouts", self.timeouts),
            ("cuts", self.cuts),
            ("repeats", self.repeats),
            ("reorders", self.reorders),
        ] {
            if !(0.0..=1.0).contains(&rate) {
                bail!("{name} is a share between 0 and 1, not {rate}");
            }
        }
        if self.latency_ms > LATENCY_MS_MAX {
            bail!("latency_ms is at most {LATENCY_MS_MAX}");
        }
        Ok(self)
    }
}

/// The treatment of one answer or message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Correct.
    Sound,
    /// A 500.
    Error,
    /// No answer.
    Silence,
    /// Truncated.
    Cut,
    /// The previous one again.
    Repeat,
    /// An earlier one.
    Reorder,
}

impl Faults {
    /// Draws the treatment of the next answer or message.
    pub fn draw(&self, chance: &mut SeededRandom) -> Fate {
        let draw = chance.fraction();
        let mut line = 0.0;
        let shares = [
            (self.errors, Fate::Error),
            (self.timeouts, Fate::Silence),
            (self.cuts, Fate::Cut),
            (self.repeats, Fate::Repeat),
            (self.reorders, Fate::Reorder),
        ];
        for (share, fate) in shares {
            line += share;
            if draw < line {
                return fate;
            }
        }
        Fate::Sound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_changes_set_only_what_they_name() {
        let faults =
            Faults::parse("errors=0.25,wrong_zone=missing,silent_from=2013-02-08T17:00:00Z").unwrap();
        assert_eq!((faults.errors, faults.wrong_zone), (0.25, ZoneFault::Missing));
        let changed = faults.changed_by(&serde_json::json!({ "errors": 0, "latency_ms": 20 })).unwrap();
        assert_eq!((changed.errors, changed.latency_ms, changed.wrong_zone), (0.0, 20, ZoneFault::Missing));
        assert!(changed.is_silent("2013-02-08T17:30:00Z".parse().unwrap()));
        assert!(!changed.is_silent("2013-02-08T18:00:00Z".parse().unwrap()));
    }

    #[test]
    fn unknown_settings_and_invalid_shares_are_refused_by_name() {
        for (text, word) in [
            ("speed=1", "speed"),
            ("errors=2", "errors"),
            ("errors", "NAME=VALUE"),
            ("latency_ms=90000", "latency_ms"),
        ] {
            let error = format!("{:#}", Faults::parse(text).unwrap_err());
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn shares_are_drawn_about_as_often_as_asked() {
        let faults = Faults::parse("errors=0.5,cuts=0.2").unwrap();
        let mut chance = SeededRandom::named(1, "faults");
        let drawn: Vec<Fate> = (0..1000).map(|_| faults.draw(&mut chance)).collect();
        let count = |fate| drawn.iter().filter(|drawn| **drawn == fate).count();
        assert!((450..550).contains(&count(Fate::Error)) && (150..250).contains(&count(Fate::Cut)));
        assert_eq!(count(Fate::Silence), 0);
    }
}
