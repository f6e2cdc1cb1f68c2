//! A client that follows every flight and checks that no revision is missing.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What one follower has seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// By leg: its whole object, as the page's store would have it.
    pub(crate) flights: BTreeMap<String, Value>,
    /// Received revisions, in order.
    pub(crate) revisions: BTreeMap<String, Vec<u64>>,
    /// `upstream` frames: whether the hub was current.
    pub(crate) upstream: Vec<bool>,
    /// The newest stamp, to resume from.
    pub(crate) newest: Option<String>,
    pub(crate) connections: usize,
    pub(crate) partial: Vec<bool>,
    /// What must never be: in words.
    pub(crate) faults: Vec<String>,
    pub(crate) closes: Vec<u16>,
    /// By leg, the revision that the last snapshot or state gave: changes up to it are old news.
    whole: BTreeMap<String, u64>,
}

/// Follows `all` until it is stopped.
pub(crate) struct ConsistencyChecker {
    pub(crate) seen: Arc<Mutex<Seen>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ConsistencyChecker {
    /// Follows on one of these nodes, and when the link is lost on the next, as a page does.
    pub(crate) fn on(nodes: Vec<SocketAddr>) -> Self {
        let (seen, stop) = (Arc::<Mutex<Seen>>::default(), Arc::<AtomicBool>::default());
        let (noting, stopping) = (seen.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            for node in nodes.iter().cycle() {
                if stopping.load(Ordering::SeqCst) {
                    return;
                }
                if std::net::TcpStream::connect(node).is_ok() {
                    follow(*node, &noting, &stopping);
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let watch = Self { seen, stop, thread: Some(thread) };
        crate::test_cluster::wait_until("the follower has its first picture", || {
            !watch.seen.lock().unwrap().partial.is_empty()
        });
        watch
    }

    /// Stops, and fails if anything was seen that must never be.
    #[track_caller]
    pub(crate) fn end(mut self) -> Seen {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().unwrap().join().unwrap();
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        assert!(seen.faults.is_empty(), "{:#?}", &seen.faults[..seen.faults.len().min(10)]);
        seen
    }

    pub(crate) fn gate(&self, leg: &str) -> Option<String> {
        let seen = self.seen.lock().unwrap();
        seen.flights.get(leg)?["departure"]["gate"].as_str().map(str::to_owned)
    }
}

impl Drop for ConsistencyChecker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

fn rev_of(flight: &Value) -> u64 {
    flight["rev"].as_u64().unwrap()
}

fn follow(node: SocketAddr, seen: &Mutex<Seen>, stop: &AtomicBool) {
    let shaken = crate::websocket_client::shake(
        node,
        "/ws",
        &[&crate::websocket_client::PROPER[..], &[("sec-websocket-protocol", "gatecall.v1")]].concat(),
    );
    // A node that is going down refuses.
    let Ok(mut socket) = shaken else { return };
    socket.stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let since = seen.lock().unwrap().newest.clone();
    socket.say(json!({ "op": "follow", "topic": "all", "since": since }));
    seen.lock().unwrap().connections += 1;
    while !stop.load(Ordering::SeqCst) {
        match socket.frame_if_any() {
            Ok(Some((0x81, payload))) => {
                seen.lock().unwrap().note(&serde_json::from_slice(&payload).unwrap());
            }
            Ok(Some((0x88, payload))) => {
                let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                return seen.lock().unwrap().closes.push(code);
            }
            Ok(Some(_)) => {}
            // Nothing yet.
            Ok(None) => {}
            Err(()) => return,
        }
    }
}

impl Seen {
    fn note(&mut self, frame: &Value) {
        match frame["type"].as_str().unwrap() {
            "snapshot" => {
                let partial = frame["partial"] == true;
                self.partial.push(partial);
                let rows = frame["flights"].as_array().unwrap();
                if !partial {
                    let legs: Vec<&str> = rows.iter().map(|row| row["leg"].as_str().unwrap()).collect();
                    for leg in self.flights.keys().filter(|leg| !legs.contains(&leg.as_str())) {
                        self.faults.push(format!("{leg} is not in a whole snapshot"));
                    }
                }
                rows.iter().for_each(|row| self.take_whole(row, "snapshot"));
            }
            "state" => self.take_whole(&frame["flight"].clone(), "state"),
            "change" => self.change(frame),
            "upstream" => self.upstream.push(frame["current"] == true),
            _ => {}
        }
    }

    fn take_whole(&mut self, flight: &Value, what: &str) {
        let leg = flight["leg"].as_str().unwrap().to_owned();
        let (rev, held) = (rev_of(flight), self.flights.get(&leg).map_or(0, rev_of));
        if rev < held {
            return self.faults.push(format!("{leg}: a {what} goes back from revision {held} to {rev}"));
        }
        if let Some(known) = self.flights.get(&leg).filter(|_| rev == held)
            && known != flight
        {
            self.faults.push(format!("{leg}: two different revisions {rev}:\n{known}\n{flight}"));
        }
        if rev > held {
            self.revisions.entry(leg.clone()).or_default().push(rev);
        }
        self.stamp(&flight["changed_at"]);
        self.whole.insert(leg.clone(), rev);
        self.flights.insert(leg, flight.clone());
    }

    fn change(&mut self, frame: &Value) {
        let leg = frame["leg"].as_str().unwrap().to_owned();
        let rev = rev_of(frame);
        let Some(flight) = self.flights.get_mut(&leg) else {
            return self
                .faults
                .push(format!("{leg}: a change to revision {rev} of a flight that is not held"));
        };
        let held = rev_of(flight);
        if rev <= held {
            // Old news behind a snapshot or a state, which PROTOCOL allows, and nothing else.
            if self.whole.get(&leg).is_none_or(|whole| rev > *whole) {
                self.faults.push(format!("{leg}: revision {rev} came a second time, after {held}"));
            }
            return;
        }
        if rev != held + 1 {
            self.faults.push(format!("{leg}: after revision {held} came {rev}"));
        }
        for (path, value) in frame["set"].as_object().unwrap() {
            let pointer = format!("/{}", path.replace('.', "/"));
            match flight.pointer_mut(&pointer) {
                Some(place) => *place = value.clone(),
                None => self.faults.push(format!("{leg}: {path} is no path of a flight")),
            }
        }
        flight["rev"] = json!(rev);
        flight["changed_at"] = frame["at"].clone();
        self.revisions.entry(leg).or_default().push(rev);
        self.stamp(&frame["at"]);
    }

    fn stamp(&mut self, at: &Value) {
        let at = at.as_str().unwrap();
        if self.newest.as_deref().is_none_or(|newest| {
            crate::websocket_client::instant(newest) < crate::websocket_client::instant(at)
        }) {
            self.newest = Some(at.to_owned());
        }
    }
}

/// Fails unless the revisions of each leg rise by one from the first to the last.
#[track_caller]
pub(crate) fn assert_every_revision_once(seen: &Seen) {
    for (leg, revisions) in &seen.revisions {
        let first = revisions[0];
        let expected: Vec<u64> = (first..first + revisions.len() as u64).collect();
        assert_eq!(*revisions, expected, "{leg}");
    }
}
