//! What boards show, and snapshots for clients that resume.

use crate::world::*;
use actix::System;
use chrono::TimeDelta;
use domain::field::{Field, Value};
use domain::ports::ReportSink;
use domain::topic::Topic;
use gatecall_actors::board::WAKE_EVERY_CHANGES;
use gatecall_actors::hub::{Limits, SnapshotError};

#[test]
fn a_board_orders_its_rows_by_time() {
    run(async |world| {
        let mut early = scheduled("700");
        early.set(Field::DepartureScheduled, Value::time(Field::DepartureScheduled, at(100)).unwrap());
        world.hub.accept(vec![scheduled("615"), early]).await.unwrap();
        let whole = snapshot(&world.hub, &jfk(), None).await;
        assert_eq!(whole, (false, vec![(leg("700"), 1), (leg("615"), 1)]));
        for topic in ["board/FLL/arrivals", "airline/B6", "all"] {
            let (_, rows) = snapshot(&world.hub, &Topic::parse(topic).unwrap(), None).await;
            assert_eq!(rows.len(), 2, "{topic}");
        }
        let (_, rows) = snapshot(&world.hub, &Topic::parse("board/FLL/departures").unwrap(), None).await;
        assert!(rows.is_empty());
    });
}

#[test]
fn a_snapshot_includes_all_pending_changes() {
    run(async |world| {
        let numbers: Vec<String> = (0..WAKE_EVERY_CHANGES * 3 + 5).map(|n| (1000 + n).to_string()).collect();
        world.hub.accept(numbers.iter().map(|number| scheduled(number)).collect()).await.unwrap();
        for number in &numbers {
            world.hub.accept(vec![gate(number, 5, "3")]).await.unwrap();
        }
        let (_, rows) = snapshot(&world.hub, &jfk(), None).await;
        let expected: Vec<(String, u64)> = numbers.iter().map(|number| (leg(number), 2)).collect();
        assert_eq!(rows, expected);
        let seen = world.hub.rows(&jfk()).await.unwrap();
        assert_eq!(seen.rows.len(), numbers.len());
        assert_eq!(world.hub.rows(&jfk()).await.unwrap().version, seen.version, "nothing has changed");
        world.hub.accept(vec![gate("1000", 6, "4")]).await.unwrap();
        assert!(world.hub.rows(&jfk()).await.unwrap().version > seen.version);
    });
}

#[test]
fn a_resuming_client_gets_a_part_unless_a_flight_left() {
    run(async |world| {
        world.hub.accept(vec![scheduled("615"), scheduled("616")]).await.unwrap();
        world.clock.advance(TimeDelta::minutes(10));
        let since = domain::clock::Clock::now(&*world.clock);
        world.hub.accept(vec![gate("616", 5, "3")]).await.unwrap();
        let part = snapshot(&world.hub, &jfk(), Some(since)).await;
        assert_eq!(part, (true, vec![(leg("616"), 2)]));
        world.clock.advance(TimeDelta::days(3));
        assert_eq!(world.hub.retire_due(1).await, 1);
        let (partial, rows) = snapshot(&world.hub, &jfk(), Some(since)).await;
        assert!(!partial);
        assert_eq!(rows.len(), 1);
    });
}

#[test]
fn changes_within_the_slack_before_since_are_sent_again() {
    run(async |world| {
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        world.clock.advance(TimeDelta::minutes(5));
        world.hub.accept(vec![gate("615", 1, "12")]).await.unwrap();
        let stamp = world.hub.flight_snapshot(&key("615").id()).unwrap().changed_at;
        let (partial, rows) = snapshot(&world.hub, &jfk(), Some(stamp + TimeDelta::seconds(9))).await;
        assert_eq!((partial, rows), (true, vec![(leg("615"), 2)]));
        let (partial, rows) = snapshot(&world.hub, &jfk(), Some(stamp + TimeDelta::seconds(11))).await;
        assert_eq!((partial, rows), (true, vec![]));
    });
}

#[test]
fn a_resuming_client_gets_a_change_with_a_slow_commit() {
    System::new().block_on(async {
        let world = world_with(log_with(1), Limits::default());
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        world.clock.advance(TimeDelta::minutes(1));
        let hub = world.hub.clone();
        let slow = actix_rt::spawn(async move { hub.accept(vec![gate("615", 1, "12")]).await });
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        world.clock.advance(TimeDelta::minutes(1));
        // A follower has received other flights up to now, and disconnects.
        let since = domain::clock::Clock::now(&*world.clock);
        world.log.permits.add_permits(1);
        slow.await.unwrap().unwrap();
        let stamp = world.hub.flight_snapshot(&key("615").id()).unwrap().changed_at;
        assert_eq!(since - stamp, TimeDelta::minutes(1), "its timestamp is the time of the merge");
        assert_eq!(snapshot(&world.hub, &jfk(), Some(since)).await, (true, vec![(leg("615"), 2)]));
    });
}

#[test]
fn reading_an_unknown_board_does_not_create_it() {
    run(async |world| {
        for code in ["JFK", "QQX", "ZZZ"] {
            for side in ["departures", "arrivals"] {
                let topic = Topic::parse(&format!("board/{code}/{side}")).unwrap();
                let seen = world.hub.rows(&topic).await.unwrap();
                assert_eq!((seen.version, seen.rows.len()), (0, 0));
            }
        }
        assert!(world.hub.boards().is_empty());
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        assert!(world.hub.rows(&jfk()).await.unwrap().version > 0, "its first row is a change");
    });
}

#[test]
fn a_resuming_client_gets_the_whole_after_a_restart() {
    System::new().block_on(async {
        let log = log_with(MANY);
        let before = world_with(log.clone(), Limits::default());
        before.hub.accept(vec![scheduled("615"), scheduled("616")]).await.unwrap();
        let stamp = before.hub.flight_snapshot(&key("616").id()).unwrap().changed_at;
        before.hub.accept(vec![gate("616", 1, "3")]).await.unwrap();
        let after = world_with(log, Limits::default());
        after.hub.restore().await.unwrap();
        let (partial, rows) = snapshot(&after.hub, &jfk(), Some(stamp)).await;
        assert!(!partial, "a part would miss legs that were retired during the downtime");
        assert_eq!(rows.len(), 2);
    });
}

#[test]
fn an_unknown_or_hidden_flight_has_no_snapshot() {
    run(async |world| {
        let topic = Topic::Flight(key("615").id());
        assert_eq!(world.hub.snapshot(&topic, None).await.unwrap_err(), SnapshotError::UnknownLeg);
        let mut hidden = scheduled("615");
        hidden.set(Field::Hidden, Value::Flag(true));
        world.hub.accept(vec![hidden]).await.unwrap();
        assert_eq!(world.hub.snapshot(&topic, None).await.unwrap_err(), SnapshotError::UnknownLeg);
        assert!(snapshot(&world.hub, &jfk(), None).await.1.is_empty());
    });
}

#[test]
fn a_snapshot_beyond_the_limit_is_refused_with_both_sizes() {
    System::new().block_on(async {
        let limits = Limits { snapshot_bytes_max: 100, ..Limits::default() };
        let world = world_with(log_with(MANY), limits);
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        let refused = world.hub.snapshot(&jfk(), None).await.unwrap_err();
        assert!(matches!(refused, SnapshotError::TooLarge { bytes, limit_bytes: 100 } if bytes > 100));
    });
}
