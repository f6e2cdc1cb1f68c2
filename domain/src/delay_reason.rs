//! Delay reasons in plain words for passengers, never as a code.
//!
//! Source: IATA Airport Handling Manual AHM 730, the two-digit codes and their two-letter equivalents (`93`
//! is `RA`). Feeds send either, mostly as AIDX `IrregularityDelay/@ReasonCode`. Codes that AHM 730 leaves
//! to the airline (00-05, and the gaps) get the text of their family of ten. The three-letter codes of AHM
//! 732, its successor, are not translated.
//!
//! To change a text, change it here. Every text must read well alone and after "due to".

const OPERATIONAL: &str = "operational reasons";
const CHECK_IN: &str = "check-in";
const CARGO: &str = "cargo and mail loading";
const GROUND: &str = "ground handling";
const TECHNICAL: &str = "technical problem";
const SYSTEMS: &str = "computer system failure";
const CREW: &str = "crew availability";
const FLIGHT_PLAN: &str = "flight planning";
const WEATHER: &str = "weather";
const AIR_TRAFFIC: &str = "air traffic control";
const AIRPORT: &str = "airport restrictions";
const SECURITY: &str = "security";
const INBOUND: &str = "late inbound aircraft";
const STRIKE: &str = "industrial action";

/// Number, letters and text of each code that AHM 730 defines, in its order.
const CODES: &[(u8, &str, &str)] = &[
    (6, "OA", "no gate available"),
    (9, "SG", "short turnaround time"),
    (11, "PD", CHECK_IN),
    (12, "PL", CHECK_IN),
    (13, "PE", CHECK_IN),
    (14, "PO", CHECK_IN),
    (15, "PH", "boarding"),
    (16, "PS", "passenger service"),
    (17, "PC", "catering"),
    (18, "PB", "baggage handling"),
    (19, "PW", "passenger assistance"),
    (21, "CD", CARGO),
    (22, "CP", CARGO),
    (23, "CC", CARGO),
    (24, "CI", CARGO),
    (25, "CO", CARGO),
    (26, "CU", CARGO),
    (27, "CE", CARGO),
    (28, "CL", CARGO),
    (29, "CA", CARGO),
    (31, "GD", GROUND),
    (32, "GL", "loading"),
    (33, "GE", GROUND),
    (34, "GS", GROUND),
    (35, "GC", "aircraft cleaning"),
    (36, "GF", "fuelling"),
    (37, "GB", "catering"),
    (38, "GU", GROUND),
    (39, "GT", GROUND),
    (41, "TD", TECHNICAL),
    (42, "TM", "aircraft maintenance"),
    (43, "TN", "aircraft maintenance"),
    (44, "TS", TECHNICAL),
    (45, "TA", TECHNICAL),
    (46, "TC", "aircraft change"),
    (47, "TL", "aircraft change"),
    (48, "TV", "aircraft change"),
    (51, "DF", "aircraft damage"),
    (52, "DG", "aircraft damage"),
    (55, "ED", SYSTEMS),
    (56, "EC", SYSTEMS),
    (57, "EF", SYSTEMS),
    (58, "EO", SYSTEMS),
    (61, "FP", FLIGHT_PLAN),
    (62, "FF", FLIGHT_PLAN),
    (63, "FT", CREW),
    (64, "FS", CREW),
    (65, "FR", CREW),
    (66, "FL", CREW),
    (67, "FC", CREW),
    (68, "FA", CREW),
    (69, "FB", SECURITY),
    (71, "WO", WEATHER),
    (72, "WT", "weather at destination"),
    (73, "WR", "weather en route"),
    (75, "WI", "de-icing"),
    (76, "WS", "snow and ice clearance"),
    (77, "WG", WEATHER),
    (81, "AT", AIR_TRAFFIC),
    (82, "AX", AIR_TRAFFIC),
    (83, "AE", AIR_TRAFFIC),
    // The code means an air traffic control restriction, but passengers see the weather.
    (84, "AW", "weather at destination"),
    (85, "AS", SECURITY),
    (86, "AG", "border and health checks"),
    (87, "AF", "airport facilities"),
    (88, "AD", AIRPORT),
    (89, "AM", AIRPORT),
    (91, "RL", "connecting passengers or baggage"),
    (92, "RT", CHECK_IN),
    (93, "RA", INBOUND),
    (94, "RS", "late inbound crew"),
    (95, "RC", "late inbound crew"),
    (96, "RO", OPERATIONAL),
    (97, "MI", STRIKE),
    (98, "MO", STRIKE),
    (99, "MX", OPERATIONAL),
];

/// The text of each family of ten, for codes that AHM 730 does not define: airline internal, passengers,
/// cargo, ramp, technical, damage and systems, crew, weather, restrictions, reactionary.
const FAMILIES: [&str; 10] =
    [OPERATIONAL, CHECK_IN, CARGO, GROUND, TECHNICAL, OPERATIONAL, CREW, WEATHER, AIRPORT, OPERATIONAL];

/// The text of an AHM 730 code: two digits (`93`; a lost leading zero is accepted) or two letters in either
/// case (`RA`). `None` for anything else.
pub fn text(code: &str) -> Option<&'static str> {
    let code = code.trim();
    if !(1..=2).contains(&code.len()) {
        return None;
    }
    if code.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: u8 = code.parse().ok()?;
        let defined = CODES.iter().find(|(defined, _, _)| *defined == number).map(|(_, _, words)| *words);
        return defined.or_else(|| FAMILIES.get(usize::from(number / 10)).copied());
    }
    CODES.iter().find(|(_, letters, _)| letters.eq_ignore_ascii_case(code)).map(|(_, _, words)| *words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_and_the_letters_of_a_code_have_the_same_text() {
        for (number, letters, expected) in CODES {
            assert_eq!(text(&format!("{number:02}")), Some(*expected));
            assert_eq!(text(letters), Some(*expected));
            assert_eq!(text(&letters.to_lowercase()), Some(*expected));
        }
    }

    #[test]
    fn common_reasons_have_plain_texts() {
        for (code, expected) in [
            ("93", "late inbound aircraft"),
            ("RA", "late inbound aircraft"),
            ("71", "weather"),
            ("72", "weather at destination"),
            ("75", "de-icing"),
            ("81", "air traffic control"),
            ("41", "technical problem"),
            ("46", "aircraft change"),
            ("64", "crew availability"),
            ("85", "security"),
            ("36", "fuelling"),
            ("06", "no gate available"),
            ("97", "industrial action"),
        ] {
            assert_eq!(text(code), Some(expected), "{code}");
        }
    }

    #[test]
    fn every_two_digit_code_has_a_text_even_those_left_to_the_airline() {
        assert!((0..100).all(|number| text(&format!("{number:02}")).is_some()));
        assert_eq!(text("74"), Some("weather"));
        assert_eq!(text("00"), Some("operational reasons"));
    }

    #[test]
    fn a_lost_leading_zero_and_surrounding_space_are_accepted() {
        assert_eq!(text("6"), text("06"));
        assert_eq!(text(" 93 "), text("93"));
    }

    #[test]
    fn an_invalid_code_has_no_text() {
        for code in ["", "ZZ", "9X", "100", "WEA", "weather", "é", "-1", "+1"] {
            assert_eq!(text(code), None, "{code:?}");
        }
    }

    #[test]
    fn no_text_contains_a_code_and_no_code_is_defined_twice() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (_, letters, words) in CODES {
            assert_eq!(CODES.iter().filter(|(_, other, _)| other == letters).count(), 1, "{letters}");
            assert!(!words.chars().any(|c| c.is_ascii_digit() || c.is_ascii_uppercase()), "{words}");
        }
    }
}
