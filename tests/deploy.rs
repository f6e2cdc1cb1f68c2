//! Every configuration that is shipped is taken by the hub's own check, with stand-ins for its secrets; and
//! each secret that it names is handed to the hub where it runs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use toml::{Table, Value};

/// The folders that have configurations.
const FOLDERS: [&str; 2] = ["config", "deploy"];

fn configurations() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = FOLDERS.map(|folder| root.join(folder)).into();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "toml") {
                found.push(path);
            }
        }
    }
    found.sort_unstable();
    found
}

/// Where the configuration places a secret.
struct Named {
    /// Its key, in dots.
    key: String,
    place: Place,
}

enum Place {
    File(String),
    Variable(String),
}

/// Every secret that a configuration names: `NAME_file`, `NAME_env`, and a header's `file` and `env`.
fn secrets(table: &Table, below: &str) -> Vec<Named> {
    let mut found = Vec::new();
    for (name, value) in table {
        let key = format!("{below}{name}");
        match value {
            Value::Table(table) => found.extend(secrets(table, &format!("{key}."))),
            Value::String(text) if name == "file" || name.ends_with("_file") => {
                found.push(Named { key, place: Place::File(text.clone()) });
            }
            Value::String(text) if name == "env" || name.ends_with("_env") => {
                found.push(Named { key, place: Place::Variable(text.clone()) });
            }
            _ => {}
        }
    }
    found
}

/// Something that has the shape of the secret.
fn stand_in(key: &str) -> &'static str {
    match key.split('.').next() {
        Some("postgres") => "postgres://gatecall:stand-in@postgres.example:5432/gatecall",
        Some("mongo") => "mongodb://gatecall:stand-in@mongo.example:27017/?replicaSet=gatecall",
        _ => "a-stand-in-for-a-secret",
    }
}

fn read(path: &Path) -> Table {
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

#[test]
fn every_configuration_that_is_shipped_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let all = configurations();
    for path in &all {
        let mut check = Command::new(env!("CARGO_BIN_EXE_gatecall"));
        check.args(["check-config", "--offline", "--config"]).arg(path);
        for secret in secrets(&read(path), "") {
            match secret.place {
                Place::File(_) => {
                    let file = folder.path().join(&secret.key);
                    std::fs::write(&file, stand_in(&secret.key)).unwrap();
                    let variable = secret.key.replace('.', "__").to_ascii_uppercase();
                    check.env(format!("GATECALL__{variable}"), file);
                }
                Place::Variable(name) => {
                    check.env(name, stand_in(&secret.key));
                }
            }
        }
        let security = read(path).get("kafka").and_then(|kafka| kafka.get("security").cloned());
        if !cfg!(feature = "kafka-tls") && security.is_some_and(|word| word.as_str() == Some("sasl_ssl")) {
            // This build has no TLS; the rest of the configuration is checked all the same.
            check.env("GATECALL__KAFKA__SECURITY", "sasl_plaintext");
            check.env("GATECALL__KAFKA__SASL_MECHANISM", "PLAIN");
        }
        let done = check.output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{}: {said}", path.display());
    }
    assert!(all.len() >= 6, "configurations are looked for in the wrong place: {all:?}");
}

/// Where a configuration runs, by what its files of secrets begin with: the text that must name each.
#[test]
fn every_secret_of_a_shipped_configuration_is_handed_to_the_hub() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let (compose, made) = (text("compose.yaml"), text("scripts/compose-secrets"));
    let hub = compose.lines().skip_while(|line| !line.starts_with("x-hub:"));
    let handed = hub.clone().find(|line| line.starts_with("  secrets:")).unwrap();
    let kubernetes = text("deploy/kubernetes/example/secret.example.yaml");
    let mut looked_at = 0;
    for path in configurations().iter().filter(|path| path.starts_with(root.join("deploy"))) {
        for secret in secrets(&read(path), "") {
            let Place::File(file) = secret.place else {
                panic!("{}: no container has this variable", secret.key)
            };
            looked_at += 1;
            if let Some(name) = file.strip_prefix("/run/secrets/") {
                assert!(handed.contains(name), "compose.yaml does not hand {name} to the hubs");
                assert!(
                    compose.contains(&format!("  {name}: {{ file: ./deploy/compose/secrets/{name} }}\n"))
                );
                assert!(made.contains(&format!("make {name}\n")), "scripts/compose-secrets makes no {name}");
            } else if let Some(name) = file.strip_prefix("/etc/gatecall/secrets/") {
                assert!(kubernetes.contains(&format!("\n  {name}: ")), "the example's Secret has no {name}");
            } else {
                panic!("{}: nothing is at {file}", path.display());
            }
        }
    }
    assert!(looked_at > 8, "secrets are looked for in the wrong way");
}
