//! Sockets that accept less than they are sent.

use super::*;
use crate::unread_budget::{BudgetExceeded, UnreadLimits};
use wire::frame::FrameKind;

#[test]
fn changes_during_a_follow_come_as_states_after_the_snapshot() {
    let mut connections = Connections::new(hub());
    let socket = FakeSocket::with_room(PLENTY);
    let id = connections.open(socket.clone());
    connections.follow(id, &Topic::All, 10).unwrap();
    connections.add(broadcast("A", "rev 2", &[Topic::All]));
    connections.flush();
    assert_eq!(socket.text(), "");
    assert_eq!(connections.legs_behind(id), Some(1));
    connections
        .complete_follow(
            id,
            &Topic::All,
            &Frame::new(FrameKind::Snapshot, Bytes::from_static(b"the snapshot"), None),
        )
        .unwrap();
    assert_eq!(socket.count("the snapshot"), 1);
    assert_eq!(connections.legs_behind(id), None);
}

#[test]
fn a_blocked_connection_holds_one_entry_per_leg_and_no_frames() {
    let mut connections = Connections::new(hub());
    let socket = FakeSocket::with_room(PLENTY);
    let id = following(&mut connections, &socket, &[Topic::All]);
    socket.room.set(0);
    for rev in 0..10_000 {
        connections.add(broadcast(if rev % 2 == 0 { "A" } else { "B" }, "change", &[Topic::All]));
    }
    connections.flush();
    assert_eq!(connections.legs_behind(id), Some(2));
    assert!(socket.asked_to_call.get());
}

#[test]
fn a_partial_write_is_finished_first() {
    let mut connections = Connections::new(hub());
    let socket = FakeSocket::with_room(PLENTY);
    let id = following(&mut connections, &socket, &[Topic::All]);
    socket.taken.borrow_mut().clear();
    socket.room.set(10);
    let first = broadcast("A", "a long first frame", &[Topic::All]);
    let whole = first.frames[0].bytes(Encoding::EventStream).clone();
    connections.add(first);
    connections.flush();
    connections.send(id, Bytes::from_static(b"an answer"));
    socket.room.set(PLENTY);
    connections.drain(id);
    assert_eq!(socket.text().as_bytes(), [&whole[..], b"an answer"].concat());
}

#[test]
fn a_slow_connection_gets_gone_for_a_leg_that_left() {
    let mut connections = Connections::new(hub());
    let socket = FakeSocket::with_room(PLENTY);
    let id = following(&mut connections, &socket, &[Topic::All]);
    socket.room.set(0);
    connections.add(broadcast("A", "change", &[Topic::All]));
    let gone = Frame::new(FrameKind::Gone, Bytes::from_static(b"gone A"), None);
    connections.add(Broadcast {
        leg: leg("A"),
        frames: [gone].into_iter().collect(),
        topics: [Topic::All].into_iter().collect(),
    });
    connections.flush();
    socket.room.set(PLENTY);
    connections.drain(id);
    assert_eq!(socket.count("gone A"), 1);
    assert_eq!(socket.count("change"), 0);
}

#[test]
fn a_connection_without_progress_is_closed_with_a_close_frame() {
    let mut connections = Connections::new(hub());
    let socket = FakeSocket::with_room(PLENTY);
    let id = following(&mut connections, &socket, &[Topic::All]);
    socket.room.set(3);
    connections.add(broadcast("A", "change", &[Topic::All]));
    connections.flush();
    let close_frame = |_| Bytes::from_static(b"come back");
    for _ in 0..2 {
        connections.tick(3, close_frame);
        assert!(!socket.closed.get());
    }
    connections.tick(3, close_frame);
    socket.room.set(PLENTY);
    connections.drain(id);
    assert!(socket.closed.get());
    assert_eq!(socket.count("come back"), 1);
}

#[test]
fn a_closing_connection_is_cut_after_its_ticks() {
    let mut connections = Connections::new(hub());
    let socket = FakeSocket::with_room(PLENTY);
    let id = following(&mut connections, &socket, &[Topic::All]);
    socket.room.set(0);
    connections.close(id, Bytes::from_static(b"come back"), "drain");
    let close_frame = |_| Bytes::from_static(b"too slow");
    for _ in 1..CLOSING_TICKS {
        connections.tick(2, close_frame);
        assert!(!socket.closed.get());
    }
    connections.tick(2, close_frame);
    assert!(socket.closed.get());
    socket.room.set(PLENTY);
    connections.drain(id);
    assert_eq!(socket.count("too slow"), 0);
}

#[test]
fn a_client_that_requests_without_reading_is_disconnected() {
    let mut connections = Connections::new(hub());
    let socket = FakeSocket::with_room(0);
    let id = connections.open(socket.clone());
    // One reply is being written, the others are queued.
    for _ in 0..REPLIES_MAX + 2 {
        connections.send(id, Bytes::from_static(b"answer"));
    }
    assert!(socket.closed.get());
}

#[test]
fn gone_for_one_topic_and_the_state_for_another_are_both_sent_in_any_order() {
    for gone_first in [true, false] {
        run_with(&[("615", 0)], |mut connections, legs| {
            let socket = FakeSocket::with_room(PLENTY);
            let miami = Topic::parse("board/MIA/arrivals").unwrap();
            let id = following(&mut connections, &socket, &[Topic::All, miami.clone()]);
            socket.room.set(0);
            let gone = gone(&legs[0], "left Miami", &miami);
            let change = broadcast(legs[0].as_str(), "change", &[Topic::All]);
            let both = if gone_first { [gone, change] } else { [change, gone] };
            both.into_iter().for_each(|one| {
                connections.add(one);
                connections.flush();
            });
            socket.room.set(PLENTY);
            connections.drain(id);
            assert_eq!((socket.count("left Miami"), socket.count("\"type\":\"state\"")), (1, 1));
        });
    }
}

#[test]
fn a_slow_connection_gets_the_oldest_change_first() {
    run_with(&[("615", 0), ("616", 5), ("617", 5), ("615", 5)], |mut connections, legs| {
        let socket = FakeSocket::with_room(PLENTY);
        let id = following(&mut connections, &socket, &[Topic::All]);
        socket.room.set(0);
        for leg in &legs {
            connections.add(broadcast(leg.as_str(), "change", &[Topic::All]));
        }
        connections.flush();
        socket.room.set(PLENTY);
        connections.drain(id);
        let text = socket.text();
        let positions: Vec<_> = ["616", "617", "615"].map(|n| text.find(&format!("B6-{n}-")).unwrap()).into();
        assert!(positions.is_sorted(), "{text}");
    });
}

#[test]
fn nothing_follows_the_close_frame() {
    let mut connections = Connections::new(hub());
    let socket = FakeSocket::with_room(PLENTY);
    let id = following(&mut connections, &socket, &[Topic::All]);
    socket.room.set(4);
    connections.send(id, Bytes::from_static(b"begun and not finished"));
    connections.close(id, Bytes::from_static(b"LAST"), "drain");
    connections.add(broadcast("A", "change", &[Topic::All]));
    connections.flush();
    connections.send(id, Bytes::from_static(b"an answer"));
    connections.close(id, Bytes::from_static(b"LAST"), "drain");
    socket.room.set(PLENTY);
    connections.drain(id);
    // The task of the socket may notice the close later.
    connections.add(broadcast("B", "change", &[Topic::All]));
    connections.flush();
    connections.send(id, Bytes::from_static(b"an answer"));
    assert!(socket.text().ends_with("begun and not finishedLAST"), "{}", socket.text());
    assert!(socket.closed.get() && connections.is_closing(id));
}

#[test]
fn a_cancelled_follow_holds_nothing_back() {
    let mut connections = Connections::new(hub());
    let socket = FakeSocket::with_room(PLENTY);
    let id = following(&mut connections, &socket, &[Topic::All]);
    let flight = Topic::Flight(leg("A"));
    for _ in 0..2 {
        connections.follow(id, &flight, 10).unwrap();
    }
    connections.send(id, Bytes::from_static(b"an answer"));
    connections.unfollow(id, &flight);
    connections.cancel_follows(id, 1);
    assert_eq!(socket.count("an answer"), 0, "one is still in progress");
    connections.cancel_follows(id, 1);
    assert_eq!((socket.count("an answer"), connections.legs_behind(id)), (1, None));
}

#[test]
fn a_snapshot_is_unsent_until_all_of_it_is_written() {
    let mut connections = Connections::new(hub());
    let socket = FakeSocket::with_room(3);
    let id = following(&mut connections, &socket, &[Topic::All]);
    assert!(connections.has_unsent_snapshot(id));
    socket.room.set(PLENTY);
    connections.drain(id);
    assert!(!connections.has_unsent_snapshot(id));
}

#[test]
fn a_topic_that_is_unfollowed_before_its_snapshot_sends_nothing() {
    let mut connections = Connections::new(hub());
    let socket = FakeSocket::with_room(PLENTY);
    let id = connections.open(socket.clone());
    connections.follow(id, &Topic::All, 10).unwrap();
    connections.unfollow(id, &Topic::All);
    connections
        .complete_follow(
            id,
            &Topic::All,
            &Frame::new(FrameKind::Snapshot, Bytes::from_static(b"too late"), None),
        )
        .unwrap();
    assert_eq!(socket.text(), "");
    assert_eq!(connections.legs_behind(id), None);
}

/// The size of a long snapshot.
const LONG: usize = 64 * 1024;

fn snapshot() -> Frame {
    Frame::new(FrameKind::Snapshot, Bytes::from(vec![b'x'; LONG]), None)
}

#[test]
fn a_snapshot_leaves_the_budget_with_its_last_connection() {
    let limits = Limits {
        unread: UnreadLimits { bytes_max: 4 * LONG, ..UnreadLimits::default() },
        ..Limits::default()
    };
    let hub = hub_within(limits);
    let mut workers = [Connections::new(hub.clone()), Connections::new(hub.clone())];
    // Each version of the board has a slow follower and a leaving follower on both workers.
    for version in 0..20 {
        let snapshot = snapshot();
        let follow = |connections: &mut Connections<Rc<FakeSocket>>| {
            let socket = FakeSocket::with_room(1);
            let id = connections.open(socket.clone());
            connections.follow(id, &Topic::All, 10).unwrap();
            assert_eq!(connections.complete_follow(id, &Topic::All, &snapshot), Ok(()), "version {version}");
            (socket, id)
        };
        let followers = [0, 1, 0, 1].map(|worker| (worker, follow(&mut workers[worker])));
        drop(snapshot);
        assert!(hub.unread_budget().bytes() > LONG);
        for (number, (worker, (socket, id))) in followers.into_iter().enumerate() {
            if number < 2 {
                socket.room.set(PLENTY);
                workers[worker].drain(id);
                assert!(!workers[worker].has_unsent_snapshot(id));
            } else {
                workers[worker].remove(id);
            }
        }
        assert_eq!(hub.unread_budget().bytes(), 0, "version {version}");
    }
}

#[test]
fn a_blocked_connection_with_a_long_snapshot_is_closed_sooner_when_memory_is_tight() {
    let limits = Limits {
        unread: UnreadLimits { bytes_max: 4 * LONG, ..UnreadLimits::default() },
        ..Limits::default()
    };
    let hub = hub_within(limits);
    let mut connections = Connections::new(hub.clone());
    let (socket, other) = (FakeSocket::with_room(1), FakeSocket::with_room(PLENTY));
    let (id, waiting) = (connections.open(socket), connections.open(other));
    for connection in [id, waiting] {
        connections.follow(connection, &Topic::All, 10).unwrap();
    }
    connections.complete_follow(id, &Topic::All, &snapshot()).unwrap();
    // Other unread snapshots.
    let others = hub.unread_budget().reserve(&Bytes::from(vec![0; 2 * LONG]), None).unwrap();
    assert_eq!(connections.complete_follow(waiting, &Topic::All, &snapshot()), Err(BudgetExceeded::Process));
    let close_frame = |_| Bytes::from_static(b"come back");
    for _ in 0..5 {
        assert!(!connections.is_closing(id));
        connections.tick(30, close_frame);
    }
    assert!(connections.is_closing(id));
    connections.remove(id);
    drop(others);
    assert_eq!(connections.complete_follow(waiting, &Topic::All, &snapshot()), Ok(()));
}
