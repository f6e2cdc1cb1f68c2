//! A hub with a single core, where flights run on the worker's thread.

use crate::hub::Hub;
use crate::websocket_client::Socket;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde_json::json;

/// Runs `test` on a thread with one core; what it starts has no more.
fn on_one_core(test: impl FnOnce() + Send + 'static) {
    let pinned = std::thread::spawn(|| {
        let all = sched_getaffinity(None).unwrap();
        let mut one = CpuSet::new();
        one.set((0..CpuSet::MAX_CPU).find(|core| all.is_set(*core)).unwrap());
        sched_setaffinity(None, &one).unwrap();
        test();
    });
    pinned.join().unwrap();
}

#[test]
fn a_single_core_hub_merges_serves_stores_and_shuts_down() {
    on_one_core(|| {
        let mut hub = Hub::start_with(&[("SERVER__WORKERS", "0")]);
        assert!(hub.log().contains("flight_threads=0"), "{}", hub.log());
        hub.fly("615", json!({ "departure.gate": "12" }));
        let mut socket = Socket::open(hub.web);
        socket.follow("board/JFK/departures");
        for gate in 13..40 {
            hub.fly("615", json!({ "departure.gate": gate.to_string() }));
            let change = socket.expect("change");
            assert_eq!(change["set"]["departure.gate"], json!(gate.to_string()));
        }
        let many: Vec<_> =
            (1..=200).map(|n| crate::hub::report(&n.to_string(), json!({ "departure.gate": "7" }))).collect();
        assert_eq!(hub.push(&json!(many)).json()["changed"], 200);
        let before = hub.get("/api/v1/boards/JFK/departures").json()["flights"].clone();
        assert_eq!(before.as_array().unwrap().len(), 201);
        hub.kill_and_start_again();
        assert_eq!(hub.get("/api/v1/boards/JFK/departures").json()["flights"], before);
        hub.fly("615", json!({ "departure.gate": "40" }));
        assert_eq!(hub.get("/api/v1/flights/B6-615-20130208-JFK-FLL").json()["rev"], 29);
        assert_eq!(hub.stop(), Some(0), "{}", hub.log());
        assert!(!hub.log().contains("panicked"), "{}", hub.log());
    });
}
