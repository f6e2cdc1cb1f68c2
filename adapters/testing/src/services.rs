//! Where the servers are that tests may use.
//!
//! Some answers to ports need a server: MongoDB, Kafka, PostgreSQL. Its address is taken from the
//! environment ([`MONGO`], …) or else from the file `.services/env` at the top of the workspace, one
//! `NAME=value` a line, which whatever starts the servers writes. Where neither names one, the tests
//! that need it are skipped with a notice on the error output, unless `GATECALL_SERVICES=required`
//! (as where everything must be proven), which makes that a failure.
//!
//! Adding a server: a name, and a function like [`mongo`]. A test creates its own place on it, a
//! database or topics with a random name, and removes that at its end.

use std::io::Write;
use std::path::Path;

/// A connection string, such as `mongodb://127.0.0.1:27017`.
pub const MONGO: &str = "GATECALL_TEST_MONGO";
/// Bootstrap servers, such as `127.0.0.1:9092`.
pub const KAFKA: &str = "GATECALL_TEST_KAFKA";
/// A connection string, such as `postgres://user@127.0.0.1/postgres`.
pub const POSTGRES: &str = "GATECALL_TEST_POSTGRES";
/// `required` if tests must not be skipped.
pub const SERVICES: &str = "GATECALL_SERVICES";

/// The MongoDB that tests may use.
pub fn mongo() -> Option<String> {
    named(MONGO)
}

/// The Kafka that tests may use.
pub fn kafka() -> Option<String> {
    named(KAFKA)
}

/// The PostgreSQL that tests may use.
pub fn postgres() -> Option<String> {
    named(POSTGRES)
}

fn named(name: &str) -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.services/env");
    let from_file = || std::fs::read_to_string(&file).ok().and_then(|text| in_lines(&text, name));
    let found = std::env::var(name).ok().filter(|value| !value.is_empty()).or_else(from_file);
    if found.is_none() {
        let is_required = std::env::var(SERVICES).is_ok_and(|value| value == "required");
        assert!(
            !is_required,
            "{SERVICES}=required, but neither the environment nor .services/env has {name}"
        );
        // Not `eprintln!`, which the test harness keeps for itself where a test passes.
        let line = format!("SKIPPED: a test that needs a server; {name} is not set (nor in .services/env)\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    found
}

/// The value of `NAME=value`; lines that begin with `#` are remarks.
fn in_lines(text: &str, name: &str) -> Option<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let mut values = lines.filter_map(|line| line.split_once('=')).filter(|(key, _)| key.trim() == name);
    values.next().map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_server() {
        let text = "# servers\nGATECALL_TEST_KAFKA=127.0.0.1:9092\n GATECALL_TEST_MONGO = mongodb://h/?a=b \n\
                    GATECALL_TEST_POSTGRES=\n#GATECALL_TEST_X=1\nnothing\n";
        assert_eq!(in_lines(text, KAFKA).as_deref(), Some("127.0.0.1:9092"));
        assert_eq!(in_lines(text, MONGO).as_deref(), Some("mongodb://h/?a=b"));
        assert_eq!(in_lines(text, POSTGRES), None);
        assert_eq!(in_lines(text, "GATECALL_TEST_X"), None);
    }
}
