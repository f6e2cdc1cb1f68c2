//! The servers that tests run against, where there are any.
//!
//! Each is named by a variable of the environment, or by a line `NAME=value` in `.services/env` at the
//! root of the workspace, which whatever starts the servers writes. Without it, what needs the
//! server is left out with a word on stderr; with `GATECALL_SERVICES=required` it fails instead.
//!
//! Every test makes a database (a topic, a collection) of its own and removes it.

use std::path::Path;

/// Asks for every server: with the value `required`, a test that finds none fails.
const SERVICES: &str = "GATECALL_SERVICES";

/// The address of a PostgreSQL whose user may make databases:
/// `postgres://user:password@127.0.0.1:5432/postgres`.
pub fn postgres() -> Option<String> {
    find("GATECALL_TEST_POSTGRES")
}

/// Brokers of a Kafka: `127.0.0.1:9092`.
pub fn kafka() -> Option<String> {
    find("GATECALL_TEST_KAFKA")
}

/// The address of a MongoDB: `mongodb://127.0.0.1:27017`.
pub fn mongo() -> Option<String> {
    find("GATECALL_TEST_MONGO")
}

fn find(name: &str) -> Option<String> {
    if let Some(value) = std::env::var(name).ok().filter(|value| !value.is_empty()) {
        return Some(value);
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.services/env");
    let lines = std::fs::read_to_string(file).unwrap_or_default();
    if let Some(value) = named(&lines, name) {
        return Some(value);
    }
    let required = std::env::var(SERVICES).is_ok_and(|value| value == "required");
    assert!(!required, "{SERVICES}=required, and neither the environment nor .services/env says {name}");
    say(&format!("LEFT OUT: neither the environment nor .services/env says {name}"));
    None
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests must see what was left out")]
fn say(line: &str) {
    eprintln!("{line}");
}

fn named(lines: &str, name: &str) -> Option<String> {
    let value = lines.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim().to_owned()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_server() {
        let lines = "# started by hand\nA_B=1\n A=postgres://x/y?z=1 \nEMPTY=\n";
        assert_eq!(named(lines, "A").as_deref(), Some("postgres://x/y?z=1"));
        assert_eq!(named(lines, "A_B").as_deref(), Some("1"));
        for name in ["B", "EMPTY", "# started"] {
            assert_eq!(named(lines, name), None, "{name}");
        }
    }
}
