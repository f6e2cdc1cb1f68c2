//! The position of a flight on a board, including flights without a known time.

use super::{FlightView, Status};
use crate::airports::start_of_day;
use crate::codes::Direction;
use chrono::{DateTime, TimeDelta, Utc};

/// Longer than any flight; the longest scheduled ones take nineteen hours.
const FLIGHT_MAX: TimeDelta = TimeDelta::hours(20);

/// How long after its schedule a late flight without an estimate is still listed.
const LATE_MAX: TimeDelta = TimeDelta::hours(12);

impl FlightView {
    /// The time by which a board of `direction` sorts the flight: the scheduled time of that side, or else
    /// its best other time, or else the time of the other side, or else the start of the origin date at the
    /// board's airport.
    pub fn board_time(&self, direction: Direction) -> DateTime<Utc> {
        let told =
            self.scheduled_or_known(direction).or_else(|| self.scheduled_or_known(direction.opposite()));
        told.unwrap_or_else(|| self.start_of_origin_date(direction))
    }

    /// Whether the flight was scheduled to leave (on a board of arrivals: to arrive) within `from` and
    /// `to`, `to` excluded, or may do so now. A flight without a known time matches every range that the
    /// known facts allow, so that no list of the next hours misses it.
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

    /// The range of expected times, if it differs from the scheduled time. A late flight without an
    /// estimate may leave or arrive for hours.
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

    /// The first and last instant at which the flight may leave or arrive.
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
                    // Includes its sort time, also if the arrival airport lies west of the departure
                    // airport.
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

/// Adds a span and saturates at the ends of time.
fn moved(instant: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    let end = if by < TimeDelta::zero() { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    instant.checked_add_signed(by).unwrap_or(end)
}
