//! The health of feeds, and the operational clock.

use crate::app::App;
use crate::feed::{Feed, FeedKind};
use crate::problem::Problem;
use crate::query::{NoParameters, Query};
use actix_web::{HttpResponse, web};
use actors::ingest::Health;
use domain::clock::Clock;
use domain::feed_health::FAILING_FROM;
use wire::rest::{ClockBody, FeedReports, FeedRow, FeedState, FeedsBody, OutOfScopeRow};

/// All configured feeds and their health.
#[utoipa::path(
    get,
    path = "/api/v1/feeds",
    tag = "feeds",
    responses((status = 200, description = "By name", body = FeedsBody))
)]
pub(super) async fn list(_: Query<NoParameters>, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let row = |(name, feed): (&String, &Feed)| FeedRow {
        flights: app.hub.flights_created_by(name) as u64,
        ..row(name, feed, app.intake.health(name), app.hub.clock())
    };
    let feeds = app.feeds.iter().map(row).collect();
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(FeedsBody { feeds }))
}

fn row(name: &str, feed: &Feed, health: Health, clock: &dyn Clock) -> FeedRow {
    let source = &feed.spec.source;
    let age = health.last_good_at.map(|at| clock.now() - at);
    let late = age.is_some_and(|age| clock.real_duration(age) > feed.silent_after);
    let state = match (health.refused, health.failures, health.last_good_at) {
        (true, ..) => FeedState::Refused,
        (_, FAILING_FROM.., _) => FeedState::Failing,
        (_, 1.., None) => FeedState::Failing,
        (_, 0, None) => FeedState::Waiting,
        _ if late => FeedState::Late,
        _ => FeedState::Good,
    };
    FeedRow {
        feed: name.to_owned(),
        airport: feed.spec.airport().map(|iata| iata.to_string()),
        kind: match feed.kind {
            FeedKind::Push { .. } => wire::rest::FeedKind::Push,
            FeedKind::Pull => wire::rest::FeedKind::Pull,
        },
        state,
        last_good_at: health.last_good_at,
        last_error: health.last_error,
        age_seconds: age.map(|age| age.num_seconds().max(0) as u64),
        reports: FeedReports {
            changed: health.changed,
            unchanged: health.unchanged,
            queued: health.queued,
            rejected: health.rejected,
        },
        speaks_for: source.scope.speaks_for.to_string(),
        flights: 0,
        flights_max: source.scope.flights_max.filter(|_| source.creates).map(|most| most as u64),
        out_of_scope: health
            .out_of_scope
            .into_iter()
            .map(|(reason, count)| OutOfScopeRow { reason: reason.to_owned(), count })
            .collect(),
    }
}

/// The operational clock: its time and speed.
#[utoipa::path(
    get,
    path = "/api/v1/clock",
    tag = "feeds",
    responses((status = 200, description = "The operational clock", body = ClockBody))
)]
pub(super) async fn clock(_: Query<NoParameters>, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let clock = app.hub.clock();
    let body = ClockBody { now: clock.now(), speed: clock.speed() };
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, TimeDelta, Utc};
    use domain::clock::ManualClock;
    use std::sync::Arc;
    use std::time::Duration;

    fn state(health: Health, real_since: u64) -> FeedState {
        let now: DateTime<Utc> = "2013-02-08T15:00:00Z".parse().unwrap();
        let clock = ManualClock::new(now + TimeDelta::seconds(60 * real_since as i64)).with_speed(60.0);
        let source = domain::report::Source {
            name: "jfk".into(),
            airport: None,
            rank: 50,
            creates: true,
            scope: Default::default(),
        };
        let spec = actors::ingest::FeedSpec {
            source: Arc::new(source),
            format: wire::feed::Format::Json,
            zone: chrono_tz::UTC,
        };
        let feed =
            Feed { spec, kind: FeedKind::Pull, silent_after: Duration::from_secs(10), is_expected: true };
        row("jfk", &feed, health, &clock).state
    }

    #[test]
    fn the_feed_state_summarises_its_health() {
        let heard =
            Health { last_good_at: Some("2013-02-08T15:00:00Z".parse().unwrap()), ..Health::default() };
        assert_eq!(state(Health::default(), 0), FeedState::Waiting);
        assert_eq!(state(heard.clone(), 9), FeedState::Good);
        assert_eq!(state(heard.clone(), 11), FeedState::Late, "silence is measured in real time");
        assert_eq!(state(Health { failures: 1, ..heard.clone() }, 1), FeedState::Good);
        assert_eq!(state(Health { failures: 3, ..heard.clone() }, 1), FeedState::Failing);
        assert_eq!(state(Health { failures: 1, ..Health::default() }, 1), FeedState::Failing);
        assert_eq!(state(Health { failures: 1, refused: true, ..heard }, 1), FeedState::Refused);
    }
}
