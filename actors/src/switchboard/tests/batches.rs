//! Followers, and what one batch writes to them.

use super::*;

#[test]
fn a_follower_of_two_topics_gets_a_broadcast_once() {
    let mut connections = Connections::new(hub());
    let (one, both, none) =
        (FakeSocket::with_room(PLENTY), FakeSocket::with_room(PLENTY), FakeSocket::with_room(PLENTY));
    let (flight, all) = (Topic::Flight(leg("A")), Topic::All);
    following(&mut connections, &one, std::slice::from_ref(&flight));
    following(&mut connections, &both, &[flight.clone(), all.clone()]);
    following(&mut connections, &none, &[Topic::Flight(leg("B"))]);
    connections.add(broadcast("A", "rev 2", &[flight, all]));
    connections.flush();
    assert_eq!((one.count("rev 2"), both.count("rev 2"), none.count("rev 2")), (1, 1, 0));
}

#[test]
fn a_batch_leaves_in_one_write() {
    let mut connections = Connections::new(hub());
    let socket = FakeSocket::with_room(PLENTY);
    let topic = Topic::Flight(leg("A"));
    following(&mut connections, &socket, std::slice::from_ref(&topic));
    let before = socket.writes.get();
    for rev in 2..18 {
        connections.add(broadcast("A", &format!("rev {rev}."), std::slice::from_ref(&topic)));
    }
    connections.flush();
    assert_eq!(socket.writes.get(), before + 1);
    let text = socket.text();
    let order: Vec<_> = (2..18).map(|rev| text.find(&format!("rev {rev}.")).unwrap()).collect();
    assert!(order.is_sorted());
}

#[test]
fn removed_followers_do_not_affect_the_others() {
    let mut connections = Connections::new(hub());
    let sockets: Vec<_> = (0..5).map(|_| FakeSocket::with_room(PLENTY)).collect();
    let topics = [Topic::All, Topic::Flight(leg("A"))];
    let ids: Vec<_> = sockets.iter().map(|socket| following(&mut connections, socket, &topics)).collect();
    connections.remove(ids[1]);
    connections.unfollow(ids[0], &Topic::All);
    connections.unfollow(ids[4], &Topic::Flight(leg("A")));
    connections.add(broadcast("A", "x1", &[Topic::All]));
    connections.add(broadcast("A", "x2", &[Topic::Flight(leg("A"))]));
    connections.flush();
    let got: Vec<_> = sockets.iter().map(|socket| (socket.count("x1"), socket.count("x2"))).collect();
    assert_eq!(got, [(0, 1), (0, 0), (1, 1), (1, 1), (1, 0)]);
}

#[test]
fn a_reused_slot_has_a_new_id() {
    let mut connections = Connections::new(hub());
    let first = connections.open(FakeSocket::with_room(PLENTY));
    connections.remove(first);
    let socket = FakeSocket::with_room(PLENTY);
    let second = connections.open(socket.clone());
    connections.send(first, Bytes::from_static(b"for the first"));
    assert_ne!(first, second);
    assert_eq!(socket.text(), "");
    assert_eq!(connections.follow(first, &Topic::All, 10), Err(FollowError::Gone));
}

#[test]
fn a_connection_follows_at_most_its_limit_of_topics() {
    let mut connections = Connections::new(hub());
    let id = connections.open(FakeSocket::with_room(PLENTY));
    assert_eq!(connections.follow(id, &Topic::All, 1), Ok(true));
    assert_eq!(connections.follow(id, &Topic::All, 1), Ok(false), "following again is allowed");
    assert_eq!(connections.follow(id, &Topic::Flight(leg("A")), 1), Err(FollowError::TooMany(1)));
}
