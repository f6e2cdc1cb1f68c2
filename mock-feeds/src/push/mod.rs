//! Pushes JFK's changes to the hub.
//!
//! A message contains everything known about its legs, so only each leg's latest state must arrive. Legs
//! wait in a queue ([`Airport::take_waiting`]), each at most once. A failed message returns its legs to the
//! front. That keeps the order of each leg, bounds memory by the number of legs however long the hub is
//! away, and loses only intermediate steps, which are counted as superseded.
//!
//! [`Airport::take_waiting`]: crate::airport::Airport::take_waiting

mod key;
mod outcome;

pub use key::Key;

use crate::encode::aidx::{self, Sender};
use crate::faults::Fate;
use crate::known_flight::KnownFlight;
use crate::shared::Shared;
use crate::simulation::seeded_random::SeededRandom;
use anyhow::{Context, Result};
use domain::codes::Iata;
use domain::leg::LegKey;
use outcome::Outcome;
use reqwest::{Client, StatusCode, Url, header};
use std::collections::VecDeque;
use std::time::Duration;
use tracing::{info, warn};

/// Most legs per message.
pub const LEGS_MAX: usize = 100;
/// Time limit of one push, including the response.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// First and longest wait after a failure. It doubles between, less a random part of up to half.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(8));
/// Most messages delayed by the fault `reorders`.
const HELD_MAX: usize = 8;
/// While the hub is away, log it again after this many failures.
const REMIND_EVERY: u32 = 50;

/// A pushing airport.
#[derive(Debug)]
pub struct Pusher {
    airport: Iata,
    target: Url,
    key: Key,
    client: Client,
    chance: SeededRandom,
    serial: u64,
    failures: u32,
    /// Messages delayed by a fault, with their legs; each is sent after a later one.
    held: VecDeque<(Vec<u8>, Vec<LegKey>)>,
}

impl Pusher {
    /// Pushes reports of `airport` to the hub at `hub`.
    pub fn new(airport: Iata, hub: &Url, key: Key, seed: u64) -> Result<Self> {
        let feed = airport.as_str().to_lowercase();
        let target = hub.join(&format!("api/v1/feeds/{feed}/reports")).context("address of the hub")?;
        let client = Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .connect_timeout(Duration::from_secs(2))
            .user_agent(concat!("mock-feeds/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let chance = SeededRandom::named(seed, &format!("push {airport}"));
        Ok(Self { airport, target, key, client, chance, serial: 0, failures: 0, held: VecDeque::new() })
    }

    /// Pushes until it is dropped.
    pub async fn run(mut self, shared: &Shared) {
        loop {
            let taken = shared.at(self.airport, |airport, now| {
                if airport.faults.is_silent(now) { Vec::new() } else { airport.take_waiting(LEGS_MAX) }
            });
            match taken {
                None => return,
                Some(legs) if legs.is_empty() => {
                    self.send_held(shared).await;
                    shared.learned().await;
                }
                Some(legs) => self.push(shared, &legs).await,
            }
        }
    }

    async fn push(&mut self, shared: &Shared, legs: &[KnownFlight]) {
        let Some((faults, fate)) = shared.at(self.airport, |airport, _| {
            let fate = airport.faults.draw(&mut airport.chance);
            airport.tally.faults += u64::from(!matches!(fate, Fate::Sound | Fate::Error | Fate::Silence));
            (airport.faults.clone(), fate)
        }) else {
            return;
        };
        tokio::time::sleep(Duration::from_millis(faults.latency_ms)).await;
        let body = match self.message(shared, &faults, legs) {
            Ok(body) => body,
            Err(error) => {
                warn!("{} could not write a message of {} legs: {error}", self.airport, legs.len());
                return;
            }
        };
        match fate {
            Fate::Cut => _ = self.send(body[..body.len() / 2].to_vec()).await,
            Fate::Repeat => _ = self.send(body.clone()).await,
            Fate::Reorder if self.held.len() < HELD_MAX => {
                self.held.push_back((body, legs.iter().map(|leg| leg.key).collect()));
                return;
            }
            _ => {}
        }
        let outcome = self.send(body).await;
        self.settle(shared, legs, outcome).await;
        self.send_held(shared).await;
    }

    /// Sends the message delayed longest, if any. If it fails, its legs return to the queue and are sent in
    /// their state by then.
    async fn send_held(&mut self, shared: &Shared) {
        let Some((body, legs)) = self.held.pop_front() else { return };
        let taken = matches!(self.send(body).await, Outcome::Taken { .. });
        shared.at(self.airport, |airport, _| {
            if taken {
                airport.tally.pushed_messages += 1;
                airport.tally.pushed_legs += legs.len() as u64;
            } else {
                airport.put_back(&legs);
            }
        });
    }

    fn message(
        &mut self,
        shared: &Shared,
        faults: &crate::faults::Faults,
        legs: &[KnownFlight],
    ) -> Result<Vec<u8>> {
        self.serial += 1;
        let zone = domain::airports::zone_of(self.airport).unwrap_or(chrono_tz::UTC);
        let sender = Sender { airport: self.airport.as_str(), zone, fault: faults.wrong_zone };
        let legs: Vec<&KnownFlight> = legs.iter().collect();
        Ok(aidx::notification(sender, shared.clock().now(), self.serial, &legs)?)
    }

    /// Counts the outcome of the legs, and waits if the hub asks for it.
    async fn settle(&mut self, shared: &Shared, legs: &[KnownFlight], outcome: Outcome) {
        let count = legs.len() as u64;
        match outcome {
            Outcome::Taken { rejected, first } => {
                if self.failures > 0 {
                    info!("{}: the hub takes reports, after {} failed pushes", self.airport, self.failures);
                }
                self.failures = 0;
                shared.at(self.airport, |airport, _| {
                    airport.tally.pushed_messages += 1;
                    airport.tally.pushed_legs += count;
                    airport.tally.rejected += rejected;
                });
                if rejected > 0 {
                    warn!("{}: the hub rejected {rejected} of {count} reports: {first}", self.airport);
                }
            }
            Outcome::Refused(why) if legs.len() > 1 => {
                warn!(
                    "{}: the hub refused a message of {count} legs ({why}); telling them in halves",
                    self.airport
                );
                let (one, other) = legs.split_at(legs.len() / 2);
                for half in [one, other] {
                    Box::pin(self.push(shared, half)).await;
                }
            }
            Outcome::Refused(why) => {
                shared.at(self.airport, |airport, _| airport.tally.refused += 1);
                warn!(
                    "{}: the hub refused {}: {why}",
                    self.airport,
                    legs.first().map_or_else(String::new, |leg| leg.key.id().to_string())
                );
            }
            Outcome::Later { why, after } => {
                let keys: Vec<_> = legs.iter().map(|leg| leg.key).collect();
                shared.at(self.airport, |airport, _| {
                    airport.put_back(&keys);
                    airport.tally.retried += 1;
                });
                self.fail(&why);
                tokio::time::sleep(after.unwrap_or_else(|| self.backoff())).await;
            }
        }
    }

    /// Logs a failed push: the first one, then occasionally.
    fn fail(&mut self, why: &str) {
        if self.failures.is_multiple_of(REMIND_EVERY) {
            let (airport, target) = (self.airport, &self.target);
            info!("{airport}: waiting for the hub at {target}, {why}");
        }
        self.failures = self.failures.saturating_add(1);
    }

    fn backoff(&mut self) -> Duration {
        let doubled = BACKOFF.0.saturating_mul(1 << self.failures.saturating_sub(1).min(8));
        doubled.min(BACKOFF.1).mul_f64(0.5 + 0.5 * self.chance.fraction())
    }

    async fn send(&mut self, body: Vec<u8>) -> Outcome {
        let mut request =
            self.client.post(self.target.clone()).header(header::CONTENT_TYPE, "application/xml");
        request = match self.key.show() {
            Ok(Some(key)) => request.bearer_auth(key),
            Ok(None) => request,
            Err(why) => return Outcome::Later { why, after: None },
        };
        let request = request.body(body);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() => {
                return Outcome::Later { why: "which is not up".into(), after: None };
            }
            Err(error) if error.is_timeout() => {
                return Outcome::Later { why: "which does not answer".into(), after: None };
            }
            Err(error) => return Outcome::Later { why: format!("which breaks off: {error}"), after: None },
        };
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED {
            self.key.forget();
        }
        let after = response.headers().get(header::RETRY_AFTER).and_then(outcome::retry_after);
        let text = response.text().await.unwrap_or_default();
        outcome::judge(status, after, &text)
    }
}
