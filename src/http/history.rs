//! Flight histories, which outlive the flights.

use super::flights::unknown;
use crate::app::App;
use crate::problem::Problem;
use crate::query::{Query, whole};
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use actors::flight_snapshot::FlightSnapshot;
use domain::leg::LegId;
use domain::ports::{Archive, StoreError};
use serde::Deserialize;
use wire::problem::ProblemBody;
use wire::rest::{HistoryBody, HistoryEntry};

/// Changes in one answer by default, and at most.
const PAGE: u64 = 500;
const PAGE_MAX: u64 = 1_000;

/// Largest revision of a request; no store has larger numbers.
const REVISION_MAX: u64 = i64::MAX as u64;

/// The query of [`history`].
#[derive(Deserialize)]
pub(super) struct HistoryQuery {
    #[serde(default, deserialize_with = "whole::<0, REVISION_MAX, _>")]
    after: u64,
    #[serde(default = "page", deserialize_with = "whole::<1, PAGE_MAX, _>")]
    limit: u64,
}

fn page() -> u64 {
    PAGE
}

/// The changes of a flight, oldest first, in pages. The hub keeps them longer than the flight.
#[utoipa::path(
    get,
    path = "/api/v1/flights/{leg}/history",
    tag = "flights",
    params(
        ("leg" = String, Path, description = "As given in a flight's `leg`", example = "B6-615-20130208-JFK-FLL"),
        ("after" = Option<u64>, Query, description = "Only changes after this revision; `next` of the previous page", example = 0, minimum = 0),
        ("limit" = Option<u64>, Query, description = "Changes on one page, 1 to 1000", example = 500, minimum = 1, maximum = 1000),
    ),
    responses(
        (status = 200, description = "One page of its changes; a header `Link` with `rel=\"next\"` where more follow", body = HistoryBody),
        (status = 404, description = "No such flight", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The store is unavailable", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn history(
    Query(HistoryQuery { after, limit }): Query<HistoryQuery>,
    leg: web::Path<String>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let limit = limit as usize;
    let leg = LegId::known(&leg).ok_or_else(unknown)?;
    let away = |fault: StoreError| Problem::unavailable(&fault.to_string());
    let live = app.hub.flight_snapshot(&leg);
    if !has_public_history(live.as_deref(), &*app.archive, &leg).await.map_err(away)? {
        return Err(unknown());
    }
    // One extra, to know whether more follow.
    let past = app.archive.history(leg.clone(), after, limit as u32 + 1).await.map_err(away)?;
    let entries: Vec<_> = past.iter().take(limit).map(HistoryEntry::of).collect();
    let next = entries.last().map(|entry| entry.rev).filter(|_| past.len() > limit);
    let mut answer = HttpResponse::Ok();
    answer.insert_header(("cache-control", "no-cache"));
    if let Some(next) = next {
        let link = format!("</api/v1/flights/{leg}/history?after={next}&limit={limit}>; rel=\"next\"");
        answer.insert_header((header::LINK, link));
    }
    Ok(answer.json(HistoryBody { leg: leg.to_string(), entries, next }))
}

/// Whether there is a public history. A past flight is public if it was public at its end.
async fn has_public_history(
    live: Option<&FlightSnapshot>,
    archive: &dyn Archive,
    leg: &LegId,
) -> Result<bool, StoreError> {
    match live {
        Some(live) => Ok(!live.view.hidden),
        None => Ok(archive.newest(leg.clone()).await?.is_some_and(|newest| !newest.is_hidden())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ports::{ChangeLog, Version};
    use std::sync::Arc;
    use testing::flights::{Sample, dawn};
    use testing::memory::Memory;

    #[actix_web::test]
    async fn a_flight_hidden_at_its_end_has_no_public_history() {
        let archive = Memory::new();
        let (mut shown, mut hidden) = (Sample::leg(1), Sample::leg(2));
        archive.append(vec![shown.hidden(true), shown.hidden(false)]).await.unwrap();
        archive.append(vec![hidden.gate("12"), hidden.hidden(true), hidden.gate("14")]).await.unwrap();
        let is_told = async |sample: &Sample, live: bool| {
            let flight = &sample.flight;
            let live = live.then(|| FlightSnapshot::of(flight, Arc::new(flight.view())));
            has_public_history(live.as_ref(), &archive, &flight.leg).await.unwrap()
        };
        assert_eq!((is_told(&shown, true).await, is_told(&hidden, true).await), (true, false));
        for sample in [&shown, &hidden] {
            archive.retire(sample.flight.leg.clone(), Version::NONE, dawn()).await.unwrap();
        }
        assert_eq!((is_told(&shown, false).await, is_told(&hidden, false).await), (true, false));
        assert!(!is_told(&Sample::leg(3), false).await, "nobody knows it");
    }
}
