//! A day, a clock that the test moves, and a server on its own port.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::clock::ManualClock;
use domain::codes::Iata;
use mock_feeds::airport::Airports;
use mock_feeds::days::Day;
use mock_feeds::event_schedule::EventSchedule;
use mock_feeds::serve::{self, AppKeys, Served};
use mock_feeds::shared::Shared;
use mock_feeds::simulation::Life;
use reqwest::{Client, RequestBuilder, Response};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

pub(crate) const SEED: u64 = 1;

/// An hour of 8 February 2013, UTC; New York is five hours behind.
pub(crate) fn at(hour: u32) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(2013, 2, 8).unwrap().and_hms_opt(hour, 0, 0).unwrap().and_utc()
}

pub(crate) fn jfk() -> Iata {
    Iata::parse("JFK").unwrap()
}

pub(crate) fn client() -> Client {
    // The TLS library needs a provider; the second test that sets it gets an error, which is fine.
    _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(Duration::from_secs(10)).no_proxy().build().unwrap()
}

pub(crate) struct Stage {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) shared: Shared,
    pub(crate) client: Client,
    base: String,
}

impl Stage {
    /// The blizzard at ten in the morning, served.
    pub(crate) fn open() -> Self {
        let codes = ["JFK", "LGA", "EWR"].map(|code| Iata::parse(code).unwrap());
        static LIFE: LazyLock<Life> = LazyLock::new(|| Life::of_day(Day::Blizzard, SEED).unwrap());
        let airports = Airports::new(&codes, &[jfk()], EventSchedule::one_day(LIFE.clone()), SEED);
        let clock = Arc::new(ManualClock::new(at(15)));
        let shared = Shared::new(airports, clock.clone());
        let served = Served { shared: shared.clone(), keys: AppKeys::default(), about: "A test.".into() };
        let (server, address) = serve::listen("127.0.0.1:0".parse().unwrap(), served).unwrap();
        actix_web::rt::spawn(server);
        Self { clock, shared, client: client(), base: format!("http://{address}") }
    }

    pub(crate) fn pass(&self, minutes: i64) -> DateTime<Utc> {
        self.clock.advance(TimeDelta::minutes(minutes))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { self.url(path) };
        self.client.get(url).header("app_id", "demo").header("app_key", "demo")
    }

    pub(crate) async fn ask(&self, path: &str) -> Response {
        self.get(path).send().await.unwrap()
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        self.ask(path).await.error_for_status().unwrap().text().await.unwrap()
    }

    pub(crate) async fn json(&self, path: &str) -> serde_json::Value {
        serde_json::from_str(&self.text(path).await).unwrap()
    }

    pub(crate) async fn faults(&self, faults: serde_json::Value) -> Response {
        self.client.post(self.url("/faults")).json(&faults).send().await.unwrap()
    }
}

pub(crate) fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}
