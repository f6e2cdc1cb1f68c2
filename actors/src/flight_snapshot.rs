//! The published state of a leg, with its JSON and its frame.

use crate::frame::Frame;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::view::FlightView;
use std::sync::{Arc, OnceLock};
use wire::frame::FrameKind;

/// What readers see of a leg. Created once per revision and shared by boards, connections and REST.
#[derive(Debug)]
pub struct FlightSnapshot {
    /// The leg.
    pub leg: LegId,
    /// The revision.
    pub rev: u64,
    /// The instant of the revision.
    pub changed_at: DateTime<Utc>,
    /// The visible fields.
    pub view: Arc<FlightView>,
    json: Bytes,
    state: OnceLock<Frame>,
}

impl FlightSnapshot {
    /// The snapshot of a committed state.
    pub fn of(flight: &Flight, view: Arc<FlightView>) -> Self {
        Self {
            leg: flight.leg.clone(),
            rev: flight.rev,
            changed_at: flight.changed_at,
            json: wire::flight::flight_json(&flight.leg, flight.rev, flight.changed_at, &view).into(),
            view,
            state: OnceLock::new(),
        }
    }

    /// The JSON object.
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The frame that carries the whole state.
    pub fn state_frame(&self) -> &Frame {
        self.state.get_or_init(|| {
            Frame::new(FrameKind::State, wire::frame::server::state(&self.json), Some(self.changed_at))
        })
    }
}
