//! Followers, and what one turn writes to them.

use super::*;

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
