//! What the OpenAPI document says of server-sent events; they are served by [`crate::ws::server_sent_events`].

use wire::problem::ProblemBody;

/// The changes of one topic or several as server-sent events: the same frames as on the WebSocket, each as an
/// event named after its `type`. It begins with `hello` and a `snapshot` of each topic. A browser that
/// reconnects a stream of one topic sends `Last-Event-ID`, and gets only what changed since. On a quiet
/// stream an event `ping` comes every `ping_s` seconds of `hello`; a client that hears nothing for twice as
/// long should open the stream anew.
#[utoipa::path(
    get,
    path = "/api/v1/stream",
    tag = "stream",
    params(
        ("topic" = String, Query, description = "`flight/{leg}`, `board/{IATA}/{departures|arrivals}`, `airline/{XX}` or `all`; may be given several times", example = "board/JFK/departures"),
        ("since" = Option<DateTime<Utc>>, Query, description = "The newest `changed_at` held, RFC 3339, of the `topic` before it; only for data of the same `epoch`", example = "2013-02-08T21:04:11Z"),
    ),
    responses(
        (status = 200, description = "The events, without end", body = String, content_type = "text/event-stream"),
        (status = 404, description = "No such flight", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The hub accepts no more connections now", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) fn described() {}
