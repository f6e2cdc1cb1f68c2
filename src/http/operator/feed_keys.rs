//! Keys of pushed feeds in the directory. They are valid on every node, beside the configured keys.

use super::{away, read_again};
use crate::app::App;
use crate::feed::FeedKind;
use crate::feed_key::NewKey;
use crate::http::json_body::Json;
use crate::http::principal::{Author, Operator};
use crate::problem::Problem;
use crate::query::{NoParameters, Query};
use crate::time::real_now;
use actix_web::{HttpResponse, web};
use chrono::SubsecRound;
use domain::feed_key::{KeyPrefix, KeyRefused};
use domain::ports::{FeedKey, KeyError};
use wire::operator::{FeedKeyRow, FeedKeysBody, NewFeedKeyBody, NewFeedKeyRequest};
use wire::problem::ProblemBody;
use wire::text::Text;

/// The keys of a feed with their purposes, without the keys themselves.
#[utoipa::path(
    get,
    path = "/api/v1/feeds/{feed}/keys",
    tag = "operator",
    params(("feed" = String, Path, description = "The feed's name in the hub's configuration", example = "jfk")),
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "The keys in the directory, oldest first", body = FeedKeysBody),
        (status = 401, description = "No key, or an invalid one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No pushed feed has this name; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is unavailable; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn list(
    _: Operator,
    _: Query<NoParameters>,
    feed: web::Path<String>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let row = |key: FeedKey| FeedKeyRow {
        prefix: key.digest.to_string(),
        note: key.note.to_string(),
        added_at: key.added_at,
    };
    let all = app.directory.feed_keys().await.map_err(away)?;
    let keys: Vec<_> = all.into_iter().filter(|key| *key.feed == **feed).map(row).collect();
    let configured = configured(&app, &feed);
    // A feed that is no longer configured may still have keys to revoke.
    if configured.is_none() && keys.is_empty() {
        return Err(unknown());
    }
    let body = FeedKeysBody { feed: feed.into_inner(), keys, configured: configured.unwrap_or(0) };
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(body))
}

/// Creates a key for a pushed feed and shows it only once. It is valid on this node at once, and on others
/// within seconds. Earlier keys stay valid until they are revoked; a feed has at most eight.
#[utoipa::path(
    post,
    path = "/api/v1/feeds/{feed}/keys",
    tag = "operator",
    params(
        ("feed" = String, Path, description = "The feed's name in the hub's configuration", example = "jfk"),
        ("x-operator" = Option<String>, Header, description = "Name of the operator, for the audit; at most 200 characters"),
    ),
    request_body = NewFeedKeyRequest,
    security(("operator_key" = [])),
    responses(
        (status = 201, description = "The key; it cannot be shown again", body = NewFeedKeyBody),
        (status = 400, description = "The body is invalid; the answer names the key", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No key, or an invalid one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No pushed feed has this name; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The feed has the maximum number of keys", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON in UTF-8", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is unavailable; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn make(
    Author(by): Author,
    _: Query<NoParameters>,
    feed: web::Path<String>,
    app: web::Data<App>,
    Json(NewFeedKeyRequest { note: Text(note) }): Json<NewFeedKeyRequest>,
) -> Result<HttpResponse, Problem> {
    configured(&app, &feed).ok_or_else(unknown)?;
    let (key, added_at) = (NewKey::make(), real_now().trunc_subsecs(3));
    let added = app.directory.add_feed_key(feed.as_str().into(), key.digest(), note.clone(), added_at);
    added.await.map_err(refused)?;
    tracing::info!(feed = %feed, key = %key.digest(), operator = %by, "a feed's key was made");
    read_again(&app).await;
    let body = NewFeedKeyBody {
        prefix: key.digest().to_string(),
        key: key.reveal().to_owned(),
        note: note.to_string(),
        added_at,
    };
    Ok(HttpResponse::Created().insert_header(("cache-control", "no-store")).json(body))
}

/// Revokes a key in the directory permanently: on this node at once, on others within seconds. Remove keys of
/// the configuration there.
#[utoipa::path(
    delete,
    path = "/api/v1/feeds/{feed}/keys/{prefix}",
    tag = "operator",
    params(
        ("feed" = String, Path, description = "The feed's name", example = "jfk"),
        ("prefix" = String, Path, description = "The first 8 to 64 hexadecimal digits of the key's digest", example = "5c2f90ab"),
        ("x-operator" = Option<String>, Header, description = "Name of the operator, for the audit; at most 200 characters"),
    ),
    security(("operator_key" = [])),
    responses(
        (status = 204, description = "It is in force no more"),
        (status = 400, description = "The prefix is malformed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No key, or an invalid one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such feed, or it has no such key; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Several keys have this prefix", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is unavailable; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn revoke(
    Author(by): Author,
    _: Query<NoParameters>,
    path: web::Path<(String, String)>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let (feed, prefix) = path.into_inner();
    let prefix = KeyPrefix::parse(&prefix).map_err(|why| Problem::bad_field("prefix", &why.to_string()))?;
    let revoked = app.directory.revoke_feed_key(feed.as_str().into(), prefix, real_now());
    let digest = revoked.await.map_err(refused)?;
    tracing::info!(%feed, key = %digest, operator = %by, "a feed's key was revoked");
    read_again(&app).await;
    Ok(HttpResponse::NoContent().finish())
}

/// The number of configured keys of a pushed feed.
fn configured(app: &App, feed: &str) -> Option<usize> {
    match &app.feeds.get(feed)?.kind {
        FeedKind::Push { key_digests } => Some(key_digests.len()),
        FeedKind::Pull => None,
    }
}

fn unknown() -> Problem {
    Problem::not_found("no pushed feed has this name")
}

fn refused(fault: KeyError) -> Problem {
    match fault {
        KeyError::Store(fault) => away(fault),
        KeyError::Refused(why @ (KeyRefused::UnknownFeed { .. } | KeyRefused::UnknownKey { .. })) => {
            Problem::not_found(&why.to_string())
        }
        KeyError::Refused(why) => Problem::conflict(&why.to_string()),
    }
}
