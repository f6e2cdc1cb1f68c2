//! Which legs are hidden from the public, and how they become visible again.

use crate::story::*;
use gatecall_domain::field::{Field, Value};
use gatecall_domain::report::{Report, Source};
use std::sync::Arc;

const REASONS: [Field; 3] = [Field::NotOperating, Field::NoPassengers, Field::Replaced];

fn flag(source: &Arc<Source>, observed: &str, field: Field, flag: bool) -> Report {
    says(source, observed, |r| r.set(field, Value::Flag(flag)))
}

fn hidden(reports: &[Report]) -> bool {
    let of = |reports: &[Report]| flight(reports).view().hidden;
    let backwards: Vec<_> = reports.iter().rev().cloned().collect();
    assert_eq!(of(&backwards), of(reports), "backwards");
    of(reports)
}

#[test]
fn a_leg_that_was_hidden_comes_back_when_the_reason_is_taken_back() {
    for reason in REASONS {
        let hides = flag(&jfk(), "10:00", reason, true);
        assert!(hidden(std::slice::from_ref(&hides)), "{reason}");
        assert!(!hidden(&[hides.clone(), flag(&jfk(), "10:10", reason, false)]), "{reason}");
        assert!(!hidden(&[hides, clears(&jfk(), "10:10", reason)]), "{reason}");
    }
}

#[test]
fn taking_one_reason_back_leaves_the_others() {
    for reason in REASONS {
        let marked = flag(&jfk(), "10:00", Field::Hidden, true);
        let both = [marked, flag(&jfk(), "10:00", reason, true), flag(&jfk(), "10:10", reason, false)];
        assert!(hidden(&both), "{reason}");
    }
}

#[test]
fn no_source_withdraws_the_claim_of_an_equal_one() {
    for reason in REASONS {
        let hides = flag(&jfk(), "10:00", reason, true);
        assert!(hidden(&[hides.clone(), flag(&fll(), "10:10", reason, false)]), "{reason}");
        assert!(hidden(&[hides, clears(&fll(), "10:10", reason)]), "{reason}");
    }
}

#[test]
fn a_weaker_source_hides_nothing_that_a_stronger_one_shows() {
    let radar = source("radar", None, 10);
    for reason in REASONS {
        let shows = flag(&jfk(), "10:00", reason, false);
        assert!(!hidden(&[shows, flag(&radar, "10:10", reason, true)]), "{reason}");
        assert!(hidden(&[flag(&radar, "10:10", reason, true)]), "{reason}");
    }
}
