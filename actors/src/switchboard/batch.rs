//! The broadcasts of one batch, and their bytes.

use super::send_queue::SendQueue;
use crate::frame::{Encoding, Frame};
use bytes::{Bytes, BytesMut};
use domain::leg::LegId;
use smallvec::SmallVec;
use wire::frame::Conflation;

/// Frames of one leg, with the numbers of their topics.
pub(super) struct QueuedBroadcast {
    pub(super) leg: LegId,
    pub(super) frames: SmallVec<[Frame; 2]>,
    pub(super) topics: SmallVec<[u32; 4]>,
}

/// Records in the queue of a slow connection what it needs of a broadcast.
pub(super) fn mark_dirty(queue: &mut SendQueue, broadcast: &QueuedBroadcast, encoding: Encoding) {
    if queue.closing {
        return;
    }
    for frame in &broadcast.frames {
        match frame.kind().conflation() {
            Conflation::FinalForLeg => queue.push_gone(&broadcast.leg, frame.bytes(encoding)),
            // Queued kinds are not about a leg and are never broadcast here.
            Conflation::NewestState | Conflation::Queued => queue.mark_dirty(&broadcast.leg),
        }
    }
}

/// What one batch wrote.
#[derive(Default)]
pub(super) struct WriteStats {
    pub(super) frames: u64,
    pub(super) bytes: u64,
    pub(super) conflated: u64,
}

/// The joined bytes of the last list of broadcasts, one entry per encoding. Neighbouring connections
/// usually need the same list.
#[derive(Default)]
pub(super) struct JoinedFrames {
    made: [Option<Joined>; Encoding::COUNT],
}

/// The joined bytes of a list of broadcasts, and the number of their frames.
struct Joined {
    of: SmallVec<[u32; 16]>,
    bytes: Bytes,
    frames: u64,
}

impl JoinedFrames {
    pub(super) fn of(
        &mut self,
        all: &[QueuedBroadcast],
        numbers: &[u32],
        encoding: Encoding,
    ) -> (&Bytes, u64) {
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
