use super::super::testing::{context, facts, faults, read, report};
use super::super::{Decoded, Format, REPORTS_MAX, decode};
use domain::flight::Flight;
use domain::leg::Alias;

fn page() -> Decoded {
    read(Format::Schiphol, include_bytes!("../../../fixtures/schiphol/page.json"), "AMS")
}

#[test]
fn a_departure_row_has_every_public_field() {
    let page = page();
    let report = report(&page, 0);
    // The next stop, not the last.
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
            // Gate closing is not closed, and a flight that boards is no longer cancelled.
            "departure.step=final_call",
            "cancelled=",
            "aircraft.type=73H",
            "aircraft.registration=PHZXA",
            // Its own list without itself, plus the codeshare row.
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
            // The first bag is expected, not there.
            "arrival.step=arrived",
            // A flight that has landed is neither cancelled nor diverted.
            "cancelled=",
            "diverted=false",
            "diverted_to=",
        ]
    );
}

#[test]
fn a_cancelled_cargo_flight_is_hidden_and_its_gate_gone() {
    let page = page();
    assert_eq!(facts(report(&page, 3)), ["departure.gate=", "cancelled=true", "no_passengers=true"]);
}

#[test]
fn a_row_that_cannot_be_read_costs_no_other_row_and_a_value_no_other_value() {
    let page = page();
    let read: Vec<_> = page.reports.iter().map(|(index, _)| *index).collect();
    assert_eq!(read, [0, 2, 3, 4]);
    assert_eq!(facts(report(&page, 4)), ["cancelled="]);
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
fn anything_but_a_page_is_refused() {
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

/// A page with one arrival from London at Amsterdam, at this minute.
fn arrival(minute: u32, parts: &str) -> Decoded {
    let row = format!(
        r#"{{"flights":[{{"flightDirection":"A","flightName":"ZX7","scheduleDate":"2024-03-05",
        "route":{{"destinations":["LHR"]}},"lastUpdatedAt":"2024-03-05T09:{minute:02}:00Z",{parts}}}]}}"#
    );
    read(Format::Schiphol, row.as_bytes(), "AMS")
}

fn shown(pages: &[Decoded]) -> Flight {
    let mut flight = Flight::new(report(&pages[0], 0).key);
    for page in pages {
        let report = report(page, 0);
        flight.apply(report, report.received_at).unwrap();
    }
    flight
}

#[test]
fn an_arrival_that_lands_after_all_was_neither_diverted_nor_cancelled() {
    let states = |minute, states: &str| {
        arrival(minute, &format!(r#""publicFlightState":{{"flightStates":[{states}]}}"#))
    };
    for word in [r#""DIV""#, r#""CNX""#] {
        let after = |then: &str| shown(&[states(0, word), states(1, then)]).view().status.as_str();
        assert_eq!(after(r#""LND""#), "landed", "{word}");
        assert_eq!(after(r#""FIB","ARR""#), "arrived", "{word}");
        let still = after(&format!(r#"{word},"LND""#));
        assert_eq!(still, if word.contains("DIV") { "diverted" } else { "cancelled" });
        // The airport withdraws its own cancellation. A diversion elsewhere ends with the landing here.
        assert_eq!(after(r#""EXP""#), if word.contains("DIV") { "diverted" } else { "scheduled" });
    }
}

#[test]
fn a_landing_that_cannot_be_yet_costs_no_belt() {
    let page = arrival(0, r#""actualLandingTime":"2024-03-05T09:40:00Z","baggageClaim":{"belts":["7"]}"#);
    assert_eq!(facts(report(&page, 0)), ["arrival.belt=7"]);
    let reason =
        "2024-03-05 09:40:00 UTC lies 40 minutes after 2024-03-05 09:00:00 UTC, when it was observed";
    assert_eq!(faults(&page), [(Some(0), "actualLandingTime", reason)]);
    assert_eq!(shown(&[page]).view().arrival.belt.as_deref(), Some("7"));
}

#[test]
fn a_service_type_that_is_corrected_shows_the_flight() {
    let (cargo, passengers) = (arrival(0, r#""serviceType":"F""#), arrival(1, r#""serviceType":"J""#));
    assert!(shown(std::slice::from_ref(&cargo)).view().hidden);
    assert!(!shown(&[cargo, passengers]).view().hidden);
}
