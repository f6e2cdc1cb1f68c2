//! What a client holds, by the rules of docs/PROTOCOL.md.

use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a client must do after a frame.
#[derive(Default, Debug)]
pub(crate) struct Effects {
    /// Flights to ask for with `get`.
    pub(crate) gets: Vec<String>,
    /// Flights of which a revision was taken over.
    pub(crate) taken: Vec<String>,
}

/// What a client holds of a followed topic.
#[derive(Default)]
pub(crate) struct Followed {
    pub(crate) has_snapshot: bool,
    /// The present connection has brought a snapshot. Before that, frames do not count for `newest`.
    is_live: bool,
    pub(crate) legs: BTreeSet<String>,
    /// The newest `changed_at` that the topic itself brought.
    pub(crate) newest: Option<DateTime<Utc>>,
}

/// The flights and topics of one client.
#[derive(Default)]
pub(crate) struct Picture {
    pub(crate) flights: BTreeMap<String, Value>,
    pub(crate) topics: BTreeMap<String, Followed>,
    /// Flights with an unanswered `get`.
    pub(crate) asked: BTreeSet<String>,
}

fn rev(flight: &Value) -> u64 {
    flight["rev"].as_u64().unwrap_or(0)
}

/// The topics of a flight, as the flight itself states them.
fn topics_of(flight: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut topics = vec![
        "all".to_owned(),
        format!("flight/{}", text(&flight["leg"])),
        format!("board/{}/departures", text(&flight["departure"]["airport"])),
        format!("board/{}/arrivals", text(&flight["arrival"]["airport"])),
        format!("airline/{}", text(&flight["carrier"])),
    ];
    if let Some(elsewhere) = flight["diverted_to"].as_str() {
        topics.push(format!("board/{elsewhere}/arrivals"));
    }
    let codeshares = flight["codeshares"].as_array().into_iter().flatten();
    topics.extend(codeshares.map(|number| format!("airline/{}", &number.as_str().unwrap_or("??")[..2])));
    topics
}

impl Picture {
    /// The connection has ended. What is held stays, and `get`s are not answered any more.
    pub(crate) fn disconnected(&mut self) {
        self.asked.clear();
        self.topics.values_mut().for_each(|topic| topic.is_live = false);
    }

    /// Applies a frame of the hub.
    pub(crate) fn apply(&mut self, frame: &Value) -> Effects {
        let mut effects = Effects::default();
        let leg = frame["leg"].as_str().unwrap_or_default().to_owned();
        match frame["type"].as_str() {
            Some("snapshot") => self.snapshot(frame, &mut effects),
            Some("change") => self.change(leg, frame, &mut effects),
            Some("state") => self.state(&frame["flight"], &mut effects),
            Some("gone") => {
                if let Some(topic) = self.topics.get_mut(frame["topic"].as_str().unwrap_or_default()) {
                    topic.legs.remove(&leg);
                }
                self.drop_unheld();
            }
            _ => {}
        }
        effects
    }

    fn snapshot(&mut self, frame: &Value, effects: &mut Effects) {
        let Some(name) = frame["topic"].as_str().filter(|topic| self.topics.contains_key(*topic)) else {
            return;
        };
        let flights = frame["flights"].as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(topic) = self.topics.get_mut(name) {
            (topic.has_snapshot, topic.is_live) = (true, true);
            if frame["partial"] == false {
                topic.legs.clear();
            }
            for flight in flights {
                topic.legs.extend(flight["leg"].as_str().map(str::to_owned));
                topic.newest = topic.newest.max(changed_at(flight));
            }
        }
        self.drop_unheld();
        for flight in flights {
            self.take(flight, effects);
        }
    }

    fn change(&mut self, leg: String, frame: &Value, effects: &mut Effects) {
        let Some(flight) = self.flights.get_mut(&leg) else {
            return self.ask(leg, effects);
        };
        let next = rev(frame);
        if next <= rev(flight) {
            return;
        }
        if next > rev(flight) + 1 {
            return self.ask(leg, effects);
        }
        for (path, value) in frame["set"].as_object().into_iter().flatten() {
            let mut place = &mut *flight;
            for key in path.split('.') {
                place = &mut place[key];
            }
            *place = value.clone();
        }
        flight["rev"] = next.into();
        flight["changed_at"] = frame["at"].clone();
        effects.taken.push(leg.clone());
        let flight = flight.clone();
        self.place(&leg, &flight);
    }

    fn state(&mut self, flight: &Value, effects: &mut Effects) {
        let leg = flight["leg"].as_str().unwrap_or_default().to_owned();
        self.asked.remove(&leg);
        let is_followed = topics_of(flight).iter().any(|topic| self.topics.contains_key(topic));
        if is_followed || self.flights.contains_key(&leg) {
            self.take(flight, effects);
            let held = self.flights[&leg].clone();
            self.place(&leg, &held);
        }
    }

    fn take(&mut self, flight: &Value, effects: &mut Effects) {
        let leg = flight["leg"].as_str().unwrap_or_default().to_owned();
        if self.flights.get(&leg).is_none_or(|held| rev(held) <= rev(flight)) {
            self.flights.insert(leg.clone(), flight.clone());
            effects.taken.push(leg);
        }
    }

    /// Adds a flight to the followed topics that it belongs to.
    fn place(&mut self, leg: &str, flight: &Value) {
        for name in topics_of(flight) {
            if let Some(topic) = self.topics.get_mut(&name) {
                topic.legs.insert(leg.to_owned());
                if topic.is_live {
                    topic.newest = topic.newest.max(changed_at(flight));
                }
            }
        }
    }

    fn ask(&mut self, leg: String, effects: &mut Effects) {
        if self.asked.insert(leg.clone()) {
            effects.gets.push(leg);
        }
    }

    /// The hub knows no such flight.
    pub(crate) fn unknown(&mut self, leg: &str) {
        self.asked.remove(leg);
        for topic in self.topics.values_mut() {
            topic.legs.remove(leg);
        }
        self.flights.remove(leg);
    }

    /// Drops flights that no topic holds.
    pub(crate) fn drop_unheld(&mut self) {
        let topics = &self.topics;
        self.flights.retain(|leg, _| topics.values().any(|topic| topic.legs.contains(leg)));
    }
}

fn changed_at(flight: &Value) -> Option<DateTime<Utc>> {
    flight["changed_at"].as_str()?.parse().ok()
}
