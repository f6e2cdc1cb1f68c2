//! Real time that does not go back when the wall clock is corrected.
//!
//! Revisions are stamped with it and clients resume from it, so it must not repeat an instant. But it must
//! follow a wall clock that was fast and has been corrected; otherwise it would stamp reports without a
//! time ahead of real time. So it follows a step forward at once. If it is less than [`STEP_FROM_US`] ahead
//! of the wall clock, it runs at half speed until the wall clock has caught up. If it is further ahead, it
//! steps back, because half speed would take hours, and reports [`Adjustment::SteppedBack`].
//!
//! All values are in microseconds: `steady` since an arbitrary start, `wall` since 1970.

/// From this lead over the wall clock on, the clock steps back instead of slowing down.
pub const STEP_FROM_US: i64 = 60_000_000;

/// Smaller differences are ignored, because two clocks cannot be read at the same instant.
const TOLERANCE_US: i64 = 1_000;

/// Converts the steady clock to the displayed time. Replaced as a whole by each adjustment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SteadyWall {
    /// The lead of the wall clock over the steady clock.
    ahead_us: i64,
    /// From this point the clock runs at half speed, as long as that is later than the wall clock.
    base_steady_us: i64,
    base_shown_us: i64,
}

/// The result of a comparison with the wall clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Adjustment {
    /// The wall clock was set forward, or the machine was suspended.
    SteppedForward {
        /// By how much.
        by_us: i64,
    },
    /// The wall clock was set back a little. This clock runs at half speed for a while.
    SlowedDown {
        /// The lead over the wall clock.
        ahead_us: i64,
    },
    /// The wall clock was set back by much, and this clock with it. Instants repeat.
    SteppedBack {
        /// By how much.
        by_us: i64,
    },
}

impl SteadyWall {
    /// Follows the wall clock. `not_before_us` is an instant that was shown before, for example by an
    /// earlier run.
    pub fn new(steady_us: i64, wall_us: i64, not_before_us: i64) -> Self {
        let shown_us = not_before_us.max(wall_us);
        let shown_us = if shown_us - wall_us >= STEP_FROM_US { wall_us } else { shown_us };
        Self { ahead_us: wall_us - steady_us, base_steady_us: steady_us, base_shown_us: shown_us }
    }

    /// The displayed time.
    pub fn shown_us(&self, steady_us: i64) -> i64 {
        let slowly = self.base_shown_us + (steady_us - self.base_steady_us).div_euclid(2);
        slowly.max(steady_us + self.ahead_us)
    }

    /// The lead over the wall clock.
    pub fn lead_us(&self, steady_us: i64) -> i64 {
        self.shown_us(steady_us) - (steady_us + self.ahead_us)
    }

    /// Whether the wall clock is as expected, which is the usual case.
    pub fn agrees(&self, steady_us: i64, wall_us: i64) -> bool {
        (wall_us - steady_us - self.ahead_us).abs() <= TOLERANCE_US
    }

    /// Follows a wall clock that does not agree.
    pub fn corrected(&self, steady_us: i64, wall_us: i64) -> (Self, Adjustment) {
        let shown_us = self.shown_us(steady_us);
        let next = Self::new(steady_us, wall_us, shown_us);
        let correction = match shown_us - wall_us {
            behind_us if behind_us <= 0 => Adjustment::SteppedForward { by_us: -behind_us },
            ahead_us if ahead_us < STEP_FROM_US => Adjustment::SlowedDown { ahead_us },
            by_us => Adjustment::SteppedBack { by_us },
        };
        (next, correction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const S: i64 = 1_000_000;
    /// The wall clock when the steady clock is at 0.
    const WALL: i64 = 1_700_000_000 * S;

    fn clock() -> SteadyWall {
        SteadyWall::new(0, WALL, 0)
    }

    #[test]
    fn half_a_second_fast_is_right_again_after_a_second_and_never_goes_back() {
        let fast = SteadyWall::new(0, WALL + S / 2, 0);
        assert_eq!(fast.shown_us(10 * S), WALL + 10 * S + S / 2);
        assert!(!fast.agrees(10 * S, WALL + 10 * S), "the wall clock was set right");
        let (right, correction) = fast.corrected(10 * S, WALL + 10 * S);
        assert_eq!(correction, Adjustment::SlowedDown { ahead_us: S / 2 });
        assert_eq!(right.shown_us(10 * S), WALL + 10 * S + S / 2, "from where it was");
        assert_eq!(right.shown_us(10 * S + S / 2), WALL + 10 * S + S * 3 / 4, "at half speed");
        assert_eq!(right.shown_us(11 * S), WALL + 11 * S, "until it is right");
        assert_eq!(right.shown_us(60 * S), WALL + 60 * S);
        assert!(right.agrees(60 * S, WALL + 60 * S), "and there is nothing left to correct");
    }

    #[test]
    fn a_step_forward_is_followed_at_once() {
        let (next, correction) = clock().corrected(S, WALL + 3601 * S);
        assert_eq!(correction, Adjustment::SteppedForward { by_us: 3600 * S });
        assert_eq!(next.shown_us(S), WALL + 3601 * S);
    }

    #[test]
    fn an_hour_fast_steps_back_and_reports_it() {
        let fast = SteadyWall::new(0, WALL + 3600 * S, 0);
        let (next, correction) = fast.corrected(S, WALL + S);
        assert_eq!(correction, Adjustment::SteppedBack { by_us: 3600 * S });
        assert_eq!(next.shown_us(S), WALL + S);
        assert_eq!(next.lead_us(S), 0);
    }

    #[test]
    fn a_start_goes_on_from_what_an_earlier_run_has_shown() {
        let started = SteadyWall::new(0, WALL, WALL + S / 2);
        assert_eq!(started.shown_us(0), WALL + S / 2);
        assert_eq!(started.shown_us(2 * S), WALL + 2 * S);
        let of_another_year = SteadyWall::new(0, WALL, WALL + 366 * 86_400 * S);
        assert_eq!(of_another_year.shown_us(0), WALL, "what is far ahead was a wrong clock's");
    }

    #[test]
    fn a_clock_that_drifts_as_ntp_steers_it_is_followed() {
        let mut clock = clock();
        // 200 parts per million slow, checked each second.
        for second in 1..=3_600 {
            let (steady, wall) = (second * S, WALL + second * S - second * 200);
            if !clock.agrees(steady, wall) {
                clock = clock.corrected(steady, wall).0;
            }
            assert!((clock.shown_us(steady) - wall).abs() <= 2 * TOLERANCE_US);
        }
    }

    proptest! {
        #[test]
        fn within_a_minute_no_instant_is_shown_twice_whatever_the_wall_clock_does(
            looks in proptest::collection::vec((1_i64..5_000_000, -20_000_000_i64..20_000_000), 1..60),
        ) {
            let (mut clock, mut steady, mut last) = (clock(), 0, WALL);
            for (passed, wrong_by) in looks {
                steady += passed;
                let wall = WALL + steady + wrong_by;
                if !clock.agrees(steady, wall) {
                    clock = clock.corrected(steady, wall).0;
                }
                let shown = clock.shown_us(steady);
                prop_assert!(shown >= last, "{shown} after {last}");
                prop_assert!(shown + TOLERANCE_US >= wall);
                last = shown;
            }
        }
    }
}
