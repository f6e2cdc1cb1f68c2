//! Real time that never goes back for being corrected: the wall clock, followed by the steady one.
//!
//! Revisions are stamped with it and listeners resume from it, so it must not repeat an instant; yet a
//! wall clock that was fast and was set right must be followed, or every report without a time of its own
//! would be stamped ahead of its time. So it follows a step forward at once. Ahead of the wall clock by less
//! than [`STEP_FROM_US`] it runs at half speed until that has caught up. Further ahead it steps back, as
//! half speed would take hours, and says so: see [`Adjustment::SteppedBack`].
//!
//! All spans and instants are in microseconds: `steady` since whenever the steady clock began, `wall` since
//! 1970.

/// From so far ahead of the wall clock this one steps back instead of slowing down.
pub const STEP_FROM_US: i64 = 60_000_000;

/// Differences to the wall clock below this are left alone: two clocks are never read at one instant.
const TOLERANCE_US: i64 = 1_000;

/// How the time that is shown follows from the steady clock. Replaced as a whole with each correction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SteadyWall {
    /// By how much the wall clock is ahead of the steady one.
    ahead_us: i64,
    /// From here on it ran at half speed, as long as that shows a later time than the wall clock.
    base_steady_us: i64,
    base_shown_us: i64,
}

/// What a look at the wall clock has brought about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Adjustment {
    /// The wall clock was set forward, or the machine has slept.
    SteppedForward {
        /// By so much.
        by_us: i64,
    },
    /// The wall clock was set back by little: this clock runs at half speed for a while.
    SlowedDown {
        /// So far it is ahead.
        ahead_us: i64,
    },
    /// The wall clock was set back by much, and this clock with it: instants are shown a second time.
    SteppedBack {
        /// By so much.
        by_us: i64,
    },
}

impl SteadyWall {
    /// Follows the wall clock from now on. `not_before_us` is an instant that was shown already, by an
    /// earlier run for one.
    pub fn new(steady_us: i64, wall_us: i64, not_before_us: i64) -> Self {
        let shown_us = not_before_us.max(wall_us);
        let shown_us = if shown_us - wall_us >= STEP_FROM_US { wall_us } else { shown_us };
        Self { ahead_us: wall_us - steady_us, base_steady_us: steady_us, base_shown_us: shown_us }
    }

    /// What time it is.
    pub fn shown_us(&self, steady_us: i64) -> i64 {
        let slowly = self.base_shown_us + (steady_us - self.base_steady_us).div_euclid(2);
        slowly.max(steady_us + self.ahead_us)
    }

    /// How far it is ahead of the wall clock.
    pub fn lead_us(&self, steady_us: i64) -> i64 {
        self.shown_us(steady_us) - (steady_us + self.ahead_us)
    }

    /// Whether the wall clock is where it is expected to be: the usual case, without a correction.
    pub fn agrees(&self, steady_us: i64, wall_us: i64) -> bool {
        (wall_us - steady_us - self.ahead_us).abs() <= TOLERANCE_US
    }

    /// Follows the wall clock where it does not agree.
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
    /// Where the wall clock stands when the steady one stands at 0.
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
    fn an_hour_fast_steps_back_and_says_so() {
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
        // 200 parts in a million slow, looked at each second.
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
