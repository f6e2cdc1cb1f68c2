//! `docs/PROTOCOL.md` says what the code does: its examples are read by the hub's own readers, and
//! its tables are those of the enums.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as tests do")]

mod support;

use domain::change::ChangeKind;
use domain::field::Field;
use domain::report::{ReportedStatus, Source};
use domain::view::Status;
use gatecall_wire::feed::{self, Context, Format};
use gatecall_wire::frame::client::{ClientFrame, parse};
use gatecall_wire::frame::close::CloseCode;
use gatecall_wire::frame::server::{self, ErrorCode, ServerFrame};
use gatecall_wire::problem::ProblemBody;
use gatecall_wire::rest::{BoardBody, FeedsBody, HistoryBody, IngestBody};
use gatecall_wire::sse;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

fn document() -> String {
    std::fs::read_to_string(support::repository_file("docs/PROTOCOL.md")).unwrap()
}

/// The document from the heading `## title` to the next of its rank.
fn section(title: &str) -> String {
    let document = document();
    let (_, rest) =
        document.split_once(&format!("\n## {title}\n")).unwrap_or_else(|| panic!("no section {title}"));
    rest.split("\n## ").next().unwrap_or_default().to_owned()
}

/// Fenced blocks: the text after the three ticks, and the content.
fn blocks() -> Vec<(String, String)> {
    let document = document();
    let parts: Vec<&str> = document.split("\n```").collect();
    assert!(parts.len() % 2 == 1, "every block that is opened is closed");
    let block = |part: &&str| {
        let (info, text) = part.split_once('\n').unwrap_or((part, ""));
        (info.trim().to_owned(), text.to_owned())
    };
    parts[1..].iter().step_by(2).map(block).collect()
}

/// First cells of a section's tables, without ticks and without the head.
fn first_cells(section: &str) -> BTreeSet<String> {
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.filter_map(|row| Some(row.split('|').nth(1)?.trim().trim_matches('`').to_owned())).collect()
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    words.into_iter().map(str::to_owned).collect()
}

/// Everything between single ticks.
fn ticked(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The list item or paragraph that begins with `start`, as one text.
fn paragraph(start: &str) -> String {
    let document = document();
    let from = document.find(start).unwrap_or_else(|| panic!("{start} is not in the document"));
    let rest = &document[from..];
    let end = rest.match_indices('\n').find(|(at, _)| {
        let next = &rest[at + 1..];
        next.starts_with('\n') || next.starts_with("- ")
    });
    rest[..end.map_or(rest.len(), |(at, _)| at)].to_owned()
}

/// Parses as the type, and contains nothing unknown to it.
fn assert_is<T: Serialize + DeserializeOwned>(text: &str) {
    let meant: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e} in {text}"));
    let read: T = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e} in {text}"));
    assert_eq!(serde_json::to_value(read).unwrap(), meant, "the example has keys or forms that are not ours");
}

fn assert_is_a_client_frame(text: &str) {
    let frame = parse(text.trim()).unwrap_or_else(|e| panic!("{e} in {text}"));
    let meant: Value = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&frame.to_json()).unwrap(), meant);
}

fn assert_is_a_report(text: &str) {
    let source =
        Source { name: "jfk".into(), airport: None, rank: 50, creates: true, scope: Default::default() };
    let context = Context {
        source: Arc::new(source),
        received_at: support::at("2013-02-08T21:04:11Z"),
        zone: chrono_tz::America::New_York,
        airport: None,
    };
    let decoded = feed::decode(Format::Json, text.as_bytes(), &context).unwrap();
    assert_eq!(decoded.faults, [], "in {text}");
    assert_eq!(decoded.reports.len(), 1);
    assert_eq!(decoded.reports[0].1.key, support::key());
}

#[test]
fn every_json_example_is_what_it_claims_to_be() {
    let mut seen = BTreeSet::new();
    for (info, text) in blocks() {
        let Some(claim) = info.strip_prefix("json") else { continue };
        match claim.trim() {
            "frame" => assert_is::<ServerFrame>(&text),
            "client" => assert_is_a_client_frame(&text),
            "report" => assert_is_a_report(&text),
            "close" => assert_eq!(text.trim(), CloseCode::ShuttingDown.reason(1800)),
            "BoardBody" => assert_is::<BoardBody>(&text),
            "HistoryBody" => assert_is::<HistoryBody>(&text),
            "FeedsBody" => assert_is::<FeedsBody>(&text),
            "IngestBody" => assert_is::<IngestBody>(&text),
            "ProblemBody" => assert_is::<ProblemBody>(&text),
            other => panic!("an example claims to be {other:?}, which this test cannot read"),
        }
        seen.insert(claim.trim().to_owned());
    }
    assert_eq!(seen.len(), 9, "an example of each sort is there: {seen:?}");
}

#[test]
fn every_frame_type_and_every_op_has_its_row_and_its_example() {
    let said = section("Frames from the hub");
    assert_eq!(first_cells(said.split("\n### ").next().unwrap()), words(ServerFrame::TYPES));
    let heard = section("Frames from a client");
    assert_eq!(first_cells(&heard), words(ClientFrame::OPS));
    let examples = |claim: &str, key: &str| -> BTreeSet<String> {
        let of = blocks().into_iter().filter(|(info, _)| info == claim);
        of.map(|(_, text)| serde_json::from_str::<Value>(&text).unwrap()[key].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(examples("json frame", "type"), words(ServerFrame::TYPES));
    assert_eq!(examples("json client", "op"), words(ClientFrame::OPS));
}

#[test]
fn every_error_code_has_its_row_and_no_row_is_without_its_code() {
    assert_eq!(first_cells(&section("Error codes")), words(ErrorCode::WORDS.map(|(_, word)| word)));
}

#[test]
fn every_close_code_has_its_row_with_meaning_and_action() {
    let section = section("Close codes");
    assert_eq!(first_cells(&section), CloseCode::TABLE.iter().map(|row| row.1.to_string()).collect());
    for (code, number, meaning) in CloseCode::TABLE {
        let row = section.lines().find(|line| line.starts_with(&format!("| {number} | {meaning} |")));
        let row = row.unwrap_or_else(|| panic!("{number} should mean {meaning:?}"));
        assert_eq!(row.contains("come back"), code.means_come_back(), "{row}");
    }
}

#[test]
fn statuses_kinds_and_the_names_of_reports_are_all_there() {
    let statuses = words(Status::WORDS.iter().map(|(_, word)| *word));
    let mut told = ticked(&paragraph("- `status` is one of"));
    told.remove("status");
    assert_eq!(told, statuses);
    let mut kinds = ticked(&paragraph("`kinds` classifies the change"));
    kinds.remove("kinds");
    assert_eq!(kinds, words(ChangeKind::WORDS.iter().map(|(_, word)| *word)));
    let mut settable = words(feed::json_report::SETTABLE.iter().map(|field: &Field| field.name()));
    settable.insert("status".into());
    assert_eq!(ticked(&paragraph("- Names in both:")), settable);
    let mut accepted = ticked(&paragraph("- `status` takes"));
    accepted.remove("status");
    assert!(accepted.iter().all(|word| ReportedStatus::parse(word).is_some()), "{accepted:?}");
    let shown_and_reinstated = statuses.into_iter().chain(["reinstated".to_owned()]).collect();
    assert_eq!(accepted, shown_and_reinstated);
}

#[test]
fn the_events_in_the_document_are_laid_out_as_events_are() {
    let section = section("Server-sent events");
    let data = "{\"type\":\"hello\",\"epoch\":\"01JKQ3V7\",\"clock\":{\"now\":\"2013-02-08T21:04:00Z\",\"speed\":60.0},\"ping_s\":25}";
    let event = sse::event(data.as_bytes(), "hello", None);
    assert!(section.contains(str::from_utf8(&event).unwrap()));
    assert!(section.contains(str::from_utf8(&sse::retry(2000)).unwrap()));
    let ping = sse::event(&server::ping(support::at("2013-02-08T21:04:25Z"), 60.0), "ping", None);
    assert!(section.contains(str::from_utf8(&ping).unwrap().trim_end()));
}

#[test]
fn every_link_inside_the_document_leads_to_a_heading() {
    let document = document();
    let anchor = |heading: &str| heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    let anchors: BTreeSet<String> =
        document.lines().filter(|line| line.starts_with('#')).map(anchor).collect();
    for link in document.split("](#").skip(1) {
        let target = link.split(')').next().unwrap_or_default();
        assert!(anchors.contains(target), "#{target} leads nowhere");
    }
}
