//! Tests of connections with sockets that accept as much as the test allows.
//!
//! | module | tests |
//! |---|---|
//! | `batches` | followers, and what one batch writes to them |
//! | `slow_connections` | sockets that accept less than they are sent |
//! | `panics` | panics during a change of the connections, and elsewhere |

mod batches;
mod panics;
mod slow_connections;

use super::send_queue::CLOSING_TICKS;
use super::*;
use crate::frame::Encoding;
use crate::hub::{Hub, Limits, Threads};
use crate::metrics::{Metrics, ReasonLabel};
use crate::supervisor::PanicReporter;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::clock::ManualClock;
use domain::flight::Flight;
use domain::ports::{BoxFuture, ChangeLog, Ended, LogEntry, StoreError, Version};
use std::cell::{Cell, RefCell};
use std::io;
use std::sync::Arc;
use wire::frame::FrameKind;

/// A log that stores nothing.
struct NoLog;

impl ChangeLog for NoLog {
    fn append(&self, _: Vec<LogEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
    fn restore(&self) -> BoxFuture<'_, Result<Vec<Flight>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn ended(&self, _: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Ended>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn retire(&self, _: LegId, _: Version, _: DateTime<Utc>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

#[derive(Default)]
struct FakeSocket {
    taken: RefCell<Vec<u8>>,
    room: Cell<usize>,
    writes: Cell<usize>,
    asked_to_call: Cell<bool>,
    closed: Cell<bool>,
    breaks: Cell<bool>,
}

impl Socket for Rc<FakeSocket> {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        assert!(!self.breaks.get(), "test panic");
        self.writes.set(self.writes.get() + 1);
        let n = bytes.len().min(self.room.get());
        if n == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.room.set(self.room.get() - n);
        self.taken.borrow_mut().extend_from_slice(&bytes[..n]);
        Ok(n)
    }
    fn encoding(&self) -> Encoding {
        Encoding::EventStream
    }
    fn call_when_writable(&self, _: ConnectionId) {
        self.asked_to_call.set(true);
    }
    fn close(&self) {
        self.closed.set(true);
    }
    fn cut(&self) {
        self.closed.set(true);
    }
}

impl FakeSocket {
    fn with_room(room: usize) -> Rc<Self> {
        let socket = Self::default();
        socket.room.set(room);
        Rc::new(socket)
    }

    fn text(&self) -> String {
        String::from_utf8(self.taken.borrow().clone()).unwrap()
    }

    fn count(&self, part: &str) -> usize {
        self.text().matches(part).count()
    }
}

fn hub() -> Hub {
    hub_within(Limits::default())
}

fn hub_within(limits: Limits) -> Hub {
    let system = System::new();
    let threads = system.block_on(async { Arbiter::current() });
    let metrics = Metrics::default();
    let now: DateTime<Utc> = "2013-02-08T15:00:00Z".parse().unwrap();
    let panics = PanicReporter::counting_only(metrics.clone());
    let clock = Arc::new(ManualClock::new(now));
    Hub::new(
        clock,
        Arc::new(NoLog),
        limits,
        metrics,
        panics,
        Threads { flights: vec![threads.clone()], boards: threads },
    )
}

fn leg(name: &str) -> LegId {
    LegId::known(name).unwrap()
}

fn frame(text: &str) -> Frame {
    Frame::new(FrameKind::Change, Bytes::from(text.to_owned()), None)
}

fn broadcast(name: &str, text: &str, topics: &[Topic]) -> Broadcast {
    Broadcast {
        leg: leg(name),
        frames: [frame(text)].into_iter().collect(),
        topics: topics.iter().cloned().collect(),
    }
}

/// Opens a connection that follows `topics` and has received its snapshots.
fn following(
    connections: &mut Connections<Rc<FakeSocket>>,
    socket: &Rc<FakeSocket>,
    topics: &[Topic],
) -> ConnectionId {
    let id = connections.open(socket.clone());
    for topic in topics {
        connections.follow(id, topic, 10).unwrap();
        connections
            .complete_follow(
                id,
                topic,
                &Frame::new(FrameKind::Snapshot, Bytes::from_static(b"snapshot"), None),
            )
            .unwrap();
    }
    id
}

const PLENTY: usize = 1 << 20;

/// Runs a hub with these legs, changed in this order.
fn run_with(legs: &[(&str, i64)], test: impl FnOnce(Connections<Rc<FakeSocket>>, Vec<LegId>)) {
    use domain::field::{Field, Value};
    use domain::ports::ReportSink;
    use domain::report::{Report, Source};
    System::new().block_on(async {
        let metrics = Metrics::default();
        let clock = Arc::new(ManualClock::new("2013-02-08T15:00:00Z".parse().unwrap()));
        let panics = PanicReporter::counting_only(metrics.clone());
        let here = vec![Arbiter::current()];
        let hub = Hub::new(
            clock.clone(),
            Arc::new(NoLog),
            Limits::default(),
            metrics,
            panics,
            Threads { flights: here, boards: Arbiter::current() },
        );
        let source =
            Source { name: "jfk".into(), airport: None, rank: 50, creates: true, scope: Default::default() };
        let source = Arc::new(source);
        let mut known = Vec::new();
        for (at, (number, minutes)) in legs.iter().enumerate() {
            let now = clock.advance(chrono::TimeDelta::minutes(*minutes));
            let mut report = Report {
                source: source.clone(),
                key: domain::leg::LegKey {
                    carrier: domain::codes::AirlineCode::parse("B6").unwrap(),
                    number: domain::codes::FlightNumber::parse(number).unwrap(),
                    suffix: None,
                    origin_date: chrono::NaiveDate::from_ymd_opt(2013, 2, 8).unwrap(),
                    from: domain::codes::Iata::parse("JFK").unwrap(),
                    to: domain::codes::Iata::parse("FLL").unwrap(),
                    repeat: 0,
                },
                aliases: Vec::new(),
                observed_at: now,
                received_at: now,
                statements: Vec::new(),
                fallback_statements: Vec::new(),
            };
            report.set(Field::DepartureGate, Value::text(Field::DepartureGate, &format!("G{at}")).unwrap());
            known.push(report.key.id());
            hub.accept(vec![report]).await.unwrap();
        }
        test(Connections::new(hub), known);
    });
}

fn gone(leg: &LegId, text: &'static str, topic: &Topic) -> Broadcast {
    let frame = Frame::new(FrameKind::Gone, Bytes::from_static(text.as_bytes()), None);
    Broadcast {
        leg: leg.clone(),
        frames: [frame].into_iter().collect(),
        topics: [topic.clone()].into_iter().collect(),
    }
}
