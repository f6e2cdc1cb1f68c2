//! How fast the embedded store is on this machine, and where the time goes.
//!
//! `cargo run --release -p gatecall-embedded --example embedded_throughput -- [FOLDER]`
//!
//! The folder should be on the disk that will hold the data; by default it is made beside the
//! build's output. Nothing in it is kept.

#![expect(clippy::print_stdout, reason = "its output is its purpose")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]
#![expect(clippy::unwrap_used, reason = "a measurement that fails should stop")]

use domain::ports::{Archive, ChangeLog, LogEntry, RawMessage};
use gatecall_embedded::{Commit, Durability, Embedded, EmbeddedConfig};
use hdrhistogram::Histogram;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use testing::flights::Sample;

/// Flights over which the changes are spread.
const LEGS: u32 = 100_000;
/// How long each rate is measured.
const SPAN: Duration = Duration::from_secs(5);

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "target/embedded-throughput".into());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = Path::new(&folder);
        fresh(folder);
        fsync(folder);
        sizes();
        for durability in [Durability::Full, Durability::Normal] {
            println!("\n## {durability:?}");
            for appenders in [1, 8, 64, 1000] {
                fresh(folder);
                closed_loop(folder, durability, appenders).await;
            }
            fresh(folder);
            paced(folder, durability, 1_000).await;
            fresh(folder);
            paced(folder, durability, 20_000).await;
        }
        fresh(folder);
        restore(folder).await;
        fresh(folder);
        messages(folder).await;
    });
}

fn fresh(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).unwrap();
}

fn fsync(folder: &Path) {
    let mut file = std::fs::File::create(folder.join("probe")).unwrap();
    let mut histogram = Histogram::<u64>::new(3).unwrap();
    for _ in 0..300 {
        file.write_all(&[7; 4096]).unwrap();
        let begun = Instant::now();
        file.sync_data().unwrap();
        histogram.record(begun.elapsed().as_micros() as u64).unwrap();
    }
    println!("fdatasync of 4 KiB: {}", percentiles(&histogram));
}

fn sizes() {
    let mut sample = Sample::leg(1);
    let everything = sample.everything();
    let gate = sample.gate("14");
    let state = wire::record::encode_state(&everything.flight);
    let change = wire::record::encode_change(&gate.changes[0]);
    let begun = Instant::now();
    for _ in 0..10_000 {
        std::hint::black_box(wire::record::encode_state(&gate.flight));
        std::hint::black_box(wire::record::past_change(&gate.changes[0]));
    }
    let encode = begun.elapsed() / 10_000;
    let begun = Instant::now();
    for _ in 0..10_000 {
        std::hint::black_box(wire::record::decode_state(&state).unwrap());
    }
    let decode = begun.elapsed() / 10_000;
    println!("a full state: {} bytes, a change: {} bytes", state.len(), change.len());
    println!("encoding a state and a change: {encode:?}, decoding a state: {decode:?}");
}

async fn open(folder: &Path, durability: Durability) -> (Embedded, Arc<Commits>) {
    let commits = Arc::new(Commits::default());
    let watching = commits.clone();
    let mut config = EmbeddedConfig::in_folder(folder);
    config.durability = durability;
    config.on_commit = Some(Arc::new(move |commit| watching.add(commit)));
    (Embedded::open(config).await.unwrap(), commits)
}

struct Commits {
    took: Mutex<Histogram<u64>>,
    count: AtomicUsize,
    changes: AtomicUsize,
}

impl Default for Commits {
    fn default() -> Self {
        let took = Mutex::new(Histogram::new(3).unwrap());
        Self { took, count: AtomicUsize::default(), changes: AtomicUsize::default() }
    }
}

impl Commits {
    fn add(&self, commit: &Commit) {
        self.took.lock().unwrap().record(commit.took.as_micros() as u64).unwrap();
        self.count.fetch_add(1, Ordering::Relaxed);
        self.changes.fetch_add(commit.changes, Ordering::Relaxed);
    }
}

/// Samples that know everything, so that their states are as large as they get. Made outside of the
/// measurement.
fn full_samples(from: u32, count: u32) -> Vec<(Sample, Option<LogEntry>)> {
    (from..from + count)
        .map(|n| {
            let mut sample = Sample::leg(n);
            let entry = sample.everything();
            (sample, Some(entry))
        })
        .collect()
}

/// The next entry of a sample: everything first, then another gate.
fn next((sample, first): &mut (Sample, Option<LogEntry>), round: u32) -> LogEntry {
    first.take().unwrap_or_else(|| sample.gate(["1", "2", "3"][round as usize % 3]))
}

/// Each appender appends one change, waits for the answer, appends the next.
async fn closed_loop(folder: &Path, durability: Durability, appenders: u32) {
    let (store, commits) = open(folder, durability).await;
    let per = LEGS.min(appenders * 50) / appenders;
    let cpu = cpu();
    let begun = Instant::now();
    let tasks: Vec<_> = (0..appenders)
        .map(|n| {
            let store = store.clone();
            let mut samples = full_samples(n * per, per);
            tokio::spawn(async move {
                let mut histogram = Histogram::<u64>::new(3).unwrap();
                let mut round = 0;
                while begun.elapsed() < SPAN {
                    let at = (round % per) as usize;
                    let entry = next(&mut samples[at], round);
                    round += 1;
                    let asked = Instant::now();
                    store.append(vec![entry]).await.unwrap();
                    histogram.record(asked.elapsed().as_micros() as u64).unwrap();
                }
                histogram
            })
        })
        .collect();
    let mut histogram = Histogram::<u64>::new(3).unwrap();
    for task in tasks {
        histogram.add(task.await.unwrap()).unwrap();
    }
    let label = format!("{appenders} appenders");
    report(&label, begun.elapsed(), cpu, &histogram, &commits, &store).await;
    store.close().await.unwrap();
}

/// A given rate, whatever the answers take, over all legs.
async fn paced(folder: &Path, durability: Durability, rate: u32) {
    let (store, commits) = open(folder, durability).await;
    let mut samples = full_samples(0, LEGS);
    // The first entry of each leg is large, and not what is measured.
    for some in samples.chunks_mut(1000) {
        store.append(some.iter_mut().map(|s| next(s, 0)).collect()).await.unwrap();
    }
    commits.took.lock().unwrap().reset();
    commits.count.store(0, Ordering::Relaxed);
    commits.changes.store(0, Ordering::Relaxed);
    let before = store.metrics();
    let cpu = cpu();
    let begun = Instant::now();
    let histogram = Arc::new(Mutex::new(Histogram::<u64>::new(3).unwrap()));
    let mut sent = 0;
    let mut encoding = Duration::ZERO;
    while begun.elapsed() < SPAN * 2 {
        let due = (begun.elapsed().as_secs_f64() * f64::from(rate)) as u32;
        let making = Instant::now();
        while sent < due {
            // A step that visits every leg in no order that the store could profit from.
            let at = (u64::from(sent) * 7919 % u64::from(LEGS)) as usize;
            let entry = next(&mut samples[at], sent / LEGS + 1);
            sent += 1;
            let (store, histogram) = (store.clone(), histogram.clone());
            let asked = Instant::now();
            tokio::spawn(async move {
                store.append(vec![entry]).await.unwrap();
                histogram.lock().unwrap().record(asked.elapsed().as_micros() as u64).unwrap();
            });
        }
        encoding += making.elapsed();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    while (histogram.lock().unwrap().len() as u32) < sent {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let label = format!("{rate}/s over {LEGS} legs");
    let histogram = histogram.lock().unwrap().clone();
    report(&label, begun.elapsed(), cpu, &histogram, &commits, &store).await;
    let after = store.metrics();
    let per_change = (after.used_bytes - before.used_bytes) as f64 / f64::from(sent);
    println!("    making the changes took {encoding:?}; {per_change:.0} bytes of file a change; {after:?}");
    let begun = Instant::now();
    store.close().await.unwrap();
    println!(
        "    closing took {:?}; the file is {} MB",
        begun.elapsed(),
        megabytes(folder, "gatecall.sqlite")
    );
}

async fn restore(folder: &Path) {
    let (store, _) = open(folder, Durability::Normal).await;
    let mut samples = full_samples(0, LEGS);
    for round in 0..4 {
        for some in samples.chunks_mut(1000) {
            store.append(some.iter_mut().map(|s| next(s, round)).collect()).await.unwrap();
        }
    }
    store.close().await.unwrap();
    println!("\n## Restore of {LEGS} flights, {} MB of file", megabytes(folder, "gatecall.sqlite"));
    let begun = Instant::now();
    let (store, _) = open(folder, Durability::Normal).await;
    let opened = begun.elapsed();
    let flights = store.restore().await.unwrap();
    println!("    opening took {opened:?}, restoring {:?}", begun.elapsed().saturating_sub(opened));
    assert_eq!(flights.len(), LEGS as usize);
    println!("    {:?}", store.metrics());
    let leg = flights[0].leg.clone();
    let begun = Instant::now();
    let history = store.history(leg, 0, 100).await.unwrap();
    println!("    a history of {} changes took {:?}", history.len(), begun.elapsed());
    let begun = Instant::now();
    let gone = store
        .expire(flights[0].changed_at, flights[0].changed_at + chrono::TimeDelta::days(9))
        .await
        .unwrap();
    println!("    expiring {gone} changes took {:?}", begun.elapsed());
    store.close().await.unwrap();
}

async fn messages(folder: &Path) {
    let (store, _) = open(folder, Durability::Full).await;
    let row =
        r#"<FlightLeg><LegIdentifier><Airline CodeContext="3">B6</Airline><FlightNumber>615</FlightNumber>"#;
    let body: Arc<[u8]> = row.repeat(1000).into_bytes().into();
    let begun = Instant::now();
    let count: u32 = 200;
    for _ in 0..count {
        let (feed, content_type) = ("jfk".into(), "application/xml".into());
        let received_at = testing::flights::dawn();
        let message = RawMessage { feed, received_at, content_type, body: body.clone() };
        store.keep(Some(message), Vec::new()).await.unwrap();
    }
    let each = begun.elapsed() / count;
    println!("\n## Raw messages of {} bytes, one after the other: {each:?} each", body.len());
    println!("    {:?}", store.metrics());
    store.close().await.unwrap();
}

async fn report(
    label: &str,
    took: Duration,
    cpu_before: Cpu,
    answers: &Histogram<u64>,
    commits: &Commits,
    store: &Embedded,
) {
    let cpu = cpu();
    let (store_cpu, all_cpu) = (cpu.store - cpu_before.store, cpu.process - cpu_before.process);
    let count = commits.count.load(Ordering::Relaxed);
    let changes = commits.changes.load(Ordering::Relaxed);
    let rate = answers.len() as f64 / took.as_secs_f64();
    println!("{label}: {rate:.0} appends/s in {count} commits of {:.1}", changes as f64 / count as f64);
    println!("    answers {}", percentiles(answers));
    println!("    commits {}", percentiles(&commits.took.lock().unwrap()));
    let per_append = |seconds: f64| seconds * 1e6 / answers.len() as f64;
    let (store_us, all_us) = (per_append(store_cpu), per_append(all_cpu));
    let share = store_cpu / took.as_secs_f64() * 100.0;
    println!(
        "    CPU an append: {store_us:.1} µs in the store ({share:.0} % of a core), {all_us:.1} µs with its making"
    );
    store.health().unwrap();
}

fn percentiles(histogram: &Histogram<u64>) -> String {
    let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
    format!(
        "p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, most {:.2} ms",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    )
}

fn megabytes(folder: &Path, file: &str) -> u64 {
    std::fs::metadata(folder.join(file)).map_or(0, |m| m.len() / 1_000_000)
}

/// Seconds of processor time: of the store's own threads, and of the whole process. The rest is
/// making flights change, which the domain does, and encoding them, which `wire` does.
#[derive(Clone, Copy)]
struct Cpu {
    store: f64,
    process: f64,
}

fn cpu() -> Cpu {
    let mut sum = Cpu { store: 0.0, process: seconds("/proc/self/stat") };
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        if name.starts_with("gatecall-") {
            sum.store += seconds(task.path().join("stat"));
        }
    }
    sum
}

fn seconds(stat: impl AsRef<Path>) -> f64 {
    let stat = std::fs::read_to_string(stat).unwrap_or_default();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|f| f.parse::<f64>().ok()).unwrap_or_default();
    // Fields 14 and 15 of the line; Linux counts 100 ticks a second.
    (ticks(11) + ticks(12)) / 100.0
}
