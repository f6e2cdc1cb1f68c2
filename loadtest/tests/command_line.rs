//! Exit codes and refusals of the binary.

use std::process::{Command, Output};

fn loadtest(args: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_loadtest");
    Command::new(program).args(args.split_whitespace()).output().unwrap_or_else(|e| panic!("{program}: {e}"))
}

#[test]
fn a_hub_on_another_machine_is_refused_with_the_reason() {
    let output = loadtest("ingest --hub http://192.0.2.7:5000");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not loopback"));
}

#[test]
fn numbers_out_of_bounds_are_refused() {
    for args in [
        "fanout --sockets 100001",
        "fanout --seconds 0",
        "fanout --topic board --flights 2001",
        "fanout --topic all --flights 10000 --sockets 100000",
        "ingest --rate 200001",
        "ingest --flights-sweep 10,5",
        "reconnect --topic all",
        "flood --clients 201",
        "flood --kinds tickling",
    ] {
        assert_eq!(loadtest(args).status.code(), Some(2), "{args}");
    }
}

#[test]
fn an_unreachable_hub_is_a_failure_with_a_message() {
    // Port 1 is reserved; nothing listens there.
    let output = loadtest("ingest --hub http://127.0.0.1:1");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("127.0.0.1:1"));
}

#[test]
fn every_command_explains_itself() {
    for command in ["fanout", "reconnect", "ingest", "flood", "ceiling"] {
        let output = loadtest(&format!("{command} --help"));
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(output.stdout.len() > 200, "{command}");
    }
}
