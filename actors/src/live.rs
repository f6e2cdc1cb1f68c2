//! A flight as it is shown: the committed state, ready-made for readers.

use crate::frame::Frame;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::view::FlightView;
use std::sync::{Arc, OnceLock};
use wire::frame::FrameKind;

/// What readers get of a leg. Made once a revision, shared by boards, sockets and REST.
#[derive(Debug)]
pub struct Live {
    /// Which leg.
    pub leg: LegId,
    /// Its revision.
    pub rev: u64,
    /// When that was made.
    pub changed_at: DateTime<Utc>,
    /// What is shown.
    pub view: Arc<FlightView>,
    json: Bytes,
    state: OnceLock<Frame>,
}

impl Live {
    /// The shown form of a committed state.
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

    /// Its JSON object.
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The frame that tells a listener the whole of it.
    pub fn state_frame(&self) -> &Frame {
        self.state.get_or_init(|| {
            Frame::new(FrameKind::State, wire::frame::server::state(&self.json), Some(self.changed_at))
        })
    }
}
