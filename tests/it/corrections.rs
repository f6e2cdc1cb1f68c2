//! A provider corrects number and route under its own identifier.

use crate::hub::Hub;
use crate::websocket_client::Socket;
use serde_json::{Value, json};

const LEG: &str = "B6-615-20130208-JFK-FLL";

/// A hub whose pushed feed is that of JFK, in rows with identifiers.
fn hub() -> Hub {
    let own = [
        ("FEEDS__DESK__AIRPORT", "JFK"),
        ("FEEDS__DESK__SPEAKS_FOR", "airport"),
        ("FEEDS__DESK__FORMAT", "schiphol"),
    ];
    Hub::start_with(&own)
}

fn push(hub: &Hub, name: &str, to: &str, minute: u32) -> Value {
    let row = json!({
        "id": "42", "flightName": name, "flightDirection": "D", "route": { "destinations": [to] },
        "scheduleDate": "2013-02-08", "scheduleDateTime": "2013-02-08T16:30:00-05:00",
        "lastUpdatedAt": format!("2013-02-08T14:{minute:02}:00-05:00"), "gate": "14",
    });
    let answer = hub.push(&json!({ "flights": [row] }));
    assert_eq!((answer.status, &answer.json()["rejected"]), (202, &json!([])), "{}", answer.text());
    answer.json()
}

fn rows(hub: &Hub, board: &str) -> Vec<String> {
    let board = hub.get(&format!("/api/v1/boards/{board}")).json();
    let rows = board["flights"].as_array().unwrap();
    rows.iter()
        .map(|row| format!("{} {}", row["carrier"].as_str().unwrap(), row["number"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_corrected_flight_moves_between_boards_and_keeps_its_leg() {
    let hub = hub();
    push(&hub, "B6615", "FLL", 1);
    let (mut old, mut new) = (Socket::open(hub.api), Socket::open(hub.api));
    old.follow("board/FLL/arrivals");
    new.follow("board/MIA/arrivals");
    push(&hub, "B6615", "MIA", 2);
    assert_eq!(old.expect("gone")["leg"], LEG);
    let change = new.expect("change");
    assert_eq!((&change["leg"], &change["kinds"]), (&json!(LEG), &json!(["corrected"])));
    assert_eq!(change["set"], json!({ "arrival.airport": "MIA" }));
    assert_eq!(
        (rows(&hub, "FLL/arrivals").len(), rows(&hub, "MIA/arrivals")),
        (0, vec!["B6 615".to_owned()])
    );
    push(&hub, "B6617", "MIA", 3);
    assert_eq!(rows(&hub, "JFK/departures"), ["B6 617"]);
    let flight = hub.get(&format!("/api/v1/flights/{LEG}")).json();
    assert_eq!(
        (&flight["number"], &flight["arrival"]["airport"], &flight["rev"]),
        (&json!("617"), &json!("MIA"), &json!(3))
    );
    let history = hub.get(&format!("/api/v1/flights/{LEG}/history")).json();
    assert_eq!(history["entries"][2]["set"], json!({ "number": "617" }));
    assert_eq!(hub.quarantine().len(), 0, "it is shown, and needs no human");
}

#[test]
fn a_corrected_key_survives_a_restart() {
    let mut hub = hub();
    push(&hub, "B6615", "FLL", 1);
    push(&hub, "B6617", "FLL", 2);
    hub.kill_and_start_again();
    assert_eq!(rows(&hub, "JFK/departures"), ["B6 617"]);
    // The same report again, and one without the identifier.
    assert_eq!(push(&hub, "B6617", "FLL", 2)["unchanged"], 1);
    let row = json!({
        "flightName": "B6617", "flightDirection": "D", "route": { "destinations": ["FLL"] }, "gate": "15",
        "scheduleDate": "2013-02-08", "lastUpdatedAt": "2013-02-08T14:03:00-05:00",
    });
    assert_eq!(hub.push(&json!({ "flights": [row] })).json()["changed"], 1);
    assert_eq!(rows(&hub, "JFK/departures"), ["B6 617"], "there is no second flight");
    let flight = hub.get(&format!("/api/v1/flights/{LEG}")).json();
    assert_eq!((&flight["number"], &flight["departure"]["gate"]), (&json!("617"), &json!("15")));
}
