//! Ids, origins, headers, errors.

use crate::client::ask;
use crate::hub::Hub;
use serde_json::json;

#[test]
fn whatever_goes_wrong_is_told_as_problem_json() {
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
fn a_wrong_parameter_is_named_with_what_is_wrong() {
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
fn every_answer_has_an_id_that_the_client_may_choose_and_is_safe_for_browsers() {
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

#[test]
fn pages_of_allowed_origins_may_read_and_no_others() {
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
fn a_head_request_tells_the_same_without_the_body() {
    let hub = Hub::start();
    for path in ["/healthz", "/api/v1/clock", "/", "/api/v1/boards/JFK/departures"] {
        let head = ask(hub.api, "HEAD", path, &[], b"");
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_ne!(head.header("content-type"), "", "{path}");
    }
}

#[test]
fn what_is_counted_can_be_read_by_prometheus() {
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
