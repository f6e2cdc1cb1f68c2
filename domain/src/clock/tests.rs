use super::*;

use proptest::prelude::*;

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap()
}

/// A real clock the test moves by hand, and a replay of 8 February 2013 on it.
fn replay(spec: &str) -> (Arc<ManualClock>, ScaledClock<impl Fn() -> DateTime<Utc> + Send + Sync>) {
    let real = Arc::new(ManualClock::new(at("2026-01-01T00:00:00Z")));
    let source = Arc::clone(&real);
    let clock = ScaledClock::new(ClockSpec::parse(spec).unwrap(), move || source.now());
    (real, clock)
}

#[test]
fn a_replay_starts_at_its_start_and_runs_at_its_speed() {
    let (real, clock) = replay("2013-02-08T10:00:00-05:00@60");
    assert_eq!(clock.now(), at("2013-02-08T15:00:00Z"));
    real.advance(TimeDelta::milliseconds(1_001));
    assert_eq!(clock.now(), at("2013-02-08T15:01:00.060Z"));
    assert!((clock.speed() - 60.0).abs() < f64::EPSILON);
}

#[test]
fn clocks_with_one_anchor_agree_whenever_their_processes_started() {
    let spec = "2013-02-08T10:00:00-05:00@60/1767225590.5";
    let (real, early) = replay(spec);
    real.advance(TimeDelta::milliseconds(12_345));
    let source = Arc::clone(&real);
    let late = ScaledClock::new(ClockSpec::parse(spec).unwrap(), move || source.now());
    assert_eq!(early.now(), late.now());
    assert_eq!(early.now(), at("2013-02-08T15:00:00Z") + TimeDelta::milliseconds(21_845 * 60));
}

#[test]
fn before_its_anchor_a_clock_shows_times_before_its_start() {
    let (_real, clock) = replay("2013-02-08T15:00:00Z@60/1767225601");
    assert_eq!(clock.now(), at("2013-02-08T14:59:00Z"));
}

#[test]
fn the_wall_clock_shows_real_time_to_the_millisecond() {
    let clock = ScaledClock::wall(|| at("2026-11-23T02:36:51.123456Z"));
    assert_eq!(clock.now(), at("2026-11-23T02:36:51.123Z"));
}

#[test]
fn durations_convert_both_ways() {
    let (_real, clock) = replay("2013-02-08T10:00:00-05:00@60");
    assert_eq!(clock.real_duration(TimeDelta::minutes(5)), Duration::from_secs(5));
    assert_eq!(clock.real_duration(TimeDelta::minutes(-5)), Duration::ZERO);
    assert_eq!(clock.operational_duration(Duration::from_millis(500)), TimeDelta::seconds(30));
    assert_eq!(clock.real_until(at("2013-02-08T15:10:00Z")), Duration::from_secs(10));
    assert_eq!(clock.real_until(at("2013-02-08T14:00:00Z")), Duration::ZERO);
}

#[test]
fn a_clock_at_the_end_of_time_stays_there() {
    let clock = ScaledClock::new(
        ClockSpec { start: DateTime::<Utc>::MAX_UTC, speed: 3600.0, anchor: Some(0.0) },
        || at("2026-01-01T00:00:00Z"),
    );
    assert_eq!(clock.now(), DateTime::<Utc>::MAX_UTC);
}

#[test]
fn a_speed_that_would_stop_time_is_not_taken() {
    for speed in [0.0, -1.0, f64::NAN] {
        let spec = ClockSpec { start: at("2013-02-08T15:00:00Z"), speed, anchor: None };
        assert!((ScaledClock::new(spec, || at("2026-01-01T00:00:00Z")).speed() - 1.0).abs() < f64::EPSILON);
    }
}

#[test]
fn a_manual_clock_changes_only_when_set_or_advanced() {
    let clock = Arc::new(ManualClock::new(at("2013-02-08T15:00:00Z")).with_speed(60.0));
    let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    assert_eq!(shared.now(), at("2013-02-08T15:00:00Z"));
    assert_eq!(clock.advance(TimeDelta::milliseconds(1)), at("2013-02-08T15:00:00.001Z"));
    clock.set(at("2013-02-08T14:00:00Z"));
    assert_eq!(shared.now(), at("2013-02-08T14:00:00Z"));
    assert!((shared.speed() - 60.0).abs() < f64::EPSILON);
}

proptest! {
    #[test]
    fn a_sleep_until_an_instant_does_not_end_before_it(
        speed in 0.01_f64..3600.0,
        ahead_ms in 0_i64..10 * 86_400_000,
        run_us in 0_u64..86_400_000_000,
    ) {
        let real = Arc::new(std::sync::Mutex::new(at("2026-01-01T00:00:00Z")));
        let source = Arc::clone(&real);
        let spec = ClockSpec { start: at("2013-02-08T15:00:00Z"), speed, anchor: None };
        let clock = ScaledClock::new(spec, move || *source.lock().unwrap());
        *real.lock().unwrap() += Duration::from_micros(run_us);
        let goal = clock.now() + TimeDelta::milliseconds(ahead_ms);
        let sleep = clock.real_until(goal);
        *real.lock().unwrap() += sleep;
        prop_assert!(clock.now() >= goal, "woke at {} before {}", clock.now(), goal);
        // Nor much later: a microsecond of real time and a millisecond's cut.
        let late_ms = (clock.now() - goal).num_milliseconds();
        prop_assert!(late_ms <= 2 + (speed / 1000.0).ceil() as i64, "woke {late_ms} ms late");
    }
}
