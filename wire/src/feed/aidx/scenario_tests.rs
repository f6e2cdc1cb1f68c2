//! The view of a flight after several messages.

use super::super::testing::{context, facts, faults, report};
use super::super::{Decoded, Format, decode};
use super::NAMESPACE;
use domain::field::Field;
use domain::flight::{Applied, Flight};

/// A message about one leg, LHR to JFK, from London's feed. `root` is added to the root element, and `leg`
/// to the leg.
fn read(root: &str, leg: &str, received: &str) -> Decoded {
    decoded_from("LHR", root, leg, received)
}

/// The same from another airport's feed.
fn decoded_from(airport: &str, root: &str, leg: &str, received: &str) -> Decoded {
    let body = format!(
        "<IATA_AIDX_FlightLegNotifRQ xmlns=\"{NAMESPACE}\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" {root}><FlightLeg><LegIdentifier>\
         <Airline>ZX</Airline><FlightNumber>7</FlightNumber><DepartureAirport>LHR</DepartureAirport>\
         <ArrivalAirport>JFK</ArrivalAirport><OriginDate>2024-10-27</OriginDate></LegIdentifier>{leg}\
         </FlightLeg></IATA_AIDX_FlightLegNotifRQ>"
    );
    let mut context = context(airport);
    context.received_at = received.parse().unwrap();
    decode(Format::Aidx, body.as_bytes(), &context).unwrap()
}

fn sent(stamp: &str) -> String {
    format!("TimeStamp=\"{stamp}\"")
}

fn gate(gate: &str) -> String {
    format!(
        "<LegData><AirportResources Usage=\"Actual\"><Resource DepartureOrArrival=\"Departure\">\
         <PassengerGate>{gate}</PassengerGate></Resource></AirportResources></LegData>"
    )
}

fn happened(qualifier: &str, at: &str) -> String {
    format!("<OperationTime OperationQualifier=\"{qualifier}\" TimeType=\"ACT\">{at}</OperationTime>")
}

/// A flight after these messages, in this order.
fn flight(messages: &[Decoded]) -> Flight {
    let mut flight = Flight::new(report(&messages[0], 0).key);
    for message in messages {
        let report = report(message, 0);
        flight.apply(report, report.received_at).unwrap();
    }
    flight
}

fn shown_gate(messages: &[Decoded]) -> Option<String> {
    flight(messages).view().departure.gate.map(|gate| gate.to_string())
}

#[test]
fn a_change_in_the_second_of_two_hours_is_not_older_than_one_in_the_first() {
    let first = read(&sent("2024-10-27T01:50:00"), &gate("12"), "2024-10-27T00:50:02Z");
    let second = read(&sent("2024-10-27T01:05:00"), &gate("14"), "2024-10-27T01:05:02Z");
    assert_eq!(report(&first, 0).observed_at.to_rfc3339(), "2024-10-27T00:50:00+00:00");
    assert_eq!(report(&second, 0).observed_at.to_rfc3339(), "2024-10-27T01:05:00+00:00");
    assert_eq!(shown_gate(&[first, second]).as_deref(), Some("14"));
}

#[test]
fn a_clock_that_is_a_little_ahead_is_in_the_hour_in_which_its_message_came() {
    let observed = |stamp: &str, received: &str| {
        report(&read(&sent(stamp), &gate("12"), received), 0).observed_at.to_rfc3339()
    };
    assert_eq!(observed("2024-10-27T01:10:00", "2024-10-27T00:55:00Z"), "2024-10-27T01:10:00+00:00");
    assert_eq!(observed("2024-10-27T01:10:00", "2024-10-27T00:54:00Z"), "2024-10-27T00:10:00+00:00");
}

#[test]
fn a_legs_own_time_of_change_is_never_after_its_message() {
    let changed = |stamp: &str, at: &str| {
        let leg = format!(
            "{}<TPA_Extension><g:Leg xmlns:g=\"urn:gatecall:aidx:1\"><g:LastUpdate>{at}</g:LastUpdate></g:Leg>\
             </TPA_Extension>",
            gate("12")
        );
        report(&read(&sent(stamp), &leg, "2024-10-27T01:40:00Z"), 0).observed_at.to_rfc3339()
    };
    assert_eq!(changed("2024-10-27T01:40:00", "2024-10-27T01:30:00"), "2024-10-27T01:30:00+00:00");
    // Within a quarter of an hour of the receipt, but not within this message.
    assert_eq!(changed("2024-10-27T01:40:00", "2024-10-27T01:50:00"), "2024-10-27T00:50:00+00:00");
}

#[test]
fn a_past_time_in_the_repeated_hour_means_the_second() {
    let left = |stamp: &str, received: &str| {
        let leg = format!("<LegData>{}</LegData>", happened("OFB", "2024-10-27T01:10:00"));
        facts(report(&read(&sent(stamp), &leg, received), 0))
    };
    assert_eq!(left("2024-10-27T01:12:00", "2024-10-27T00:12:00Z"), ["departure.actual=27 00:10"]);
    assert_eq!(left("2024-10-27T01:12:00", "2024-10-27T01:12:00Z"), ["departure.actual=27 01:10"]);
    // A future time means the first of the two hours.
    let leg = "<LegData><OperationTime OperationQualifier=\"OFB\" TimeType=\"EST\">2024-10-27T01:10:00\
               </OperationTime></LegData>";
    let message = read(&sent("2024-10-27T01:05:00"), leg, "2024-10-27T01:05:00Z");
    assert_eq!(facts(report(&message, 0)), ["departure.estimated=27 00:10"]);
}

#[test]
fn a_time_that_cannot_be_yet_costs_neither_the_gate_nor_the_step_beside_it() {
    let data = gate("14").replace("</LegData>", "");
    let leg = format!(
        "{data}{}{}{}</LegData>",
        happened("ONB", "2024-10-27T10:40:00Z"),
        happened("BST", "2024-10-27T12:00:00Z"),
        happened("GTO", "2024-10-27T09:50:00Z"),
    );
    let message = read(&sent("2024-10-27T10:00:00Z"), &leg, "2024-10-27T10:00:00Z");
    assert_eq!(facts(report(&message, 0)), ["departure.gate=14", "departure.gate_opened=27 09:50"]);
    let late = "lies 40 minutes after 2024-10-27 10:00:00 UTC, when it was observed";
    assert_eq!(
        faults(&message),
        [
            (Some(0), "OperationTime ONB/ACT", format!("2024-10-27 10:40:00 UTC {late}").as_str()),
            (
                Some(0),
                "OperationTime BST/ACT",
                "2024-10-27 12:00:00 UTC lies 120 minutes after 2024-10-27 10:00:00 UTC, when it was observed"
            ),
        ]
    );
    assert_eq!(shown_gate(&[message]).as_deref(), Some("14"));
}

#[test]
fn the_sequence_number_orders_two_messages_of_one_second() {
    let message = |number: &str, at: &str| {
        let root = format!("TimeStamp=\"2024-10-27T10:00:00Z\" SequenceNmbr=\"{number}\"");
        read(&root, &gate(at), "2024-10-27T10:00:01Z")
    };
    let (wrong, right) = (message("41", "21B"), message("42", "19A"));
    assert_eq!(shown_gate(&[wrong.clone(), right.clone()]).as_deref(), Some("19A"));
    assert_eq!(shown_gate(&[right, wrong]).as_deref(), Some("19A"), "in whatever order they come");
    let odd = message("-1", "19A");
    assert_eq!(faults(&odd)[0].1, "SequenceNmbr");
    assert_eq!(report(&odd, 0).observed_at.to_rfc3339(), "2024-10-27T10:00:00+00:00");
}

/// A gate that changed at this time, in a message of 10:00:02.
fn changed_at(last_update: &str, number: u32, at: &str) -> Decoded {
    let leg = format!(
        "{}<TPA_Extension><g:Leg xmlns:g=\"urn:gatecall:aidx:1\"><g:LastUpdate>{last_update}</g:LastUpdate>\
         </g:Leg></TPA_Extension>",
        gate(at)
    );
    let root = format!("TimeStamp=\"2024-10-27T10:00:02Z\" SequenceNmbr=\"{number}\"");
    read(&root, &leg, "2024-10-27T10:00:03Z")
}

#[test]
fn a_sequence_number_orders_the_times_of_legs_that_have_just_changed() {
    for last_update in ["2024-10-27T10:00:00Z", "2024-10-27T10:00:02Z"] {
        let (wrong, right) = (changed_at(last_update, 1, "21B"), changed_at(last_update, 2, "19A"));
        assert_eq!(shown_gate(&[wrong.clone(), right.clone()]).as_deref(), Some("19A"));
        assert_eq!(shown_gate(&[right, wrong]).as_deref(), Some("19A"));
    }
}

#[test]
fn a_sequence_number_makes_nothing_new_of_a_leg_that_is_pushed_again() {
    for last_update in ["2024-10-27T09:59:59Z", "2024-10-27T09:00:00Z"] {
        let pushed = |number| changed_at(last_update, number, "21B");
        let mut flight = flight(&[pushed(1)]);
        for again in [pushed(1), pushed(2)] {
            let report = report(&again, 0);
            assert_eq!(flight.apply(report, report.received_at), Ok(Applied::Unchanged), "{last_update}");
        }
    }
}

fn status(attributes: &str, code: &str) -> String {
    format!("<LegData><OperationalStatus {attributes}>{code}</OperationalStatus></LegData>")
}

/// Messages of these legs, a minute apart.
fn minutely(legs: &[&str]) -> Vec<Decoded> {
    let at = |minute| format!("2024-10-27T10:{minute:02}:00Z");
    (0..).zip(legs).map(|(minute, leg)| read(&sent(&at(minute)), leg, &at(minute))).collect()
}

fn is_hidden(legs: &[&str]) -> bool {
    flight(&minutely(legs)).view().hidden
}

#[test]
fn a_status_that_is_taken_away_takes_the_diversion_with_it() {
    let diverted = status("FlightLegScope=\"Arrival\"", "DV");
    let shown = |then: &str| flight(&minutely(&[&diverted, then])).view().status.as_str();
    assert_eq!(shown(&status("FlightLegScope=\"Arrival\" xsi:nil=\"true\"", "")), "scheduled");
    assert_eq!(shown(&status("xsi:nil=\"true\"", "")), "scheduled");
    assert_eq!(shown(&status("FlightLegScope=\"Departure\" xsi:nil=\"true\"", "")), "diverted");
    let other = "<LegData><OperationalStatus RepeatIndex=\"1\" xsi:nil=\"true\"/>\
                 <OperationalStatus RepeatIndex=\"2\">DV</OperationalStatus></LegData>";
    assert_eq!(shown(other), "diverted");
    let cancelled = status("", "DX");
    let taken_away = status("xsi:nil=\"true\"", "");
    let both = flight(&minutely(&[&cancelled, &taken_away]));
    assert_eq!(both.view().status.as_str(), "cancelled", "only SQ takes that back");
}

#[test]
fn a_flight_that_was_not_operating_by_mistake_comes_back() {
    let gone = status("", "NOP");
    assert!(is_hidden(&[&gone]));
    for code in ["OP", "SQ", "BST", "OFB"] {
        assert!(!is_hidden(&[&gone, &status("", code)]), "{code}");
    }
    assert!(!is_hidden(&[&gone, &status("xsi:nil=\"true\"", "")]));
    for code in ["SCH", "DX", "DV"] {
        assert!(is_hidden(&[&gone, &status("", code)]), "{code}");
    }
    let both = "<LegData><OperationalStatus RepeatIndex=\"1\">NOP</OperationalStatus>\
                <OperationalStatus RepeatIndex=\"2\">OP</OperationalStatus></LegData>";
    assert!(is_hidden(&[both]));
}

#[test]
fn a_service_type_that_is_corrected_shows_the_flight() {
    let service = |kind: &str| format!("<LegData><ServiceType>{kind}</ServiceType></LegData>");
    assert!(is_hidden(&[&service("F")]));
    assert!(!is_hidden(&[&service("F"), &service("J")]));
    assert!(!is_hidden(&[&service("F"), "<LegData><ServiceType xsi:nil=\"true\"/></LegData>"]));
    assert!(is_hidden(&[&service("F"), "<LegData/>"]));
}

#[test]
fn nothing_but_its_own_end_takes_a_special_action_back() {
    let hide = "<SpecialAction>DoNotDisplay</SpecialAction><LegData/>";
    let usual = "<LegData><OperationalStatus>OP</OperationalStatus><ServiceType>J</ServiceType></LegData>";
    assert!(is_hidden(&[hide, usual]));
    assert!(!is_hidden(&[hide, "<SpecialAction xsi:nil=\"true\"/><LegData/>"]));
}

#[test]
fn a_departure_airports_empty_status_does_not_end_what_the_arrival_airport_diverted() {
    let diverts = "<LegData><OperationalStatus>DV</OperationalStatus></LegData>";
    let arrivals = decoded_from("JFK", &sent("2024-10-27T10:00:00Z"), diverts, "2024-10-27T10:00:00Z");
    for attributes in ["", "FlightLegScope=\"Departure\"", "FlightLegScope=\"Arrival\""] {
        let nil = status(&format!("{attributes} xsi:nil=\"true\""), "");
        let departures = read(&sent("2024-10-27T10:05:00Z"), &nil, "2024-10-27T10:05:00Z");
        let shown = flight(&[arrivals.clone(), departures]).view();
        assert_eq!(shown.status.as_str(), "diverted", "{attributes}");
    }
}

#[test]
fn an_empty_status_without_a_scope_belongs_to_the_reporting_side() {
    let boards = status("FlightLegScope=\"Departure\"", "BST");
    let arrivals = decoded_from(
        "JFK",
        &sent("2024-10-27T10:00:00Z"),
        &status("xsi:nil=\"true\"", ""),
        "2024-10-27T10:00:00Z",
    );
    assert!(!report(&arrivals, 0).speaks_of(Field::DepartureStep));
    let departures = minutely(&[&boards, &status("xsi:nil=\"true\"", "")]);
    assert!(!report(&departures[1], 0).speaks_of(Field::ArrivalStep));
    assert_eq!(flight(&departures).view().status.as_str(), "scheduled");
}

#[test]
fn a_flight_that_is_planned_to_arrive_where_it_was_scheduled_to_is_diverted_no_longer() {
    let history = |airports: &[&str]| {
        let all: String = (1..)
            .zip(airports)
            .map(|(at, airport)| {
                format!("<PlannedArrivalAptHistory RepeatIndex=\"{at}\">{airport}</PlannedArrivalAptHistory>")
            })
            .collect();
        format!("<LegData>{all}</LegData>")
    };
    let away =
        decoded_from("JFK", &sent("2024-10-27T10:00:00Z"), &history(&["JFK", "BOS"]), "2024-10-27T10:00:00Z");
    let stamp = "2024-10-27T10:05:00Z";
    let back = read(&sent(stamp), &history(&["JFK", "BOS", "JFK"]), stamp);
    assert_eq!(flight(std::slice::from_ref(&away)).view().status.as_str(), "diverted");
    assert_eq!(flight(&[away, back]).view().status.as_str(), "scheduled", "whoever says so");
}

#[test]
fn a_leg_without_data_can_be_hidden_and_the_missing_data_is_a_fault() {
    for action in ["Delete", "DoNotDisplay"] {
        let leg = format!("<SpecialAction>{action}</SpecialAction>");
        let messages = minutely(&[&gate("12"), &leg]);
        assert!(flight(&messages).view().hidden, "{action}");
        assert_eq!(faults(&messages[1]), [(Some(0), "LegData", "is missing")]);
    }
}

fn identified(airline: &str, repeat: &str) -> Decoded {
    let body = format!(
        "<IATA_AIDX_FlightLegNotifRQ xmlns=\"{NAMESPACE}\" TimeStamp=\"2024-10-27T10:00:00Z\"><FlightLeg>\
         <LegIdentifier><Airline>{airline}</Airline><FlightNumber>615</FlightNumber>\
         <DepartureAirport>LHR</DepartureAirport><ArrivalAirport>JFK</ArrivalAirport>\
         <OriginDate>2024-10-27</OriginDate>{repeat}</LegIdentifier><LegData><CodeShareInfo>\
         <Airline>EIN</Airline><FlightNumber>5105</FlightNumber></CodeShareInfo></LegData></FlightLeg>\
         </IATA_AIDX_FlightLegNotifRQ>"
    );
    let mut context = context("LHR");
    context.received_at = "2024-10-27T10:00:00Z".parse().unwrap();
    decode(Format::Aidx, body.as_bytes(), &context).unwrap()
}

#[test]
fn an_airline_is_the_same_by_either_of_its_codes() {
    for airline in ["B6", "JBU", "jbu"] {
        let message = identified(airline, "");
        let report = report(&message, 0);
        assert_eq!(report.key.id().as_str(), "B6-615-20241027-LHR-JFK", "{airline}");
        assert_eq!(facts(report), ["codeshares=EI5105"]);
    }
    // Its IATA code belongs to another airline.
    assert_eq!(report(&identified("GEC", ""), 0).key.id().as_str(), "GEC-615-20241027-LHR-JFK");
}

#[test]
fn the_first_attempt_is_the_leg_itself_and_a_replaced_one_is_hidden() {
    let leg = |repeat: &str| {
        let message = identified("B6", repeat);
        let flight = flight(std::slice::from_ref(&message));
        (flight.leg.to_string().replace("B6-615-20241027-LHR-JFK", ""), flight.view().hidden)
    };
    assert_eq!(leg(""), (String::new(), false));
    assert_eq!(leg("<RepeatNumber>1</RepeatNumber>"), (String::new(), false));
    assert_eq!(leg("<RepeatNumber CurrentInd=\"true\">1</RepeatNumber>"), (String::new(), false));
    assert_eq!(leg("<RepeatNumber CurrentInd=\"false\">1</RepeatNumber>"), (String::new(), true));
    assert_eq!(leg("<RepeatNumber CurrentInd=\"0\">2</RepeatNumber>"), ("-R1".into(), true));
    assert_eq!(leg("<RepeatNumber>3</RepeatNumber>"), ("-R2".into(), false));
}
