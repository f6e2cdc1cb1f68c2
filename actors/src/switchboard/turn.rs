//! What is delivered in one turn, and its bytes.

use super::pending::Pending;
use crate::frame::{Encoding, Frame};
use bytes::{Bytes, BytesMut};
use domain::leg::LegId;
use smallvec::SmallVec;
use wire::frame::Conflation;

/// Frames of one leg and the topics they are told on.
pub(super) struct Delivery {
    pub(super) leg: LegId,
    pub(super) frames: SmallVec<[Frame; 2]>,
    pub(super) topics: SmallVec<[u32; 4]>,
}

/// Notes what a line that is behind needs of a delivery.
pub(super) fn owe(pending: &mut Pending, delivery: &Delivery, encoding: Encoding) {
    if pending.closing {
        return;
    }
    for frame in &delivery.frames {
        match frame.kind().conflation() {
            Conflation::FinalForLeg => pending.owe_goodbye(&delivery.leg, frame.bytes(encoding)),
            // Queued kinds are not about a leg and are never delivered here.
            Conflation::NewestState | Conflation::Queued => pending.owe_state(&delivery.leg),
        }
    }
}

/// What one turn wrote.
#[derive(Default)]
pub(super) struct Wrote {
    pub(super) frames: u64,
    pub(super) bytes: u64,
    pub(super) conflated: u64,
}

/// The bytes of the last list of deliveries, one place an encoding: neighbours usually get the
/// same.
#[derive(Default)]
pub(super) struct Together {
    made: [Option<Joined>; Encoding::COUNT],
}

/// What a list of deliveries is in bytes, and how many frames that is.
struct Joined {
    of: SmallVec<[u32; 16]>,
    bytes: Bytes,
    frames: u64,
}

impl Together {
    pub(super) fn of(&mut self, all: &[Delivery], numbers: &[u32], encoding: Encoding) -> (&Bytes, u64) {
        let made = &mut self.made[encoding as usize];
        if made.as_ref().is_none_or(|joined| joined.of.as_slice() != numbers) {
            let frames: SmallVec<[&Bytes; 16]> =
                numbers.iter().flat_map(|n| &all[*n as usize].frames).map(|f| f.bytes(encoding)).collect();
            let bytes = match frames.as_slice() {
                [one] => (*one).clone(),
                many => {
                    let mut joined = BytesMut::with_capacity(many.iter().map(|b| b.len()).sum());
                    many.iter().for_each(|b| joined.extend_from_slice(b));
                    joined.freeze()
                }
            };
            *made = Some(Joined { of: SmallVec::from_slice(numbers), bytes, frames: frames.len() as u64 });
        }
        let joined = made.as_ref().expect("made above");
        (&joined.bytes, joined.frames)
    }
}
