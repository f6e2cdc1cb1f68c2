use super::super::testing::{context, facts, faults, read, report};
use super::super::{Decoded, Format, REPORTS_MAX, decode};
use domain::leg::Alias;

fn page() -> Decoded {
    read(Format::Schiphol, include_bytes!("../../../fixtures/schiphol/page.json"), "AMS")
}

#[test]
fn a_departure_says_all_that_the_public_is_told() {
    let page = page();
    let report = report(&page, 0);
    // To the next stop, and not to the last.
    assert_eq!(report.key.id().as_str(), "ZX-1001-20240305-AMS-KUL");
    assert_eq!(report.observed_at.to_rfc3339(), "2024-03-05T08:10:11.123+00:00");
    assert_eq!(report.aliases, [Alias::Provider("ams:141988470640710484".into())]);
    assert_eq!(
        facts(report),
        [
            "departure.terminal=2",
            "departure.gate=D24",
            "departure.check_in=16, 18",
            "departure.scheduled=05 09:05",
            "departure.estimated=05 09:25",
            "departure.actual=",
            // Gate closing, which is not closed; and what boards is not cancelled.
            "departure.step=final_call",
            "cancelled=false",
            "aircraft.type=73H",
            "aircraft.registration=PHZXA",
            // Its own list, without itself, and the row of its codeshare.
            "codeshares=VT777 YW9504",
        ]
    );
}

#[test]
fn an_arrival_comes_from_its_last_stop_on_the_date_it_set_out() {
    let page = page();
    let report = report(&page, 2);
    assert_eq!(report.key.id().as_str(), "ZX-644-20240304-GRU-AMS");
    assert_eq!(report.observed_at, report.received_at);
    assert_eq!(
        facts(report),
        [
            "arrival.terminal=3",
            "arrival.belt=16/17",
            "arrival.scheduled=05 08:00",
            "arrival.estimated=05 07:40",
            "arrival.landed=05 07:41",
            // The first bag is promised, not there.
            "arrival.step=arrived",
        ]
    );
}

#[test]
fn a_cancelled_cargo_flight_is_hidden_and_its_gate_gone() {
    let page = page();
    assert_eq!(facts(report(&page, 3)), ["departure.gate=", "cancelled=true", "hidden=true"]);
}

#[test]
fn a_row_that_cannot_be_read_costs_no_other_row_and_a_value_no_other_value() {
    let page = page();
    let read: Vec<_> = page.reports.iter().map(|(index, _)| *index).collect();
    assert_eq!(read, [0, 2, 3, 4]);
    assert_eq!(facts(report(&page, 4)), [""; 0]);
    let told: Vec<_> = faults(&page).into_iter().map(|(index, field, _)| (index, field)).collect();
    assert_eq!(
        told,
        [
            (Some(4), "gate"),
            (Some(4), "estimatedLandingTime"),
            (Some(5), "flightDirection"),
            (Some(6), "route.destinations"),
            (Some(7), ""),
        ]
    );
    let no_offset = faults(&page)[1].2;
    assert_eq!(no_offset, "is not an instant with an offset between the years 2000 and 2100");
    assert_eq!(
        page.notes,
        [
            "flight state XYZ",
            "rows with isOperationalFlight false",
            "codeshares whose main flight is on another page",
        ]
    );
}

#[test]
fn what_is_no_page_is_refused() {
    for body in ["", "[]", "{}", "{\"flights\":{}}", "{\"flights\":[}", "{\"flights\":[]} x", "\u{0}"] {
        let fault = decode(Format::Schiphol, body.as_bytes(), &context("AMS")).unwrap_err();
        assert!(fault.reason.starts_with("is not a page of flights"), "{body}: {}", fault.reason);
    }
    let many = format!("{{\"flights\":[{}0]}}", "0,".repeat(REPORTS_MAX));
    assert!(
        decode(Format::Schiphol, many.as_bytes(), &context("AMS")).unwrap_err().reason.contains("more than")
    );
    let mut nowhere = context("AMS");
    nowhere.airport = None;
    let fault = decode(Format::Schiphol, b"{\"flights\":[]}", &nowhere).unwrap_err();
    assert!(fault.reason.contains("configuration"), "{}", fault.reason);
}
