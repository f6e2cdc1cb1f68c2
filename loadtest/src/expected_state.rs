//! The state of a flight at each of its last revisions, computed from frames alone.
//!
//! All clients get the same bytes, so two sockets with the same revision have the same state. It is
//! computed once for all of them, and compared wherever the server sends it again (a `state`, a snapshot,
//! the REST response at the end).

use crate::limits::PICTURES_PER_FLIGHT_MAX;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The last revisions of one flight.
#[derive(Default)]
pub struct ExpectedStates {
    known: BTreeMap<u32, Value>,
    /// The change that led to each revision.
    changes: BTreeMap<u32, (Value, Map<String, Value>)>,
}

impl ExpectedStates {
    /// Applies a `change` to revision `rev`. The error describes what is wrong with it.
    pub fn change(&mut self, rev: u32, at: &Value, set: &Map<String, Value>) -> Result<(), String> {
        if let Some((seen_at, seen)) = self.changes.get(&rev) {
            return if seen == set && seen_at == at {
                Ok(())
            } else {
                Err("two changes differ for one revision".to_owned())
            };
        }
        self.changes.insert(rev, (at.clone(), set.clone()));
        cut(&mut self.changes);
        let Some(mut picture) = rev.checked_sub(1).and_then(|before| self.known.get(&before)).cloned() else {
            return Ok(());
        };
        for (path, value) in set {
            put(&mut picture, path, value)?;
        }
        put(&mut picture, "rev", &Value::from(rev))?;
        put(&mut picture, "changed_at", at)?;
        self.whole(rev, &picture)
    }

    /// Takes a whole flight at revision `rev`.
    pub fn whole(&mut self, rev: u32, flight: &Value) -> Result<(), String> {
        if let Some(known) = self.known.get(&rev) {
            return if known == flight { Ok(()) } else { Err(difference(known, flight)) };
        }
        self.known.insert(rev, flight.clone());
        cut(&mut self.known);
        Ok(())
    }

    /// The state at `rev`, if it is still stored.
    pub fn at(&self, rev: u32) -> Option<&Value> {
        self.known.get(&rev)
    }
}

fn cut<T>(map: &mut BTreeMap<u32, T>) {
    while map.len() > PICTURES_PER_FLIGHT_MAX {
        map.pop_first();
    }
}

/// Sets a dotted path that must exist: a flight always has all its keys.
fn put(flight: &mut Value, path: &str, value: &Value) -> Result<(), String> {
    let pointer = format!("/{}", path.replace('.', "/"));
    let place =
        flight.pointer_mut(&pointer).ok_or_else(|| format!("it sets {path}, which flights do not have"))?;
    *place = value.clone();
    Ok(())
}

/// The first difference between two flights, as text.
pub fn difference(ours: &Value, theirs: &Value) -> String {
    fn walk(path: &str, a: &Value, b: &Value) -> Option<String> {
        match (a, b) {
            (Value::Object(x), Value::Object(y)) => x.keys().chain(y.keys()).find_map(|key| {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(&inner, x.get(key).unwrap_or(&Value::Null), y.get(key).unwrap_or(&Value::Null))
            }),
            _ if a == b => None,
            _ => Some(format!("{path} is {a} from the frames and {b} as told")),
        }
    }
    walk("", ours, theirs).unwrap_or_else(|| "a key is missing on one side".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn flight(rev: u32, gate: &str, at: &str) -> Value {
        json!({"leg": "X01", "rev": rev, "changed_at": at, "departure": {"gate": gate}})
    }

    fn set(gate: &str) -> Map<String, Value> {
        json!({"departure.gate": gate}).as_object().unwrap().clone()
    }

    #[test]
    fn a_change_leads_to_the_state_of_the_server() {
        let mut pictures = ExpectedStates::default();
        pictures.whole(1, &flight(1, "12", "a")).unwrap();
        pictures.change(2, &json!("b"), &set("14")).unwrap();
        pictures.whole(2, &flight(2, "14", "b")).unwrap();
        assert_eq!(pictures.at(2), Some(&flight(2, "14", "b")));
    }

    #[test]
    fn a_wrong_state_is_reported_with_its_path() {
        let mut pictures = ExpectedStates::default();
        pictures.whole(1, &flight(1, "12", "a")).unwrap();
        pictures.change(2, &json!("b"), &set("14")).unwrap();
        let told = pictures.whole(2, &flight(2, "15", "b")).unwrap_err();
        assert!(told.contains("departure.gate"), "{told}");
    }

    #[test]
    fn two_different_changes_for_one_revision_are_caught() {
        let mut pictures = ExpectedStates::default();
        pictures.change(2, &json!("b"), &set("14")).unwrap();
        pictures.change(2, &json!("b"), &set("14")).unwrap();
        assert!(pictures.change(2, &json!("b"), &set("15")).is_err());
    }

    #[test]
    fn a_change_of_a_key_that_no_flight_has_is_caught() {
        let mut pictures = ExpectedStates::default();
        pictures.whole(1, &flight(1, "12", "a")).unwrap();
        let wrong = json!({"departure.gates": "x"}).as_object().unwrap().clone();
        assert!(pictures.change(2, &json!("b"), &wrong).is_err());
    }

    #[test]
    fn old_revisions_are_forgotten() {
        let mut pictures = ExpectedStates::default();
        for rev in 1..500 {
            pictures.whole(rev, &flight(rev, "1", "a")).unwrap();
        }
        assert!(pictures.at(1).is_none() && pictures.at(499).is_some());
        assert_eq!(pictures.known.len(), PICTURES_PER_FLIGHT_MAX);
    }
}
