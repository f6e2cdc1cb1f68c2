//! Logs and metrics.
//!
//! The names and help texts of all metrics are here or, for requests, in `http::metrics`. Names follow
//! OpenMetrics: the prefix `gatecall_`, the unit as suffix, `_total` for counters.

use crate::config::sections::{Log, LogFormat};
use crate::feed::Feed;
use crate::time;
use ::embedded::Embedded;
#[cfg(feature = "servers")]
use ::kafka::MetricsHandle;
use actors::hub::Hub;
use actors::ingest::IngestPipeline;
use actors::metrics::Metrics;
use prometheus_client::collector::Collector;
#[cfg(feature = "servers")]
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
#[cfg(feature = "servers")]
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
#[cfg(feature = "servers")]
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;
use std::fmt;
use std::io::IsTerminal;
use std::str::FromStr;
use std::sync::Arc;
#[cfg(feature = "servers")]
use std::sync::atomic::Ordering;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

/// Starts the log on standard error. Call it once per process.
pub fn start_log(log: &Log) {
    let filter = filter(&log.filter);
    let colours = std::io::stderr().is_terminal();
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}

/// The log filter. The HTTP library logs every mistake of a peer as an error, such as a malformed request or
/// a broken connection. These are not errors of the hub, and any client could fill the log with them. The
/// filter drops them unless the configuration names the library.
fn filter(directives: &str) -> EnvFilter {
    const LIBRARY: &str = "actix_http";
    // The configuration reader has checked them.
    let filter = EnvFilter::try_new(directives).unwrap_or_else(|_| EnvFilter::new("info"));
    match directives.contains(LIBRARY) {
        true => filter,
        false => filter.add_directive(Directive::from_str(&format!("{LIBRARY}=off")).expect("a directive")),
    }
}

/// Registers the metrics of the actors and of the process.
pub fn register(registry: &mut Registry, metrics: &Metrics) {
    let Metrics {
        reports,
        out_of_scope,
        flights,
        reports_under_way,
        sockets,
        frames,
        bytes,
        conflated,
        unread_bytes,
        disconnects,
        fan_out_seconds,
        commit_seconds,
        append_conflicts,
        doubtful,
        panics,
        ..
    } = metrics.clone();
    let build = vec![("version", env!("CARGO_PKG_VERSION"))];
    registry.register("gatecall_build", "The running version", Info::new(build));
    registry.register("gatecall_reports", "Reports by feed and outcome", reports);
    registry.register(
        "gatecall_feed_out_of_scope",
        "Reports and values outside their feed's scope, by feed and reason",
        out_of_scope,
    );
    registry.register("gatecall_flights", "Flights in memory", flights);
    registry.register(
        "gatecall_reports_under_way",
        "Reports accepted and not yet durable",
        reports_under_way,
    );
    registry.register("gatecall_sockets", "Open connections by transport", sockets);
    registry.register("gatecall_frames", "Frames written to connections", frames);
    registry.register("gatecall_frame_bytes", "Bytes of frames written to connections", bytes);
    registry.register(
        "gatecall_conflations",
        "Frames that a later state replaced because the client was slow",
        conflated,
    );
    let help = "Responses that clients have not read yet";
    registry.register_with_unit("gatecall_unread", help, Unit::Bytes, unread_bytes);
    registry.register(
        "gatecall_listeners_let_go",
        "Clients that the hub disconnected, by reason",
        disconnects,
    );
    let seconds = Unit::Seconds;
    registry.register_with_unit(
        "gatecall_fan_out",
        "From the first frame of a batch to its last write",
        seconds.clone(),
        fan_out_seconds,
    );
    registry.register_with_unit(
        "gatecall_log_commit",
        "From the append to the change log to its answer",
        seconds,
        commit_seconds,
    );
    registry.register(
        "gatecall_append_conflicts",
        "Entries that the shared log refused because another node was faster",
        append_conflicts,
    );
    let help = "Flight times that became doubtful, by field";
    registry.register("gatecall_doubtful_times", help, doubtful);
    registry.register("gatecall_actor_deaths", "Actors that panicked", panics);
    registry.register_collector(Box::new(Process { started: time::real_now().timestamp() }));
}

/// Registers the age of each feed.
pub fn register_feeds(
    registry: &mut Registry,
    hub: Hub,
    intake: IngestPipeline,
    feeds: Arc<BTreeMap<String, Feed>>,
) {
    registry.register_collector(Box::new(FeedAges { hub, intake, feeds }));
}

/// Collects the time since each feed's last message.
struct FeedAges {
    hub: Hub,
    intake: IngestPipeline,
    feeds: Arc<BTreeMap<String, Feed>>,
}

impl fmt::Debug for FeedAges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedAges").field("feeds", &self.feeds.len()).finish_non_exhaustive()
    }
}

impl Collector for FeedAges {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let heard: Vec<_> = self.feeds.keys().map(|name| (name, self.intake.health(name))).collect();
        let clock = self.intake.clock();
        let help = "Real time since the last good message of the feed; absent before the first";
        let mut ages = encoder.encode_descriptor("gatecall_feed_age", help, Some(&Unit::Seconds), gauge())?;
        for (name, health) in &heard {
            if let Some(at) = health.last_good_at {
                let age_seconds = clock.real_duration(clock.now() - at).as_secs_f64();
                ConstGauge::new(age_seconds).encode(ages.encode_family(&[("feed", name.as_str())])?)?;
            }
        }
        let silent = self.hub.silent_sources();
        let help = "Real time since the hub declared the feed silent; 0 while it is not silent";
        let mut family =
            encoder.encode_descriptor("gatecall_feed_silent", help, Some(&Unit::Seconds), gauge())?;
        for name in self.feeds.keys() {
            let since = silent.iter().find(|source| *source.feed == **name).map(|source| source.since);
            let silent_s = since.map_or(0.0, |at| clock.real_duration(clock.now() - at).as_secs_f64());
            ConstGauge::new(silent_s).encode(family.encode_family(&[("feed", name.as_str())])?)?;
        }
        let help = "Consecutive failures of the feed";
        let mut failures = encoder.encode_descriptor("gatecall_feed_failures", help, None, gauge())?;
        for (name, health) in &heard {
            ConstGauge::new(i64::from(health.failures))
                .encode(failures.encode_family(&[("feed", name.as_str())])?)?;
        }
        Ok(())
    }
}

#[cfg(feature = "servers")]
/// Collects the lag of Kafka's readers and the partitions of this node.
pub struct KafkaCollector(MetricsHandle);

#[cfg(feature = "servers")]
impl KafkaCollector {
    /// The collector of a node's Kafka.
    pub fn new(metrics: MetricsHandle) -> Self {
        Self(metrics)
    }
}

#[cfg(feature = "servers")]
impl fmt::Debug for KafkaCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaCollector").finish_non_exhaustive()
    }
}

#[cfg(feature = "servers")]
impl Collector for KafkaCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let (metrics, now_ms) = (self.0.get(), time::real_now().timestamp_millis());
        let readers = [
            ("gatecall_log_lag", "change log", &metrics.log),
            ("gatecall_queue_lag", "reports for this node's flights", &metrics.queue),
            ("gatecall_archive_lag", "messages for the archive", &metrics.archive),
        ];
        for (name, of, lag) in readers {
            let records = format!("{name}_records");
            let help = format!("Records that are written and not consumed yet: {of}");
            let mut family = encoder.encode_descriptor(&records, &help, None, gauge())?;
            for (partition, waiting) in lag.records().into_iter().enumerate() {
                let label = [("partition", partition.to_string())];
                ConstGauge::new(waiting).encode(family.encode_family(&label)?)?;
            }
            let help = format!("Age of the newest consumed record, while more wait: {of}");
            let seconds = encoder.encode_descriptor(name, &help, Some(&Unit::Seconds), gauge())?;
            ConstGauge::new(lag.seconds(now_ms)).encode(seconds)?;
        }
        let help = "Time since the brokers became unreachable; 0 while they are reachable";
        let away = encoder.encode_descriptor("gatecall_log_away", help, Some(&Unit::Seconds), gauge())?;
        ConstGauge::new(self.0.away_seconds()).encode(away)?;
        let owned = i64::try_from(self.0.partitions_owned()).unwrap_or(i64::MAX);
        let help = "Partitions whose flights this node owns";
        ConstGauge::new(owned).encode(encoder.encode_descriptor(
            "gatecall_partitions_owned",
            help,
            None,
            gauge(),
        )?)?;
        let unowned = self.0.partitions_unowned().map_or(0, |(unowned, _)| unowned);
        let help = "Partitions that no hub has owned for longer than a rebalance takes";
        ConstGauge::new(i64::try_from(unowned).unwrap_or(i64::MAX)).encode(encoder.encode_descriptor(
            "gatecall_partitions_unowned",
            help,
            None,
            gauge(),
        )?)?;
        let unmerged = i64::try_from(self.0.reports_unmerged()).unwrap_or(i64::MAX);
        let help = "Reports not merged yet: those that this hub has written, and those before them";
        ConstGauge::new(unmerged).encode(encoder.encode_descriptor(
            "gatecall_reports_unmerged",
            help,
            None,
            gauge(),
        )?)?;
        let counters = [
            ("gatecall_log_late", "Superseded entries of the log, of any writer", &metrics.superseded),
            ("gatecall_unreadable_records", "Unreadable records in Kafka", &metrics.unreadable),
            (
                "gatecall_misplaced_records",
                "Records of the log in a wrong partition, which hubs skip",
                &metrics.misplaced,
            ),
        ];
        for (name, help, count) in counters {
            let count = ConstCounter::new(count.load(Ordering::Relaxed));
            let kind = count.metric_type();
            count.encode(encoder.encode_descriptor(name, help, None, kind)?)?;
        }
        Ok(())
    }
}

#[cfg(feature = "servers")]
/// Whether the databases answer this node.
#[derive(Clone, Debug, Default)]
pub struct ServerAvailability(Family<ServerLabel, Gauge>);

#[cfg(feature = "servers")]
/// A database.
#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct ServerLabel {
    server: &'static str,
}

#[cfg(feature = "servers")]
impl ServerAvailability {
    /// Adds it to what is counted.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Whether a database answered this node when it was last asked: 1, or 0";
        registry.register("gatecall_server_answers", help, self.0.clone());
    }

    /// Notes what came of asking.
    pub fn set(&self, server: &'static str, answers: bool) {
        self.0.get_or_create(&ServerLabel { server }).set(i64::from(answers));
    }
}

/// How large the embedded store is, and how much room it has.
pub struct StoreCollector(Embedded);

impl StoreCollector {
    /// The collector of a store.
    pub fn new(store: Embedded) -> Self {
        Self(store)
    }
}

impl fmt::Debug for StoreCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreCollector").finish_non_exhaustive()
    }
}

impl Collector for StoreCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let metrics = self.0.metrics();
        let sizes = [
            ("gatecall_store_file", "The database file", metrics.file_bytes),
            ("gatecall_store_used", "What of the database file is in use", metrics.used_bytes),
            ("gatecall_store_room", "What may still be written, by limit and disk", metrics.available_bytes),
            ("gatecall_store_log", "The log of states before compression", metrics.log_bytes as u64),
            ("gatecall_store_live", "What of the log of states counts", metrics.live_bytes as u64),
        ];
        for (name, help, bytes) in sizes {
            let bytes = ConstGauge::new(i64::try_from(bytes).unwrap_or(i64::MAX));
            bytes.encode(encoder.encode_descriptor(name, help, Some(&Unit::Bytes), gauge())?)?;
        }
        let dropped = ConstCounter::new(metrics.messages_dropped);
        let (help, kind) = ("Raw messages dropped before their time for want of room", dropped.metric_type());
        dropped.encode(encoder.encode_descriptor("gatecall_store_messages_dropped", help, None, kind)?)
    }
}

fn gauge() -> prometheus_client::metrics::MetricType {
    prometheus_client::metrics::MetricType::Gauge
}

/// The process as the system sees it, by the names that dashboards expect.
#[derive(Debug)]
struct Process {
    /// Unix seconds.
    started: i64,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let started = ConstGauge::new(self.started);
        let help = "When the process started, in unix seconds";
        started.encode(encoder.encode_descriptor(
            "process_start_time",
            help,
            Some(&Unit::Seconds),
            gauge(),
        )?)?;
        let help =
            "How far the hub's time is ahead of the wall clock, which was set back, until it is caught up";
        let lead = encoder.encode_descriptor("gatecall_clock_lead", help, Some(&Unit::Seconds), gauge())?;
        ConstGauge::new(time::lead_seconds()).encode(lead)?;
        let steps = ConstCounter::new(time::steps());
        let (help, kind) = ("Times the wall clock was set, or the machine has slept", steps.metric_type());
        steps.encode(encoder.encode_descriptor("gatecall_clock_steps", help, None, kind)?)?;
        if let Some(bytes) = resident_bytes() {
            let help = "Resident memory";
            let resident =
                encoder.encode_descriptor("process_resident_memory", help, Some(&Unit::Bytes), gauge())?;
            ConstGauge::new(bytes).encode(resident)?;
        }
        if let Some(seconds) = cpu_seconds() {
            let cpu = ConstCounter::new(seconds);
            let kind = cpu.metric_type();
            cpu.encode(encoder.encode_descriptor(
                "process_cpu",
                "Processor time used",
                Some(&Unit::Seconds),
                kind,
            )?)?;
        }
        if let Some(open) = open_files() {
            let files =
                encoder.encode_descriptor("process_open_fds", "Open files and sockets", None, gauge())?;
            ConstGauge::new(open).encode(files)?;
        }
        Ok(())
    }
}

fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// User and system time; the kernel tells it in hundredths of a second on every Linux.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name, which may hold spaces and ends with a bracket.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / 100.0)
}

fn open_files() -> Option<i64> {
    // Newer kernels tell the number as the folder's size; counting 15,000 entries takes a while.
    let open = std::fs::metadata("/proc/self/fd").ok()?.len();
    let counted = || std::fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as u64);
    i64::try_from(if open > 0 { open } else { counted()? }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_exported_with_name_and_help() {
        let mut registry = Registry::default();
        let metrics = Metrics::default();
        metrics.frames.inc_by(3);
        register(&mut registry, &metrics);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            "gatecall_frames_total 3",
            "gatecall_log_commit_seconds_count 0",
            "# HELP gatecall_fan_out_seconds From the first frame of a batch to its last write.",
            "# TYPE process_cpu_seconds counter",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is missing in\n{text}");
        }
        assert!(text.contains("gatecall_build_info{version=\""));
        assert!(resident_bytes().unwrap() > 1_000_000 && open_files().unwrap() > 2);
        assert!(cpu_seconds().unwrap() >= 0.0);
    }
}
