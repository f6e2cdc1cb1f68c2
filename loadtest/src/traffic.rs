//! What is pushed to a server so that it broadcasts: reports to the hub, ready frames to the ceiling.

use crate::frame_cache::remark;
use crate::plan::Plan;
use anyhow::Result;
use std::io::Write;

/// Where broadcasts come from.
pub struct Traffic {
    kind: Kind,
    flights: usize,
    cursor: usize,
    /// Sockets that read at once and follow each flight.
    followers: Vec<u32>,
}

enum Kind {
    Reports(Plan),
    Frames(Frames),
}

/// Frames as the hub would make them, for the ceiling.
pub struct Frames {
    legs: Vec<String>,
    revs: Vec<u32>,
    payload_bytes: usize,
}

impl Traffic {
    /// Reports about the first `flights` of a plan.
    pub fn reports(plan: Plan, flights: usize) -> Self {
        Self { kind: Kind::Reports(plan), flights, cursor: 0, followers: vec![0; flights] }
    }

    /// Frames about `legs`, all at revision 1 before the first, of `payload_bytes` each.
    pub fn frames(legs: Vec<String>, payload_bytes: usize) -> Self {
        let flights = legs.len();
        let frames = Frames { revs: vec![1; flights], legs, payload_bytes };
        Self { kind: Kind::Frames(frames), flights, cursor: 0, followers: vec![0; flights] }
    }

    /// How many flights change.
    pub fn flights(&self) -> usize {
        self.flights
    }

    /// Says how many sockets that read at once follow each flight.
    pub fn set_followers(&mut self, followers: Vec<u32>) {
        self.followers = followers;
    }

    /// How many sockets that read at once follow `flight`.
    pub fn followers(&self, flight: usize) -> u32 {
        self.followers[flight]
    }

    /// The flight that changes next; all take turns.
    pub fn next_flight(&mut self) -> usize {
        let flight = self.cursor;
        self.cursor = (self.cursor + 1) % self.flights;
        flight
    }

    /// The plan, when reports are pushed.
    pub fn plan(&mut self) -> Option<&mut Plan> {
        match &mut self.kind {
            Kind::Reports(plan) => Some(plan),
            Kind::Frames(_) => None,
        }
    }

    /// Last revisions, when we make the frames ourselves.
    pub fn revs(&self) -> Option<&[u32]> {
        match &self.kind {
            Kind::Reports(_) => None,
            Kind::Frames(frames) => Some(&frames.revs),
        }
    }

    /// Appends one change of `flight` that carries `marker`.
    pub fn put(&mut self, out: &mut Vec<u8>, first: bool, flight: usize, marker: u32) -> Result<()> {
        match &mut self.kind {
            Kind::Reports(plan) => {
                out.push(if first { b'[' } else { b',' });
                plan.put_remark(out, flight, marker)
            }
            Kind::Frames(frames) => {
                if !first {
                    out.push(b'\n');
                }
                frames.put(out, flight, marker)
            }
        }
    }

    /// Ends a body.
    pub fn finish(&self, out: &mut Vec<u8>) {
        if matches!(self.kind, Kind::Reports(_)) {
            out.push(b']');
        }
    }
}

impl Frames {
    fn put(&mut self, out: &mut Vec<u8>, flight: usize, marker: u32) -> Result<()> {
        self.revs[flight] += 1;
        let (start, leg, rev) = (out.len(), &self.legs[flight], self.revs[flight]);
        write!(
            out,
            r#"{{"type":"change","leg":"{leg}","rev":{rev},"at":"2013-02-08T15:00:00Z","kinds":["remark"],"set":{{"remark":""#
        )?;
        const TAIL: &[u8] = br#""}}"#;
        let room = self.payload_bytes.saturating_sub(out.len() - start + TAIL.len());
        out.extend_from_slice(remark(marker, room).as_bytes());
        out.extend_from_slice(TAIL);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceilings_frames_are_as_long_as_asked() {
        let mut source = Traffic::frames(vec!["X0-1000-20130208-JFK-ATL".to_owned()], 200);
        for marker in 0..3 {
            let mut out = Vec::new();
            source.put(&mut out, true, 0, marker).unwrap();
            assert_eq!(out.len(), 200);
            let frame: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(frame["rev"], marker + 2);
        }
    }
}
