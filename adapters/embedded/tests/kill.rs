//! kill -9 at random moments: every write that succeeded is there afterwards, complete.
//!
//! The test starts itself as a child that appends as fast as it can and prints each leg and revision after its write has
//! succeeded. It kills the child and compares its output with the folder. It has a `main` of its own, because the child must
//! be this program and nothing else.

#![expect(clippy::unwrap_used, reason = "it is a test, though it has a main of its own")]

use domain::ports::{Archive, ChangeLog};
use gatecall_embedded::{Durability, Embedded, EmbeddedConfig};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;
use testing::flights::Sample;

/// The variable that gives the folder to the child.
const FOLDER: &str = "GATECALL_KILL_TEST_FOLDER";
/// Legs that grow at the same time.
const LEGS: u32 = 40;
/// How often the child is killed, with both kinds of durability in turn: a killed process loses nothing
/// with either.
const KILLS: u32 = 6;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match std::env::var_os(FOLDER) {
        Some(folder) => runtime.block_on(append_until_killed(Path::new(&folder))),
        None => runtime.block_on(what_was_answered_survives_kill_9()),
    }
}

async fn open(folder: &Path, durability: Durability) -> Embedded {
    let mut config = EmbeddedConfig::in_folder(folder);
    config.durability = durability;
    Embedded::open(config).await.unwrap()
}

/// The child: continues from the folder and prints what succeeded.
async fn append_until_killed(folder: &Path) {
    let durability =
        if std::env::args().any(|a| a == "normal") { Durability::Normal } else { Durability::Full };
    let store = open(folder, durability).await;
    let mut held: HashMap<_, _> =
        store.restore().await.unwrap().into_iter().map(|flight| (flight.leg.clone(), flight)).collect();
    let growing = (0..LEGS).map(|n| {
        let mut sample = Sample::leg(n);
        if let Some(flight) = held.remove(&sample.flight.leg) {
            sample = sample.resumed(flight);
        }
        let store = store.clone();
        tokio::spawn(async move {
            loop {
                // A different gate each time, so that every entry is a revision or several.
                let gate = |more: u64| (sample.flight.rev + more).to_string();
                let gates = [gate(1), gate(2), gate(3)];
                let some = &gates[..1 + sample.flight.rev as usize % 3];
                let entry = sample.gates(&some.iter().map(String::as_str).collect::<Vec<_>>());
                store.append(vec![entry]).await.unwrap();
                // One write a line: a line that is cut by the kill is not counted.
                let line = format!("{} {}\n", sample.flight.leg, sample.flight.rev);
                std::io::stdout().write_all(line.as_bytes()).unwrap();
            }
        })
    });
    // None of the tasks ends unless it fails.
    futures_util::future::join_all(growing).await;
}

async fn what_was_answered_survives_kill_9() {
    let folder = TempDir::new().unwrap();
    let mut answered: HashMap<String, u64> = HashMap::new();
    let mut lines = 0;
    for kill in 0..KILLS {
        // Moments soon after the start, and late enough for a checkpoint.
        let after_lines = [5, 400, 61, 3000, 1, 1500][kill as usize % 6];
        let durability = if kill % 2 == 0 { "full" } else { "normal" };
        lines += run_and_kill(folder.path(), durability, after_lines, &mut answered);
        assert_whole(folder.path(), &answered).await;
    }
    let mut stdout = std::io::stdout();
    writeln!(stdout, "test kill: {KILLS} kills, {lines} answers, nothing of them lost ... ok").unwrap();
}

/// Lets a child print so many lines, kills it, and records all its lines.
fn run_and_kill(
    folder: &Path,
    durability: &str,
    after_lines: usize,
    answered: &mut HashMap<String, u64>,
) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg(durability)
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    for _ in 0..after_lines {
        assert!(said.read_line(&mut text).unwrap() > 0, "the child has ended by itself");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What the child printed before the kill.
    said.read_to_string(&mut text).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for line in whole.lines() {
        let (leg, rev) = line.split_once(' ').unwrap();
        let rev: u64 = rev.parse().unwrap();
        let before = answered.insert(leg.to_owned(), rev);
        assert!(before.is_none_or(|before| before < rev), "{leg} went from {before:?} to {rev}");
    }
    whole.lines().count()
}

/// Every successful revision is there, every state was appended as such, and no history has a gap.
async fn assert_whole(folder: &Path, answered: &HashMap<String, u64>) {
    let store = open(folder, Durability::Full).await;
    let flights: HashMap<_, _> =
        store.restore().await.unwrap().into_iter().map(|f| (f.leg.as_str().to_owned(), f)).collect();
    for (leg, rev) in answered {
        let stored = flights.get(leg).map_or(0, |f| f.rev);
        assert!(stored >= *rev, "{leg}: revision {rev} was answered, {stored} is stored");
    }
    for flight in flights.values() {
        // The gate is the revision's own number: a state torn from another would not have it.
        let gate = flight.view().departure.gate.unwrap();
        assert_eq!(*gate, *flight.rev.to_string(), "{}", flight.leg);
        let history = store.history(flight.leg.clone(), 0, u32::MAX).await.unwrap();
        assert!(history.iter().map(|c| c.rev).eq(1..=flight.rev), "the history of {} has a gap", flight.leg);
        let last = &history.last().unwrap().set_json;
        assert!(last.contains(&format!("\"departure.gate\":\"{gate}\"")), "{last}");
    }
    store.close().await.unwrap();
}
