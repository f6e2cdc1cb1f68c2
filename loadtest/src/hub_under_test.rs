//! The hub under test: finds it, creates flights, reads the final state.

use crate::args::Target;
use crate::checker::WRONG;
use crate::clock::SECOND_NS;
use crate::driver::Driver;
use crate::hello::{Hello, read_hello};
use crate::http::{BlockingClient, excerpt};
use crate::hub_address::{FeedKey, HubAddress};
use crate::hub_process::HubProcess;
use crate::listeners::Listeners;
use crate::plan::Plan;
use crate::process;
use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Core of the server and of this client, with `--pin`.
pub const CORES: (usize, usize) = (0, 1);
/// Reports per POST while flights are created.
const CREATED_AT_ONCE: usize = 200;
/// A process below this share of a core is idle.
const QUIET_SHARE: f64 = 0.06;

/// A hub with what is needed to load it.
pub struct HubUnderTest {
    /// Its address.
    pub hub: HubAddress,
    /// Its process.
    pub pid: u32,
    /// The feed's key.
    pub key: Option<FeedKey>,
    /// The path for reports.
    pub reports_path: String,
    /// Its `hello`.
    pub greeting: Hello,
    /// Server and client have a core each.
    pub pinned: bool,
    /// Number of HTTP connections that push.
    pub connections: usize,
    /// A hub started for this run ends with it.
    _own: Option<HubProcess>,
}

impl HubUnderTest {
    /// Finds the hub of a command line, and binds it to its core if requested.
    pub fn open(target: &Target) -> Result<Self> {
        if target.pin {
            // A hub started from here starts on its core, so that it sizes itself for one.
            process::pin_this_thread(CORES.0)?;
        }
        let own = target
            .spawn_hub
            .as_deref()
            .map(|program| HubProcess::start(program, &target.feed))
            .transpose()?;
        let url = own.as_ref().map_or(&target.hub, |own| &own.url);
        let hub = HubAddress::parse(url)?;
        let key_file = own.as_ref().map(|own| own.key_file.as_path()).or(target.key_file.as_deref());
        let key = key_file.map(FeedKey::from_file).transpose()?;
        let greeting = read_hello(&hub)?;
        let known = own.as_ref().map(HubProcess::pid).or(target.hub_pid);
        let pid = known.or_else(|| process::listener_pid(hub.address.port()));
        let pid =
            pid.with_context(|| format!("cannot see whose port {} is; give --hub-pid", hub.address.port()))?;
        if target.pin {
            process::pin_process(pid, CORES.0)?;
            process::pin_this_thread(CORES.1)?;
        }
        let reports_path = format!("/api/v1/feeds/{}/reports", target.feed);
        let connections = target.connections as usize;
        Ok(Self { hub, pid, key, reports_path, greeting, pinned: target.pin, connections, _own: own })
    }

    /// Creates flights `range` of a plan at the hub.
    pub fn create(&self, plan: &mut Plan, range: std::ops::Range<usize>) -> Result<()> {
        let mut calm = BlockingClient::new(&self.hub);
        let flights: Vec<usize> = range.collect();
        for some in flights.chunks(CREATED_AT_ONCE) {
            let mut body = Vec::new();
            for (nth, flight) in some.iter().enumerate() {
                body.push(if nth == 0 { b'[' } else { b',' });
                plan.put_creation(&mut body, *flight)?;
            }
            body.push(b']');
            let answer = calm.post(&self.reports_path, self.key.as_ref(), &body)?;
            let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let refused = told.pointer("/rejected/0").is_some();
            if answer.status != 202 || refused {
                bail!("flights could not be created: status {}: {}", answer.status, excerpt(&answer.body));
            }
        }
        Ok(())
    }

    /// The flights as REST returns them now.
    pub fn flights(&self, legs: &[String]) -> Result<Vec<Value>> {
        let mut calm = BlockingClient::new(&self.hub);
        legs.iter().map(|leg| calm.get_json(&format!("/api/v1/flights/{leg}"))).collect()
    }
}

/// The revision of a flight.
pub fn rev(flight: &Value) -> u32 {
    flight.get("rev").and_then(Value::as_u64).unwrap_or_default() as u32
}

/// Compares the last state from frames with REST.
pub fn compare_pictures(listeners: &mut Listeners, flights: &[Value]) {
    let Listeners { frames, checker, .. } = listeners;
    for (leg, flight) in (0..).zip(flights) {
        if frames.knows(leg, rev(flight)) {
            frames.compare(leg, flight, &mut checker.violations);
        } else {
            let last = rev(flight);
            checker
                .violations
                .add(WRONG, || format!("flight {leg}: REST has revision {last}, no frame led to it"));
        }
    }
}

/// Runs the driver's loop until the server is idle, for ten seconds at most.
pub fn wait_until_quiet(driver: &mut Driver, pid: u32) -> Result<()> {
    const LOOK_NS: u64 = SECOND_NS / 2;
    if pid == std::process::id() {
        // In tests the server runs in this process, which is never idle while it measures.
        return driver.rest(LOOK_NS);
    }
    for _ in 0..20 {
        let before = process::cpu_ns(pid)?;
        driver.rest(LOOK_NS)?;
        if (process::cpu_ns(pid)? - before) as f64 <= QUIET_SHARE * LOOK_NS as f64 {
            return Ok(());
        }
    }
    Ok(())
}
