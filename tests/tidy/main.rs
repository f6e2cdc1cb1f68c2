//! Checks rules of the architecture: dependencies between crates, imports between modules, links, references.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod import_cycles;

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Files that git tracks, or would: what was built is left out.
fn files(endings: &[&str]) -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    assert!(listed.status.success(), "git ls-files failed");
    let listed = String::from_utf8(listed.stdout).unwrap();
    let wanted = |name: &&str| endings.iter().any(|ending| name.ends_with(ending));
    let files: Vec<_> = listed.lines().filter(wanted).map(|name| root().join(name)).collect();
    files.into_iter().filter(|path| path.exists()).collect()
}

/// What each crate of ours may depend on. Adapters are not listed: every folder of `adapters/` is one, and
/// all of them follow the same rule.
const ARROWS: [(&str, &[&str]); 6] = [
    ("gatecall-domain", &[]),
    ("gatecall-wire", &["gatecall-domain"]),
    ("gatecall-actors", &["gatecall-domain", "gatecall-wire"]),
    ("gatecall-mock-feeds", &["gatecall-domain", "gatecall-wire"]),
    ("gatecall-loadtest", &["gatecall-domain", "gatecall-wire"]),
    ("gatecall", &["gatecall-domain", "gatecall-wire", "gatecall-actors"]),
];

/// What an adapter may depend on.
const ADAPTER_ARROWS: &[&str] = &["gatecall-domain", "gatecall-wire"];

/// The crate of contract suites and test doubles: an adapter too, and a development dependency only.
const TESTING: &str = "gatecall-testing";

/// The folders of `adapters/`.
fn adapter_folders() -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join("adapters")).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    folders.map(|folder| folder.file_name().into_string().unwrap()).collect()
}

#[test]
fn crates_depend_only_on_crates_that_the_arrows_allow() {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let arrows = BTreeMap::from(ARROWS);
    let ours: BTreeSet<&str> = metadata.packages.iter().map(|p| p.name.as_str()).collect();
    let adapters: BTreeSet<&str> = metadata
        .packages
        .iter()
        .filter(|package| package.manifest_path.starts_with(root().join("adapters").to_str().unwrap()))
        .map(|package| package.name.as_str())
        .collect();
    let folders = adapter_folders().len();
    assert_eq!(
        adapters.len(),
        folders,
        "a folder of adapters/ is not a member of the workspace: {adapters:?}"
    );
    let listed: BTreeSet<&str> = arrows.keys().copied().chain(adapters.iter().copied()).collect();
    assert_eq!(ours, listed, "a crate is missing in ARROWS, or ARROWS names one that does not exist");
    for package in &metadata.packages {
        let name = package.name.as_str();
        let allowed = arrows.get(name).copied().unwrap_or(ADAPTER_ARROWS);
        for dependency in package.dependencies.iter().filter(|d| ours.contains(d.name.as_str())) {
            let on = dependency.name.as_str();
            let is_allowed = match dependency.kind {
                // A crate may use its own test fixtures as a development dependency on itself.
                DependencyKind::Development => on == TESTING || on == name || allowed.contains(&on),
                _ => allowed.contains(&on) || name == "gatecall" && on != TESTING && adapters.contains(on),
            };
            assert!(is_allowed, "{name} must not depend on {on} (see ARROWS in tests/tidy.rs)");
        }
    }
}

#[test]
fn the_domain_has_no_runtime_no_serialisation_and_no_io() {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let domain = metadata.packages.iter().find(|p| p.name.as_str() == "gatecall-domain").unwrap();
    let allowed = ["chrono", "chrono-tz", "rustc-hash", "smallvec", "thiserror"];
    for dependency in domain.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal) {
        assert!(allowed.contains(&dependency.name.as_str()), "domain must not depend on {}", dependency.name);
    }
    for path in files(&[".rs"]).into_iter().filter(|p| p.starts_with(root().join("domain/src"))) {
        let text = std::fs::read_to_string(&path).unwrap();
        for word in ["std::fs", "std::net", "std::process", "std::thread", "std::env", "tokio", "serde"] {
            let used = text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
            assert!(!used, "{} uses {word}", path.display());
        }
    }
}

#[test]
fn actors_know_no_driver_no_sql_and_no_http() {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let actors = metadata.packages.iter().find(|p| p.name.as_str() == "gatecall-actors").unwrap();
    for banned in ["actix-web", "actix-http", "reqwest", "sqlx", "rdkafka", "mongodb", "actix-web-actors"] {
        assert!(actors.dependencies.iter().all(|d| d.name != banned), "actors must not depend on {banned}");
    }
}

#[test]
fn the_deprecated_session_crate_stays_in_its_two_files() {
    for path in files(&[".rs"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let may = ["src/ws/session.rs", "src/ws/connection.rs", "tests/tidy/main.rs"]
            .iter()
            .any(|f| path.ends_with(f));
        assert!(may || !text.contains("actix_web_actors"), "{} uses actix_web_actors", path.display());
    }
}

/// Cycles that are still to be broken, as folder and `parent: modules`. The list must be exact: an entry that no
/// longer holds fails the test.
const KNOWN_CYCLES: &[(&str, &str)] = &[
    ("actors/src", ": flight, hub, switchboard"),
    ("actors/src", "switchboard: connections, subscriptions"),
    ("adapters/embedded/src", ": checkpoint, config, database, disk_budget, epoch, maintenance, writer"),
    (
        "adapters/kafka/src",
        ": broker_health, classify, client, context, log_reader, log_replay, partition_owners, report_queue, shared_log, skipped_records, superseded",
    ),
    ("adapters/mongo/src", ": config, uri"),
    (
        "domain/src",
        ": cancellation, change, correction, diversion, flight, manual_override, operating, report, scope, status, steps, view, visibility",
    ),
    ("wire/src", "feed::aidx: decode, leg, resources, status"),
    ("wire/src", "feed::aidx: extension, xml"),
    ("wire/src", "feed::schiphol: decode, facts"),
    ("wire/src", "frame: server, write"),
];

#[test]
fn modules_import_each_other_in_no_circle() {
    let mut found = BTreeSet::new();
    let adapters = adapter_folders().into_iter().map(|name| format!("adapters/{name}/src"));
    for folder in
        ["src", "actors/src", "domain/src", "wire/src"].map(str::to_owned).into_iter().chain(adapters)
    {
        let cycles = import_cycles::Crate::read(&root().join(&folder)).cycles();
        found.extend(cycles.into_iter().map(|cycle| (folder.clone(), cycle)));
    }
    let known: BTreeSet<_> = KNOWN_CYCLES.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    assert_eq!(found, known, "left: cycles that are there; right: cycles that are listed");
}

#[test]
fn the_import_scanner_finds_a_cycle_through_children_and_reexports_alone() {
    let cycles = |sources: &[(&str, &str)]| {
        let mut fixture = import_cycles::Crate::default();
        for (module, source) in sources {
            fixture
                .add(module.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect(), source);
        }
        fixture.cycles().into_iter().collect::<Vec<_>>()
    };
    let root = ("", "pub mod a; pub mod b; pub use b::B; use a::inner;");
    assert_eq!(cycles(&[root, ("a", "use crate::b::B;"), ("b", "use crate::a::{self, A};")]), [": a, b"]);
    assert_eq!(cycles(&[root, ("a", "use super::B;"), ("b", "fn f() { crate::a::f(); }")]), [": a, b"]);
    assert_eq!(
        cycles(&[root, ("a", ""), ("a::inner", "use crate::{B};"), ("b", "use super::inner::I;")]),
        [": a, b"]
    );
    let three = [("a", "use crate::b::X;"), ("b", "use crate::{c::Y as Z};"), ("c", "use crate::a;")];
    assert_eq!(cycles(&three), [": a, b, c"]);
    assert!(
        cycles(&[root, ("a", "use crate::b::B;"), ("b", "// crate::a\nconst T: &str = \"crate::a\";")])
            .is_empty()
    );
    assert!(
        cycles(&[root, ("a", "mod c; use c::C;"), ("a::c", "use super::A;"), ("b", "use crate::B;")])
            .is_empty()
    );
    assert!(
        cycles(&[("a", "pub(crate) fn f() {} pub(in crate::b) fn g() {}"), ("b", "use crate::a::f;")])
            .is_empty()
    );
    assert!(
        cycles(&[("a", "#[cfg(test)]\nmod tests { use crate::b::B; }"), ("b", "use crate::a::A;")])
            .is_empty()
    );
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for path in files(&[".md"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        for target in link_targets(&text) {
            let target = target.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let from = path.parent().unwrap_or(Path::new(""));
            if !from.join(target).exists() {
                broken.push(format!("{}: {target}", path.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

/// Targets of `[text](target)`, outside code blocks.
fn link_targets(text: &str) -> Vec<&str> {
    let mut in_code = false;
    let mut targets = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for (at, _) in line.match_indices("](") {
            if let Some(end) = line[at + 2..].find(')') {
                targets.push(line[at + 2..at + 2 + end].split(' ').next().unwrap_or_default());
            }
        }
    }
    targets
}

#[test]
fn nothing_refers_to_a_folder_outside_the_repository() {
    for path in files(&[".rs", ".ts", ".tsx", ".md", ".toml", "Makefile", "run", ".json", ".sh"]) {
        if path.ends_with("tests/tidy/main.rs") || path.ends_with("package-lock.json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        for word in ["../shared", "/work/"] {
            assert!(!text.contains(word), "{} refers to {word}", path.display());
        }
    }
}
