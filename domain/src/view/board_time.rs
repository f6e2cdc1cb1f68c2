//! Where a flight stands on a board, also while nobody has said when it leaves or comes.

use super::{FlightView, Status};
use crate::airports::start_of_day;
use crate::codes::Direction;
use chrono::{DateTime, TimeDelta, Utc};

/// No flight is longer; the longest that are scheduled take nineteen hours.
const FLIGHT_MAX: TimeDelta = TimeDelta::hours(20);

/// So long a flight that is late without a time is looked for after its schedule.
const LATE_MAX: TimeDelta = TimeDelta::hours(12);

impl FlightView {
    /// Where the flight stands on a board of `direction`: at its scheduled time there, or the best
    /// other time of that side. Where that side has none it stands at the time of the other, and
    /// where there is none at all, at the start of its origin date on the clocks of this board's
    /// airport.
    pub fn board_time(&self, direction: Direction) -> DateTime<Utc> {
        let told =
            self.scheduled_or_known(direction).or_else(|| self.scheduled_or_known(direction.opposite()));
        told.unwrap_or_else(|| self.start_of_origin_date(direction))
    }

    /// Whether the flight was to leave (or to come, on a board of arrivals) at or after `from` and before
    /// `to`, or may do so now. One whose time is not known may do so whenever what is known allows it:
    /// whoever looks at the next hours must not miss it.
    pub fn may_be_within(
        &self,
        direction: Direction,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
    ) -> bool {
        let is_within =
            |(first, last)| from.is_none_or(|from| last >= from) && to.is_none_or(|to| first < to);
        is_within(self.span(direction)) || self.span_in_force(direction).is_some_and(is_within)
    }

    /// The same by what is expected now, where that is another time than the one it stands at. A flight
    /// that is late, nobody says how much, may leave or come for hours.
    fn span_in_force(&self, direction: Direction) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        if let Some(at) = self.time_in_force(direction) {
            return Some((at, at));
        }
        let is_over = match direction {
            Direction::Departures => self.status.has_left(),
            Direction::Arrivals => {
                matches!(self.status, Status::Landed | Status::Arrived | Status::BagsOnBelt)
            }
        };
        let is_open = !is_over && (self.delayed || !self.doubtful.is_empty());
        let stands = self.scheduled_or_known(direction).filter(|_| is_open)?;
        Some((stands, moved(stands, LATE_MAX)))
    }

    /// The first and the last instant at which it may leave or come.
    fn span(&self, direction: Direction) -> (DateTime<Utc>, DateTime<Utc>) {
        if let Some(told) = self.scheduled_or_known(direction) {
            return (told, told);
        }
        match (direction, self.scheduled_or_known(direction.opposite())) {
            (Direction::Departures, Some(comes)) => (moved(comes, -FLIGHT_MAX), comes),
            (Direction::Arrivals, Some(leaves)) => (leaves, moved(leaves, FLIGHT_MAX)),
            (_, None) => {
                let begins = self.start_of_origin_date(Direction::Departures);
                let ends = moved(begins, TimeDelta::days(1));
                match direction {
                    Direction::Departures => (begins, ends),
                    // Where it stands is among them, also west of where it comes from.
                    Direction::Arrivals => {
                        (begins.min(self.start_of_origin_date(direction)), moved(ends, FLIGHT_MAX))
                    }
                }
            }
        }
    }

    fn scheduled_or_known(&self, direction: Direction) -> Option<DateTime<Utc>> {
        let (d, a) = (&self.departure, &self.arrival);
        match direction {
            Direction::Departures => d.scheduled.or(d.estimated).or(d.actual),
            Direction::Arrivals => a.scheduled.or(a.estimated).or(a.actual),
        }
    }

    fn start_of_origin_date(&self, direction: Direction) -> DateTime<Utc> {
        let airport = match direction {
            Direction::Departures => self.departure.airport,
            Direction::Arrivals => self.arrival.airport,
        };
        start_of_day(airport, self.key.origin_date)
    }
}

/// The instant so much later, or the last there is.
fn moved(instant: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    let end = if by < TimeDelta::zero() { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    instant.checked_add_signed(by).unwrap_or(end)
}
