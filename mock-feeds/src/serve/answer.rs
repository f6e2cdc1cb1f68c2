//! Answers to polls with injected faults, shared by all airports.

use super::Served;
use crate::airport::Airport;
use crate::faults::Fate;
use crate::simulation::seeded_random::fnv1a;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use chrono::{DateTime, Utc};
use domain::codes::Iata;
use futures_util::stream;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a request without an answer stays open.
const HANGS: Duration = Duration::from_secs(120);
/// Most remembered answers over all addresses, for the faults `repeats` and `reorders`.
const REMEMBERED_MAX: usize = 128;

/// Earlier answers by address, oldest first.
#[derive(Debug, Default)]
pub struct Memory(Mutex<VecDeque<(String, Answer)>>);

/// A correct answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// Content type.
    pub(super) content_type: &'static str,
    /// `Link`, if there are several pages.
    pub(super) link: Option<String>,
    /// Changes whenever the feed changes. Without it the hash of the body is the tag.
    pub(super) version: Option<u64>,
    /// The body.
    pub(super) body: Bytes,
}

/// Answers a poll of `iata` with the result of `make`, or with a fault.
pub(super) async fn answer(
    request: &HttpRequest,
    served: &Served,
    memory: &Memory,
    iata: Iata,
    make: impl FnOnce(&Airport, DateTime<Utc>) -> anyhow::Result<Answer>,
) -> HttpResponse {
    let drawn = served.shared.at(iata, |airport, now| {
        let fate = airport.faults.draw(&mut airport.chance);
        airport.tally.pulled += 1;
        airport.tally.faults += u64::from(fate != Fate::Sound);
        (fate, airport.faults.latency_ms, make(airport, now))
    });
    let Some((fate, latency_ms, made)) = drawn else {
        return HttpResponse::NotFound().body(format!("{iata} is not simulated\n"));
    };
    tokio::time::sleep(Duration::from_millis(latency_ms)).await;
    let fresh = match made {
        Ok(answer) => answer,
        Err(error) => return HttpResponse::InternalServerError().body(format!("{error:#}\n")),
    };
    let answer = memory.swap(request, fresh, fate);
    match fate {
        Fate::Error => {
            HttpResponse::InternalServerError().content_type("text/plain").body("the feed is out of order\n")
        }
        Fate::Silence => {
            tokio::time::sleep(HANGS).await;
            HttpResponse::GatewayTimeout().finish()
        }
        Fate::Cut => cut(&answer),
        Fate::Sound | Fate::Repeat | Fate::Reorder => whole(request, served, iata, answer),
    }
}

fn whole(request: &HttpRequest, served: &Served, iata: Iata, answer: Answer) -> HttpResponse {
    let tag = format!("\"{:016x}\"", answer.version.unwrap_or_else(|| fnv1a(&answer.body)));
    if has(request, &tag) {
        served.shared.at(iata, |airport, _| airport.tally.unchanged += 1);
        return HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish();
    }
    head(&answer).insert_header((header::ETAG, tag)).body(answer.body)
}

/// Half a body, then the end of the connection, which the caller must not mistake for the whole.
fn cut(answer: &Answer) -> HttpResponse {
    let half = answer.body.slice(..answer.body.len() / 2);
    let broken = std::io::Error::other("cut off on purpose");
    head(answer).streaming(stream::iter([Ok(half), Err(broken)]))
}

fn head(answer: &Answer) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.content_type(answer.content_type).insert_header((header::CACHE_CONTROL, "no-cache"));
    if let Some(link) = answer.link.as_ref().and_then(|link| HeaderValue::from_str(link).ok()) {
        response.insert_header((header::LINK, link));
    }
    response
}

/// Whether the caller has this version already.
fn has(request: &HttpRequest, tag: &str) -> bool {
    let held = request.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    held.flat_map(|value| value.split(',')).any(|held| held.trim().trim_start_matches("W/") == tag)
}

impl Memory {
    /// Remembers an answer, and returns it or, by the fault, an earlier one.
    fn swap(&self, request: &HttpRequest, fresh: Answer, fate: Fate) -> Answer {
        let address = request.uri().to_string();
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before: Vec<&Answer> =
            remembered.iter().rev().filter(|(at, _)| *at == address).map(|(_, answer)| answer).collect();
        let chosen = match fate {
            Fate::Repeat => before.first().copied().cloned(),
            Fate::Reorder => before.get(1).or(before.first()).copied().cloned(),
            _ => None,
        };
        if let Some(chosen) = chosen {
            return chosen;
        }
        if before.first().is_none_or(|last| last.body != fresh.body) {
            if remembered.len() >= REMEMBERED_MAX {
                remembered.pop_front();
            }
            remembered.push_back((address, fresh.clone()));
        }
        fresh
    }
}
