//! The keys of pushed feeds that the directory keeps. They count beside those of the configuration, on
//! every node.

use super::{admit, away, read_again, who};
use crate::app::{App, FeedKind};
use crate::feed_key::NewKey;
use crate::http::json_body::JsonBody;
use crate::http::problem::Problem;
use crate::http::query::Parameters;
use crate::time::real_now;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, SubsecRound, Utc};
use domain::feed_key::{KeyPrefix, KeyRefused};
use domain::ports::{FeedKey, KeyError};
use serde::Serialize;
use utoipa::ToSchema;
use wire::problem::ProblemBody;

/// `GET feeds/{feed}/keys`.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct FeedKeysBody {
    /// Which feed.
    #[schema(example = "jfk")]
    pub feed: String,
    /// Those of the directory, in the order in which they were added.
    pub keys: Vec<FeedKeyRow>,
    /// How many more this node's configuration holds (`key_file`, `key_env`).
    pub configured: usize,
}

/// A key in force, of which nobody can read the key.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct FeedKeyRow {
    /// The beginning of its SHA-256 digest, by which it is revoked.
    #[schema(example = "5c2f90ab")]
    pub prefix: String,
    /// What it is for.
    pub note: String,
    /// Since when, in real time.
    pub added_at: DateTime<Utc>,
}

/// `POST feeds/{feed}/keys`: the only time that the key is shown.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct NewFeedKeyBody {
    /// To be sent with every message: `Authorization: Bearer KEY`.
    pub key: String,
    /// The beginning of its digest.
    #[schema(example = "5c2f90ab")]
    pub prefix: String,
    /// What it is for.
    pub note: String,
    /// Since when, in real time.
    pub added_at: DateTime<Utc>,
}

/// The body of `POST feeds/{feed}/keys`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read key by key, so that what is wrong is named; this describes it")]
pub(in crate::http) struct NewFeedKeyRequest {
    /// What the key is for; at most 200 characters.
    #[schema(example = "the operations centre's, until June")]
    note: String,
}

/// The keys of a feed: what they are for, and never a key.
#[utoipa::path(
    get,
    path = "/api/v1/feeds/{feed}/keys",
    tag = "operator",
    params(("feed" = String, Path, description = "The feed's name in the hub's configuration", example = "jfk")),
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "Those of the directory, in the order in which they were added", body = FeedKeysBody),
        (status = 401, description = "No key, or one that is not in force", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No feed of this name is pushed; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is away; come back after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn list(
    request: HttpRequest,
    feed: web::Path<String>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    admit(&request, &app)?;
    Parameters::of(&request)?.finish()?;
    let row = |key: FeedKey| FeedKeyRow {
        prefix: key.digest.to_string(),
        note: key.note.to_string(),
        added_at: key.added_at,
    };
    let all = app.directory.feed_keys().await.map_err(away)?;
    let keys: Vec<_> = all.into_iter().filter(|key| *key.feed == **feed).map(row).collect();
    let configured = configured(&app, &feed);
    // Of a feed that is configured no more there may still be keys to be revoked.
    if configured.is_none() && keys.is_empty() {
        return Err(unknown());
    }
    let body = FeedKeysBody { feed: feed.into_inner(), keys, configured: configured.unwrap_or(0) };
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(body))
}

/// Makes a key for a pushed feed and shows it this once. It is in force on this node at once, and on
/// others within seconds. Earlier keys stay in force until they are revoked, at most eight of a feed.
#[utoipa::path(
    post,
    path = "/api/v1/feeds/{feed}/keys",
    tag = "operator",
    params(
        ("feed" = String, Path, description = "The feed's name in the hub's configuration", example = "jfk"),
        ("x-operator" = Option<String>, Header, description = "Who of the operators asks, for the notes; at most 200 characters"),
    ),
    request_body = NewFeedKeyRequest,
    security(("operator_key" = [])),
    responses(
        (status = 201, description = "The key; it cannot be shown again", body = NewFeedKeyBody),
        (status = 400, description = "The body is wrong; the key at fault is named", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No key, or one that is not in force", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No feed of this name is pushed; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not come in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The feed has as many keys as may be", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON in UTF-8", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is away; come back after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn make(
    request: HttpRequest,
    feed: web::Path<String>,
    payload: web::Payload,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    admit(&request, &app)?;
    Parameters::of(&request)?.finish()?;
    configured(&app, &feed).ok_or_else(unknown)?;
    let by = who(&request)?;
    let mut given = JsonBody::of(&request, payload, &app).await?;
    let note = given.line("note");
    let Some(note) = given.needed("note", note) else { return Err(given.refused()) };
    given.finish()?;
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

/// Revokes a key of the directory: on this node at once, on others within seconds, and for ever. Keys
/// of the configuration are taken out there.
#[utoipa::path(
    delete,
    path = "/api/v1/feeds/{feed}/keys/{prefix}",
    tag = "operator",
    params(
        ("feed" = String, Path, description = "The feed's name", example = "jfk"),
        ("prefix" = String, Path, description = "The first 8 to 64 hexadecimal digits of the key's digest", example = "5c2f90ab"),
        ("x-operator" = Option<String>, Header, description = "Who of the operators asks, for the notes; at most 200 characters"),
    ),
    security(("operator_key" = [])),
    responses(
        (status = 204, description = "It is in force no more"),
        (status = 400, description = "The prefix is none", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No key, or one that is not in force", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such feed, or it has no such key in force; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Several keys begin so", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is away; come back after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn revoke(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    admit(&request, &app)?;
    Parameters::of(&request)?.finish()?;
    let by = who(&request)?;
    let (feed, prefix) = path.into_inner();
    let prefix = KeyPrefix::parse(&prefix).map_err(|why| Problem::bad_field("prefix", &why.to_string()))?;
    let revoked = app.directory.revoke_feed_key(feed.as_str().into(), prefix, real_now());
    let digest = revoked.await.map_err(refused)?;
    tracing::info!(%feed, key = %digest, operator = %by, "a feed's key was revoked");
    read_again(&app).await;
    Ok(HttpResponse::NoContent().finish())
}

/// How many keys the configuration holds of a pushed feed.
fn configured(app: &App, feed: &str) -> Option<usize> {
    match &app.feeds.get(feed)?.kind {
        FeedKind::Push { key_digests } => Some(key_digests.len()),
        FeedKind::Pull => None,
    }
}

fn unknown() -> Problem {
    Problem::not_found("no feed of this name is pushed to this hub")
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
