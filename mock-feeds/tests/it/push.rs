use crate::stage::{SEED, Stage, client, jfk};
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use mock_feeds::push::{Key, LEGS_MAX, Pusher};
use serde_json::json;
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A hub that records requests, and sends prepared responses before it accepts any.
#[derive(Clone, Default)]
struct Hub {
    taken: Arc<Mutex<Vec<String>>>,
    first: Arc<Mutex<VecDeque<(u16, &'static str)>>>,
    keys: Arc<Mutex<Vec<String>>>,
}

async fn take(request: HttpRequest, hub: web::Data<Hub>, body: web::Bytes) -> HttpResponse {
    let key = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    hub.keys.lock().unwrap().extend(key);
    if let Some((status, retry_after)) = hub.first.lock().unwrap().pop_front() {
        let mut answer = HttpResponse::build(StatusCode::from_u16(status).unwrap());
        if !retry_after.is_empty() {
            answer.insert_header(("Retry-After", retry_after));
        }
        return answer.body("told to say so");
    }
    let xml = String::from_utf8(body.to_vec()).unwrap();
    if !xml.ends_with("</IATA_AIDX_FlightLegNotifRQ>") {
        return HttpResponse::BadRequest().body("cut off");
    }
    hub.taken.lock().unwrap().push(xml);
    HttpResponse::Accepted().json(json!({ "accepted": 1, "changed": 1, "unchanged": 0, "rejected": [] }))
}

impl Hub {
    fn open(&self, listener: std::net::TcpListener) {
        let hub = self.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(hub.clone()))
                .app_data(web::PayloadConfig::new(5 << 20))
                .route("/api/v1/feeds/jfk/reports", web::post().to(take))
        });
        actix_web::rt::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
    }

    fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    fn legs(&self) -> usize {
        self.taken().iter().map(|xml| legs(xml).len()).sum()
    }
}

/// Each leg's text by its identifier, in the order of the message.
fn legs(xml: &str) -> Vec<(String, String)> {
    let part = |text: &str, end| text.split(end).next().unwrap().to_owned();
    xml.split("<FlightLeg>")
        .skip(1)
        .map(|leg| (part(leg, "</LegIdentifier>"), part(leg, "</FlightLeg>")))
        .collect()
}

fn port() -> (std::net::TcpListener, reqwest::Url) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    (listener, url)
}

/// Starts the pusher and the airports' life.
fn push(stage: &Stage, hub: &reqwest::Url) {
    _ = client();
    let pusher = Pusher::new(jfk(), hub, Key::given("a key\n"), SEED).unwrap();
    let (one, other) = (stage.shared.clone(), stage.shared.clone());
    actix_web::rt::spawn(async move { pusher.run(&one).await });
    actix_web::rt::spawn(async move { other.live().await });
}

async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    for _ in 0..3000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

async fn until_all_is_reported(stage: &Stage) {
    until("everything is reported", || async {
        stage
            .shared
            .at(jfk(), |airport, _| airport.waiting() == 0 && airport.tally.pushed_messages > 0)
            .unwrap()
    })
    .await;
}

#[actix_web::test]
async fn what_is_known_at_the_start_comes_in_messages_of_at_most_a_hundred_legs() {
    let (stage, hub, (listener, url)) = (Stage::open(), Hub::default(), port());
    hub.open(listener);
    push(&stage, &url);
    until("all legs there", || async {
        hub.legs() == stage.shared.at(jfk(), |airport, _| airport.known.len()).unwrap()
    })
    .await;
    let taken = hub.taken();
    assert!(taken.len() > 4 && taken.iter().all(|xml| (1..=LEGS_MAX).contains(&legs(xml).len())));
    assert!(hub.keys.lock().unwrap().iter().all(|key| key == "Bearer a key"));
}

#[actix_web::test]
async fn changes_are_pushed_as_they_happen_and_end_where_the_airport_stands() {
    let (stage, hub, (listener, url)) = (Stage::open(), Hub::default(), port());
    hub.open(listener);
    push(&stage, &url);
    until_all_is_reported(&stage).await;
    let before = hub.legs();
    for _ in 0..12 {
        stage.pass(10);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    until("something new", || async { hub.legs() > before + 50 }).await;
    until("as many cancelled there as here", || async {
        let mut newest: HashMap<String, String> = HashMap::new();
        for xml in hub.taken() {
            newest.extend(legs(&xml));
        }
        let there = newest.values().filter(|leg| leg.contains(">DX<")).count() as u64;
        there > 0 && there == stage.shared.at(jfk(), |airport, _| airport.tally.cancelled).unwrap()
    })
    .await;
}

#[actix_web::test]
async fn a_hub_that_is_not_up_yet_is_waited_for() {
    let (stage, hub) = (Stage::open(), Hub::default());
    // A bound port without a listener refuses connections, and no other program can take it meanwhile.
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", held.local_addr().unwrap()).parse().unwrap();
    push(&stage, &url);
    until("a failed push", || async {
        stage.shared.at(jfk(), |airport, _| airport.tally.retried > 0).unwrap()
    })
    .await;
    hub.open(held.listen(64).unwrap().into_std().unwrap());
    until("all legs there", || async {
        hub.legs() >= stage.shared.at(jfk(), |airport, _| airport.known.len()).unwrap()
    })
    .await;
}

#[actix_web::test]
async fn a_hub_that_defers_gets_everything_later() {
    let (stage, hub, (listener, url)) = (Stage::open(), Hub::default(), port());
    hub.first.lock().unwrap().extend([(503, ""), (429, "1"), (401, "")]);
    hub.open(listener);
    push(&stage, &url);
    until("all legs there", || async {
        hub.legs() == stage.shared.at(jfk(), |airport, _| airport.known.len()).unwrap()
    })
    .await;
    let tally = stage.shared.at(jfk(), |airport, _| airport.tally).unwrap();
    assert_eq!((tally.retried, tally.refused), (3, 0));
}

#[actix_web::test]
async fn a_refused_message_is_resent_in_halves_and_the_refused_rest_is_counted() {
    let (stage, hub, (listener, url)) = (Stage::open(), Hub::default(), port());
    // The whole hundred, then its first half, quarter, and so on down to one leg.
    hub.first.lock().unwrap().extend([(400, ""); 8]);
    hub.open(listener);
    push(&stage, &url);
    until_all_is_reported(&stage).await;
    until("one leg refused", || async {
        stage.shared.at(jfk(), |airport, _| airport.tally.refused == 1).unwrap()
    })
    .await;
    let known = stage.shared.at(jfk(), |airport, _| airport.known.len()).unwrap();
    until("all others there", || async { hub.legs() == known - 1 }).await;
}

#[actix_web::test]
async fn repeated_cut_and_overtaken_messages_still_end_in_the_truth() {
    let (stage, hub, (listener, url)) = (Stage::open(), Hub::default(), port());
    hub.open(listener);
    stage.faults(json!({ "JFK": { "repeats": 0.3, "cuts": 0.2, "reorders": 0.3 } })).await;
    push(&stage, &url);
    for _ in 0..20 {
        stage.pass(5);
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    until_all_is_reported(&stage).await;
    let known = stage.shared.at(jfk(), |airport, _| airport.known.len()).unwrap();
    until("every leg there", || async {
        let all: std::collections::HashSet<String> =
            hub.taken().iter().flat_map(|xml| legs(xml)).map(|leg| leg.0).collect();
        all.len() == known
    })
    .await;
    assert!(stage.shared.at(jfk(), |airport, _| airport.tally.faults).unwrap() > 3);
}
