//! Each scenario against a tiny hub that keeps the protocol, and against hubs that break one rule.

#[expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]
mod fake_hub;

use clap::Parser;
use fake_hub::Fault;
use gatecall_loadtest::args::{Cli, Command};
use gatecall_loadtest::report::Report;
use gatecall_loadtest::{checker, fanout, flood, ingest, reconnect};
use std::path::Path;

/// Runs a command line against a fake hub of this process.
fn run(command: &str, fault: Fault) -> Report {
    let hub = format!("http://{}", fake_hub::start(fault));
    run_at(&format!("{command} --hub {hub}"))
}

fn run_at(command: &str) -> Report {
    let cli = Cli::try_parse_from(format!("loadtest {command}").split_whitespace());
    let report = match cli.map(|cli| cli.command).unwrap_or_else(|e| panic!("{e}")) {
        Command::Fanout(args) => fanout::run(&args, Path::new(env!("CARGO_BIN_EXE_loadtest"))),
        Command::Reconnect(args) => reconnect::run(&args),
        Command::Ingest(args) => ingest::run(&args),
        Command::Flood(args) => flood::run(&args),
        Command::Ceiling(_) => panic!("not a scenario"),
    };
    report.unwrap_or_else(|e| panic!("{command}: {e:#}"))
}

/// Asserts that `rule` was broken, and shows what else was.
fn assert_broken(report: &Report, rule: &str) {
    assert!(report.violations.contains_key(rule), "{rule:?} was not found, but {:?}", report.violations_told);
}

const FANOUT: &str = "fanout --sockets 20 --seconds 1 --rounds 1 --burst 4 --ceiling without";

#[test]
fn fifty_sockets_receive_every_frame_of_the_baseline() {
    let report = run_at("fanout --ceiling only --sockets 50 --seconds 1 --rounds 1");
    assert!(report.is_correct(), "{:?}", report.violations_told);
    let rounds = report.values["rounds_50"].as_array().cloned().unwrap_or_default();
    for phase in ["window", "burst"] {
        let frames = rounds[0]["phases"]
            .as_array()
            .and_then(|phases| phases.iter().find(|p| p["name"] == phase).and_then(|p| p["frames"].as_u64()));
        // Every frame reached all fifty, and there were some.
        assert!(frames.is_some_and(|n| n > 0 && n % 50 == 0), "{phase}: {frames:?}");
    }
    assert_eq!(rounds[0]["payload_bytes"], 200);
}

#[test]
fn a_hub_that_keeps_the_protocol_breaks_no_rule() {
    let report = run(&format!("{FANOUT} --flights 3 --topic board --rate 50"), Fault::None);
    assert!(report.is_correct(), "{:?}", report.violations_told);
    assert!(report.goals.iter().any(|goal| goal.unit == "KB"), "{:?}", report.goals);
}

#[test]
fn sockets_that_follow_one_flight_each_receive_only_its_frames() {
    let report = run(&format!("{FANOUT} --flights 3 --topic flight"), Fault::None);
    assert!(report.is_correct(), "{:?}", report.violations_told);
}

#[test]
fn slow_and_never_readers_end_with_the_right_picture() {
    let command = format!("{FANOUT} --rate 20 --slow-readers 2 --never-readers 2");
    let report = run(&command, Fault::None);
    assert!(report.is_correct(), "{:?}", report.violations_told);
    assert!(report.values.contains_key("readers"));
}

#[test]
fn a_lost_change_is_found() {
    assert_broken(&run(FANOUT, Fault::LosesAChange), checker::GAP);
}

#[test]
fn a_repeated_change_is_found() {
    assert_broken(&run(FANOUT, Fault::RepeatsAChange), checker::DUPLICATE);
}

#[test]
fn a_wrong_last_picture_is_found() {
    assert_broken(&run(FANOUT, Fault::WrongLastPicture), checker::WRONG);
}

#[test]
fn screens_that_come_back_hold_the_right_board() {
    let report = run("reconnect --sockets 30 --flights 10 --rounds 1", Fault::None);
    assert!(report.is_correct(), "{:?}", report.violations_told);
    assert_eq!(report.values["with_since"]["partial_snapshots"], 30);
    assert_eq!(report.values["without_since"]["whole_snapshots"], 30);
}

#[test]
fn a_resume_that_leaves_something_out_is_found() {
    assert_broken(&run("reconnect --sockets 5 --flights 10 --rounds 1", Fault::EmptyResume), checker::BEHIND);
}

#[test]
fn reports_are_counted_and_followers_timed() {
    let report = run("ingest --rate 400 --flights-sweep 20,40 --seconds 1", Fault::None);
    assert!(report.is_correct(), "{:?}", report.violations_told);
    let found = &report.values["ingest"];
    assert_eq!((&found[0]["reports"], &found[1]["flights"]), (&400.into(), &40.into()));
    assert_eq!(found[0]["frame"]["count"], 40);
}

#[test]
fn as_many_reports_as_are_taken() {
    let report = run("ingest --max --flights 50 --batch 20 --seconds 1", Fault::None);
    assert!(report.is_correct(), "{:?}", report.violations_told);
    assert!(report.goals.iter().any(|goal| goal.at_least));
}

#[test]
fn a_follower_and_a_poster_are_watched_during_each_flood() {
    let report = run("flood --kinds unfollow,gets,bodies --clients 2 --seconds 1 --flights 3", Fault::None);
    assert!(report.is_correct(), "{:?}", report.violations_told);
    for kind in ["unfollow", "gets", "bodies"] {
        let outcome = &report.values[kind];
        for who in ["follower", "poster"] {
            assert!(outcome[who]["count"].as_u64().is_some_and(|count| count > 0), "{kind}: {outcome}");
        }
        assert!(outcome["connections_opened"].as_u64() >= Some(2), "{kind}: {outcome}");
    }
}
