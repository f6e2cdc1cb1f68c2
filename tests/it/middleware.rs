//! Request ids, origins, headers, errors.

use crate::http_client::{Answer, ask};
use crate::hub::Hub;
use serde_json::json;

#[test]
fn every_error_is_problem_json() {
    let hub = Hub::start();
    for path in [
        "/nothing.here",
        "/api/v1",
        "/api/v1/nothing",
        "/api/v2/flights",
        "/api/v1/flights/B6-1-20130208-JFK-FLL",
        "/api/v1/flights/a%20b",
        "/api/v1/flights/B6-1-20130208-JFK-FLL/history",
        "/api/v1/boards/ZZZ/departures",
        "/api/v1/boards/JFKX/departures",
        "/api/v1/boards/JFK/sideways",
    ] {
        hub.get(path).problem(404);
    }
    hub.get("/ws").problem(426);
    for (method, path, allowed) in [
        ("POST", "/api/v1/flights", "GET, HEAD"),
        ("DELETE", "/api/v1/boards/JFK/departures", "GET, HEAD"),
        ("GET", "/api/v1/feeds/desk/reports", "POST"),
        ("PUT", "/", "GET, HEAD"),
        ("PUT", "/api/v1/feeds/desk/keys", "GET, HEAD, POST"),
        ("GET", "/api/v1/airports/JFK", "PUT, DELETE"),
    ] {
        let answer = ask(hub.api, method, path, &[], b"");
        answer.problem(405);
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
}

#[test]
fn a_wrong_parameter_is_named_with_the_reason() {
    let hub = Hub::start();
    for (path, field, reason) in [
        ("/api/v1/flights?airport=Kennedy", "airport", "\"Kennedy\" is not an IATA airport code"),
        ("/api/v1/flights?direction=departures", "direction", "needs an airport"),
        ("/api/v1/flights?airport=JFK&direction=up", "direction", "must be departures or arrivals"),
        ("/api/v1/flights?from=yesterday", "from", "is no instant"),
        ("/api/v1/flights?airline=B", "airline", "\"B\" is not an airline code"),
        ("/api/v1/flights?status=late", "status", "must be of scheduled, "),
        ("/api/v1/flights?limit=501", "limit", "must be 1 to 500"),
        ("/api/v1/flights?cursor=0xdeadbeef", "cursor", "is none that was given out"),
        ("/api/v1/flights?q=+-", "q", "has nothing to look for"),
        ("/api/v1/flights?aiport=JFK", "aiport", "is not known here"),
        ("/api/v1/flights?q=a&q=b", "q", "is given twice"),
        ("/api/v1/boards/JFK/departures?limit=0", "limit", "must be 1 to 5000"),
        ("/api/v1/airports?all=some", "all", "must be 1 or 0"),
        ("/api/v1/stream", "topic", "is missing"),
        ("/api/v1/stream?topic=board%2FJFK", "topic", "is not a topic"),
        (
            "/api/v1/stream?topic=airline%2FJBU",
            "topic",
            "names nothing to follow: its flights are under airline/B6",
        ),
        (
            "/api/v1/stream?topic=board%2FQQQ%2Fdepartures",
            "topic",
            "names nothing to follow: no such airport",
        ),
    ] {
        let problem = hub.get(path).problem(400);
        let fault = &problem["errors"][0];
        assert_eq!(fault["field"], field, "{path}: {problem}");
        assert!(fault["reason"].as_str().unwrap().starts_with(reason), "{path}: {problem}");
    }
}

#[test]
fn every_answer_has_a_request_id_and_security_headers() {
    let hub = Hub::start();
    let chosen = hub.get_with("/api/v1/clock", &[("x-request-id", "desk-7.a_1")]);
    assert_eq!(chosen.header("x-request-id"), "desk-7.a_1");
    assert!(hub.log().contains("desk-7.a_1"));
    for hostile in ["a b", "<script>", &"x".repeat(65), "é"] {
        let answer = hub.get_with("/api/v1/clock", &[("x-request-id", hostile)]);
        assert_eq!(answer.header("x-request-id").len(), 16, "{hostile}");
    }
    for path in ["/api/v1/clock", "/", "/nothing.here", "/metrics"] {
        let answer = hub.get(path);
        assert_eq!(
            (answer.header("x-content-type-options"), answer.header("referrer-policy")),
            ("nosniff", "no-referrer"),
            "{path}"
        );
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
    }
}

/// Addresses of the page, as a browser opens them, and then addresses of data.
const PAGES: [&str; 8] = [
    "/",
    "/index.html",
    "/board/JFK/departures",
    "/display/JFK/arrivals",
    "/flight/B6-615-20130208-JFK-FLL",
    "/docs/api",
    "/docs/protocol",
    "/nowhere",
];
const DATA: [&str; 14] = [
    "/assets/app-0a1b.js",
    "/assets/gone.js",
    "/api/v1/flights",
    "/api/v1/flights/B6-615-20130208-JFK-FLL",
    "/api/v1/flights/B6-615-20130208-JFK-FLL/history",
    "/api/v1/boards/JFK/departures",
    "/api/v1/airports?all=1",
    "/api/v1/airlines",
    "/api/v1/openapi.json",
    "/api/v1/clock",
    "/api/v1/nothing",
    "/healthz",
    "/metrics",
    "/ws",
];

/// What an answer carries beside its body that a browser stores with it: all but what belongs to these bytes
/// on this connection.
fn carried(answer: &Answer) -> Vec<(&str, &str)> {
    let passing = ["date", "content-length", "content-type", "content-encoding", "transfer-encoding"];
    let of_this_one = ["x-request-id", "connection"];
    let stored = |name: &str| !passing.contains(&name) && !of_this_one.contains(&name);
    let headers = answer.headers.iter().filter(|(name, _)| stored(name));
    let mut carried: Vec<_> = headers.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    carried.sort_unstable();
    carried
}

#[test]
fn all_answers_of_one_url_carry_the_same_headers() {
    let hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "14" }));
    for (paths, policy) in [(&PAGES[..], "default-src 'self'; "), (&DATA[..], "default-src 'none'; ")] {
        for path in paths {
            let ask = |method: &str, headers: &[(&str, &str)]| {
                let headers = [&[("accept", "text/html,*/*;q=0.8")], headers].concat();
                ask(hub.api, method, path, &headers, b"")
            };
            for packing in ["identity", "gzip"] {
                let packing = ("accept-encoding", packing);
                let whole = ask("GET", &[packing]);
                assert!(whole.header("content-security-policy").starts_with(policy), "{path}: {whole:?}");
                assert_eq!(whole.header("x-content-type-options"), "nosniff", "{path}");
                assert_ne!(whole.header("cache-control"), "", "{path}");
                let head = ask("HEAD", &[packing]);
                assert_eq!((head.status, carried(&head)), (whole.status, carried(&whole)), "HEAD {path}");
                let part = ask("GET", &[packing, ("range", "bytes=0-9")]);
                assert_eq!((part.status, carried(&part)), (whole.status, carried(&whole)), "part of {path}");
                let tag = whole.header("etag");
                if whole.status == 200 && !tag.is_empty() {
                    let known = ask("GET", &[packing, ("if-none-match", tag)]);
                    assert_eq!((known.status, carried(&known)), (304, carried(&whole)), "304 of {path}");
                    let known = ask("HEAD", &[packing, ("if-none-match", tag)]);
                    assert_eq!((known.status, carried(&known)), (304, carried(&whole)), "304 of {path}");
                }
            }
            let refused = ask("PUT", &[]);
            assert!(refused.header("content-security-policy").starts_with(policy), "PUT {path}");
            assert_eq!(refused.header("cache-control"), "no-store", "PUT {path}");
        }
    }
}

#[test]
fn a_timed_out_request_gets_a_complete_problem_answer() {
    let hub = Hub::start_with(&[("SERVER__REQUEST_TIMEOUT_S", "1"), ("SERVER__BODY_TIMEOUT_S", "10")]);
    let bearer = format!("Bearer {}", crate::hub::KEY);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("transfer-encoding", "chunked"),
        ("origin", "https://flights.example.org"),
    ];
    // The body never ends.
    let answer = ask(hub.api, "POST", "/api/v1/feeds/desk/reports", &headers, b"");
    answer.problem(503);
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    assert_eq!(answer.header("access-control-allow-origin"), "https://flights.example.org");
    assert_eq!((answer.header("cache-control"), answer.header("x-request-id").len()), ("no-store", 16));
}

#[test]
fn only_pages_of_allowed_origins_may_read() {
    let hub = Hub::start();
    let own = format!("http://127.0.0.1:{}", hub.web.port());
    for origin in ["https://flights.example.org", own.as_str()] {
        let answer = hub.get_with("/api/v1/clock", &[("origin", origin)]);
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        assert!(
            answer.header("vary").contains("Origin")
                && answer.header("access-control-allow-credentials").is_empty()
        );
        let asked = [("origin", origin), ("access-control-request-method", "GET")];
        let preflight = ask(hub.api, "OPTIONS", "/api/v1/flights", &asked, b"");
        assert_eq!((preflight.status, preflight.header("access-control-allow-methods")), (204, "GET, HEAD"));
    }
    let answer = hub.get_with("/api/v1/clock", &[("origin", "https://evil.example")]);
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, ""));
    ask(hub.api, "OPTIONS", "/api/v1/flights", &[("origin", "https://evil.example")], b"").problem(403);
}

#[test]
fn a_head_answer_equals_the_get_answer_without_its_body() {
    let hub = Hub::start();
    for path in ["/healthz", "/api/v1/clock", "/", "/api/v1/boards/JFK/departures"] {
        let head = ask(hub.api, "HEAD", path, &[], b"");
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_ne!(head.header("content-type"), "", "{path}");
    }
}

#[test]
fn metrics_are_readable_by_prometheus() {
    let hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "14" }));
    let answer = hub.get("/metrics");
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    let text = answer.text();
    for line in [
        "gatecall_flights 1",
        "gatecall_reports_total{feed=\"desk\",outcome=\"changed\"} 1",
        "gatecall_log_commit_seconds_count 1",
        "gatecall_http_requests_total{route=\"/api/v1/feeds/{feed}/reports\",method=\"POST\",status=\"202\"} 1",
        "# TYPE gatecall_http_request_seconds histogram",
        "# TYPE gatecall_feed_age_seconds gauge",
        "# TYPE process_resident_memory_bytes gauge",
        "# EOF",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is missing in\n{text}");
    }
    assert!(text.contains("gatecall_feed_age_seconds{feed=\"desk\"} "));
}
