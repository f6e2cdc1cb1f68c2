//! Pushing: JFK tells the hub of each change as it learns of it.
//!
//! A message holds everything known of its legs, so what counts is that each leg's latest state
//! gets there. Legs wait in a line ([`Airport::take_waiting`]) in which each stands once; a message
//! that fails puts its legs back in front. That keeps the order of each leg, needs no more memory
//! than there are legs however long the hub is away, and loses nothing but steps in between, which
//! are counted as overtaken.
//!
//! [`Airport::take_waiting`]: crate::airport::Airport::take_waiting

use crate::encode::aidx::{self, Sender};
use crate::faults::Fate;
use crate::known::KnownFlight;
use crate::shared::Shared;
use crate::sim::chance::Chance;
use anyhow::{Context, Result};
use domain::codes::Iata;
use domain::leg::LegKey;
use reqwest::{Client, StatusCode, Url, header};
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;
use tracing::{info, warn};

/// Most legs in one message.
pub const LEGS_MAX: usize = 100;
/// Time for one push, answer included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// First and longest wait after a failure; it doubles between, and chance takes off up to half.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(8));
/// The longest `Retry-After` that is obeyed: a hub cannot silence an airport for the day.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(120);
/// Most messages held back by the fault `reorders`.
const HELD_MAX: usize = 8;
/// While the hub is away, say so again after this many failures.
const REMIND_EVERY: u32 = 50;
/// Longest part of the hub's refusal that is logged.
const REFUSAL_CHARS_MAX: usize = 300;

/// The key that an airport shows to the hub.
pub struct ApiKey(String);

impl ApiKey {
    /// Takes a key, without the space around it that files end with.
    pub fn new(text: &str) -> Self {
        Self(text.trim().into())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// One airport that pushes.
#[derive(Debug)]
pub struct Pusher {
    airport: Iata,
    target: Url,
    key: Option<ApiKey>,
    client: Client,
    chance: Chance,
    serial: u64,
    failures: u32,
    /// Messages held back by a fault, with their legs; each is sent after a later one.
    held: VecDeque<(Vec<u8>, Vec<LegKey>)>,
}

/// How a push ended.
enum Outcome {
    /// Taken; how many of its reports were rejected, and the hub's words on the first.
    Taken { rejected: u64, first: String },
    /// Not now; after this long, if the hub says so.
    Later { why: String, after: Option<Duration> },
    /// Not ever: the message itself is wrong.
    Refused(String),
}

impl Pusher {
    /// A pusher of `airport`'s reports to the hub at `hub`.
    pub fn new(airport: Iata, hub: &Url, key: Option<ApiKey>, seed: u64) -> Result<Self> {
        let feed = airport.as_str().to_lowercase();
        let target = hub.join(&format!("api/v1/feeds/{feed}/reports")).context("address of the hub")?;
        let client = Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .connect_timeout(Duration::from_secs(2))
            .user_agent(concat!("mock-feeds/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let chance = Chance::named(seed, &format!("push {airport}"));
        Ok(Self { airport, target, key, client, chance, serial: 0, failures: 0, held: VecDeque::new() })
    }

    /// Pushes for as long as it is polled.
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

    /// Sends the message held back longest, if there is one. If it fails, its legs go back in line
    /// and are told as they are known by then.
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

    /// Counts what became of the legs, and waits where the hub wants that.
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

    /// Says that a push failed: the first time, and then now and then.
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
            self.client.post(self.target.clone()).header(header::CONTENT_TYPE, "application/xml").body(body);
        if let Some(key) = &self.key {
            request = request.bearer_auth(&key.0);
        }
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
        let after = response.headers().get(header::RETRY_AFTER).and_then(retry_after);
        let text = response.text().await.unwrap_or_default();
        judge(status, after, &text)
    }
}

/// `Retry-After` in seconds; the form with a date is not worth a parser here.
fn retry_after(value: &header::HeaderValue) -> Option<Duration> {
    let seconds = value.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

fn judge(status: StatusCode, after: Option<Duration>, text: &str) -> Outcome {
    let words = || text.chars().take(REFUSAL_CHARS_MAX).collect::<String>();
    match status {
        _ if status.is_success() => {
            let answer: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
            let rejected = answer["rejected"].as_array().map_or(&[][..], Vec::as_slice);
            let first = rejected.first().map_or_else(String::new, ToString::to_string);
            Outcome::Taken { rejected: rejected.len() as u64, first }
        }
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE => {
            Outcome::Refused(format!("{status} {}", words()))
        }
        // A wrong key or address is mended by whoever runs the hub; until then nothing is lost.
        _ => Outcome::Later { why: format!("which answers {status} {}", words()), after },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        assert_eq!(format!("{:?}", ApiKey::new("secret\n")), "ApiKey(…)");
        assert_eq!(ApiKey::new("secret\n").0, "secret");
    }

    #[test]
    fn rejections_are_read_from_the_answer() {
        let text = r#"{"accepted":1,"changed":1,"unchanged":0,"rejected":[{"index":0,"field":"gate","reason":"too long"}]}"#;
        let Outcome::Taken { rejected, first } = judge(StatusCode::ACCEPTED, None, text) else {
            panic!("not taken")
        };
        assert!(rejected == 1 && first.contains("too long"));
        assert!(matches!(judge(StatusCode::BAD_REQUEST, None, ""), Outcome::Refused(_)));
        assert!(matches!(judge(StatusCode::UNAUTHORIZED, None, ""), Outcome::Later { .. }));
        assert!(matches!(judge(StatusCode::TOO_MANY_REQUESTS, None, ""), Outcome::Later { .. }));
    }
}
