//! A test's own topics, databases and nodes, and control of the servers.

use crate::http_client::{Answer, ask, ask_if_there};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use testing::foreign_topic::ForeignTopic;
use testing::free_port::free_port;
use testing::services;

pub(crate) const KEY: &str = "a-key-for-these-tests-only";

/// Three in the afternoon of the blizzard, in New York.
const START: &str = "2013-02-08T20:00:00Z";

/// How long a node may take to start or to end.
const WAIT: Duration = Duration::from_secs(60);

/// Few, so that taking over is quick to see; more than nodes, so that they can be shared.
const PARTITIONS: &str = "4";

/// One test at a time: each wants the machine for itself, and some take servers away from all.
static TURN: Mutex<()> = Mutex::new(());

/// An installation of several nodes.
pub(crate) struct TestCluster {
    pub(crate) folder: TempDir,
    name: String,
    clock: String,
    servers: Servers,
    _turn: MutexGuard<'static, ()>,
}

struct Servers {
    kafka: String,
    postgres: String,
    mongo: String,
}

impl TestCluster {
    /// A fresh one, migrated; `None` where there are no servers to stand on.
    pub(crate) fn fresh() -> Option<Self> {
        let cluster = Self::bare()?;
        let migrated = cluster.command(&["migrate"]).output().unwrap();
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        Some(cluster)
    }

    /// The same before `gatecall migrate`.
    pub(crate) fn bare() -> Option<Self> {
        let servers =
            Servers { kafka: services::kafka()?, postgres: services::postgres()?, mongo: services::mongo()? };
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let stamp = gatecall::time::real_now().timestamp_millis();
        let name = format!("it{stamp}x{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("page")).unwrap();
        std::fs::write(folder.path().join("page/index.html"), "<!doctype html><title>a page</title>")
            .unwrap();
        std::fs::write(folder.path().join("desk.key"), format!("{KEY}\n")).unwrap();
        let clock = format!("{START}@1/{}", gatecall::time::real_now().timestamp());
        let cluster = Self { folder, name, clock, servers, _turn: turn };
        let made = cluster.psql(&format!("CREATE DATABASE {}", cluster.name));
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::write(cluster.folder.path().join("gatecall.toml"), cluster.config("")).unwrap();
        Some(cluster)
    }

    fn config(&self, feeds: &str) -> String {
        format!(
            "[server]\nweb_root = \"page\"\nworkers = 1\n\
             [store]\nkind = \"servers\"\n\
             [kafka]\nbrokers = \"{}\"\npartitions = {PARTITIONS}\nprefix = \"{}\"\ndelivery_timeout_s = 5\n\
             [postgres]\nurl_env = \"TEST_POSTGRES_URL\"\n\
             [mongo]\nuri_env = \"TEST_MONGO_URI\"\ndatabase = \"{}\"\n\
             [feeds.desk]\nspeaks_for = \"all\"\nkind = \"push\"\nformat = \"json\"\nkey_file = \"desk.key\"\n{feeds}",
            self.servers.kafka, self.name, self.name
        )
    }

    /// Adds feeds to the configuration of nodes that are started from now on.
    pub(crate) fn add_feeds(&self, feeds: &str) {
        std::fs::write(self.folder.path().join("gatecall.toml"), self.config(feeds)).unwrap();
    }

    /// The address of this cluster's own database.
    pub(crate) fn postgres(&self) -> String {
        let (server, _) = self.servers.postgres.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    fn psql(&self, sql: &str) -> std::process::Output {
        Command::new("psql")
            .args([&self.servers.postgres, "-v", "ON_ERROR_STOP=1", "-qAtc", sql])
            .output()
            .unwrap()
    }

    /// Runs SQL in this cluster's own database.
    pub(crate) fn query(&self, sql: &str) -> String {
        let answer = Command::new("psql").args([&self.postgres(), "-qAtc", sql]).output().unwrap();
        String::from_utf8(answer.stdout).unwrap().trim().to_owned()
    }

    /// A command of the hub's on this cluster.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_gatecall")));
        command
            .args(arguments)
            .args(["--config", "gatecall.toml"])
            .current_dir(self.folder.path())
            .env("TEST_POSTGRES_URL", self.postgres())
            .env("TEST_MONGO_URI", &self.servers.mongo)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// One of this cluster's topics, as a console has it.
    pub(crate) fn topic(&self, name: &str) -> ForeignTopic {
        ForeignTopic { brokers: self.servers.kafka.clone(), topic: format!("{}.{name}", self.name) }
    }

    /// Starts a node that does everything and waits until it is ready.
    pub(crate) fn node(&self, name: &str) -> Node {
        self.node_with(name, &[], &[])
    }

    /// The same with more arguments and keys of the configuration overridden.
    pub(crate) fn node_with(&self, name: &str, arguments: &[&str], overrides: &[(&str, &str)]) -> Node {
        let (api, web) = (free_port(), free_port());
        let mut command = self.command(&["serve", "--clock", &self.clock]);
        let log = self.folder.path().join(format!("{name}.log"));
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        command
            .args(arguments)
            .env("GATECALL__NODE__NAME", name)
            .env("GATECALL__SERVER__API", api.to_string())
            .env("GATECALL__SERVER__WEB", web.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::from(file));
        for (key, value) in overrides {
            command.env(format!("GATECALL__{key}"), value);
        }
        let node = Node { api, log, child: command.spawn().unwrap() };
        node.wait_until_ready();
        node
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        // A server that is away keeps what a test made; `scripts/services wipe` removes it.
        let _ = self.psql(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// A node. It is killed when it is dropped.
pub(crate) struct Node {
    pub(crate) api: SocketAddr,
    log: PathBuf,
    child: Child,
}

impl Node {
    fn wait_until_ready(&self) {
        wait_until("the node is ready", || {
            TcpStream::connect(self.api).is_ok() && self.get("/readyz").status == 200
        });
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        ask(self.api, "GET", path, &[], b"")
    }

    pub(crate) fn push(&self, reports: &Value) -> Answer {
        push(self.api, reports)
    }

    /// A number of `/metrics`, summed over its labels.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").text();
        let lines = text.lines().filter(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ') || rest.starts_with('{'))
        });
        lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
    }

    /// Ends it without a goodbye.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Suspends the process, and resumes it.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Asks it to end, and answers with its exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.signal("-TERM");
        let began = gatecall::time::monotonic();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < WAIT, "the node did not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {}\n{}", self.log.display(), tail(&self.log()));
        }
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

/// Sends JSON reports with the right key.
#[track_caller]
pub(crate) fn push(to: SocketAddr, reports: &Value) -> Answer {
    push_if_there(to, reports).expect("the node is there and answers")
}

/// The same to a node that may not be there, or go away before it has answered.
pub(crate) fn push_if_there(to: SocketAddr, reports: &Value) -> Option<Answer> {
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    ask_if_there(to, "POST", "/api/v1/feeds/desk/reports", &headers, reports.to_string().as_bytes())
}

/// A report on a flight of JetBlue's from JFK to Fort Lauderdale.
pub(crate) fn report(number: u32, set: Value) -> Value {
    json!({
        "carrier": "B6", "number": number.to_string(), "origin_date": "2013-02-08", "from": "JFK", "to": "FLL",
        "set": set,
    })
}

pub(crate) fn leg(number: u32) -> String {
    format!("B6-{number}-20130208-JFK-FLL")
}

/// Waits for a condition, and for no longer than a node may take to start.
#[track_caller]
pub(crate) fn wait_until(what: &str, is_so: impl FnMut() -> bool) -> Duration {
    wait_at_most(WAIT, what, is_so)
}

#[track_caller]
pub(crate) fn wait_at_most(most: Duration, what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let began = gatecall::time::monotonic();
    while !is_so() {
        assert!(began.elapsed() < most, "waited {most:?} in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    began.elapsed()
}

/// One of the servers, which can be taken away where `scripts/services` started it.
#[derive(Clone, Copy)]
pub(crate) struct Server(pub(crate) &'static str);

impl Server {
    fn order(self, order: &str) -> bool {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let done = Command::new(root.join("scripts/services"))
            .args([order, self.0])
            .current_dir(root)
            // Otherwise the script would treat them as servers that it did not start.
            .env_remove("GATECALL_TEST_KAFKA")
            .env_remove("GATECALL_TEST_POSTGRES")
            .env_remove("GATECALL_TEST_MONGO")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if !done.status.success() {
            eprintln!("scripts/services {order} {}: {}", self.0, String::from_utf8_lossy(&done.stderr));
        }
        done.status.success()
    }

    /// Takes it away until the answer is dropped; `None` where it is not ours to take.
    pub(crate) fn away(self) -> Option<Away> {
        self.taken("stop", "start")
    }

    /// Leaves it with its connections and silent, until the answer is dropped.
    pub(crate) fn silent(self) -> Option<Away> {
        self.taken("pause", "resume")
    }

    fn taken(self, how: &str, back: &'static str) -> Option<Away> {
        if self.order(how) {
            return Some(Away(self, back));
        }
        let required = std::env::var("GATECALL_SERVICES").is_ok_and(|word| word == "required");
        assert!(!required, "{} could not be taken away", self.0);
        eprintln!("SKIPPED: {} was not started by scripts/services, so the test cannot stop it", self.0);
        None
    }
}

/// A server that is away.
pub(crate) struct Away(Server, &'static str);

impl Away {
    /// Brings it back.
    pub(crate) fn back(self) {}
}

impl Drop for Away {
    fn drop(&mut self) {
        if !self.0.order(self.1) && !std::thread::panicking() {
            panic!("{} did not recover", self.0.0);
        }
    }
}
