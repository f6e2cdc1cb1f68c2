//! A hub of two hundred lines: a thread per connection, one lock, no haste. It keeps the protocol,
//! or breaks one rule of it on purpose, so that the checks of the load tester can be seen to fail.

use gatecall_loadtest::ws::{self, frame};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The rule it breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// None.
    None,
    /// No client gets the tenth change.
    LosesAChange,
    /// The tenth change comes twice.
    RepeatsAChange,
    /// REST returns another gate than the frames.
    WrongLastPicture,
    /// A resume is answered with an empty part, whatever was missed.
    EmptyResume,
}

struct State {
    fault: Fault,
    flights: BTreeMap<String, Value>,
    followers: Vec<(String, TcpStream)>,
    changes: u32,
}

/// Starts one on a free port; it lives as long as the test.
pub(crate) fn start(fault: Fault) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let state = State { fault, flights: BTreeMap::new(), followers: Vec::new(), changes: 0 };
    let state = Arc::new(Mutex::new(state));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let state = Arc::clone(&state);
            std::thread::spawn(move || serve(stream, &state));
        }
    });
    address
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    stream.set_nodelay(true).unwrap();
    let (mut got, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        while let Some(head_len) = ws::head_len(&got) {
            let head = String::from_utf8(got[..head_len].to_vec()).unwrap();
            if ws::header(&head, "upgrade").is_some() {
                return serve_socket(stream, state, got.split_off(head_len));
            }
            let len: usize = ws::header(&head, "content-length").unwrap_or("0").parse().unwrap();
            if got.len() < head_len + len {
                break;
            }
            let body: Vec<u8> = got.drain(..head_len + len).skip(head_len).collect();
            let (status, answer) = answer(&head, &body, state);
            let answer = answer.to_string();
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
            if stream.write_all(head.as_bytes()).is_err() {
                return;
            }
        }
        match stream.read(&mut chunk) {
            Ok(n) if n > 0 => got.extend_from_slice(&chunk[..n]),
            _ => return,
        }
    }
}

fn answer(head: &str, body: &[u8], state: &Mutex<State>) -> (u16, Value) {
    let path = head.split(' ').nth(1).unwrap();
    let mut state = state.lock().unwrap();
    if head.starts_with("POST") {
        let reports: Vec<Value> = serde_json::from_slice(body).unwrap();
        let changed = reports.iter().filter(|report| state.apply(report)).count();
        return (202, json!({"accepted": reports.len(), "changed": changed, "unchanged": 0, "rejected": []}));
    }
    if let Some(leg) = path.strip_prefix("/api/v1/flights/") {
        let mut flight = state.flights[leg].clone();
        if state.fault == Fault::WrongLastPicture {
            flight["departure"]["gate"] = json!("nowhere");
        }
        return (200, flight);
    }
    (200, json!({"flights": state.flights.values().collect::<Vec<_>>()}))
}

impl State {
    fn apply(&mut self, report: &Value) -> bool {
        let text = |key: &str| report[key].as_str().unwrap().to_owned();
        let date = text("origin_date").replace('-', "");
        let leg = format!("{}-{}-{date}-{}-{}", text("carrier"), text("number"), text("from"), text("to"));
        let flight = self.flights.entry(leg.clone()).or_insert_with(|| {
            json!({"leg": leg, "rev": 0, "changed_at": "2013-02-08T15:00:00Z", "remark": null,
                   "departure": {"gate": null, "terminal": null, "scheduled": null}, "arrival": {"scheduled": null}})
        });
        for (path, value) in report["set"].as_object().unwrap() {
            *flight.pointer_mut(&format!("/{}", path.replace('.', "/"))).unwrap() = value.clone();
        }
        let rev = flight["rev"].as_u64().unwrap() + 1;
        let at = format!("2013-02-08T15:{:02}:{:02}Z", rev / 60 % 60, rev % 60);
        flight["rev"] = json!(rev);
        flight["changed_at"] = json!(at);
        let change =
            json!({"type": "change", "leg": leg, "rev": rev, "at": at, "kinds": [], "set": report["set"]});
        self.broadcast(&leg, &change);
        true
    }

    fn broadcast(&mut self, leg: &str, change: &Value) {
        let mut bytes = Vec::new();
        frame::put_unmasked(&mut bytes, frame::TEXT, change.to_string().as_bytes());
        let wanted = |topic: &str| topic.strip_prefix("flight/").is_none_or(|followed| followed == leg);
        if !self.followers.is_empty() {
            self.changes += 1;
        }
        let times = match (self.fault, self.changes) {
            (Fault::LosesAChange, 10) => 0,
            (Fault::RepeatsAChange, 10) => 2,
            _ => 1,
        };
        for _ in 0..times {
            self.followers.retain_mut(|(topic, stream)| !wanted(topic) || stream.write_all(&bytes).is_ok());
        }
    }

    fn follow(&mut self, topic: &str, resumes: bool, stream: &TcpStream) {
        let leg = topic.strip_prefix("flight/");
        let empty = self.fault == Fault::EmptyResume && resumes;
        let wanted = |flight: &&Value| !empty && leg.is_none_or(|leg| flight["leg"] == leg);
        let flights: Vec<_> = self.flights.values().filter(wanted).collect();
        let snapshot = json!({"type": "snapshot", "topic": topic, "partial": resumes, "flights": flights});
        let mut bytes = Vec::new();
        frame::put_unmasked(&mut bytes, frame::TEXT, snapshot.to_string().as_bytes());
        let mut stream = stream.try_clone().unwrap();
        if stream.write_all(&bytes).is_ok() {
            self.followers.push((topic.to_owned(), stream));
        }
    }
}

fn serve_socket(mut stream: TcpStream, state: &Mutex<State>, mut got: Vec<u8>) {
    let hello = json!({"type": "hello", "epoch": "1", "ping_s": 25,
                       "clock": {"now": "2013-02-08T15:00:00Z", "speed": 1.0}});
    let mut bytes = ws::upgrade_response();
    frame::put_unmasked(&mut bytes, frame::TEXT, hello.to_string().as_bytes());
    frame::put_unmasked(&mut bytes, frame::TEXT, br#"{"type":"ping"}"#);
    let mut chunk = [0; 4096];
    let mut alive = stream.write_all(&bytes).is_ok();
    while alive {
        while let Some(text) = take_masked(&mut got) {
            let asked: Value = serde_json::from_slice(&text).unwrap();
            if asked["op"] == "follow" {
                let resumes = asked.get("since").is_some();
                state.lock().unwrap().follow(asked["topic"].as_str().unwrap(), resumes, &stream);
            }
        }
        match stream.read(&mut chunk) {
            Ok(n) if n > 0 => got.extend_from_slice(&chunk[..n]),
            _ => alive = false,
        }
    }
}

/// The first masked frame's payload; clients send short ones only.
fn take_masked(got: &mut Vec<u8>) -> Option<Vec<u8>> {
    let len = usize::from(got.get(1)? & 0x7f);
    assert!(len < 126, "clients send short frames");
    if got.len() < 6 + len {
        return None;
    }
    let bytes: Vec<u8> = got.drain(..6 + len).collect();
    Some(bytes[6..].iter().enumerate().map(|(i, byte)| byte ^ bytes[2 + i % 4]).collect())
}
