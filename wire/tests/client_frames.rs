//! Valid frames of clients, and the errors for all others.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as tests do")]

mod support;

use domain::leg::LegId;
use domain::topic::Topic;
use gatecall_wire::frame::client::{AuthToken, CLIENT_FRAME_BYTES_MAX, ClientFrame, REF_MAX, parse};
use gatecall_wire::frame::server::ErrorCode;
use proptest::prelude::*;
use support::at;

fn refused(text: &str) -> (Option<u64>, ErrorCode, String) {
    let bad = parse(text).expect_err(text);
    (bad.ref_, bad.code, bad.message)
}

#[test]
fn every_op_is_read_with_its_keys_in_any_order() {
    let topic = Topic::parse("board/JFK/departures").unwrap();
    let leg = LegId::known("B6-615-20130208-JFK-FLL").unwrap();
    let since = Some(at("2013-02-08T21:04:11.250Z"));
    for (text, meant) in [
        (
            r#"{"ref":1,"since":"2013-02-08T16:04:11.250-05:00","op":"follow","topic":"board/JFK/departures"}"#,
            ClientFrame::Follow { topic: topic.clone(), since, ref_: Some(1) },
        ),
        (
            r#" {"op":"follow","topic":"board/jfk/departures","since":null,"ref":null} "#,
            ClientFrame::Follow { topic: topic.clone(), since: None, ref_: None },
        ),
        (r#"{"op":"unfollow","topic":"board/JFK/departures"}"#, ClientFrame::Unfollow { topic, ref_: None }),
        (r#"{"op":"get","leg":"B6-615-20130208-JFK-FLL","ref":0}"#, ClientFrame::Get { leg, ref_: Some(0) }),
        (r#"{"op":"auth","token":"t"}"#, ClientFrame::Auth { token: AuthToken::new("t"), ref_: None }),
        (r#"{"op":"pong"}"#, ClientFrame::Pong),
    ] {
        assert_eq!(parse(text), Ok(meant), "{text}");
    }
}

#[test]
fn client_frames_round_trip() {
    for topic in ["all", "airline/B6", "flight/A-1"] {
        for since in [None, Some(at("2013-02-08T21:04:11Z"))] {
            let frame =
                ClientFrame::Follow { topic: Topic::parse(topic).unwrap(), since, ref_: Some(REF_MAX) };
            assert_eq!(parse(&frame.to_json()), Ok(frame));
        }
    }
    assert_eq!(ClientFrame::Pong.to_json(), r#"{"op":"pong"}"#);
}

#[test]
fn unknown_keys_are_ignored_at_any_depth() {
    let deep = format!(r#"{{"op":"pong","x":{}{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(parse(&deep), Ok(ClientFrame::Pong));
    assert_eq!(parse(r#"{"op":"pong","topic":7,"more":{"a":[1,2,{}]}}"#), Ok(ClientFrame::Pong));
}

#[test]
fn nesting_in_a_key_that_is_read_is_refused_before_it_can_hurt() {
    let (ref_, code, message) = refused(&format!(r#"{{"op":{}"#, "[".repeat(16_000)));
    assert_eq!((ref_, code), (None, ErrorCode::BadFrame));
    assert!(message.contains("recursion limit"), "{message}");
}

#[test]
fn a_text_that_is_no_object_is_a_bad_frame() {
    for text in
        ["", " ", "null", "7", "\"op\"", r#"["pong"]"#, "{", r#"{"op":"pong"} x"#, "\u{0}", "{'op':'pong'}"]
    {
        let (ref_, code, message) = refused(text);
        assert_eq!((ref_, code), (None, ErrorCode::BadFrame), "{text}");
        assert!(message.starts_with("a frame must be a JSON object"), "{message}");
    }
    assert_eq!(refused(r#"{"op":"pong","op":"get"}"#).1, ErrorCode::BadFrame);
    let long = format!(r#"{{"op":"pong","x":"{}"}}"#, "x".repeat(CLIENT_FRAME_BYTES_MAX));
    assert_eq!(refused(&long).2, "a frame must not be longer than 65536 bytes");
}

#[test]
fn a_refusal_names_the_key_the_reason_and_the_frames_own_ref() {
    for (text, ref_, code, message) in [
        (r#"{"ref":1}"#, Some(1), ErrorCode::BadFrame, "op: is missing"),
        (r#"{"op":7,"ref":1}"#, Some(1), ErrorCode::BadFrame, "op: must be a string, not a number"),
        (
            r#"{"op":"FOLLOW"}"#,
            None,
            ErrorCode::UnknownOp,
            "op: \"FOLLOW\" is none of follow, unfollow, get, auth, pong",
        ),
        (r#"{"op":"follow","ref":2}"#, Some(2), ErrorCode::BadFrame, "topic: is missing"),
        (
            r#"{"op":"unfollow","topic":[],"ref":2}"#,
            Some(2),
            ErrorCode::BadFrame,
            "topic: must be a string, not an array",
        ),
        (r#"{"op":"get","ref":3}"#, Some(3), ErrorCode::BadFrame, "leg: is missing"),
        (
            r#"{"op":"get","leg":"a/b"}"#,
            None,
            ErrorCode::UnknownLeg,
            "leg: \"a/b\" is not an identifier of a flight",
        ),
        (r#"{"op":"auth","token":{}}"#, None, ErrorCode::BadFrame, "token: must be a string, not an object"),
    ] {
        assert_eq!(refused(text), (ref_, code, message.to_owned()), "{text}");
    }
}

#[test]
fn unknown_topics_and_positions_have_codes_of_their_own() {
    for topic in ["board/JFK", "board/JFKX/arrivals", "airline/", "flights", ""] {
        let (ref_, code, message) = refused(&format!(r#"{{"op":"follow","topic":"{topic}","ref":9}}"#));
        assert_eq!((ref_, code), (Some(9), ErrorCode::UnknownTopic));
        assert!(message.starts_with(&format!("topic: \"{topic}\" is not flight/{{leg}}")), "{message}");
    }
    for since in [
        "\"yesterday\"",
        "1360357451",
        "\"2013-02-08\"",
        "\"2013-02-08T21:04:11\"",
        "\"2013-02-30T00:00:00Z\"",
    ] {
        let (_, code, message) = refused(&format!(r#"{{"op":"follow","topic":"all","since":{since}}}"#));
        assert_eq!(code, ErrorCode::BadSince, "{since}");
        assert!(message.starts_with("since: "), "{message}");
    }
}

#[test]
fn a_ref_is_a_whole_number_that_javascript_can_hold() {
    for ref_ in ["-1", "1.5", "\"1\"", "9007199254740993", "1e300", "[]", "true"] {
        let (given, code, message) = refused(&format!(r#"{{"op":"pong","ref":{ref_}}}"#));
        assert_eq!((given, code), (None, ErrorCode::BadFrame));
        assert_eq!(message, "ref: must be a whole number from 0 to 9007199254740992", "{ref_}");
    }
}

#[test]
fn a_long_text_is_truncated_in_the_error() {
    let (_, _, message) = refused(&format!(r#"{{"op":"follow","topic":"{}"}}"#, "é".repeat(4_000)));
    assert!(message.len() < 300, "{}", message.len());
}

#[test]
fn a_token_is_not_shown_by_debug() {
    let frame = parse(r#"{"op":"auth","token":"secret-1"}"#).unwrap();
    assert!(!format!("{frame:?}").contains("secret"));
    assert!(matches!(frame, ClientFrame::Auth { token, .. } if token.reveal() == "secret-1"));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn no_frame_shaped_text_makes_the_parser_panic_or_talk_at_length(
        op in "follow|unfollow|get|auth|pong|[a-z]{0,9}",
        key in "topic|leg|since|token|ref|[a-z]{1,5}",
        value in r#"null|-?[0-9]{1,20}|"[ -!#-\[\]-~é]{0,60}"|\[\]|\{\}|true"#,
    ) {
        if let Err(bad) = parse(&format!(r#"{{"op":"{op}","{key}":{value}}}"#)) {
            prop_assert!(bad.message.len() < 300);
        }
    }
}
