//! Long answers: compressed if useful, counted until the client has read them, and passed to the connection in
//! pieces.
//!
//! A connection copies what it gets into its own buffer. Pieces keep that buffer small, and the rest of the
//! answer stays where the hub's budget counts it
//! ([`actors::unread_budget::UnreadBudget`]).

use super::HttpState;
use super::static_site::takes_gzip;
use crate::app::App;
use crate::problem::Problem;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, ResponseError, web};
use actors::unread_budget::Client;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::convert::Infallible;
use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The largest piece for a connection.
const PIECE_BYTES: usize = 16 * 1024;

/// JSON of this length or more is compressed for clients that accept it.
const COMPRESSED_FROM_BYTES: u64 = 1024;

/// Concurrent compressions. Beyond them answers are sent uncompressed, to leave CPU for broadcasts.
pub(super) const COMPRESSIONS_MAX: usize = 2;

/// Prepares an answer for its connection, or refuses it if too much is unread.
pub(super) async fn prepare(
    app: &App,
    state: &HttpState,
    answer: ServiceResponse<BoxBody>,
) -> ServiceResponse<BoxBody> {
    let is_long = matches!(answer.response().body().size(), BodySize::Sized(COMPRESSED_FROM_BYTES..));
    if !is_long || *answer.request().method() == Method::HEAD {
        return answer;
    }
    let (request, response) = answer.into_parts();
    let (response, body) = response.into_parts();
    let bytes = match body.try_into_bytes() {
        Ok(bytes) => bytes,
        Err(body) => return ServiceResponse::new(request, response.set_body(body)),
    };
    let client = request.peer_addr().map(|peer| Client::from_address(peer.ip()));
    let hold = |bytes: &Bytes| {
        app.hub
            .unread_budget()
            .reserve(bytes, client)
            .map_err(|no_room| Problem::unavailable(&no_room.to_string()))
    };
    let held = match hold(&bytes) {
        Ok(held) => held,
        Err(problem) => return ServiceResponse::new(request, problem.error_response()),
    };
    drop(bytes);
    let mut response = response.set_body(());
    let mut body = held;
    if is_worth_compressing(&request, &response)
        && let Some(packed) = compressed(state, body.clone()).await
        && let Ok(held) = hold(&packed)
    {
        response.headers_mut().insert(header::CONTENT_ENCODING, header::HeaderValue::from_static("gzip"));
        body = held;
    }
    ServiceResponse::new(request, response.set_body(BoxBody::new(ChunkedBody(body))))
}

fn is_worth_compressing(request: &HttpRequest, response: &actix_web::HttpResponse<()>) -> bool {
    let text = |name| request.headers().get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    response.status() == StatusCode::OK
        && is_json
        && !response.headers().contains_key(header::CONTENT_ENCODING)
        && text(header::ACCEPT_ENCODING).is_some_and(takes_gzip)
}

/// Compresses on a blocking thread. `None` if no permit is free.
async fn compressed(state: &HttpState, bytes: Bytes) -> Option<Bytes> {
    let _permit = state.compressions.try_acquire().ok()?;
    let pack = move || {
        let mut packer = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
        packer.write_all(&bytes)?;
        packer.finish()
    };
    let packed: io::Result<Vec<u8>> = web::block(pack).await.ok()?;
    packed.ok().map(Bytes::from)
}

/// A body that is read in pieces, and counted until then.
struct ChunkedBody(Bytes);

impl MessageBody for ChunkedBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let piece = self.0.len().min(PIECE_BYTES);
        // A copy, so that a buffered piece does not keep the whole answer alive.
        let piece = Bytes::copy_from_slice(&self.0.split_to(piece));
        Poll::Ready(Some(Ok(piece)))
    }
}
