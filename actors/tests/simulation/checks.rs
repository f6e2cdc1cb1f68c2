//! What must always hold, and the trace of a run.

use crate::clock::VirtualClock;
use std::fmt;
use std::sync::{Arc, Mutex};

/// An invariant of docs/ARCHITECTURE.md that the simulation checks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Invariant {
    /// A report whose sender has an answer is part of the durable state, also after a crash.
    AnsweredReportsAreKept,
    /// The revisions of a leg rise by one, and none is used for two contents.
    RevisionsRiseByOne,
    /// Every order of the same reports ends in the same state.
    AnyOrderEndsInTheSameState,
    /// No client sees a revision that is not durable, or a content that the log does not have.
    ShownIsDurable,
    /// A connection that has read everything holds for each topic exactly the state of the hub.
    ConnectionsHoldTheState,
    /// Boards show exactly the flights of their topic, in order.
    BoardsEqualFlights,
    /// A correction of the number of a flight makes no second leg.
    CorrectionsKeepTheLeg,
    /// The memory of a hub is what the log holds.
    MemoryEqualsLog,
    /// Queues stay within their bounds.
    QueuesAreBounded,
    /// Reports are rejected only for a reason that holds.
    RejectionsAreJustified,
    /// The calls of a port keep to the contract of the port.
    PortContract,
    /// Once faults end, everything comes to rest in bounded time.
    ComesToRest,
    /// No actor panics.
    NoPanics,
}

/// Violations kept of one run. A broken invariant is usually broken many times.
const VIOLATIONS_MAX: usize = 40;

/// Records what happens in a run and what must not happen. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Checks(Arc<Inner>);

struct Inner {
    clock: VirtualClock,
    trace: Mutex<Vec<String>>,
    violations: Mutex<Vec<(Invariant, String)>>,
}

impl Checks {
    pub(crate) fn new(clock: VirtualClock) -> Self {
        Self(Arc::new(Inner { clock, trace: Mutex::default(), violations: Mutex::default() }))
    }

    /// Adds a line to the trace.
    pub(crate) fn note(&self, what: fmt::Arguments<'_>) {
        let line = format!("{:>9.3} {what}", self.0.clock.elapsed().as_secs_f64());
        self.0.trace.lock().unwrap().push(line);
    }

    pub(crate) fn violate(&self, invariant: Invariant, what: fmt::Arguments<'_>) {
        self.note(format_args!("VIOLATION {invariant:?}: {what}"));
        let mut violations = self.0.violations.lock().unwrap();
        if violations.len() < VIOLATIONS_MAX {
            violations.push((invariant, what.to_string()));
        }
    }

    /// Reports a violation unless the condition holds.
    pub(crate) fn check(&self, invariant: Invariant, holds: bool, what: fmt::Arguments<'_>) {
        if !holds {
            self.violate(invariant, what);
        }
    }

    pub(crate) fn take(&self) -> (Vec<String>, Vec<(Invariant, String)>) {
        let trace = std::mem::take(&mut *self.0.trace.lock().unwrap());
        (trace, std::mem::take(&mut *self.0.violations.lock().unwrap()))
    }
}
