//! Lines against sockets that take what the test lets them.

use super::large::{LARGE_BYTES, LARGE_BYTES_MAX};
use super::pending::CLOSING_TICKS;
use super::*;
use crate::frame::Encoding;
use crate::hub::{Hub, Limits, Threads};
use crate::metrics::{Metrics, ReasonLabel};
use crate::supervisor::Deaths;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::clock::ManualClock;
use domain::flight::Flight;
use domain::ports::{Answer, ChangeLog, Ended, LogEntry, StoreError, Version};
use std::cell::{Cell, RefCell};
use std::io;
use std::sync::Arc;

/// Forgets everything.
struct NoLog;

impl ChangeLog for NoLog {
    fn append(&self, _: Vec<LogEntry>) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
    fn restore(&self) -> Answer<'_, Result<Vec<Flight>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn ended(&self, _: DateTime<Utc>) -> Answer<'_, Result<Vec<Ended>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn retire(&self, _: LegId, _: Version, _: DateTime<Utc>) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

#[derive(Default)]
struct Tape {
    taken: RefCell<Vec<u8>>,
    room: Cell<usize>,
    writes: Cell<usize>,
    asked_to_call: Cell<bool>,
    closed: Cell<bool>,
    breaks: Cell<bool>,
}

impl Socket for Rc<Tape> {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        assert!(!self.breaks.get(), "told to break");
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
    fn call_when_writable(&self, _: LineId) {
        self.asked_to_call.set(true);
    }
    fn close(&self) {
        self.closed.set(true);
    }
    fn cut(&self) {
        self.closed.set(true);
    }
}

impl Tape {
    fn with_room(room: usize) -> Rc<Self> {
        let tape = Self::default();
        tape.room.set(room);
        Rc::new(tape)
    }

    fn text(&self) -> String {
        String::from_utf8(self.taken.borrow().clone()).unwrap()
    }

    fn count(&self, part: &str) -> usize {
        self.text().matches(part).count()
    }
}

fn hub() -> Hub {
    let system = System::new();
    let threads = system.block_on(async { Arbiter::current() });
    let metrics = Metrics::default();
    let now: DateTime<Utc> = "2013-02-08T15:00:00Z".parse().unwrap();
    let deaths = Deaths::only_counted(metrics.clone());
    let clock = Arc::new(ManualClock::new(now));
    Hub::new(
        clock,
        Arc::new(NoLog),
        Limits::default(),
        metrics,
        deaths,
        Threads { flights: vec![threads.clone()], boards: threads },
    )
}

fn leg(name: &str) -> LegId {
    LegId::known(name).unwrap()
}

fn frame(text: &str) -> Frame {
    Frame::new("change", Bytes::from(text.to_owned()), None)
}

fn deliver(name: &str, text: &str, topics: &[Topic]) -> Deliver {
    Deliver {
        leg: leg(name),
        frames: [frame(text)].into_iter().collect(),
        topics: topics.iter().cloned().collect(),
    }
}

/// A line that follows `topics` and has had its snapshots.
fn following(lines: &mut Lines<Rc<Tape>>, tape: &Rc<Tape>, topics: &[Topic]) -> LineId {
    let id = lines.open(tape.clone());
    for topic in topics {
        lines.follow(id, topic, 10).unwrap();
        lines.release(id, topic, &Frame::new("snapshot", Bytes::from_static(b"snapshot"), None)).unwrap();
    }
    id
}

const PLENTY: usize = 1 << 20;

#[test]
fn every_follower_gets_the_frame_once_even_by_two_topics() {
    let mut lines = Lines::new(hub());
    let (one, both, none) = (Tape::with_room(PLENTY), Tape::with_room(PLENTY), Tape::with_room(PLENTY));
    let (flight, all) = (Topic::Flight(leg("A")), Topic::All);
    following(&mut lines, &one, std::slice::from_ref(&flight));
    following(&mut lines, &both, &[flight.clone(), all.clone()]);
    following(&mut lines, &none, &[Topic::Flight(leg("B"))]);
    lines.add(deliver("A", "rev 2", &[flight, all]));
    lines.flush();
    assert_eq!((one.count("rev 2"), both.count("rev 2"), none.count("rev 2")), (1, 1, 0));
}

#[test]
fn what_arrives_in_one_turn_leaves_in_one_write() {
    let mut lines = Lines::new(hub());
    let tape = Tape::with_room(PLENTY);
    let topic = Topic::Flight(leg("A"));
    following(&mut lines, &tape, std::slice::from_ref(&topic));
    let before = tape.writes.get();
    for rev in 2..18 {
        lines.add(deliver("A", &format!("rev {rev}."), std::slice::from_ref(&topic)));
    }
    lines.flush();
    assert_eq!(tape.writes.get(), before + 1);
    let text = tape.text();
    let order: Vec<_> = (2..18).map(|rev| text.find(&format!("rev {rev}.")).unwrap()).collect();
    assert!(order.is_sorted());
}

#[test]
fn frames_wait_for_the_snapshot_and_come_as_states_behind_it() {
    let mut lines = Lines::new(hub());
    let tape = Tape::with_room(PLENTY);
    let id = lines.open(tape.clone());
    lines.follow(id, &Topic::All, 10).unwrap();
    lines.add(deliver("A", "rev 2", &[Topic::All]));
    lines.flush();
    assert_eq!(tape.text(), "");
    assert_eq!(lines.behind(id), Some(1));
    lines
        .release(id, &Topic::All, &Frame::new("snapshot", Bytes::from_static(b"the snapshot"), None))
        .unwrap();
    assert_eq!(tape.count("the snapshot"), 1);
    assert_eq!(lines.behind(id), None);
}

#[test]
fn a_socket_that_takes_nothing_costs_one_entry_a_leg_and_never_a_frame() {
    let mut lines = Lines::new(hub());
    let tape = Tape::with_room(PLENTY);
    let id = following(&mut lines, &tape, &[Topic::All]);
    tape.room.set(0);
    for rev in 0..10_000 {
        lines.add(deliver(if rev % 2 == 0 { "A" } else { "B" }, "change", &[Topic::All]));
    }
    lines.flush();
    assert_eq!(lines.behind(id), Some(2));
    assert!(tape.asked_to_call.get());
}

#[test]
fn a_frame_that_was_taken_in_part_is_finished_before_anything_else() {
    let mut lines = Lines::new(hub());
    let tape = Tape::with_room(PLENTY);
    let id = following(&mut lines, &tape, &[Topic::All]);
    tape.taken.borrow_mut().clear();
    tape.room.set(10);
    let first = deliver("A", "a long first frame", &[Topic::All]);
    let whole = first.frames[0].bytes(Encoding::EventStream).clone();
    lines.add(first);
    lines.flush();
    lines.send(id, Bytes::from_static(b"an answer"));
    tape.room.set(PLENTY);
    lines.drain(id);
    assert_eq!(tape.text().as_bytes(), [&whole[..], b"an answer"].concat());
}

#[test]
fn a_leg_that_left_while_the_socket_was_behind_is_told_as_gone() {
    let mut lines = Lines::new(hub());
    let tape = Tape::with_room(PLENTY);
    let id = following(&mut lines, &tape, &[Topic::All]);
    tape.room.set(0);
    lines.add(deliver("A", "change", &[Topic::All]));
    let gone = Frame::new("gone", Bytes::from_static(b"goodbye A"), None);
    lines.add(Deliver {
        leg: leg("A"),
        frames: [gone].into_iter().collect(),
        topics: [Topic::All].into_iter().collect(),
    });
    lines.flush();
    tape.room.set(PLENTY);
    lines.drain(id);
    assert_eq!(tape.count("goodbye A"), 1);
    assert_eq!(tape.count("change"), 0);
}

#[test]
fn a_socket_that_takes_nothing_for_too_long_is_let_go_with_last_words() {
    let mut lines = Lines::new(hub());
    let tape = Tape::with_room(PLENTY);
    let id = following(&mut lines, &tape, &[Topic::All]);
    tape.room.set(3);
    lines.add(deliver("A", "change", &[Topic::All]));
    lines.flush();
    let words = |_| Bytes::from_static(b"come back");
    for _ in 0..2 {
        lines.tick(3, words);
        assert!(!tape.closed.get());
    }
    lines.tick(3, words);
    tape.room.set(PLENTY);
    lines.drain(id);
    assert!(tape.closed.get());
    assert_eq!(tape.count("come back"), 1);
}

#[test]
fn a_listener_who_is_let_go_has_a_moment_to_take_what_has_begun_and_no_longer() {
    let mut lines = Lines::new(hub());
    let tape = Tape::with_room(PLENTY);
    let id = following(&mut lines, &tape, &[Topic::All]);
    tape.room.set(0);
    lines.close(id, Bytes::from_static(b"come back"), "drain");
    let words = |_| Bytes::from_static(b"too slow");
    for _ in 1..CLOSING_TICKS {
        lines.tick(2, words);
        assert!(!tape.closed.get());
    }
    lines.tick(2, words);
    assert!(tape.closed.get());
    tape.room.set(PLENTY);
    lines.drain(id);
    assert_eq!(tape.count("too slow"), 0);
}

#[test]
fn a_client_that_asks_without_reading_is_let_go() {
    let mut lines = Lines::new(hub());
    let tape = Tape::with_room(0);
    let id = lines.open(tape.clone());
    // One is being written, the rest waits.
    for _ in 0..ANSWERS_MAX + 2 {
        lines.send(id, Bytes::from_static(b"answer"));
    }
    assert!(tape.closed.get());
}

#[test]
fn followers_who_leave_in_any_order_leave_the_others_in_place() {
    let mut lines = Lines::new(hub());
    let tapes: Vec<_> = (0..5).map(|_| Tape::with_room(PLENTY)).collect();
    let topics = [Topic::All, Topic::Flight(leg("A"))];
    let ids: Vec<_> = tapes.iter().map(|tape| following(&mut lines, tape, &topics)).collect();
    lines.remove(ids[1]);
    lines.unfollow(ids[0], &Topic::All);
    lines.unfollow(ids[4], &Topic::Flight(leg("A")));
    lines.add(deliver("A", "x1", &[Topic::All]));
    lines.add(deliver("A", "x2", &[Topic::Flight(leg("A"))]));
    lines.flush();
    let got: Vec<_> = tapes.iter().map(|tape| (tape.count("x1"), tape.count("x2"))).collect();
    assert_eq!(got, [(0, 1), (0, 0), (1, 1), (1, 1), (1, 0)]);
}

#[test]
fn a_used_place_is_not_the_line_it_was() {
    let mut lines = Lines::new(hub());
    let first = lines.open(Tape::with_room(PLENTY));
    lines.remove(first);
    let tape = Tape::with_room(PLENTY);
    let second = lines.open(tape.clone());
    lines.send(first, Bytes::from_static(b"for the first"));
    assert_ne!(first, second);
    assert_eq!(tape.text(), "");
    assert_eq!(lines.follow(first, &Topic::All, 10), Err(FollowError::Gone));
}

#[test]
fn a_line_follows_no_more_topics_than_it_may() {
    let mut lines = Lines::new(hub());
    let id = lines.open(Tape::with_room(PLENTY));
    assert_eq!(lines.follow(id, &Topic::All, 1), Ok(true));
    assert_eq!(lines.follow(id, &Topic::All, 1), Ok(false), "following again is allowed");
    assert_eq!(lines.follow(id, &Topic::Flight(leg("A")), 1), Err(FollowError::TooMany(1)));
}

/// A hub that runs and knows legs, changed in the order given.
fn run_with(legs: &[(&str, i64)], test: impl FnOnce(Lines<Rc<Tape>>, Vec<LegId>)) {
    use domain::field::{Field, Value};
    use domain::ports::ReportSink;
    use domain::report::{Report, Source};
    System::new().block_on(async {
        let metrics = Metrics::default();
        let clock = Arc::new(ManualClock::new("2013-02-08T15:00:00Z".parse().unwrap()));
        let deaths = Deaths::only_counted(metrics.clone());
        let here = vec![Arbiter::current()];
        let hub = Hub::new(
            clock.clone(),
            Arc::new(NoLog),
            Limits::default(),
            metrics,
            deaths,
            Threads { flights: here, boards: Arbiter::current() },
        );
        let source = Source { name: "jfk".into(), airport: None, rank: 50, creates: true };
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
                second_best: Vec::new(),
            };
            report.set(Field::DepartureGate, Value::text(Field::DepartureGate, &format!("G{at}")).unwrap());
            known.push(report.key.id());
            hub.accept(vec![report]).await.unwrap();
        }
        test(Lines::new(hub), known);
    });
}

fn goodbye(leg: &LegId, text: &'static str, topic: &Topic) -> Deliver {
    let frame = Frame::new("gone", Bytes::from_static(text.as_bytes()), None);
    Deliver {
        leg: leg.clone(),
        frames: [frame].into_iter().collect(),
        topics: [topic.clone()].into_iter().collect(),
    }
}

#[test]
fn a_goodbye_from_one_topic_and_the_state_for_another_are_both_owed_whatever_comes_first() {
    for goodbye_first in [true, false] {
        run_with(&[("615", 0)], |mut lines, legs| {
            let tape = Tape::with_room(PLENTY);
            let miami = Topic::parse("board/MIA/arrivals").unwrap();
            let id = following(&mut lines, &tape, &[Topic::All, miami.clone()]);
            tape.room.set(0);
            let gone = goodbye(&legs[0], "left Miami", &miami);
            let change = deliver(legs[0].as_str(), "change", &[Topic::All]);
            let both = if goodbye_first { [gone, change] } else { [change, gone] };
            both.into_iter().for_each(|one| {
                lines.add(one);
                lines.flush();
            });
            tape.room.set(PLENTY);
            lines.drain(id);
            assert_eq!((tape.count("left Miami"), tape.count("\"type\":\"state\"")), (1, 1));
        });
    }
}

#[test]
fn a_reader_that_is_behind_is_sent_the_oldest_change_first() {
    run_with(&[("615", 0), ("616", 5), ("617", 5), ("615", 5)], |mut lines, legs| {
        let tape = Tape::with_room(PLENTY);
        let id = following(&mut lines, &tape, &[Topic::All]);
        tape.room.set(0);
        for leg in &legs {
            lines.add(deliver(leg.as_str(), "change", &[Topic::All]));
        }
        lines.flush();
        tape.room.set(PLENTY);
        lines.drain(id);
        let text = tape.text();
        let places: Vec<_> = ["616", "617", "615"].map(|n| text.find(&format!("B6-{n}-")).unwrap()).into();
        assert!(places.is_sorted(), "{text}");
    });
}

#[test]
fn nothing_follows_the_last_words() {
    let mut lines = Lines::new(hub());
    let tape = Tape::with_room(PLENTY);
    let id = following(&mut lines, &tape, &[Topic::All]);
    tape.room.set(4);
    lines.send(id, Bytes::from_static(b"begun and not finished"));
    lines.close(id, Bytes::from_static(b"LAST"), "drain");
    lines.add(deliver("A", "change", &[Topic::All]));
    lines.flush();
    lines.send(id, Bytes::from_static(b"an answer"));
    lines.close(id, Bytes::from_static(b"LAST"), "drain");
    tape.room.set(PLENTY);
    lines.drain(id);
    // The socket's own task may take its time to notice.
    lines.add(deliver("B", "change", &[Topic::All]));
    lines.flush();
    lines.send(id, Bytes::from_static(b"an answer"));
    assert!(tape.text().ends_with("begun and not finishedLAST"), "{}", tape.text());
    assert!(tape.closed.get() && lines.is_closing(id));
}

#[test]
fn a_follow_that_is_withdrawn_keeps_nothing_back() {
    let mut lines = Lines::new(hub());
    let tape = Tape::with_room(PLENTY);
    let id = following(&mut lines, &tape, &[Topic::All]);
    let flight = Topic::Flight(leg("A"));
    for _ in 0..2 {
        lines.follow(id, &flight, 10).unwrap();
    }
    lines.send(id, Bytes::from_static(b"an answer"));
    lines.unfollow(id, &flight);
    lines.withdraw(id, 1);
    assert_eq!(tape.count("an answer"), 0, "one is still under way");
    lines.withdraw(id, 1);
    assert_eq!((tape.count("an answer"), lines.behind(id)), (1, None));
}

#[test]
fn a_snapshot_is_owed_until_all_of_it_was_taken() {
    let mut lines = Lines::new(hub());
    let tape = Tape::with_room(3);
    let id = following(&mut lines, &tape, &[Topic::All]);
    assert!(lines.owes_snapshot(id));
    tape.room.set(PLENTY);
    lines.drain(id);
    assert!(!lines.owes_snapshot(id));
}

#[test]
fn a_topic_left_before_its_snapshot_came_is_silent() {
    let mut lines = Lines::new(hub());
    let tape = Tape::with_room(PLENTY);
    let id = lines.open(tape.clone());
    lines.follow(id, &Topic::All, 10).unwrap();
    lines.unfollow(id, &Topic::All);
    lines.release(id, &Topic::All, &Frame::new("snapshot", Bytes::from_static(b"too late"), None)).unwrap();
    assert_eq!(tape.text(), "");
    assert_eq!(lines.behind(id), None);
}

/// Whether a panic in `work` was told to be one that the process cannot outlive.
fn ends_the_process(work: impl FnOnce(&SharedLines<Rc<Tape>>)) -> bool {
    let hub = hub();
    let lines = SharedLines::new(Lines::new(hub.clone()));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&lines))).is_err());
    hub.metrics().deaths.get_or_create(&ReasonLabel { reason: "ends_process" }).get() == 1
}

/// A line that writes to a socket in vain, with what it follows.
fn breaking(lines: &SharedLines<Rc<Tape>>) -> LineId {
    let tape = Tape::with_room(PLENTY);
    let id = following(&mut lines.borrow_mut(), &tape, &[Topic::All]);
    tape.breaks.set(true);
    id
}

#[test]
fn a_panic_while_the_lines_are_changed_ends_the_process_in_whosever_task_it_is() {
    assert!(ends_the_process(|lines| {
        breaking(lines);
        lines.borrow_mut().add(deliver("A", "change", &[Topic::All]));
        lines.borrow_mut().flush();
    }));
    // A session answers, while no actor's guard is near.
    assert!(ends_the_process(|lines| {
        let id = breaking(lines);
        lines.borrow_mut().send(id, Bytes::from_static(b"an answer"));
    }));
}

#[test]
fn a_panic_of_a_session_alone_harms_nobody_else() {
    struct Place<'a>(&'a SharedLines<Rc<Tape>>, LineId);
    impl Drop for Place<'_> {
        fn drop(&mut self) {
            self.0.try_borrow_mut().unwrap().remove(self.1);
        }
    }
    assert!(!ends_the_process(|lines| {
        let _place = Place(lines, breaking(lines));
        let _looking = lines.borrow().len();
        panic!("told to");
    }));
}

#[test]
fn who_keeps_a_large_snapshot_and_takes_nothing_goes_sooner_when_room_is_short() {
    let mut lines = Lines::new(hub());
    let snapshot = || Frame::new("snapshot", Bytes::from(vec![b'x'; LARGE_BYTES]), None);
    let (tape, other) = (Tape::with_room(1), Tape::with_room(PLENTY));
    let (id, waiting) = (lines.open(tape), lines.open(other));
    for line in [id, waiting] {
        lines.follow(line, &Topic::All, 10).unwrap();
    }
    lines.release(id, &Topic::All, &snapshot()).unwrap();
    // Others like it.
    let others = Bytes::from(vec![0; LARGE_BYTES_MAX - 2 * LARGE_BYTES]);
    lines.large.admit(&others).unwrap();
    assert_eq!(lines.release(waiting, &Topic::All, &snapshot()), Err(NoRoom));
    let words = |_| Bytes::from_static(b"come back");
    for _ in 0..5 {
        assert!(!lines.is_closing(id));
        lines.tick(30, words);
    }
    assert!(lines.is_closing(id));
    lines.remove(id);
    drop(others);
    assert_eq!(lines.release(waiting, &Topic::All, &snapshot()), Ok(()));
}
