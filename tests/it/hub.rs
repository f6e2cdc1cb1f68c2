//! A running hub.

use crate::http_client::{Answer, ask};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use testing::free_port::free_port;

/// The key of the pushed feeds here, and of the operator.
pub(crate) const KEY: &str = "a-key-for-these-tests-only";
pub(crate) const OPERATOR_KEY: &str = "an-operator's-key-for-these-tests-only";

/// Three in the afternoon of the blizzard, in New York.
pub(crate) const START: &str = "2013-02-08T20:00:00Z";

/// How long a hub may take to start or to end.
const WAIT: Duration = Duration::from_secs(30);

/// A hub with a feed of JSON reports (`desk`), one of AIDX (`jfk`) and one that is polled in vain
/// (`lga`). It is killed when it is dropped.
pub(crate) struct Hub {
    pub(crate) folder: TempDir,
    pub(crate) api: SocketAddr,
    pub(crate) web: SocketAddr,
    clock: Option<String>,
    environment: Vec<(String, String)>,
    child: Child,
}

impl Hub {
    /// Starts one and waits until it is ready.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with keys of the configuration overridden: `("SERVER__BODY_TIMEOUT_S", "1")`.
    pub(crate) fn start_with(overrides: &[(&str, &str)]) -> Self {
        // Anchored to real time, so that the clock of a restarted hub does not go back.
        let clock = format!("{START}@1/{}", gatecall::time::real_now().timestamp());
        Self::start_on(Some(clock), overrides)
    }

    /// One that replays nothing.
    pub(crate) fn start_by_the_wall_clock() -> Self {
        Self::start_on(None, &[])
    }

    fn start_on(clock: Option<String>, overrides: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (api, web) = (free_port(), free_port());
        let page = folder.path().join("page");
        std::fs::create_dir_all(page.join("assets")).unwrap();
        std::fs::write(page.join("index.html"), "<!doctype html><title>a page</title>").unwrap();
        std::fs::write(page.join("assets/app-0a1b.js"), "let x = 1;\n".repeat(400)).unwrap();
        std::fs::write(folder.path().join("desk.key"), format!("{KEY}\n")).unwrap();
        std::fs::write(folder.path().join("operator.key"), format!("{OPERATOR_KEY}\n")).unwrap();
        let config = format!(
            "[server]\napi = \"{api}\"\nweb = \"{web}\"\nweb_root = \"page\"\nworkers = 2\n\
             body_bytes_max = 200000\noperator_key_file = \"operator.key\"\n\
             allowed_origins = [\"https://flights.example.org\"]\n\
             [feeds.desk]\nspeaks_for = \"all\"\nkind = \"push\"\nformat = \"json\"\nkey_file = \"desk.key\"\n\
             [feeds.jfk]\nairport = \"JFK\"\nkind = \"push\"\nformat = \"aidx\"\nkey_file = \"desk.key\"\n\
             [feeds.lga]\nairport = \"LGA\"\nkind = \"pull\"\nformat = \"aidx\"\nurl = \"http://127.0.0.1:9/\"\n"
        );
        std::fs::write(folder.path().join("gatecall.toml"), config).unwrap();
        let named = |(key, value): &(&str, &str)| (format!("GATECALL__{key}"), (*value).to_owned());
        let environment: Vec<_> = overrides.iter().map(named).collect();
        let child = spawn(folder.path(), clock.as_deref(), &environment);
        let hub = Self { folder, api, web, clock, environment, child };
        hub.wait_until_ready();
        hub
    }

    /// Waits for `/readyz`.
    pub(crate) fn wait_until_ready(&self) {
        let began = gatecall::time::monotonic();
        while TcpStream::connect(self.api).is_err() || self.get("/readyz").status != 200 {
            assert!(began.elapsed() < WAIT, "the hub did not start:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        ask(self.api, "GET", path, &[], b"")
    }

    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        ask(self.api, "GET", path, headers, b"")
    }

    /// Sends JSON reports with the right key.
    pub(crate) fn push(&self, reports: &Value) -> Answer {
        self.push_as("application/json", reports.to_string().as_bytes())
    }

    pub(crate) fn push_as(&self, content_type: &str, body: &[u8]) -> Answer {
        let bearer = format!("Bearer {KEY}");
        let headers = [("authorization", bearer.as_str()), ("content-type", content_type)];
        ask(self.api, "POST", "/api/v1/feeds/desk/reports", &headers, body)
    }

    /// Creates one flight.
    #[track_caller]
    pub(crate) fn fly(&self, number: &str, set: Value) {
        let answer = self.push(&report(number, set));
        assert_eq!((answer.status, &answer.json()["rejected"]), (202, &json!([])), "{}", answer.text());
    }

    /// How a feed is doing.
    pub(crate) fn feed(&self, name: &str) -> Value {
        let feeds = self.get("/api/v1/feeds").json();
        let mut feeds = feeds["feeds"].as_array().cloned().unwrap_or_default().into_iter();
        feeds.find(|feed| feed["feed"] == name).unwrap_or_default()
    }

    /// What is in quarantine, newest first.
    pub(crate) fn quarantine(&self) -> Vec<Value> {
        let bearer = format!("Bearer {OPERATOR_KEY}");
        let answer = self.get_with("/api/v1/quarantine", &[("authorization", &bearer)]);
        answer.json()["faults"].as_array().cloned().unwrap_or_default()
    }

    /// Kills the hub and starts it again on the same data.
    pub(crate) fn kill_and_start_again(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(self.folder.path(), self.clock.as_deref(), &self.environment);
        self.wait_until_ready();
    }

    /// Asks it to end, and answers with its exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let began = gatecall::time::monotonic();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < WAIT, "the hub did not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("hub.log")).unwrap_or_default()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path, clock: Option<&str>, environment: &[(String, String)]) -> Child {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("hub.log")).unwrap();
    binary()
        .args(["serve", "--config", "gatecall.toml"])
        .args(clock.into_iter().flat_map(|clock| ["--clock", clock]))
        .current_dir(folder)
        .envs(environment.iter().cloned())
        .stderr(Stdio::from(log))
        .spawn()
        .unwrap()
}

/// The hub's binary.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_gatecall")));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// A report on a flight of JetBlue's from JFK to Fort Lauderdale.
pub(crate) fn report(number: &str, set: Value) -> Value {
    json!({
        "carrier": "B6", "number": number, "origin_date": "2013-02-08", "from": "JFK", "to": "FLL", "set": set,
    })
}
