//! Fields taken over by hand, given back, and ended when their time is up; and flights removed.
//!
//! Each goes through the actor of its leg, in its turn among the reports, and is durable before it is
//! shown or answered, as a report is. Any node may do it: of a shared log the first word counts, and
//! whoever was slower merges anew. That overrides end is seen to by the owner of the leg alone.

use super::Hub;
use super::flights::Slot;
use super::taking::unavailable;
use crate::flight::{Amend, Amended, Amendment, Remove};
use domain::field::Field;
use domain::flight::Override;
use domain::leg::LegId;
use domain::ports::SinkError;
use futures_util::future::join_all;
use std::sync::Arc;

/// Why a leg stays as it is.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotAmended {
    /// Nobody has spoken of this leg, or it is over.
    #[error("no such flight is known")]
    UnknownLeg,
    /// It cannot be made durable now; the same call may succeed later, and repeating it is harmless.
    #[error(transparent)]
    NotNow(#[from] SinkError),
}

/// What came of a round of [`Hub::lapse_due`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Lapsed {
    /// Legs of which something has ended.
    pub ended: usize,
    /// Legs whose end could not be made durable; the next round tries again.
    pub failed: usize,
}

impl Hub {
    /// Takes a field over by hand, over an earlier order on it. Answers once it is durable and shown.
    pub async fn take_over(&self, leg: &LegId, order: Override) -> Result<Amended, NotAmended> {
        self.amend(leg, Amendment::TakeOver(order)).await
    }

    /// Gives a field back to the sources; [`Amended::Nothing`] where it was not taken over. `by` is
    /// told as the source of the change.
    pub async fn give_back(&self, leg: &LegId, field: Field, by: Arc<str>) -> Result<Amended, NotAmended> {
        self.amend(leg, Amendment::GiveBack { field, by }).await
    }

    /// Ends what was taken over until now, of at most `most` legs of this node. Looks at every leg
    /// in memory and copies none: a few milliseconds for a hundred thousand.
    pub async fn lapse_due(&self, most: usize) -> Lapsed {
        let now = self.0.clock.now();
        let due = |slot: &Slot| slot.base.state.next_override_end().is_some_and(|at| at <= now);
        let all = self.0.flights.slots.iter().filter(|slot| due(slot) && self.0.log.owns(slot.key()));
        let legs: Vec<LegId> = all.take(most).map(|slot| slot.key().clone()).collect();
        // At the same time, so that the log makes them durable together.
        let rounds = legs.iter().map(|leg| self.amend(leg, Amendment::Lapse));
        let mut lapsed = Lapsed::default();
        for (leg, answer) in legs.iter().zip(join_all(rounds).await) {
            match answer {
                Ok(Amended::Unseen | Amended::Seen(_)) => lapsed.ended += 1,
                // Somebody else was faster: a report, another node, or the leg's end.
                Ok(Amended::Nothing) | Err(NotAmended::UnknownLeg) => {}
                Err(NotAmended::NotNow(fault)) => {
                    lapsed.failed += 1;
                    tracing::debug!(flight.leg = %leg, %fault, "an override could not be ended yet");
                }
            }
        }
        lapsed
    }

    /// Takes a flight out of the log, out of memory and off the boards, whatever its sources go on saying.
    /// Answers once that is durable; `false` where no such flight is known.
    pub async fn remove(&self, leg: &LegId) -> Result<bool, NotAmended> {
        let _under_way = self.take_on(1)?;
        match self.known_flight(leg) {
            Some(address) => Ok(address.send(Remove).await.map_err(|_| unavailable())??),
            None => Ok(false),
        }
    }

    async fn amend(&self, leg: &LegId, amendment: Amendment) -> Result<Amended, NotAmended> {
        let _under_way = self.take_on(1)?;
        let address = self.known_flight(leg).ok_or(NotAmended::UnknownLeg)?;
        address.send(Amend(amendment)).await.map_err(|_| unavailable())??.ok_or(NotAmended::UnknownLeg)
    }
}
