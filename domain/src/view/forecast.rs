//! Delay of a flight, and the arrival forecast from a late departure.

use super::doubt::planned_block;
use super::{FlightView, LATE_FROM, Status};
use crate::codes::Direction;
use crate::field::Field;
use chrono::{DateTime, Utc};

impl FlightView {
    /// The time in force of a side, apart from the schedule: actual, else estimated. Doubtful times do not
    /// count.
    pub fn time_in_force(&self, direction: Direction) -> Option<DateTime<Utc>> {
        let trusted = |field, at: Option<DateTime<Utc>>| at.filter(|_| !self.doubtful.contains(field));
        let (d, a) = (&self.departure, &self.arrival);
        match direction {
            Direction::Departures => trusted(Field::DepartureActual, d.actual)
                .or_else(|| trusted(Field::DepartureEstimated, d.estimated)),
            Direction::Arrivals => trusted(Field::ArrivalActual, a.actual)
                .or_else(|| trusted(Field::ArrivalEstimated, a.estimated))
                .or(a.forecast),
        }
    }

    /// Minutes late at departure, or at arrival if only that is known. Negative if early.
    pub fn delay_minutes(&self) -> Option<i64> {
        self.lateness(Direction::Departures).or_else(|| self.lateness(Direction::Arrivals))
    }

    /// Whether it is 15 minutes late or more, by [`FlightView::delay_minutes`].
    pub fn is_late(&self) -> bool {
        is_late(self.delay_minutes())
    }

    /// Before departure, the departure's delay counts, or the arrival's if only that is known. After
    /// departure, the arrival's delay counts.
    pub(super) fn is_delayed(&self, is_said: bool) -> bool {
        if self.status == Status::Cancelled {
            return false;
        }
        let comes = self.lateness(Direction::Arrivals).filter(|_| self.status.has_left());
        comes.map_or_else(|| is_said || self.is_late(), |minutes| is_late(Some(minutes)))
    }

    /// The departure time in force plus the planned block time, if the departure is late, the flight has
    /// not arrived, and no better arrival time is known.
    pub(super) fn forecast(&self) -> Option<DateTime<Utc>> {
        let is_over = matches!(
            self.status,
            Status::Cancelled | Status::Diverted | Status::Landed | Status::Arrived | Status::BagsOnBelt
        );
        if is_over || self.time_in_force(Direction::Arrivals).is_some() {
            return None;
        }
        let departs = self.time_in_force(Direction::Departures)?;
        let is_late = departs > self.departure.scheduled?;
        let block = planned_block(&self.departure, &self.arrival).filter(|_| is_late)?;
        departs.checked_add_signed(block)
    }

    fn lateness(&self, direction: Direction) -> Option<i64> {
        let scheduled = match direction {
            Direction::Departures => self.departure.scheduled,
            Direction::Arrivals => {
                self.arrival.scheduled.filter(|_| !self.doubtful.contains(Field::ArrivalScheduled))
            }
        };
        Some((self.time_in_force(direction)? - scheduled?).num_minutes())
    }
}

fn is_late(minutes: Option<i64>) -> bool {
    minutes.is_some_and(|minutes| minutes >= LATE_FROM.num_minutes())
}
