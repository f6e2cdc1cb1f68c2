use super::super::testing::{context, facts, faults, read, report};
use super::super::{Decoded, Format, REPORTS_MAX, decode};
use super::{decode_value, encode_report, encode_value};
use domain::field::Field;

fn reports() -> Decoded {
    read(Format::Json, include_bytes!("../../../fixtures/json/reports.json"), "JFK")
}

#[test]
fn a_report_has_exactly_its_set_and_cleared_fields() {
    let decoded = reports();
    let report = report(&decoded, 0);
    assert_eq!(report.key.id().as_str(), "B6-615-20130208-JFK-FLL");
    assert_eq!(report.observed_at.to_rfc3339(), "2013-02-08T21:04:11+00:00");
    assert_eq!(
        facts(report),
        [
            "departure.gate=14",
            "departure.estimated=08 21:40",
            "departure.step=boarding",
            "arrival.belt=",
            "diverted_to=MIA",
            "remark=Go to gate — now",
            "codeshares=AA27 EI5105",
        ]
    );
}

#[test]
fn a_number_may_be_a_json_number_and_observed_at_defaults_to_receipt() {
    let decoded = reports();
    let report = report(&decoded, 1);
    assert_eq!(report.key.id().as_str(), "DL-2042A-20130208-JFK-ATL-R1");
    assert_eq!(report.observed_at, report.received_at);
    assert_eq!(facts(report), [""; 0]);
}

#[test]
fn an_airline_is_the_same_by_either_of_its_codes() {
    let body = r#"{"carrier":"JBU","number":"615","origin_date":"2013-02-08","from":"JFK","to":"FLL",
        "set":{"codeshares":["EIN5105","JBU9"]}}"#;
    let decoded = read(Format::Json, body.as_bytes(), "JFK");
    let report = report(&decoded, 0);
    assert_eq!(report.key.id().as_str(), "B6-615-20130208-JFK-FLL");
    assert_eq!(facts(report), ["codeshares=B69 EI5105"]);
}

#[test]
fn a_return_takes_earlier_times_back_but_not_those_of_the_same_report() {
    let expected = [
        "departure.actual=08 21:40",
        "departure.airborne=",
        "departure.step=returned",
        "departure.returned=05 10:00",
    ];
    assert_eq!(facts(report(&reports(), 3)), expected);
}

#[test]
fn clearing_the_status_takes_back_steps_and_diversion_but_no_cancellation() {
    let expected =
        ["departure.gate=", "departure.step=", "departure.returned=", "arrival.step=", "diverted="];
    assert_eq!(facts(report(&reports(), 5)), expected);
}

#[test]
fn a_broken_report_costs_no_other() {
    let decoded = reports();
    let read: Vec<_> = decoded.reports.iter().map(|(index, _)| *index).collect();
    assert_eq!(read, [0, 1, 3, 5]);
    let (index, field, reason) = faults(&decoded)[0];
    assert_eq!(
        (index, field, reason),
        (Some(2), "departure.gat", "is not a field that a report can speak of")
    );
    let (index, field, reason) = faults(&decoded)[1];
    assert_eq!((index, field), (Some(4), ""));
    assert!(reason.starts_with("invalid type: integer `17`, expected a report"), "{reason}");
    assert_eq!(decoded.faults[1].excerpt, "17");
}

/// The fault of a report with these `parts` besides its identity.
fn fault_of(parts: &str) -> (String, String) {
    let body = format!(
        r#"{{"carrier":"B6","number":"1","origin_date":"2013-02-08","from":"JFK","to":"FLL"{parts}}}"#
    );
    let decoded = read(Format::Json, body.as_bytes(), "JFK");
    let [fault] = &decoded.faults[..] else { panic!("{parts}: {:?}", decoded.faults) };
    assert!(decoded.reports.is_empty(), "{parts}");
    (fault.field.clone().unwrap_or_default(), fault.reason.clone())
}

#[test]
fn a_fault_names_its_field_and_the_rule() {
    let no_instant =
        "is not an instant with an offset (such as 2013-02-08T21:04:11Z) of the years 2000 to 2099";
    for (parts, field, reason) in [
        (r#","set":{"departure.gate":14}"#, "departure.gate", "is a number and not a text"),
        (
            r#","set":{"departure.gate":null}"#,
            "departure.gate",
            "is null; name it under clear to take a value away",
        ),
        (r#","set":{"departure.gate":{"a":[1]}}"#, "departure.gate", "is an object and not a text"),
        (r#","set":{"departure.gate":"MUCH TOO LONG"}"#, "departure.gate", "is longer than 8 characters"),
        (
            r#","set":{"departure.gate":"\u202e41"}"#,
            "departure.gate",
            "has a character that reverses text (U+202E)",
        ),
        (r#","set":{"departure.gate":"\u200b"}"#, "departure.gate", "has an invisible character (U+200B)"),
        (r#","set":{"departure.gate":"1","departure.gate":"2"}"#, "departure.gate", "is spoken of twice"),
        (
            r#","set":{"departure.gate":"1"},"clear":["departure.gate"]"#,
            "departure.gate",
            "is spoken of twice",
        ),
        (
            r#","set":{"departure.step":"boarding"}"#,
            "departure.step",
            "is not a field that a report can speak of",
        ),
        (r#","set":{"hidden":"x"}"#, "hidden", "is not a field that a report can speak of"),
        (r#","set":{"status":"flying"}"#, "status", "is not a status word"),
        (r#","set":{"status":"boarding"},"clear":["status"]"#, "status", "is spoken of twice"),
        (r#","set":{"departure.estimated":"2013-02-08T21:04:11"}"#, "departure.estimated", no_instant),
        (r#","set":{"departure.estimated":"21:04"}"#, "departure.estimated", no_instant),
        (r#","set":{"departure.estimated":1360357451}"#, "departure.estimated", "is a number and not a text"),
        (
            r#","set":{"diverted_to":"KMIA"}"#,
            "diverted_to",
            "\"KMIA\" is not an IATA airport code (three letters)",
        ),
        (
            r#","set":{"codeshares":["EI"]}"#,
            "codeshares",
            "\"EI\" is not a flight designator (such as EI5105)",
        ),
        (r#","clear":["departure"]"#, "departure", "is not a field that a report can speak of"),
        (r#","observed_at":"2013-02-08""#, "observed_at", no_instant),
        (r#","observed_at":"1970-01-01T00:00:00Z""#, "observed_at", no_instant),
        (r#","repeat":100"#, "repeat", "is not a number from 0 to 99"),
        (r#","repeat":-1"#, "repeat", "is not a number from 0 to 99"),
        (r#","suffix":"AB""#, "suffix", "\"AB\" is not an operational suffix (one letter)"),
        (r#","from":"LGA""#, "from", "is given twice"),
    ] {
        assert_eq!(fault_of(parts), (field.into(), reason.into()), "{parts}");
    }
    let (field, reason) = fault_of(r#","unknown":1"#);
    assert_eq!(field, "unknown");
    assert!(reason.starts_with("is not known; known are carrier, "), "{reason}");
    let (field, reason) = fault_of(r#","set":[]"#);
    assert_eq!(field, "set");
    assert!(reason.starts_with("invalid type: sequence, expected an object of fields"), "{reason}");
    let (field, reason) = fault_of(&format!(r#","set":{{"codeshares":[{}"EI1"]}}"#, "\"EI2\",".repeat(20)));
    assert_eq!((field.as_str(), reason.as_str()), ("codeshares", "are more than 20"));
}

#[test]
fn the_fields_that_identify_a_leg_are_required() {
    let whole = r#"{"carrier":"B6","number":"1","origin_date":"2013-02-08","from":"JFK","to":"FLL"}"#;
    assert_eq!(read(Format::Json, whole.as_bytes(), "JFK").reports.len(), 1);
    for (part, field, reason) in [
        (r#""carrier":"B6","#, "carrier", "is missing"),
        (r#""number":"1","#, "number", "is missing"),
        (r#""origin_date":"2013-02-08","#, "origin_date", "is missing"),
        (r#""from":"JFK","#, "from", "is missing"),
        (r#","to":"FLL""#, "to", "is missing"),
    ] {
        let body = whole.replace(part, "");
        let decoded = read(Format::Json, body.as_bytes(), "JFK");
        assert_eq!(faults(&decoded), [(Some(0), field, reason)]);
    }
    for (from, to, field) in [
        ("\"B6\"", "\"JETBLUE\"", "carrier"),
        ("\"B6\"", "null", "carrier"),
        ("\"1\"", "\"B61\"", "number"),
        ("\"1\"", "99999999999999999999999", "number"),
        ("\"1\"", "1.5", "number"),
        ("\"2013-02-08\"", "\"2013-2-8\"", "origin_date"),
        ("\"JFK\"", "\"KJFK\"", "from"),
    ] {
        let body = whole.replace(from, to);
        let decoded = read(Format::Json, body.as_bytes(), "JFK");
        assert_eq!(decoded.faults[0].field.as_deref(), Some(field), "{body}");
    }
}

#[test]
fn anything_but_a_report_or_an_array_is_refused() {
    for body in
        ["", " ", "null", "\"text\"", "[", "[1", "{\"a\":}", "{} {}", "[] []", "[1,]", "{\"carrier\":\"B6\""]
    {
        assert!(decode(Format::Json, body.as_bytes(), &context("JFK")).is_err(), "{body}");
    }
    let fault = decode(Format::Json, b"[\"\xff\"]", &context("JFK")).unwrap_err();
    assert!(fault.reason.starts_with("is not UTF-8"), "{}", fault.reason);
    let many = format!("[{}0]", "0,".repeat(REPORTS_MAX));
    assert!(decode(Format::Json, many.as_bytes(), &context("JFK")).unwrap_err().reason.contains("more than"));
}

#[test]
fn deep_nesting_is_refused_without_a_stack_to_match() {
    let deep = |depth| format!("[{}{}]", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(read(Format::Json, deep(100_000).as_bytes(), "JFK").faults.len(), 1);
    let inside = format!("{{\"carrier\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read(Format::Json, inside.as_bytes(), "JFK").faults[0].field.as_deref(), Some("carrier"));
}

#[test]
fn thousands_of_faults_are_reported_up_to_a_limit() {
    let body = format!("[{}0]", "0,".repeat(4000));
    let decoded = read(Format::Json, body.as_bytes(), "JFK");
    assert_eq!(decoded.faults.len(), super::super::FAULTS_MAX);
    assert!(decoded.faults.last().unwrap().reason.contains("not listed"));
}

#[test]
fn events_round_trip() {
    for (_, before) in reports().reports {
        let text = encode_report(&before);
        let after = read(Format::Json, text.as_bytes(), "JFK");
        let after = report(&after, 0);
        assert_eq!((after.key, facts(after)), (before.key, facts(&before)), "{text}");
        assert_eq!(after.observed_at, before.observed_at);
    }
}

#[test]
fn a_single_value_is_read_and_written_as_in_a_report_and_refused_for_the_same_reasons() {
    let raw = |json: &str| serde_json::value::RawValue::from_string(json.into()).unwrap();
    for (name, json) in [
        ("departure.gate", "\"14\""),
        ("departure.estimated", "\"2013-02-08T21:40:00Z\""),
        ("diverted_to", "\"MIA\""),
        ("codeshares", "[\"AA27\",\"EI5105\"]"),
    ] {
        let field = Field::named(name).unwrap();
        let value = decode_value(field, &raw(json)).unwrap();
        assert_eq!(encode_value(&value).to_string(), json);
    }
    for (name, json, why) in [
        ("departure.gate", "14", "is a number and not a text"),
        ("departure.gate", "\"123456789\"", "is longer than 8 characters"),
        ("departure.gate", "{\"a\":[]}", "is an object and not a text"),
        ("departure.actual", "\"noon\"", "is not an instant with an offset"),
        ("codeshares", "\"AA27\"", "invalid type: string"),
        ("cancelled", "true", "is not a field that a report can speak of"),
        ("hidden", "true", "is not a field that a report can speak of"),
    ] {
        let reason = decode_value(Field::named(name).unwrap(), &raw(json)).unwrap_err();
        assert!(reason.starts_with(why), "{name} {json}: {reason}");
    }
}
