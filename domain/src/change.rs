//! The difference between two views of a leg.

use crate::leg::LegId;
use crate::status::Status;
use crate::view::{Fact, FlightView};
use chrono::{DateTime, Utc};
use std::sync::Arc;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// A kind of change. One change can have several kinds.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum ChangeKind { $($(#[$doc])* $name,)* }

        impl ChangeKind {
            /// Every kind with its name in frames.
            pub const WORDS: &'static [(ChangeKind, &'static str)] = &[$((ChangeKind::$name, $word),)*];
        }
    };
}

kinds! {
    /// The leg was created.
    Created = "created",
    /// A scheduled or estimated time changed, or an actual time or a step was corrected.
    Time = "time",
    /// The flight became late (15 minutes or more), its delay or the reason changed, or it is on time
    /// again.
    Delay = "delay",
    /// A gate, at either end.
    Gate = "gate",
    /// A terminal, at either end.
    Terminal = "terminal",
    /// The baggage belt.
    Belt = "belt",
    /// Check-in desks.
    CheckIn = "check_in",
    /// Cancelled.
    Cancelled = "cancelled",
    /// No longer cancelled.
    Reinstated = "reinstated",
    /// Diverted, diverted to another airport, or no longer diverted.
    Diverted = "diverted",
    /// Returned to the stand.
    Returned = "returned",
    /// A step from check-in to gate closed was reached or withdrawn.
    Boarding = "boarding",
    /// Left the stand.
    Departed = "departed",
    /// Took off, as a change of status.
    Airborne = "airborne",
    /// Landed.
    Landed = "landed",
    /// On the stand.
    Arrived = "arrived",
    /// First bag on the belt.
    Bags = "bags",
    /// Aircraft type or registration.
    Equipment = "equipment",
    /// Marketing flights.
    Codeshare = "codeshare",
    /// The airport's remark.
    Remark = "remark",
    /// Number, date or route were corrected. It is the same flight.
    Corrected = "corrected",
}

impl ChangeKind {
    /// The name in frames.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].1
    }
}

/// A set of kinds.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Kinds(u32);

impl Kinds {
    /// Adds one.
    pub fn insert(&mut self, kind: ChangeKind) {
        self.0 |= 1 << kind as u32;
    }

    /// Whether it holds `kind`.
    pub fn contains(self, kind: ChangeKind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }

    /// Those it holds, in the order of the enum.
    pub fn iter(self) -> impl Iterator<Item = ChangeKind> {
        ChangeKind::WORDS.iter().map(|(kind, _)| *kind).filter(move |kind| self.contains(*kind))
    }
}

impl FromIterator<ChangeKind> for Kinds {
    fn from_iter<I: IntoIterator<Item = ChangeKind>>(kinds: I) -> Self {
        let mut set = Self::default();
        kinds.into_iter().for_each(|kind| set.insert(kind));
        set
    }
}

impl std::fmt::Debug for Kinds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// One revision of a leg: the step from one view to the next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The leg.
    pub leg: LegId,
    /// The revision.
    pub rev: u64,
    /// When, by the operational clock.
    pub at: DateTime<Utc>,
    /// The kinds of the change.
    pub kinds: Kinds,
    /// The source whose report caused it.
    pub source: Arc<str>,
    /// The view before; `None` for the first revision.
    pub before: Option<Arc<FlightView>>,
    /// The view after.
    pub after: Arc<FlightView>,
}

impl Change {
    /// The changed facts with their new values, by dotted path. A first revision leaves out number, date
    /// and route, which identify the flight.
    pub fn differing(&self) -> Vec<(&'static str, Fact)> {
        let after = self.after.facts();
        let Some(before) = &self.before else {
            return after.into_iter().filter(|(_, fact)| *fact != Fact::None).collect();
        };
        let mut differing = Vec::new();
        if before.key != self.after.key {
            let corrected = self.after.identity().into_iter().zip(before.identity());
            differing.extend(corrected.filter(|(new, old)| new.1 != old.1).map(|(new, _)| new));
        }
        let facts = after.into_iter().zip(before.facts());
        differing.extend(facts.filter(|(new, old)| new.1 != old.1).map(|(new, _)| new));
        differing
    }
}

/// The kinds of change between two views; at least one if any fact differs.
///
/// A kind such as `Departed` means that something *happened*. A corrected or withdrawn actual time is of
/// kind `Time`, not a second departure.
pub fn kinds_between(before: Option<&FlightView>, after: &FlightView) -> Kinds {
    let Some(before) = before else {
        return Kinds::from_iter([ChangeKind::Created]);
    };
    let mut kinds = Kinds::default();
    if before.key != after.key {
        kinds.insert(ChangeKind::Corrected);
    }
    for ((path, new), (_, old)) in after.facts().into_iter().zip(before.facts()) {
        if new != old
            && let Some(kind) = kind_of_path(path, old == Fact::None, before.status, after.status)
        {
            kinds.insert(kind);
        }
    }
    if before.status != after.status {
        if before.status == Status::Cancelled {
            kinds.insert(ChangeKind::Reinstated);
        } else if before.status == Status::Diverted && after.status != Status::Cancelled {
            kinds.insert(ChangeKind::Diverted);
        }
        if has_happened_before(before.status, after.status) {
            // The kind `Diverted` covers the end of a diversion.
            if before.status != Status::Diverted {
                kinds.insert(ChangeKind::Time);
            }
        } else if let Some(kind) = kind_of_status(after.status).or_else(|| kind_of_withdrawal(before.status))
        {
            kinds.insert(kind);
        }
    }
    let later = before.is_late() != after.is_late()
        || after.is_late() && before.delay_minutes() != after.delay_minutes();
    if later && after.status != Status::Cancelled {
        kinds.insert(ChangeKind::Delay);
    }
    // Derived facts change together with the times they follow from, but some of those times are not shown.
    if kinds == Kinds::default() && before.facts() != after.facts() {
        kinds.insert(ChangeKind::Time);
    }
    kinds
}

fn kind_of_path(path: &str, is_first: bool, before: Status, after: Status) -> Option<ChangeKind> {
    Some(match path {
        // A cancelled flight never shows estimates.
        "departure.estimated" | "arrival.estimated" if after == Status::Cancelled => return None,
        "departure.scheduled" | "departure.estimated" | "arrival.scheduled" | "arrival.estimated" => {
            ChangeKind::Time
        }
        "doubtful" if after == Status::Cancelled => return None,
        "doubtful" => ChangeKind::Time,
        "delayed" if after != Status::Cancelled => ChangeKind::Delay,
        "departure.actual" if is_first && after.has_left() && !before.has_left() => ChangeKind::Departed,
        "arrival.actual" if is_first && !matches!(before, Status::Arrived | Status::BagsOnBelt) => {
            ChangeKind::Arrived
        }
        "departure.actual" | "arrival.actual" => ChangeKind::Time,
        "departure.gate" | "arrival.gate" => ChangeKind::Gate,
        "departure.terminal" | "arrival.terminal" => ChangeKind::Terminal,
        "departure.check_in" => ChangeKind::CheckIn,
        "arrival.belt" => ChangeKind::Belt,
        "remark" => ChangeKind::Remark,
        "delay_reason" => ChangeKind::Delay,
        "aircraft.type" | "aircraft.registration" => ChangeKind::Equipment,
        "diverted_to" => ChangeKind::Diverted,
        "codeshares" => ChangeKind::Codeshare,
        _ => return None,
    })
}

fn kind_of_status(status: Status) -> Option<ChangeKind> {
    Some(match status {
        Status::Scheduled => return None,
        Status::CheckIn | Status::GateOpen | Status::Boarding | Status::FinalCall | Status::GateClosed => {
            ChangeKind::Boarding
        }
        Status::Delayed => ChangeKind::Delay,
        Status::Departed => ChangeKind::Departed,
        Status::Airborne => ChangeKind::Airborne,
        Status::Landed => ChangeKind::Landed,
        Status::Arrived => ChangeKind::Arrived,
        Status::BagsOnBelt => ChangeKind::Bags,
        Status::Cancelled => ChangeKind::Cancelled,
        Status::Diverted => ChangeKind::Diverted,
        Status::Returned => ChangeKind::Returned,
    })
}

/// Whether a change from `before` to `after` returns to something that happened earlier: after a withdrawn
/// take-off the flight has departed, and does not depart again. A diverted flight counts as departed if
/// nothing else is known; the end of the diversion has its own kind.
fn has_happened_before(before: Status, after: Status) -> bool {
    const WAY: [Status; 5] =
        [Status::Departed, Status::Airborne, Status::Landed, Status::Arrived, Status::BagsOnBelt];
    let place = |status| match status {
        Status::Diverted => Some(1),
        status => WAY.iter().position(|way| *way == status),
    };
    WAY.contains(&after) && place(before).zip(place(after)).is_some_and(|(before, after)| after <= before)
}

/// The kind of a change back to `scheduled`, by the withdrawn status.
fn kind_of_withdrawal(status: Status) -> Option<ChangeKind> {
    match status {
        Status::Cancelled | Status::Diverted => None,
        Status::Delayed => Some(ChangeKind::Delay),
        status => kind_of_status(status)
            .map(|kind| if kind == ChangeKind::Boarding { kind } else { ChangeKind::Time }),
    }
}
