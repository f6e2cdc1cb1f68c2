//! Meanings of AIDX's codes, and of codes that airports mix in.
//!
//! Sources: PADIS code lists 1245 (status), 2005 (status and type of time) and 9750 (operations), and codes
//! seen in practice: the two-letter codes of Gatwick's Idaho system, and the statuses of Amadeus' displays.
//! `RemarkTextCode` and `PublicStatus` use the same codes for the public.

use domain::field::{Field, Step};
use domain::report::Confidence::{self, Fallback, Primary};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The meaning of a status code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meaning {
    /// The flight has reached this step.
    Step(Step),
    /// Between stand and runway: off-block before the flight, landed after it.
    Taxiing,
    /// Check-in has closed.
    CheckInClosed,
    /// Cancelled.
    Cancelled,
    /// The cancellation is withdrawn.
    Reinstated,
    /// Diverted.
    Diverted,
    /// It operates, or it does not and is hidden.
    Operates(bool),
    /// Nothing that concerns passengers, or nothing at all.
    Nothing,
}

use Meaning::{Cancelled, CheckInClosed, Diverted, Nothing, Operates, Reinstated, Taxiing};

const fn step(step: Step) -> Meaning {
    Meaning::Step(step)
}

/// Statuses of `OperationalStatus`, which displays may use too.
const STATUSES: &[(&str, Meaning)] = &[
    ("OP", Operates(true)),
    ("SCH", Nothing),
    ("NOP", Operates(false)),
    ("DX", Cancelled),
    ("SQ", Reinstated),
    ("DV", Diverted),
    ("GRT", step(Step::Returned)),
    // Re-routed to the same airport. If the airport changes, the list of planned arrival airports shows it.
    ("RT", Nothing),
    ("INI", Nothing),
    ("SEQ", Nothing),
    ("DIR", Nothing),
    ("DIC", Nothing),
    ("RDT", Nothing),
    ("CHK", step(Step::CheckIn)),
    // "Check-in open" must not stay on a screen after check-in has closed; "gate open" and "boarding" may.
    ("CHC", CheckInClosed),
    ("GTO", step(Step::GateOpen)),
    ("BST", step(Step::Boarding)),
    ("FCT", step(Step::FinalCall)),
    // Boarding ends. Passengers may still make it until GCL closes the gate.
    ("BEN", step(Step::FinalCall)),
    ("GCL", step(Step::GateClosed)),
    ("FCL", step(Step::GateClosed)),
    ("OFB", step(Step::Departed)),
    ("TKO", step(Step::Airborne)),
    ("FIR", step(Step::Airborne)),
    ("THM", step(Step::Airborne)),
    ("STE", step(Step::Airborne)),
    ("STX", step(Step::Airborne)),
    ("TEN", step(Step::Airborne)),
    ("FIN", step(Step::Airborne)),
    ("LAN", step(Step::Landed)),
    ("TDN", step(Step::Landed)),
    ("ONB", step(Step::Arrived)),
    ("FBG", step(Step::BagsOnBelt)),
    ("FBA", step(Step::BagsOnBelt)),
    ("LBG", step(Step::BagsOnBelt)),
    ("LBA", step(Step::BagsOnBelt)),
    // Idaho, Gatwick.
    ("CX", Cancelled),
    ("**", Operates(false)),
    ("NI", step(Step::Delayed)),
    ("GO", step(Step::GateOpen)),
    ("BD", step(Step::Boarding)),
    ("LC", step(Step::FinalCall)),
    ("GC", step(Step::GateClosed)),
    ("RS", step(Step::Returned)),
    ("TX", Taxiing),
    ("AB", step(Step::Airborne)),
    ("ZN", step(Step::Airborne)),
    ("FS", step(Step::Airborne)),
    // Overshoot: it goes around and is still in the air.
    ("OV", step(Step::Airborne)),
    ("LD", step(Step::Landed)),
    ("OC", step(Step::Arrived)),
    ("FB", step(Step::BagsOnBelt)),
    ("LB", step(Step::BagsOnBelt)),
];

/// Codes that only displays have. In `OperationalStatus`, `DEL` means deleted in some systems and delayed
/// in others, so it is ignored there.
const DISPLAYS: &[(&str, Meaning)] = &[
    ("SCT", step(Step::Scheduled)),
    ("EAR", step(Step::Scheduled)),
    ("DEL", step(Step::Delayed)),
    ("GCO", step(Step::GateOpen)),
    ("CKC", CheckInClosed),
];

/// The meaning of an operational status.
pub(super) fn status(code: &str) -> Option<Meaning> {
    STATUSES.iter().find(|(c, _)| *c == code).map(|(_, meaning)| *meaning)
}

/// The meaning of a public status.
pub(super) fn display(code: &str) -> Option<Meaning> {
    DISPLAYS.iter().find(|(c, _)| *c == code).map(|(_, meaning)| *meaning).or_else(|| status(code))
}

/// Operation times that become fields: qualifier, type of time, field, confidence. The end of boarding
/// implies the last call, a closed flight implies a closed gate, and a last bag implies a first. Touchdown
/// comes some minutes before on-block.
pub(super) const TIMES: &[(&str, &str, Field, Confidence)] = &[
    ("OFB", "SCT", Field::DepartureScheduled, Primary),
    ("OFB", "EST", Field::DepartureEstimated, Primary),
    ("CHK", "ACT", Field::DepartureCheckInOpened, Primary),
    ("CHC", "ACT", Field::DepartureCheckInClosed, Primary),
    ("GTO", "ACT", Field::DepartureGateOpened, Primary),
    ("BST", "ACT", Field::DepartureBoarding, Primary),
    ("FCT", "ACT", Field::DepartureFinalCall, Primary),
    ("BEN", "ACT", Field::DepartureFinalCall, Fallback),
    ("GCL", "ACT", Field::DepartureGateClosed, Primary),
    ("FCL", "ACT", Field::DepartureGateClosed, Fallback),
    ("OFB", "ACT", Field::DepartureActual, Primary),
    ("TKO", "ACT", Field::DepartureAirborne, Primary),
    ("ONB", "SCT", Field::ArrivalScheduled, Primary),
    ("ONB", "EST", Field::ArrivalEstimated, Primary),
    ("TDN", "EST", Field::ArrivalEstimated, Fallback),
    ("ONB", "ACT", Field::ArrivalActual, Primary),
    ("TDN", "ACT", Field::ArrivalLanded, Primary),
    ("FBG", "ACT", Field::ArrivalFirstBag, Primary),
    ("FBA", "ACT", Field::ArrivalFirstBag, Fallback),
    ("LBG", "ACT", Field::ArrivalFirstBag, Fallback),
    ("LBA", "ACT", Field::ArrivalFirstBag, Fallback),
];

/// Aircraft handling operations that do not concern passengers.
pub(super) const UNTOLD: &[&str] =
    &["ABD", "ABA", "RDT", "SRT", "SAT", "DIC", "DIE", "CGT", "THM", "TEN", "STE", "STX"];

/// Whether flights of this SSIM service type carry no passengers: cargo and mail (F, H, M, A), positioning
/// (P), technical test (T), training (K), technical stop (X). `None` if it is not a service type.
pub(super) fn carries_nobody(service_type: &str) -> Option<bool> {
    match service_type.as_bytes() {
        [b'F' | b'H' | b'M' | b'A' | b'P' | b'T' | b'K' | b'X'] => Some(true),
        [b'A'..=b'Z'] => Some(false),
        _ => None,
    }
}

/// The status of a step.
pub(super) fn status_of(step: Step) -> Option<&'static str> {
    match step {
        // Public statuses, see `remark_of`.
        Step::Scheduled | Step::Delayed => None,
        Step::CheckIn => Some("CHK"),
        Step::GateOpen => Some("GTO"),
        Step::Boarding => Some("BST"),
        Step::FinalCall => Some("FCT"),
        Step::GateClosed => Some("GCL"),
        Step::Returned => Some("GRT"),
        Step::Departed => Some("OFB"),
        Step::Airborne => Some("TKO"),
        Step::Landed => Some("LAN"),
        Step::Arrived => Some("ONB"),
        Step::BagsOnBelt => Some("FBG"),
    }
}

/// The remark code of a step without an operational status.
pub(super) fn remark_of(step: Step) -> Option<&'static str> {
    match step {
        Step::Scheduled => Some("SCT"),
        Step::Delayed => Some("DEL"),
        _ => None,
    }
}

/// The first AHM 730 code with this text.
pub(super) fn delay_code(words: &str) -> Option<&'static str> {
    static CODES: LazyLock<HashMap<&str, String>> = LazyLock::new(|| {
        let codes = (0..100).rev().map(|number| format!("{number:02}"));
        codes.filter_map(|code| Some((domain::delay_reason::text(&code)?, code))).collect()
    });
    CODES.get(words).map(String::as_str)
}
