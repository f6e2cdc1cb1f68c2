//! Sockets that take less than they are sent.

use super::*;
use crate::unread::{NoRoom, UnreadLimits};
use wire::frame::FrameKind;

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
        .release(id, &Topic::All, &Frame::new(FrameKind::Snapshot, Bytes::from_static(b"the snapshot"), None))
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
    let gone = Frame::new(FrameKind::Gone, Bytes::from_static(b"goodbye A"), None);
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
    lines
        .release(id, &Topic::All, &Frame::new(FrameKind::Snapshot, Bytes::from_static(b"too late"), None))
        .unwrap();
    assert_eq!(tape.text(), "");
    assert_eq!(lines.behind(id), None);
}

/// What one worker's sockets take of a snapshot as long as this.
const LONG: usize = 64 * 1024;

fn snapshot() -> Frame {
    Frame::new(FrameKind::Snapshot, Bytes::from(vec![b'x'; LONG]), None)
}

#[test]
fn a_snapshot_that_the_last_connection_of_two_workers_has_taken_or_left_gives_its_room_back() {
    let limits = Limits {
        unread: UnreadLimits { bytes_max: 4 * LONG, ..UnreadLimits::default() },
        ..Limits::default()
    };
    let hub = hub_within(limits);
    let mut workers = [Lines::new(hub.clone()), Lines::new(hub.clone())];
    // Each version of the board is followed on both workers, by one who takes it late and one who leaves.
    for version in 0..20 {
        let snapshot = snapshot();
        let follow = |lines: &mut Lines<Rc<Tape>>| {
            let tape = Tape::with_room(1);
            let id = lines.open(tape.clone());
            lines.follow(id, &Topic::All, 10).unwrap();
            assert_eq!(lines.release(id, &Topic::All, &snapshot), Ok(()), "version {version}");
            (tape, id)
        };
        let followers = [0, 1, 0, 1].map(|worker| (worker, follow(&mut workers[worker])));
        drop(snapshot);
        assert!(hub.unread().bytes() > LONG);
        for (number, (worker, (tape, id))) in followers.into_iter().enumerate() {
            if number < 2 {
                tape.room.set(PLENTY);
                workers[worker].drain(id);
                assert!(!workers[worker].owes_snapshot(id));
            } else {
                workers[worker].remove(id);
            }
        }
        assert_eq!(hub.unread().bytes(), 0, "version {version}");
    }
}

#[test]
fn who_keeps_a_long_snapshot_and_takes_nothing_goes_sooner_when_room_is_short() {
    let limits = Limits {
        unread: UnreadLimits { bytes_max: 4 * LONG, ..UnreadLimits::default() },
        ..Limits::default()
    };
    let hub = hub_within(limits);
    let mut lines = Lines::new(hub.clone());
    let (tape, other) = (Tape::with_room(1), Tape::with_room(PLENTY));
    let (id, waiting) = (lines.open(tape), lines.open(other));
    for line in [id, waiting] {
        lines.follow(line, &Topic::All, 10).unwrap();
    }
    lines.release(id, &Topic::All, &snapshot()).unwrap();
    // Others like it.
    let others = hub.unread().hold(&Bytes::from(vec![0; 2 * LONG]), None).unwrap();
    assert_eq!(lines.release(waiting, &Topic::All, &snapshot()), Err(NoRoom::Process));
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
