//! The input that makes a server broadcast: reports for the hub, frames for the baseline.

use crate::frame_cache::remark;
use crate::plan::Plan;
use anyhow::Result;
use std::io::Write;

/// A source of broadcasts.
pub struct Traffic {
    kind: Kind,
    flights: usize,
    cursor: usize,
    /// Followers of each flight that read at once.
    followers: Vec<u32>,
}

enum Kind {
    Reports(Plan),
    Frames(Frames),
}

/// Frames in the hub's format, for the baseline.
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

    /// Frames about `legs`, starting at revision 1, of `payload_bytes` each.
    pub fn frames(legs: Vec<String>, payload_bytes: usize) -> Self {
        let flights = legs.len();
        let frames = Frames { revs: vec![1; flights], legs, payload_bytes };
        Self { kind: Kind::Frames(frames), flights, cursor: 0, followers: vec![0; flights] }
    }

    /// Number of flights that change.
    pub fn flights(&self) -> usize {
        self.flights
    }

    /// Sets the number of followers of each flight that read at once.
    pub fn set_followers(&mut self, followers: Vec<u32>) {
        self.followers = followers;
    }

    /// Number of followers of `flight` that read at once.
    pub fn followers(&self, flight: usize) -> u32 {
        self.followers[flight]
    }

    /// The next flight to change, in turn.
    pub fn next_flight(&mut self) -> usize {
        let flight = self.cursor;
        self.cursor = (self.cursor + 1) % self.flights;
        flight
    }

    /// The plan, if reports are pushed.
    pub fn plan(&mut self) -> Option<&mut Plan> {
        match &mut self.kind {
            Kind::Reports(plan) => Some(plan),
            Kind::Frames(_) => None,
        }
    }

    /// The last revisions, if frames are pushed.
    pub fn revs(&self) -> Option<&[u32]> {
        match &self.kind {
            Kind::Reports(_) => None,
            Kind::Frames(frames) => Some(&frames.revs),
        }
    }

    /// Appends one change of `flight` with `marker`.
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

    /// Completes a body.
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
