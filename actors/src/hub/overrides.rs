//! Operator actions on a leg: set and clear overrides, expire overrides, remove the leg.
//!
//! The actor of the leg handles each action in turn with the reports. Like a report, an action is durable
//! before it is shown or answered. Every node accepts these actions: of two entries made from the same
//! state in a shared log the first counts, and the other node merges again. Only the owner of a leg
//! expires its overrides.

use super::Hub;
use super::admission::unavailable;
use super::registry::Slot;
use crate::flight::{ChangeOverride, OverrideCommand, OverrideOutcome, Remove};
use domain::field::Field;
use domain::flight::Override;
use domain::leg::LegId;
use domain::ports::SinkError;
use futures_util::future::join_all;
use std::sync::Arc;

/// Why an operator action failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OperatorError {
    /// No source has reported the leg, or the leg is retired.
    #[error("no such flight is known")]
    UnknownLeg,
    /// The action cannot be made durable now. The same call may succeed later; repeating it is harmless.
    #[error(transparent)]
    Unavailable(#[from] SinkError),
}

/// The result of [`Hub::expire_overrides`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ExpiredOverrides {
    /// Legs with an override that ended.
    pub ended: usize,
    /// Legs whose change could not be made durable. The next call tries again.
    pub failed: usize,
}

impl Hub {
    /// Sets an override, replacing an earlier one of the same field. Answers once it is durable and
    /// shown.
    pub async fn set_override(&self, leg: &LegId, order: Override) -> Result<OverrideOutcome, OperatorError> {
        self.change_override(leg, OverrideCommand::Set(order)).await
    }

    /// Ends an override, so that the sources decide the field again. Answers
    /// [`OverrideOutcome::Unchanged`] if there is none. The change names `by` as its source.
    pub async fn clear_override(
        &self,
        leg: &LegId,
        field: Field,
        by: Arc<str>,
    ) -> Result<OverrideOutcome, OperatorError> {
        self.change_override(leg, OverrideCommand::Clear { field, by }).await
    }

    /// Ends due overrides of at most `most` legs of this node. Scans all legs in memory without copying
    /// them, which takes a few milliseconds for 100,000 legs.
    pub async fn expire_overrides(&self, most: usize) -> ExpiredOverrides {
        let now = self.0.clock.now();
        let due = |slot: &Slot| slot.base.state.next_override_end().is_some_and(|at| at <= now);
        let all = self.0.flights.slots.iter().filter(|slot| due(slot) && self.0.log.owns(slot.key()));
        let mut legs: Vec<LegId> = all.take(most).map(|slot| slot.key().clone()).collect();
        // The order of the map depends on the number of cores. A simulated run must not.
        legs.sort_unstable();
        // All at once, so that one group commit makes them durable.
        let rounds = legs.iter().map(|leg| self.change_override(leg, OverrideCommand::Expire));
        let mut expired = ExpiredOverrides::default();
        for (leg, answer) in legs.iter().zip(join_all(rounds).await) {
            match answer {
                Ok(OverrideOutcome::Stored | OverrideOutcome::Shown(_)) => expired.ended += 1,
                // A report, another node or the retirement of the leg came first.
                Ok(OverrideOutcome::Unchanged) | Err(OperatorError::UnknownLeg) => {}
                Err(OperatorError::Unavailable(fault)) => {
                    expired.failed += 1;
                    tracing::debug!(flight.leg = %leg, %fault, "an override could not be ended yet");
                }
            }
        }
        expired
    }

    /// Removes a flight from the log, from memory and from the boards, whatever its sources report.
    /// Answers once that is durable; `false` if the flight is unknown.
    pub async fn remove(&self, leg: &LegId) -> Result<bool, OperatorError> {
        let _permit = self.admit(1)?;
        match self.existing_flight(leg) {
            Some(address) => Ok(address.send(Remove).await.map_err(|_| unavailable())??),
            None => Ok(false),
        }
    }

    async fn change_override(
        &self,
        leg: &LegId,
        command: OverrideCommand,
    ) -> Result<OverrideOutcome, OperatorError> {
        let _permit = self.admit(1)?;
        let address = self.existing_flight(leg).ok_or(OperatorError::UnknownLeg)?;
        address
            .send(ChangeOverride(command))
            .await
            .map_err(|_| unavailable())??
            .ok_or(OperatorError::UnknownLeg)
    }
}
