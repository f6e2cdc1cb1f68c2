//! Tests against a server that sends prepared bytes.

use super::*;
use chrono::DateTime;
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;
use testing::free_port::NOBODY;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What a server does with a question.
#[derive(Clone)]
enum Then {
    /// Sends these bytes and closes.
    Say(Vec<u8>),
    /// Sends these bytes and then nothing, until the client gives up.
    SayAndHang(Vec<u8>),
    /// Sends these bytes, and then one more every few milliseconds.
    SayAndDrip(Vec<u8>),
}

/// A server that sends the same response to every request, and records the requests.
struct Server {
    origin: String,
    asked: mpsc::UnboundedReceiver<String>,
}

impl Server {
    async fn that(then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (tell, asked) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, then.clone(), tell.clone()));
            }
        });
        Self { origin, asked }
    }

    /// Sends a complete response.
    async fn says(status: &str, headers: &str, body: &[u8]) -> Self {
        Self::that(Then::Say(whole(status, headers, body))).await
    }

    fn config(&self) -> AirportConfig {
        AirportConfig {
            name: "ewr".into(),
            url: format!("{}/flights?page=0", self.origin),
            since_parameter: Some("since".into()),
            headers: vec![("app-key".into(), Secret::new("k-123"))],
            limits: AirportLimits { body_bytes_max: 100_000, ..AirportLimits::default() },
        }
    }

    fn airport(&self) -> Airport {
        Airport::new(self.config()).unwrap()
    }
}

async fn serve(mut stream: TcpStream, then: Then, tell: mpsc::UnboundedSender<String>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let _ = tell.send(String::from_utf8_lossy(&head).into_owned());
    match then {
        Then::Say(bytes) => stream.write_all(&bytes).await.unwrap_or_default(),
        Then::SayAndHang(bytes) => {
            stream.write_all(&bytes).await.unwrap_or_default();
            let _ = stream.read_u8().await;
        }
        Then::SayAndDrip(bytes) => {
            let mut said = stream.write_all(&bytes).await;
            while said.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
                said = stream.write_all(b"x").await;
            }
        }
    }
}

fn whole(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

async fn refusal(status: &str, headers: &str) -> String {
    match Server::says(status, headers, b"").await.airport().poll(PollRequest::default()).await {
        Err(PollError::Refused(why)) => why,
        other => panic!("{status}: {other:?}"),
    }
}

#[tokio::test]
async fn a_page_comes_with_all_that_is_needed_to_go_on() {
    let headers =
        "content-type: application/json\r\netag: W/\"7\"\r\nlink: </flights?page=1>; rel=\"next\"\r\n";
    let mut server = Server::says("200 OK", headers, b"{\"flights\":[]}").await;
    let since = DateTime::from_timestamp(1_360_335_600, 999_000_000);
    let request = PollRequest { etag: Some("W/\"6\"".into()), since, page: None };
    let PollResponse::Body { bytes, content_type, etag, next } =
        server.airport().poll(request).await.unwrap()
    else {
        panic!("it has a body");
    };
    assert_eq!(bytes, b"{\"flights\":[]}");
    assert_eq!((content_type.as_str(), etag.as_deref()), ("application/json", Some("W/\"7\"")));
    assert_eq!(next, Some(format!("{}/flights?page=1", server.origin)));
    let asked = server.asked.recv().await.unwrap();
    assert!(asked.starts_with("GET /flights?page=0&since=2013-02-08T15%3A00%3A00Z HTTP/1.1\r\n"), "{asked}");
    for header in [
        "app-key: k-123\r\n",
        "if-none-match: W/\"6\"\r\n",
        "user-agent: gatecall/",
        "accept-encoding: gzip\r\n",
    ] {
        assert!(asked.contains(header), "{header} is missing from {asked}");
    }
}

#[tokio::test]
async fn a_later_page_is_asked_for_as_it_was_named() {
    let mut server = Server::says("200 OK", "", b"[]").await;
    let page = Some(format!("{}/flights?page=1&cursor=a%2Fb", server.origin));
    let request = PollRequest { page, since: DateTime::from_timestamp(1, 0), etag: None };
    server.airport().poll(request).await.unwrap();
    let asked = server.asked.recv().await.unwrap();
    assert!(asked.starts_with("GET /flights?page=1&cursor=a%2Fb HTTP/1.1\r\n"), "{asked}");
}

#[tokio::test]
async fn not_modified_is_accepted_only_after_a_conditional_request() {
    let server = Server::says("304 Not Modified", "", b"").await;
    let request = PollRequest { etag: Some("\"6\"".into()), ..PollRequest::default() };
    assert!(matches!(server.airport().poll(request).await, Ok(PollResponse::NotModified)));
    assert!(matches!(server.airport().poll(PollRequest::default()).await, Err(PollError::Unreachable(_))));
}

#[tokio::test]
async fn other_origins_get_no_question_and_no_key() {
    let mut elsewhere = Server::says("200 OK", "", b"[]").await;
    let to = &elsewhere.origin;
    let why = refusal("302 Found", &format!("location: {to}/x?key=1\r\n")).await;
    assert_eq!(why, format!("ewr: answered 302, it has moved to {to}/x; set that as its address"));
    let link = format!("link: <{to}/x>; rel=next\r\n");
    let answer = Server::says("200 OK", &link, b"[]").await.airport().poll(PollRequest::default()).await;
    let expected = format!("ewr: the next page leads to {to}, which was not configured");
    assert!(matches!(answer, Err(PollError::Refused(ref why)) if *why == expected), "{answer:?}");
    let page = Some(format!("{to}/x"));
    let here = Server::says("200 OK", "", b"[]").await;
    let answer = here.airport().poll(PollRequest { page, ..PollRequest::default() }).await;
    assert!(matches!(answer, Err(PollError::Refused(_))), "{answer:?}");
    assert!(elsewhere.asked.try_recv().is_err(), "it was asked");
}

#[tokio::test]
async fn answers_that_are_too_long_are_dropped_at_the_limit() {
    let too_long = |answer| matches!(answer, Err(PollError::TooLong { limit_bytes: 100_000 }));
    let body = vec![b'x'; 100_001];
    let told = Server::says("200 OK", "", &body).await;
    assert!(too_long(told.airport().poll(PollRequest::default()).await));
    // Without a length, and without an end.
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &body].concat();
    let endless = Server::that(Then::SayAndHang(endless)).await;
    assert!(too_long(endless.airport().poll(PollRequest::default()).await));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![0; 20_000_000]).unwrap();
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 100_000, "it would fit if it were not for what is in it");
    let bomb = Server::says("200 OK", "content-encoding: gzip\r\n", &bomb).await;
    assert!(too_long(bomb.airport().poll(PollRequest::default()).await));
    let fits = Server::says("200 OK", "", &body[1..]).await;
    assert!(fits.airport().poll(PollRequest::default()).await.is_ok());
}

#[tokio::test]
async fn compressed_answers_are_read() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"{\"flights\":[]}").unwrap();
    let server = Server::says("200 OK", "content-encoding: gzip\r\n", &gzip.finish().unwrap()).await;
    let answer = server.airport().poll(PollRequest::default()).await;
    assert!(matches!(answer, Ok(PollResponse::Body { bytes, .. }) if bytes == b"{\"flights\":[]}"));
}

#[tokio::test]
async fn slow_and_broken_answers_are_given_up() {
    let cut = Server::that(Then::Say(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"fl".to_vec())).await;
    let nothing = Server::that(Then::Say(Vec::new())).await;
    let noise = Server::that(Then::Say(b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec())).await;
    for server in [cut, nothing, noise] {
        let answer = server.airport().poll(PollRequest::default()).await;
        assert!(matches!(answer, Err(PollError::Unreachable(_))), "{answer:?}");
    }
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"fl".to_vec();
    for silence in [Vec::new(), half] {
        let server = Server::that(Then::SayAndHang(silence)).await;
        let mut config = server.config();
        config.limits.idle = Duration::from_millis(50);
        let answer = Airport::new(config).unwrap().poll(PollRequest::default()).await;
        assert!(
            matches!(answer, Err(PollError::Unreachable(ref why)) if why.contains("in time")),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_drips_is_given_up_at_the_end_of_its_time() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n".to_vec();
    let server = Server::that(Then::SayAndDrip(head)).await;
    let mut config = server.config();
    config.limits.total = Duration::from_millis(150);
    let answer = Airport::new(config).unwrap().poll(PollRequest::default()).await;
    assert!(matches!(answer, Err(PollError::Unreachable(ref why)) if why.contains("in time")), "{answer:?}");
}

#[tokio::test]
async fn an_unreachable_airport_gives_an_error_without_its_address() {
    let gone = SocketAddr::from(([127, 0, 0, 1], NOBODY));
    let server = Server { origin: format!("http://{gone}"), asked: mpsc::unbounded_channel().1 };
    let answer = server.airport().poll(PollRequest::default()).await;
    let Err(PollError::Unreachable(why)) = answer else { panic!("{answer:?}") };
    assert!(why.starts_with("ewr: cannot be reached (") && why.contains("refused"), "{why}");
    assert!(!why.contains("page=0"), "{why}");
}

#[tokio::test]
async fn refusals_tell_what_a_human_should_look_at() {
    assert_eq!(refusal("401 Unauthorized", "").await, "ewr: answered 401, the key is missing or wrong");
    assert_eq!(refusal("403 Forbidden", "").await, "ewr: answered 403, the key does not allow this address");
    assert_eq!(refusal("404 Not Found", "").await, "ewr: answered 404, there is nothing at this address");
    assert_eq!(refusal("400 Bad Request", "").await, "ewr: answered 400, the question is not one it takes");
}

#[tokio::test]
async fn patience_is_kept_as_long_as_asked() {
    let dates = "date: Fri, 08 Feb 2013 21:04:11 GMT\r\nretry-after: Fri, 08 Feb 2013 21:04:41 GMT\r\n";
    for (status, headers, expected) in [
        ("429 Too Many Requests", "retry-after: 7\r\n", Some(7)),
        ("429 Too Many Requests", "", Some(60)),
        ("503 Service Unavailable", dates, Some(30)),
        ("503 Service Unavailable", "", None),
        ("500 Internal Server Error", "retry-after: 7\r\n", None),
    ] {
        let answer = Server::says(status, headers, b"").await.airport().poll(PollRequest::default()).await;
        match (answer, expected) {
            (Err(PollError::Busy { retry_after_seconds }), Some(wait)) => {
                assert_eq!(retry_after_seconds, wait);
            }
            (Err(PollError::Unreachable(_)), None) => {}
            (answer, _) => panic!("{status} {headers}: {answer:?}"),
        }
    }
}

#[test]
fn a_configuration_that_cannot_work_names_its_key_and_never_a_secret() {
    let good = AirportConfig {
        name: "ewr".into(),
        url: "https://airport.example/flights".into(),
        since_parameter: None,
        headers: vec![("app-key".into(), Secret::new("k-123"))],
        limits: AirportLimits::default(),
    };
    assert!(Airport::new(good.clone()).is_ok());
    assert!(!format!("{good:?}").contains("k-123"));
    let error = |change: &dyn Fn(&mut AirportConfig)| {
        let mut config = good.clone();
        change(&mut config);
        Airport::new(config).unwrap_err().to_string()
    };
    assert_eq!(
        error(&|c| c.url = "nowhere".into()),
        "feed ewr: url is not an address: relative URL without a base"
    );
    assert!(error(&|c| c.url = "ftp://x/".into()).contains("url must begin with http"));
    assert!(error(&|c| c.url = "http://u:pw@x/".into()).contains("url must not hold a password"));
    assert!(error(&|c| c.headers[0].0 = "a b".into()).contains("headers \"a b\" is not"));
    let secret = error(&|c| c.headers[0].1 = Secret::new("k\n123"));
    assert!(secret.contains("headers the value of app-key has") && !secret.contains("123"), "{secret}");
}
