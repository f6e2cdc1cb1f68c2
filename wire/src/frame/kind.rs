//! The types of the hub's frames, and what a slow connection gets in place of each.

use std::fmt;

/// The type of a frame from the hub.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FrameKind {
    /// The first frame of a connection.
    Hello,
    /// The flights of a topic.
    Snapshot,
    /// One flight changed by one revision.
    Change,
    /// One whole flight.
    State,
    /// A flight has left a topic.
    Gone,
    /// Whether the hub receives changes.
    Upstream,
    /// Whether a source is silent.
    Source,
    /// A client's frame was refused.
    Error,
    /// A heartbeat.
    Ping,
}

/// What a connection gets in place of a frame that it could not take at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conflation {
    /// The leg's newest `state`, once, in place of all such frames of the leg.
    NewestState,
    /// The frame itself, in place of everything else about the leg.
    FinalForLeg,
    /// The frame itself: it is queued within the connection's limits.
    Queued,
}

impl FrameKind {
    /// Every kind, in the order of the enum.
    pub const ALL: [Self; 9] = [
        Self::Hello,
        Self::Snapshot,
        Self::Change,
        Self::State,
        Self::Gone,
        Self::Upstream,
        Self::Source,
        Self::Error,
        Self::Ping,
    ];

    /// The value of `type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Snapshot => "snapshot",
            Self::Change => "change",
            Self::State => "state",
            Self::Gone => "gone",
            Self::Upstream => "upstream",
            Self::Source => "source",
            Self::Error => "error",
            Self::Ping => "ping",
        }
    }

    /// What a slow connection gets in place of a frame of this kind.
    pub const fn conflation(self) -> Conflation {
        match self {
            Self::Change | Self::State => Conflation::NewestState,
            Self::Gone => Conflation::FinalForLeg,
            Self::Hello | Self::Snapshot | Self::Upstream | Self::Source | Self::Error | Self::Ping => {
                Conflation::Queued
            }
        }
    }
}

impl fmt::Display for FrameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::server::ServerFrame;

    #[test]
    fn kinds_are_the_types_of_server_frames() {
        assert_eq!(FrameKind::ALL.map(FrameKind::as_str), ServerFrame::TYPES);
    }

    #[test]
    fn only_frames_about_a_legs_state_are_conflated_into_its_newest_state() {
        let conflated: Vec<_> =
            FrameKind::ALL.into_iter().filter(|kind| kind.conflation() == Conflation::NewestState).collect();
        assert_eq!(conflated, [FrameKind::Change, FrameKind::State]);
    }
}
