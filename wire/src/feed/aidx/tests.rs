use super::super::testing::{context, facts, fallback_statements, faults, read, report};
use super::super::{Decoded, Format, REPORTS_MAX, decode};
use super::xml::ELEMENTS_MAX;
use super::{DEPTH_MAX, NAMESPACE};
use domain::flight::{Applied, Flight};
use domain::leg::Alias;
use domain::report::Report;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../fixtures/aidx/", $name))
    };
}

/// The only report of a message without faults.
fn only(body: &[u8], airport: &str) -> (Report, Vec<String>) {
    let decoded = read(Format::Aidx, body, airport);
    assert_eq!(faults(&decoded), []);
    assert_eq!(decoded.reports.len(), 1);
    (report(&decoded, 0).clone(), decoded.notes)
}

fn status(report: &Report) -> &'static str {
    let mut flight = Flight::new(report.key);
    flight.apply(report, report.received_at.max(report.observed_at)).unwrap();
    flight.view().status.as_str()
}

#[test]
fn a_delay_shows_in_the_estimate_and_the_vendors_display_alone() {
    let (report, notes) = only(fixture!("amadeus-delayed.xml"), "HBA");
    assert_eq!(report.key.id().as_str(), "ZX-215-20240305-HBA-PER");
    assert_eq!(report.observed_at.to_rfc3339(), "2024-03-05T09:05:18+00:00");
    let names = [Alias::Provider("hba:4000990707".into()), Alias::CallSign("hba:ZXA215".into())];
    assert_eq!(report.aliases, names);
    assert_eq!(
        facts(&report),
        [
            "departure.terminal=1",
            "departure.gate=7",
            "departure.scheduled=05 10:00",
            "departure.estimated=05 10:30",
            "departure.step=delayed",
            "aircraft.type=320",
        ]
    );
    assert_eq!(status(&report), "delayed");
    assert_eq!(notes, ["OperationTime CMA/CAL"]);
}

#[test]
fn of_the_steps_that_have_begun_the_last_counts_whatever_a_display_lags_behind() {
    let (report, notes) = only(fixture!("amadeus-boarding.xml"), "HBA");
    assert_eq!(
        facts(&report),
        [
            "departure.terminal=1",
            "departure.gate=8B",
            "departure.scheduled=05 07:30",
            "departure.estimated=05 07:30",
            "departure.step=gate_open",
            "departure.gate_opened=05 06:42",
            "departure.boarding=05 06:50",
            "aircraft.type=320",
            "codeshares=YW42",
        ]
    );
    assert_eq!(status(&report), "boarding");
    assert_eq!(notes, ["OperationTime CMI/CAL"]);
}

#[test]
fn a_gate_change_is_seen_by_comparing_two_messages() {
    let (first, _) = only(fixture!("amadeus-gate-first.xml"), "HBA");
    let (second, _) = only(fixture!("amadeus-gate-second.xml"), "HBA");
    assert_eq!(first.key, second.key);
    let mut flight = Flight::new(first.key);
    flight.apply(&first, first.observed_at).unwrap();
    let Ok(Applied::Changed(change)) = flight.apply(&second, second.observed_at) else { panic!("no change") };
    assert_eq!(change.kinds.iter().collect::<Vec<_>>(), [domain::change::ChangeKind::Gate]);
    assert_eq!(change.after.departure.gate.as_deref(), Some("21B"));
    assert_eq!(change.after.departure.terminal.as_deref(), Some("1"));
}

#[test]
fn times_are_matched_by_their_qualifier_whatever_list_they_claim_to_be_from() {
    let (report, _) = only(fixture!("amadeus-airborne.xml"), "HBA");
    let expected =
        ["departure.scheduled=05 10:00", "departure.actual=05 10:00", "departure.airborne=05 10:10"];
    assert_eq!(facts(&report), expected);
    assert_eq!(status(&report), "airborne");
    assert_eq!(report.observed_at.to_rfc3339(), "2024-03-05T10:10:03+00:00");
}

#[test]
fn touchdown_is_not_on_block() {
    let (report, _) = only(fixture!("amadeus-arrived.xml"), "HBA");
    assert_eq!(
        facts(&report),
        [
            "arrival.terminal=1",
            "arrival.gate=22A",
            "arrival.belt=RE01",
            "arrival.scheduled=05 09:15",
            "arrival.estimated=05 09:14",
            "arrival.landed=05 09:05",
            "arrival.actual=05 09:13",
            "arrival.step=arrived",
        ]
    );
    assert_eq!(status(&report), "arrived");
}

#[test]
fn a_cancellation_leaves_the_gate_in_place() {
    let (report, notes) = only(fixture!("amadeus-cancelled.xml"), "HBA");
    let expected = ["departure.gate=23B", "departure.scheduled=05 11:00", "cancelled=true"];
    assert_eq!(facts(&report), expected);
    assert_eq!(status(&report), "cancelled");
    assert_eq!(notes, ["OperationTime CNL/ACT"]);
}

#[test]
fn gatwicks_letters_and_local_times_are_understood_under_any_prefix() {
    let (report, notes) = only(fixture!("idaho-positioning.xml"), "LGW");
    assert_eq!(report.key.id().as_str(), "ZX-808P-20190607-LHR-LGW");
    // The message came later, so its number, which stands still at 1, is not used.
    assert_eq!(report.observed_at.to_rfc3339(), "2019-06-07T10:08:12+00:00");
    let names = [Alias::Provider("lgw:7803787".into()), Alias::CallSign("lgw:ZXA808P".into())];
    assert_eq!(report.aliases, names);
    assert_eq!(
        facts(&report),
        [
            // 11:20 on Gatwick's clock in summer.
            "arrival.actual=07 10:20",
            // Taxiing, at the arrival airport.
            "arrival.step=landed",
            "aircraft.type=346",
            "aircraft.registration=GZZXA",
            "no_passengers=true",
        ]
    );
    // The aircraft's terminal, and the touchdown's estimate, because on-block has none.
    assert_eq!(fallback_statements(&report), ["arrival.terminal=2", "arrival.estimated=07 10:12"]);
    let expected = ["OperationTime ATO/ACT", "OperationalStatus XX", "extension urn:example:unknown"];
    assert_eq!(notes, expected);
}

fn many_legs() -> Decoded {
    read(Format::Aidx, fixture!("many-legs.xml"), "HBA")
}

#[test]
fn a_leg_that_cannot_be_identified_costs_no_other_leg() {
    let decoded = many_legs();
    let read: Vec<_> = decoded.reports.iter().map(|(index, _)| *index).collect();
    assert_eq!(read, [0, 4, 5, 6, 7, 8, 9, 10, 12, 13, 15]);
    let lost: Vec<_> = faults(&decoded).into_iter().filter(|(index, ..)| *index != Some(4)).collect();
    assert_eq!(
        lost,
        [
            (
                Some(1),
                "DepartureAirport",
                "\"YMHB\" is an ICAO location indicator; only IATA airport codes are read"
            ),
            (Some(2), "FlightNumber", "\"10200\" is not a flight number (1 to 9999)"),
            (Some(3), "OriginDate", "is not a day (such as 2013-02-08)"),
            (Some(14), "LegIdentifier", "is missing"),
        ]
    );
    assert!(decoded.faults[0].excerpt.starts_with("<a:FlightLeg>"));
    assert!(
        decoded.faults[0].excerpt.contains("YMHB") && decoded.faults[0].excerpt.ends_with("</a:FlightLeg>")
    );
    assert_eq!(decoded.notes, ["legs of general aviation"]);
}

#[test]
fn a_value_that_cannot_be_read_costs_that_value_alone() {
    let decoded = many_legs();
    let expected = ["departure.terminal=T3", "departure.estimated=05 09:45"];
    assert_eq!(facts(report(&decoded, 4)), expected);
    let of_leg: Vec<_> = faults(&decoded).into_iter().filter(|(index, ..)| *index == Some(4)).collect();
    assert_eq!(
        of_leg,
        [
            (Some(4), "OperationTime OFB/SCT", "is not an instant between the years 2000 and 2100"),
            (
                Some(4),
                "OperationTime ED",
                "has no TimeType; messages from before AIDX 12.1, whose codes say both, are not read"
            ),
            (Some(4), "PassengerGate", "is longer than 8 characters"),
        ]
    );
}

#[test]
fn nil_clears_and_planned_values_are_fallbacks() {
    let decoded = many_legs();
    assert_eq!(
        facts(report(&decoded, 0)),
        [
            "departure.gate=",
            "departure.check_in=A12-A15, 20",
            "departure.estimated=",
            "remark=Go to gate & hurry — <now>",
            "delay_reason=late inbound aircraft",
        ]
    );
    let planned =
        ["departure.terminal=2", "departure.gate=5", "arrival.belt=5/6", "arrival.estimated=05 01:00"];
    assert_eq!(fallback_statements(report(&decoded, 0)), planned);
    let nil = [
        "remark=",
        "delay_reason=",
        "aircraft.type=",
        "aircraft.registration=",
        "codeshares=",
        "not_operating=true",
    ];
    assert_eq!(facts(report(&decoded, 10)), nil);
}

#[test]
fn diversions_returns_and_reinstatements_have_their_own_kinds() {
    let decoded = many_legs();
    assert_eq!(report(&decoded, 5).key.id().as_str(), "ZX-105D-20240305-MEL-HBA-R1");
    assert_eq!(facts(report(&decoded, 5)), ["diverted=true", "diverted_to=LST"]);
    assert_eq!(facts(report(&decoded, 6)), ["diverted=false", "diverted_to=HBA"]);
    let returned = [
        "departure.actual=",
        "departure.airborne=",
        "departure.step=returned",
        // The time of the message.
        "departure.returned=05 10:00",
        "departure.boarding=05 07:30",
    ];
    assert_eq!(facts(report(&decoded, 7)), returned);
    assert_eq!(facts(report(&decoded, 8)), ["cancelled=false"]);
    assert_eq!(facts(report(&decoded, 9)), ["hidden=true"]);
}

#[test]
fn steps_of_either_side_are_read_from_every_element() {
    let decoded = many_legs();
    // Check-in has closed, and the arrival's status is cleared.
    let taken_away = [
        "departure.check_in_opened=05 05:00",
        "departure.check_in_closed=05 07:00",
        "arrival.step=",
        "diverted=",
        "not_operating=",
    ];
    assert_eq!(facts(report(&decoded, 12)), taken_away);
    // An arrival's screens are not used for the departure side.
    assert_eq!(facts(report(&decoded, 13)), ["arrival.step=arrived"]);
    assert_eq!(fallback_statements(report(&decoded, 13)), ["arrival.first_bag=05 09:30"]);
    // Elements in no namespace are not AIDX.
    assert_eq!(facts(report(&decoded, 15)), ["cancelled=true"]);
}

#[test]
fn an_answer_to_a_pull_may_come_in_latin_1_with_warnings_and_without_zones() {
    let decoded = read(Format::Aidx, fixture!("response.xml"), "OSL");
    assert_eq!(facts(report(&decoded, 0)), ["cancelled=true", "remark=Tromsø stengt"]);
    // 02:30 occurs twice on that day; the first is meant.
    assert_eq!(report(&decoded, 0).observed_at.to_rfc3339(), "2024-10-27T00:30:00+00:00");
    let warning = (None, "Warnings", "come with the message: Two legs are held back (code 367)");
    assert_eq!(faults(&decoded), [warning]);
}

#[test]
fn an_answer_with_errors_is_a_fault_of_the_whole_message() {
    let fault = decode(Format::Aidx, fixture!("response-errors.xml"), &context("OSL")).unwrap_err();
    assert_eq!(
        fault.reason,
        "is the sender's answer that something went wrong: Airline not served (code 321)"
    );
}

fn message(legs: &str) -> String {
    format!(
        "<IATA_AIDX_FlightLegNotifRQ xmlns=\"{NAMESPACE}\" TimeStamp=\"2024-03-05T10:00:00Z\">{legs}\
         </IATA_AIDX_FlightLegNotifRQ>"
    )
}

fn refusal(body: &str) -> String {
    decode(Format::Aidx, body.as_bytes(), &context("HBA")).unwrap_err().reason
}

#[test]
fn document_types_and_entities_are_refused() {
    let bomb = "<!DOCTYPE a [<!ENTITY x \"xx\"><!ENTITY y \"&x;&x;\">]>";
    assert_eq!(refusal(&format!("{bomb}{}", message("&y;"))), "has a DOCTYPE, which is refused");
    assert_eq!(refusal(&message(bomb)), "has a DOCTYPE, which is refused");
    let unknown = "uses the entity \"y\", which is not defined";
    assert_eq!(refusal(&message("&y;")), unknown);
    assert_eq!(refusal(&message("<FlightLeg><LegData>&y;</LegData></FlightLeg>")), unknown);
    assert_eq!(refusal(&message("<FlightLeg><Unknown>&y;</Unknown></FlightLeg>")), unknown);
}

#[test]
fn nesting_has_an_end() {
    let nested =
        |depth: usize| message(&format!("{}{}", "<FlightLeg>".repeat(depth), "</FlightLeg>".repeat(depth)));
    assert!(decode(Format::Aidx, nested(DEPTH_MAX - 1).as_bytes(), &context("HBA")).is_ok());
    assert_eq!(refusal(&nested(DEPTH_MAX)), format!("nests elements deeper than {DEPTH_MAX}"));
    assert!(refusal(&message(&"<x>".repeat(100_000))).starts_with("nests"));
}

#[test]
fn legs_elements_and_attributes_have_an_end() {
    let legs = |count| message(&"<FlightLeg/>".repeat(count));
    assert!(decode(Format::Aidx, legs(REPORTS_MAX).as_bytes(), &context("HBA")).is_ok());
    assert_eq!(refusal(&legs(REPORTS_MAX + 1)), format!("has more than {REPORTS_MAX} legs"));
    let large = message(&format!("<FlightLeg>{}</FlightLeg><FlightLeg/>", "<LegData/>".repeat(ELEMENTS_MAX)));
    let decoded = read(Format::Aidx, large.as_bytes(), "HBA");
    assert_eq!(
        faults(&decoded),
        [
            (Some(0), "", format!("has more than {ELEMENTS_MAX} elements").as_str()),
            (Some(1), "LegIdentifier", "is missing"),
        ]
    );
    let many: String = (0..100).map(|n| format!(" a{n}='1'")).collect();
    assert!(refusal(&message(&format!("<FlightLeg{many}/>"))).contains("attributes"));
    let bindings: String = (0..1000).map(|n| format!(" xmlns:a{n}='urn:{n}'")).collect();
    assert!(refusal(&message(&format!("<FlightLeg{bindings}/>"))).contains("namespace"));
}

#[test]
fn other_messages_are_refused_by_name() {
    for (body, reason) in [
        ("", "has no element"),
        ("<a/>", "has the root element \"a\", which is not in AIDX's namespace"),
        ("<a/><b/>", "has the root element \"a\", which is not in AIDX's namespace"),
        ("text", "has text outside its root element"),
    ] {
        assert_eq!(refusal(body), reason, "{body}");
    }
    let request = format!("<IATA_AIDX_FlightLegRQ xmlns='{NAMESPACE}'/>");
    assert!(refusal(&request).contains("only FlightLegNotifRQ and FlightLegRS are read"));
    assert_eq!(refusal(&format!("{}<a/>", message(""))), "has a second root element");
    assert_eq!(refusal(&format!("{}text", message(""))), "has text outside its root element");
}

#[test]
fn a_message_without_a_readable_time_is_taken_at_its_receipt() {
    let body = message("").replace("2024-03-05T10:00:00Z", "yesterday");
    let decoded = read(Format::Aidx, body.as_bytes(), "HBA");
    let reason = "is missing or not an instant; the time of receipt is taken";
    assert_eq!(faults(&decoded), [(None, "TimeStamp", reason)]);
}
