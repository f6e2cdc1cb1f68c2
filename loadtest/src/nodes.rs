//! A hub of several nodes: one accepts the reports, another has the followers, and the owner of a flight
//! merges its reports. Accepted reports are durable but not merged yet. The sustained capacity is therefore
//! the number of merged reports over all nodes.

use crate::clock::{SECOND_NS, now_ns};
use crate::driver::Driver;
use crate::http::BlockingClient;
use crate::hub_address::HubAddress;
use crate::process;
use anyhow::{Context, Result, bail};

/// Time limit for merging everything that was accepted.
const MERGED_WITHIN_S: u64 = 120;
/// Interval between two checks of what is merged.
const LOOK_NS: u64 = SECOND_NS / 50;

/// The nodes of a hub, the one that accepts reports first.
pub struct Nodes {
    hubs: Vec<HubAddress>,
    feed: String,
}

/// Merged reports, as the nodes count them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Merged {
    /// All of them.
    pub all: u64,
    /// Those that changed something.
    pub changed: u64,
}

impl Nodes {
    /// `takes` and, if different, `listens`.
    pub fn new(takes: &HubAddress, listens: Option<&str>, feed: &str) -> Result<Self> {
        let listens = listens.map(HubAddress::parse).transpose()?;
        let hubs = std::iter::once(takes.clone()).chain(listens).collect();
        Ok(Self { hubs, feed: feed.to_owned() })
    }

    /// Whether there are several.
    pub fn are_several(&self) -> bool {
        self.hubs.len() > 1
    }

    /// The node with the followers.
    pub fn listens(&self) -> &HubAddress {
        self.hubs.last().unwrap_or(&self.hubs[0])
    }

    /// CPU time of all nodes, in nanoseconds.
    pub fn cpu_ns(&self, first: u32) -> Result<u64> {
        let mut sum = process::cpu_ns(first)?;
        for hub in self.hubs.iter().skip(1) {
            let port = hub.address.port();
            let pid =
                process::listener_pid(port).with_context(|| format!("cannot see whose port {port} is"))?;
            sum += process::cpu_ns(pid)?;
        }
        Ok(sum)
    }

    /// Merged reports since the nodes started.
    pub fn merged(&self) -> Result<Merged> {
        let mut merged = Merged::default();
        for hub in &self.hubs {
            let answer = BlockingClient::new(hub).get("/metrics")?;
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            let of = |outcome: &str| counted(&text, &self.feed, outcome);
            merged.changed += of("changed");
            merged.all += of("changed") + of("unchanged");
        }
        Ok(merged)
    }

    /// Runs the driver's loop until this many reports are merged.
    pub fn wait_until_merged(&self, driver: &mut Driver, all: u64) -> Result<()> {
        let deadline = now_ns() + MERGED_WITHIN_S * SECOND_NS;
        loop {
            let merged = self.merged()?.all;
            if merged >= all {
                return Ok(());
            }
            if now_ns() > deadline {
                bail!("{merged} of {all} reports were merged within {MERGED_WITHIN_S} s");
            }
            driver.rest(LOOK_NS)?;
        }
    }
}

/// The value of `gatecall_reports_total{feed="…",outcome="…"}`.
fn counted(metrics: &str, feed: &str, outcome: &str) -> u64 {
    let labels = [format!("feed=\"{feed}\""), format!("outcome=\"{outcome}\"")];
    let is_it = |line: &&str| {
        line.starts_with("gatecall_reports_total{") && labels.iter().all(|label| line.contains(label))
    };
    let line = metrics.lines().find(is_it);
    line.and_then(|line| line.rsplit_once(' ')).and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_found_by_feed_and_outcome() {
        let text = "# TYPE gatecall_reports counter\n\
                    gatecall_reports_total{feed=\"jfk\",outcome=\"changed\"} 7\n\
                    gatecall_reports_total{feed=\"load\",outcome=\"unchanged\"} 3\n\
                    gatecall_reports_total{feed=\"load\",outcome=\"changed\"} 12\n# EOF\n";
        assert_eq!(counted(text, "load", "changed"), 12);
        assert_eq!(counted(text, "load", "unchanged"), 3);
        assert_eq!(counted(text, "lga", "changed"), 0);
    }
}
