//! Flights removed by hand: what a feed made known by mistake, or to fill the hub.
//!
//! The note comes first, for each flight, in the same list as the fields that were taken over. A removed
//! flight cannot be found again by its pattern, so a note that failed afterwards could not be made up for.
//! What is noted and then could not be removed is still there, and the same request removes it.

use super::overrides::{not_amended, unknown};
use super::{admit, away, who};
use crate::app::App;
use crate::http::json_body::JsonBody;
use crate::http::problem::Problem;
use crate::http::query::Parameters;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, SubsecRound, Utc};
use domain::field::{Field, Value};
use domain::leg::LegId;
use domain::leg_pattern::LegPattern;
use domain::ports::NewOverride;
use domain::single_line_text::SingleLineText;
use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use utoipa::ToSchema;
use wire::problem::ProblemBody;

/// Flights that one request removes at most; the answer says how many more there are.
const REMOVED_MAX: usize = 1_000;

/// How many are removed at the same time, so that the stores write them together.
const AT_ONCE: usize = 64;

/// The body of `POST removals`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read key by key, so that what is wrong is named; this describes it")]
pub(in crate::http) struct RemovalRequest {
    /// Which flights, by their `leg`: `*` stands for any text, `?` for one character.
    #[schema(example = "*-2099????-*")]
    leg: String,
    /// Only those that this feed made known.
    #[schema(example = "lga")]
    feed: Option<String>,
    /// Only says which they are. `false` where it is left out.
    dry_run: Option<bool>,
    /// Why, for those who come after.
    #[schema(example = "flights that nobody operates")]
    reason: Option<String>,
}

/// What `POST removals` has done, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct RemovalBody {
    /// Flights that were removed, or would be; at most 1000, by `leg`.
    pub legs: Vec<String>,
    /// Flights that match and are left for the next request.
    pub left: u64,
}

/// Removes a flight. It leaves all boards at once, and reports on it are refused from now on. What was done
/// is listed with the fields that were taken over (`flights/{leg}/overrides`).
#[utoipa::path(
    delete,
    path = "/api/v1/flights/{leg}",
    tag = "operator",
    params(
        ("leg" = String, Path, description = "As given in a flight's `leg`", example = "B6-615-20130208-JFK-FLL"),
        ("x-operator" = Option<String>, Header, description = "Who of the operators asks, for the notes; at most 200 characters"),
    ),
    security(("operator_key" = [])),
    responses(
        (status = 204, description = "It is removed, and that is durable"),
        (status = 401, description = "No key, or one that is not in force", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such flight; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too much is under way; come back after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "It cannot be noted or made durable; send the same again", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn one(
    request: HttpRequest,
    leg: web::Path<String>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    admit(&request, &app)?;
    Parameters::of(&request)?.finish()?;
    let by = who(&request)?;
    let leg = LegId::known(&leg).filter(|leg| app.hub.live(leg).is_some()).ok_or_else(unknown)?;
    let note = Note { by: by.clone(), at: app.hub.clock().now().trunc_subsecs(3), reason: None };
    if !note.remove(&app, leg.clone()).await? {
        return Err(unknown());
    }
    tracing::info!(flight.leg = %leg, operator = %by, "a flight was removed by hand");
    Ok(HttpResponse::NoContent().finish())
}

/// Removes the flights that match a pattern, as if one by one, at most 1000 of them: repeat it until `left`
/// is 0. Look first with `dry_run`. A feed that goes on reporting a flight of a removed `leg` is refused.
#[utoipa::path(
    post,
    path = "/api/v1/removals",
    tag = "operator",
    params(
        ("x-operator" = Option<String>, Header, description = "Who of the operators asks, for the notes; at most 200 characters"),
    ),
    request_body = RemovalRequest,
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "They are removed, and that is durable; or which they would be", body = RemovalBody),
        (status = 400, description = "The body is wrong; the key at fault is named", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No key, or one that is not in force", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not come in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON in UTF-8", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too much is under way; come back after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Some cannot be noted or made durable; send the same again", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn many(
    request: HttpRequest,
    payload: web::Payload,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    admit(&request, &app)?;
    Parameters::of(&request)?.finish()?;
    let by = who(&request)?;
    let mut given = JsonBody::of(&request, payload, &app).await?;
    let pattern = given.parsed("leg", str::parse::<LegPattern>);
    let pattern = given.needed("leg", pattern);
    let feed = given.parsed("feed", |text| Ok::<_, &str>(text.to_owned()));
    let dry_run = given.raw("dry_run");
    let dry_run = match dry_run.as_deref().map(|raw| raw.get()) {
        None | Some("false" | "null") => false,
        Some("true") => true,
        Some(_) => {
            given.wrong("dry_run", "is neither true nor false");
            true
        }
    };
    let reason = given.line("reason");
    let Some(pattern) = pattern else { return Err(given.refused()) };
    given.finish()?;
    let (legs, count) = app.hub.legs_that_match(&pattern, feed.as_deref(), REMOVED_MAX);
    let body =
        RemovalBody { legs: legs.iter().map(LegId::to_string).collect(), left: (count - legs.len()) as u64 };
    if !dry_run {
        let note = Note { by: by.clone(), at: app.hub.clock().now().trunc_subsecs(3), reason };
        let removals = stream::iter(legs).map(|leg| note.remove(&app, leg)).buffer_unordered(AT_ONCE);
        let outcomes: Vec<_> = removals.collect().await;
        // Another operator may have been faster with some of them.
        let number = outcomes.iter().filter(|outcome| matches!(outcome, Ok(true))).count();
        let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        tracing::info!(%pattern, feed, number, failed, operator = %by, "flights were removed by hand");
        if let Some(fault) = outcomes.into_iter().find_map(Result::err) {
            return Err(fault.field("leg", format!("{number} flights were removed, {failed} were not")));
        }
    }
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(body))
}

/// Who removes flights, when and why.
struct Note {
    by: SingleLineText,
    at: DateTime<Utc>,
    reason: Option<SingleLineText>,
}

impl Note {
    /// Notes that a flight is removed, and removes it. `false` where it was not there any more.
    async fn remove(&self, app: &App, leg: LegId) -> Result<bool, Problem> {
        // Hidden from now on, and at once no longer: the flight itself is gone.
        let note = NewOverride {
            leg: leg.clone(),
            field: REMOVED,
            value: Some(Value::Flag(true)),
            set_by: self.by.clone(),
            set_at: self.at,
            until: self.at,
            reason: self.reason.clone(),
        };
        app.directory.put_override(note).await.map_err(away)?;
        app.hub.remove(&leg).await.map_err(not_amended)
    }
}

/// Under which field a removal is noted. No report and no operator can set it otherwise.
pub(super) const REMOVED: Field = Field::Hidden;
