//! The endpoint for pushed reports. It answers only after the reports are durable.

use super::HttpState;
use super::principal::FeedSender;
use super::request_body::{content_length, content_type, read, too_long};
use crate::app::App;
use crate::config::Config;
use crate::feed::Feed;
use crate::problem::Problem;
use crate::query::{NoParameters, Query};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use actors::ingest::{IngestError, IngestOutcome};
use bytes::Bytes;
use domain::backlog::BacklogFull;
use domain::ports::SinkError;
use flate2::read::MultiGzDecoder;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wire::feed::Format;
use wire::problem::ProblemBody;
use wire::rest::{IngestBody, RejectedReport};

/// Messages of this length or more are decoded on a blocking thread: decoding megabytes takes longer than a
/// frame may wait.
const LONG_BODY_BYTES: usize = 32 * 1024;

/// The accepted content types.
const TYPES: [&str; 3] = ["application/json", "application/xml", "text/xml"];

/// `Retry-After` in seconds.
const RETRY_AFTER_S: u64 = 1;

/// Permits for messages from their head to their answer: a number for all feeds, and a smaller one per feed, so
/// that a slow sender does not block other feeds.
pub(super) struct Bodies {
    all: Arc<Semaphore>,
    by_feed: BTreeMap<String, Arc<Semaphore>>,
}

/// A permit, released when it is dropped.
pub(super) struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_feed: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    /// All permits are free.
    pub(super) fn new(config: &Config) -> Self {
        let server = &config.server;
        let of_feed = || Arc::new(Semaphore::new(server.feed_bodies_under_way_max));
        Self {
            all: Arc::new(Semaphore::new(server.bodies_under_way_max)),
            by_feed: config.feeds.keys().map(|name| (name.clone(), of_feed())).collect(),
        }
    }

    fn take_place(&self, feed: &str) -> Result<Place, Problem> {
        let later = |whose: &str| {
            Problem::unavailable(&format!("{whose} has reached its limit of concurrent messages"))
                .retry_after(RETRY_AFTER_S)
        };
        let of_feed = self.by_feed.get(feed).map(|places| places.clone().try_acquire_owned());
        let of_feed = of_feed.transpose().map_err(|_| later("the feed"))?;
        let of_all = self.all.clone().try_acquire_owned().map_err(|_| later("the hub"))?;
        Ok(Place { _of_all: of_all, _of_feed: of_feed })
    }
}

/// Accepts one report or many. An unusable report does not stop the rest: the answer lists it with its reason,
/// and the quarantine keeps it. Accepted reports are durable before the answer.
#[utoipa::path(
    post,
    path = "/api/v1/feeds/{feed}/reports",
    tag = "feeds",
    params(("feed" = String, Path, description = "The feed's name in the hub's configuration", example = "jfk")),
    request_body(
        description = "Gatecall JSON reports, one or an array, or IATA AIDX `FlightLegNotifRQ` as XML; at most 5 MB, optionally compressed (`Content-Encoding: gzip`)",
        content(
            (serde_json::Value = "application/json", example = json!({
                "carrier": "B6", "number": "615", "origin_date": "2013-02-08", "from": "JFK", "to": "FLL",
                "observed_at": "2013-02-08T21:04:00Z",
                "set": { "status": "boarding", "departure.gate": "14" }, "clear": ["arrival.belt"]
            })),
            (String = "application/xml"),
            (String = "text/xml"),
        )
    ),
    security(("feed_key" = [])),
    responses(
        (status = 202, description = "Every accepted report is durable", body = IngestBody),
        (status = 400, description = "The message is unreadable; it is in the quarantine", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No key, or an invalid one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The page's origin is not allowed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No feed of this name is pushed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Neither JSON nor XML, or not in UTF-8", body = ProblemBody, content_type = "application/problem+json"),
        (status = 421, description = "This node accepts no reports (`--roles`); use another node", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many reports are in progress or wait for their merge; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Reports cannot be made durable now, or too many reports of all feeds wait for their merge; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn reports(
    request: HttpRequest,
    _: Query<NoParameters>,
    FeedSender { name, feed }: FeedSender,
    payload: web::Payload,
    app: web::Data<App>,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let content_type = content_type(&request, &TYPES)?;
    let format = format_of(&content_type, feed.spec.format);
    let gzipped = is_gzipped(&request)?;
    let place = state.bodies.take_place(&name)?;
    let body = match read(&request, payload, app.config.server.body_bytes_max, &app).await {
        Err(problem) if problem.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return Err(set_aside(&app, &feed, problem).await);
        }
        body => body?,
    };
    let hub_app = app.clone();
    let take = async move {
        let _place = place;
        let limit = hub_app.config.server.body_bytes_max;
        let body = match unpack_if(gzipped, body, limit) {
            Ok(body) => body,
            Err(problem) => return Err(set_aside(&hub_app, &feed, problem).await),
        };
        let taken = hub_app.intake.ingest(&feed.spec, format, &content_type, &body).await;
        taken.map_err(problem)
    };
    let long = gzipped || content_length(&request).is_none_or(|length| length >= LONG_BODY_BYTES);
    let taken = if long {
        // The thread also waits for the log. The limit of bodies bounds the number of such threads.
        let runtime = Handle::current();
        web::block(move || runtime.block_on(take)).await.map_err(|_| super::flights::busy())?
    } else {
        take.await
    }?;
    Ok(HttpResponse::Accepted().insert_header((header::CACHE_CONTROL, "no-store")).json(answer(taken)))
}

fn answer(taken: IngestOutcome) -> IngestBody {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let rejected = taken.rejected.into_iter();
    IngestBody {
        accepted: count(taken.changed + taken.unchanged + taken.queued),
        changed: count(taken.changed),
        unchanged: count(taken.unchanged),
        queued: count(taken.queued),
        left_out: Some(count(taken.left_out)).filter(|count| *count > 0),
        rejected: rejected
            .map(|r| RejectedReport { index: r.index, field: r.field, reason: r.reason })
            .collect(),
    }
}

fn problem(fault: IngestError) -> Problem {
    match fault {
        IngestError::Unreadable(fault) => {
            let field = fault.field.unwrap_or_else(|| "body".into());
            let detail = format!("the message cannot be read: {field} {}", fault.reason);
            Problem::new(StatusCode::BAD_REQUEST).detail(detail).field(field, fault.reason)
        }
        IngestError::SinkUnavailable(
            full @ (SinkError::Full { .. } | SinkError::Behind(BacklogFull::FeedShare { .. })),
        ) => Problem::new(StatusCode::TOO_MANY_REQUESTS).detail(full.to_string()).retry_after(RETRY_AFTER_S),
        IngestError::SinkUnavailable(fault) => Problem::unavailable(&fault.to_string()),
        IngestError::ArchiveUnavailable(fault) => Problem::unavailable(&fault.to_string()),
    }
}

/// XML is AIDX. JSON is the configured JSON format of the feed, or our own.
fn format_of(content_type: &str, configured: Format) -> Format {
    match (content_type, configured) {
        ("application/json", Format::Schiphol) => Format::Schiphol,
        ("application/json", _) => Format::Json,
        _ => Format::Aidx,
    }
}

fn is_gzipped(request: &HttpRequest) -> Result<bool, Problem> {
    let coding =
        request.headers().get(header::CONTENT_ENCODING).map(|value| value.as_bytes().to_ascii_lowercase());
    match coding.as_deref() {
        None | Some(b"" | b"identity") => Ok(false),
        Some(b"gzip" | b"x-gzip") => Ok(true),
        Some(_) => {
            let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE)
                .field("content-encoding", "must be gzip or absent");
            Err(problem
                .detail("Content-Encoding must be gzip or absent")
                .header(header::ACCEPT_ENCODING, "gzip"))
        }
    }
}

/// Decompresses within the limit, so that a small message cannot exhaust the memory.
fn unpack(packed: &[u8], limit: usize) -> Result<Bytes, Problem> {
    let mut body = Vec::new();
    let broken =
        |_| Problem::new(StatusCode::BAD_REQUEST).detail("the body is not gzip").field("body", "is not gzip");
    MultiGzDecoder::new(packed).take(limit as u64 + 1).read_to_end(&mut body).map_err(broken)?;
    if body.len() > limit { Err(too_long(limit)) } else { Ok(body.into()) }
}

fn unpack_if(gzipped: bool, body: Bytes, limit: usize) -> Result<Bytes, Problem> {
    if gzipped { unpack(&body, limit) } else { Ok(body) }
}

/// Quarantines the rejection of a message that was too long or not decompressible. Its content is not kept.
async fn set_aside(app: &App, feed: &Feed, problem: Problem) -> Problem {
    if let Err(fault) = app.intake.quarantine_unreadable(&feed.spec, problem.to_string()).await {
        tracing::warn!(%fault, "cannot quarantine a rejection");
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decompression_bomb_is_refused() {
        use std::io::Write;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![b' '; 2_000_000]).unwrap();
        let packed = packer.finish().unwrap();
        assert!(packed.len() < 10_000);
        assert_eq!(unpack(&packed, 1_000_000).unwrap_err().status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(unpack(&packed, 2_000_000).unwrap().len(), 2_000_000);
        assert_eq!(unpack(b"no gzip", 100).unwrap_err().status(), StatusCode::BAD_REQUEST);
    }
}
