//! What a late departure makes of its arrival.

use crate::story::*;
use gatecall_domain::field::Field;
use gatecall_domain::report::Report;

fn forecast(reports: &[Report]) -> Option<chrono::DateTime<chrono::Utc>> {
    let of = |reports: Vec<Report>| flight(&[vec![schedule()], reports].concat()).view().arrival.forecast;
    let forwards = of(reports.to_vec());
    assert_eq!(of(reports.iter().rev().cloned().collect()), forwards, "backwards");
    forwards
}

fn late() -> Report {
    times(&jfk(), "14:00", Field::DepartureEstimated, "17:30")
}

#[test]
fn a_late_departure_is_carried_to_the_arrival_by_the_planned_time_between_them() {
    assert_eq!(forecast(&[]), None);
    assert_eq!(forecast(&[late()]), Some(at("20:30")));
    let left = times(&jfk(), "18:00", Field::DepartureActual, "17:50");
    assert_eq!(forecast(&[late(), left]), Some(at("20:50")), "the actual departure counts more");
    let early = times(&jfk(), "14:00", Field::DepartureEstimated, "14:50");
    assert_eq!(forecast(&[early]), None, "a flight that leaves early may still arrive as planned");
    assert_eq!(forecast(&[word(&jfk(), "14:00", "delayed")]), None, "the delay is unknown");
}

#[test]
fn there_is_no_forecast_where_something_better_is_known_or_nothing_comes() {
    for better in [
        times(&fll(), "17:45", Field::ArrivalEstimated, "20:40"),
        times(&fll(), "20:50", Field::ArrivalActual, "20:45"),
        times(&fll(), "20:50", Field::ArrivalLanded, "20:38"),
        word(&fll(), "20:50", "landed"),
        word(&jfk(), "15:00", "cancelled"),
        word(&jfk(), "18:00", "diverted"),
        clears(&jfk(), "15:00", Field::DepartureEstimated),
        clears(&jfk(), "15:00", Field::ArrivalScheduled),
        times(&jfk(), "15:00", Field::DepartureEstimated, "+3 15:00"),
    ] {
        assert_eq!(forecast(&[late(), better.clone()]), None, "{better:#?}");
    }
}

#[test]
fn a_flight_with_a_late_forecast_is_late_in_the_air() {
    let view = flight(&[schedule(), times(&jfk(), "17:55", Field::DepartureActual, "17:50")]).view();
    assert_eq!((view.status.as_str(), view.delayed), ("departed", true));
}
