//! Starts a hub for this run, with a new data folder, free ports and one feed; removes it afterwards.

use crate::clock::{SECOND_NS, now_ns};
use crate::http::BlockingClient;
use crate::hub_address::HubAddress;
use crate::limits::ANSWER_TIMEOUT_S;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// How long a hub may take to shut down.
const ENDS_WITHIN_NS: u64 = 20 * SECOND_NS;
/// An additional feed of every such hub.
const SLOW_FEED: &str = "flood";
/// Lines of the log to show if it does not start.
const LOG_LINES_SHOWN: usize = 20;

/// A running hub. Dropping it stops it and removes its folder.
pub struct HubProcess {
    child: Child,
    /// Its address.
    pub url: String,
    /// A file with its feed's key.
    pub key_file: PathBuf,
    folder: TempDir,
}

impl HubProcess {
    /// Starts `program serve` with the feed `feed`, and waits until it is ready.
    pub fn start(program: &Path, feed: &str) -> Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("gatecall-loadtest-").tempdir().context("no temporary folder")?;
        let key_file = folder.path().join("feed.key");
        fs::write(&key_file, fresh_key())?;
        let (api, web) = free_ports()?;
        let config = folder.path().join("gatecall.toml");
        fs::write(&config, config_text(folder.path(), api, web, feed, &key_file))?;
        let log = File::create(folder.path().join("hub.log"))?;
        let child = Command::new(program)
            .arg("serve")
            .arg("--config")
            .arg(&config)
            // The log should end with the error, not with a backtrace.
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut process = Self { child, url: format!("http://127.0.0.1:{api}"), key_file, folder };
        process.wait_until_ready()?;
        Ok(process)
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = now_ns() + ANSWER_TIMEOUT_S * SECOND_NS;
        let hub = HubAddress::parse(&self.url)?;
        while now_ns() < deadline {
            if BlockingClient::new(&hub).get("/readyz").is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the hub ended with {status}:\n{}", self.log_tail());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("the hub was not ready within {ANSWER_TIMEOUT_S} s:\n{}", self.log_tail())
    }

    fn log_tail(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("hub.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }
}

impl Drop for HubProcess {
    fn drop(&mut self) {
        if let Some(pid) = Pid::from_raw(self.child.id() as i32) {
            // First a signal, so that it closes its store properly.
            let _ = kill_process(pid, Signal::TERM);
        }
        let deadline = now_ns() + ENDS_WITHIN_NS;
        while now_ns() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Only what differs from the defaults, which are to be measured.
fn config_text(folder: &Path, api: u16, web: u16, feed: &str, key_file: &Path) -> String {
    let text = |path: &Path| path.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
    let key = text(key_file);
    // Another feed, for messages that arrive slowly.
    let more = match feed {
        SLOW_FEED => String::new(),
        _ => format!(
            "[feeds.{SLOW_FEED}]\nspeaks_for = \"all\"\nkind = \"push\"\nformat = \"json\"\nkey_file = \"{key}\"\n"
        ),
    };
    format!(
        "[server]\napi = \"127.0.0.1:{api}\"\nweb = \"127.0.0.1:{web}\"\n\n\
         [store]\nfolder = \"{}\"\n\n\
         [feeds.{feed}]\nspeaks_for = \"all\"\nkind = \"push\"\nformat = \"json\"\nkey_file = \"{key}\"\n{more}",
        text(&folder.join("data")),
    )
}

/// Two free ports. Both are held until both are chosen, so that they differ.
fn free_ports() -> Result<(u16, u16)> {
    let free = || TcpListener::bind("127.0.0.1:0").context("no free port");
    let (one, other) = (free()?, free()?);
    Ok((one.local_addr()?.port(), other.local_addr()?.port()))
}

/// A key for a hub on loopback that exists only for this run. The standard library's seeds are random
/// enough for that.
fn fresh_key() -> String {
    (0..4_u32).map(|part| format!("{:016x}", RandomState::new().hash_one(part))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_that_does_not_start_is_reported_with_its_log() {
        let told = HubProcess::start(Path::new("/bin/false"), "load").err().map(|e| format!("{e:#}"));
        assert!(told.as_deref().is_some_and(|told| told.contains("ended with")), "{told:?}");
        assert!(HubProcess::start(Path::new("/nowhere/gatecall"), "load").is_err());
    }

    #[test]
    fn keys_differ() {
        assert_ne!(fresh_key(), fresh_key());
        assert_eq!(fresh_key().len(), 64);
    }
}
