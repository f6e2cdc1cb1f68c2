//! `migrate` and `check-config` with servers.

use crate::test_cluster::TestCluster;
use std::process::Output;

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

#[test]
fn missing_migrations_are_reported_and_migrate_is_idempotent() {
    let Some(cluster) = TestCluster::bare() else { return };
    let run = |arguments: &[&str]| cluster.command(arguments).output().unwrap();
    let checked = run(&["check-config"]);
    let said = text(&checked);
    assert!(!checked.status.success(), "{said}");
    assert!(said.contains("gatecall migrate"), "{said}");
    let served = run(&["serve"]);
    assert!(!served.status.success() && text(&served).contains("gatecall migrate"), "{}", text(&served));
    for _ in 0..2 {
        let migrated = run(&["migrate"]);
        assert!(migrated.status.success(), "{}", text(&migrated));
    }
    let checked = run(&["check-config"]);
    assert!(checked.status.success(), "{}", text(&checked));
    let place = ["--topic", "changes", "--partition", "0", "--offset", "7", "--by", "the desk", "--yes"];
    let skipped = run(&[&["skip-record"], &place[..]].concat());
    assert!(
        !skipped.status.success() && text(&skipped).contains("the record does not exist"),
        "{}",
        text(&skipped)
    );
    for server in ["Kafka", "PostgreSQL", "MongoDB"] {
        assert!(text(&checked).contains(&format!("{server} is ready")), "{}", text(&checked));
    }
}

#[test]
fn a_wrong_broker_password_or_database_is_named_in_one_line() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let postgres = cluster.postgres();
    let (before, rest) = postgres.split_once("://").unwrap();
    let (user, at) = rest.split_once(':').unwrap();
    let (_, host) = at.rsplit_once('@').unwrap();
    let wrong_password = format!("{before}://{user}:not-it@{host}");
    let (server, _) = postgres.rsplit_once('/').unwrap();
    let nowhere = format!("{server}/no_such_database");
    let cases: [(&str, &str, &[&str]); 5] = [
        ("GATECALL__KAFKA__BROKERS", "127.0.0.1:9", &["Kafka", "127.0.0.1:9", "refused"]),
        ("GATECALL__POSTGRES__URL", &wrong_password, &["PostgreSQL", "password"]),
        ("GATECALL__POSTGRES__URL", &nowhere, &["PostgreSQL", "no_such_database"]),
        (
            "GATECALL__MONGO__URI",
            "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=1000",
            &["MongoDB", "127.0.0.1:9"],
        ),
        ("GATECALL__KAFKA__PARTITIONS", "5", &["Kafka", "partitions"]),
    ];
    for (key, value, words) in cases {
        for command in ["serve", "check-config"] {
            // A start does not need MongoDB; see `outages`.
            if command == "serve" && words[0] == "MongoDB" {
                continue;
            }
            let output = cluster.command(&[command]).env(key, value).output().unwrap();
            let said = text(&output);
            assert!(!output.status.success(), "{key}: {said}");
            let line = said.lines().find(|line| words.iter().all(|word| line.contains(word)));
            assert!(
                line.is_some(),
                "{command} with {key}={value} does not say {words:?} in one line:\n{said}"
            );
            assert!(!said.contains("not-it"), "a password is shown:\n{said}");
        }
    }
}
