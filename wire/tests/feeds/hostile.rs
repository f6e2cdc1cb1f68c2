//! Whatever comes over the network: nothing panics, and everything stays within its bounds.

use crate::context;
use domain::ports::Quarantined;
use domain::report::Report;
use gatecall_wire::feed::{BODY_BYTES_MAX, Decoded, FAULTS_MAX, Fault, Format, NOTES_MAX, decode};
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::HashSet;

macro_rules! fixtures {
    ($($format:ident $airport:literal $path:literal,)*) => {
        const FIXTURES: &[(Format, &str, &[u8])] =
            &[$((Format::$format, $airport, include_bytes!(concat!("../../fixtures/", $path))),)*];
    };
}

fixtures! {
    Aidx "HBA" "aidx/amadeus-delayed.xml",
    Aidx "HBA" "aidx/amadeus-boarding.xml",
    Aidx "HBA" "aidx/amadeus-gate-first.xml",
    Aidx "HBA" "aidx/amadeus-gate-second.xml",
    Aidx "HBA" "aidx/amadeus-airborne.xml",
    Aidx "HBA" "aidx/amadeus-arrived.xml",
    Aidx "HBA" "aidx/amadeus-cancelled.xml",
    Aidx "LGW" "aidx/idaho-positioning.xml",
    Aidx "HBA" "aidx/many-legs.xml",
    Aidx "OSL" "aidx/response.xml",
    Aidx "OSL" "aidx/response-errors.xml",
    Schiphol "AMS" "schiphol/page.json",
    Json "JFK" "json/reports.json",
}

/// Bits that have broken parsers before.
const SNIPPETS: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?x ?>",
    "<!DOCTYPE a>",
    "&#0;",
    "&#x110000;",
    "&#xD800;",
    "&lt",
    "&a;",
    " xsi:nil=\"true\"",
    " xmlns=\"\"",
    " xmlns:a=\"a\"",
    "\u{202e}",
    "\u{0}",
    "\u{feff}",
    "99999999999999999999999999",
    "-1",
    "1e999",
    "\\ud800",
    "\\u0000",
    "[[[[[[[[",
    "{\"a\":{\"a\":",
    "null",
    "true",
    "\"\"",
    "9999-12-31T23:59:60Z",
    "-262144-01-01T00:00:00",
    "24:00:00",
    "+24:00",
    "é",
    "中",
];

/// Decodes, and checks what holds of any outcome.
fn check(format: Format, airport: &str, body: &[u8]) -> Result<Decoded, Fault> {
    let outcome = decode(format, body, &context(airport));
    let faults = match &outcome {
        Ok(decoded) => &decoded.faults[..],
        Err(fault) => std::slice::from_ref(fault),
    };
    assert!(faults.len() <= FAULTS_MAX);
    for fault in faults {
        assert!(!fault.reason.is_empty());
        assert!(fault.excerpt.len() <= Quarantined::EXCERPT_BYTES_MAX);
        assert!(fault.field.as_ref().is_none_or(|field| field.len() <= Fault::FIELD_BYTES_MAX), "{fault}");
        assert!(fault.reason.len() <= Fault::REASON_BYTES_MAX, "{}", fault.reason);
    }
    if let Ok(decoded) = &outcome {
        assert!(decoded.notes.len() <= NOTES_MAX && decoded.notes.iter().all(|note| note.len() < 120));
        assert!(decoded.reports.is_sorted_by_key(|(index, _)| *index));
        decoded.reports.iter().for_each(|(_, report)| check_report(report));
    }
    outcome
}

fn check_report(report: &Report) {
    for statements in [&report.statements, &report.fallback_statements] {
        assert!(statements.len() <= Report::STATEMENTS_MAX);
        let fields: HashSet<_> = statements.iter().map(|statement| statement.field).collect();
        assert_eq!(fields.len(), statements.len());
    }
    for (_, statement) in report.all_statements() {
        assert!(statement.value.as_ref().is_none_or(|value| value.fits(statement.field)));
    }
    assert!(domain::leg::LegId::known(report.key.id().as_str()).is_some(), "{}", report.key.id());
}

#[test]
fn every_fixture_is_read_and_none_of_its_beginnings_is() {
    for (format, airport, body) in FIXTURES {
        let whole = check(*format, airport, body);
        let end = body.trim_ascii_end().len();
        for length in 0..end {
            let cut = check(*format, airport, &body[..length]);
            assert!(cut.is_err(), "{format:?} cut at {length} of {end} was taken");
        }
        let unended = check(*format, airport, &body[..end]);
        assert_eq!(unended.map(|decoded| decoded.reports).ok(), whole.map(|decoded| decoded.reports).ok());
    }
}

#[test]
fn a_message_that_is_too_long_is_refused_before_it_is_read() {
    for (format, word) in Format::WORDS {
        let body = vec![b' '; BODY_BYTES_MAX + 1];
        let fault = check(format, "JFK", &body).unwrap_err();
        assert_eq!(fault.reason, format!("is longer than {BODY_BYTES_MAX} bytes"), "{word}");
    }
}

#[test]
fn the_longest_messages_of_every_bad_shape_are_answered() {
    let fill = |unit: &str| unit.repeat(BODY_BYTES_MAX / unit.len()).into_bytes();
    let aidx = |unit: &str| {
        let head = format!("<IATA_AIDX_FlightLegNotifRQ xmlns='{}'>", gatecall_wire::feed::aidx::NAMESPACE);
        format!("{head}{}", unit.repeat((BODY_BYTES_MAX - head.len()) / unit.len())).into_bytes()
    };
    for unit in ["[", "{\"a\":", "[],", "\"", "0", "{\"flights\":[", "é"] {
        for format in [Format::Json, Format::Schiphol] {
            assert!(check(format, "JFK", &fill(unit)).is_err(), "{unit}");
        }
    }
    for unit in
        ["<", "<a>", "<a ", "&lt;", "<FlightLeg>", "<FlightLeg a='", "<!--", "<FlightLeg/>", "<a/>", " b='1'"]
    {
        assert!(check(Format::Aidx, "JFK", &fill(unit)).is_err(), "{unit}");
        assert!(check(Format::Aidx, "JFK", &aidx(unit)).is_err(), "{unit}");
    }
    let attributes = [b"<a".to_vec(), fill(" b='1'")].concat();
    assert!(check(Format::Aidx, "JFK", &attributes[..BODY_BYTES_MAX]).is_err());
}

/// One change of a message's bytes.
#[derive(Clone, Debug)]
enum Mutation {
    Overwrite(Index, u8),
    Remove(Index, usize),
    Repeat(Index, usize),
    Insert(Index, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Overwrite(at, byte)),
        (at(), 1..200usize).prop_map(|(at, length)| Mutation::Remove(at, length)),
        (at(), 1..200usize).prop_map(|(at, length)| Mutation::Repeat(at, length)),
        (at(), 0..SNIPPETS.len()).prop_map(|(at, snippet)| Mutation::Insert(at, snippet)),
    ]
}

fn mutate(body: &mut Vec<u8>, mutation: &Mutation) {
    if body.is_empty() {
        return;
    }
    match mutation {
        Mutation::Overwrite(at, byte) => *at.get_mut(body) = *byte,
        Mutation::Remove(at, length) => {
            let at = at.index(body.len());
            let end = body.len().min(at + length);
            body.drain(at..end);
        }
        Mutation::Repeat(at, length) => {
            let at = at.index(body.len());
            let again = body[at..body.len().min(at + length)].to_vec();
            body.splice(at..at, again);
        }
        Mutation::Insert(at, snippet) => {
            let at = at.index(body.len());
            body.splice(at..at, SNIPPETS[*snippet].bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn mutated_messages_never_panic(
        which in 0..FIXTURES.len(),
        mutations in prop::collection::vec(mutation(), 1..8),
    ) {
        let (format, airport, body) = FIXTURES[which];
        let mut body = body.to_vec();
        for mutation in &mutations {
            mutate(&mut body, mutation);
        }
        let _ = check(format, airport, &body);
    }

    #[test]
    fn random_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..512)) {
        for (format, _) in Format::WORDS {
            let _ = check(format, "JFK", &body);
        }
    }

    #[test]
    fn random_markup_never_panics(parts in prop::collection::vec(0..SNIPPETS.len(), 0..40), inside in any::<bool>()) {
        let mut body: String = parts.iter().map(|part| SNIPPETS[*part]).collect();
        if inside {
            body = format!(
                "<IATA_AIDX_FlightLegNotifRQ xmlns='{}'>{body}</IATA_AIDX_FlightLegNotifRQ>",
                gatecall_wire::feed::aidx::NAMESPACE
            );
        }
        for (format, _) in Format::WORDS {
            let _ = check(format, "JFK", body.as_bytes());
        }
    }
}
