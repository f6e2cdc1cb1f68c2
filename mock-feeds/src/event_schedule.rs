//! The sequence of events: one day, or endless days.

use crate::simulation::Life;
use crate::simulation::event::Event;
use crate::simulation::synthetic::Timetable;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::America::New_York;
use std::collections::VecDeque;

/// Events in the order in which they become known.
#[derive(Debug)]
pub struct EventSchedule {
    /// Events to come, soonest first.
    ahead: VecDeque<Event>,
    /// The source of further days.
    more: Option<(Timetable, NaiveDate)>,
}

impl EventSchedule {
    /// One day and nothing after it.
    pub fn one_day(life: Life) -> Self {
        Self { ahead: life.events.into(), more: None }
    }

    /// Day after day, starting with the day before `now`.
    pub fn endless(timetable: Timetable, now: DateTime<Utc>) -> Self {
        let yesterday = now.with_timezone(&New_York).date_naive() - TimeDelta::days(1);
        Self { ahead: VecDeque::new(), more: Some((timetable, yesterday)) }
    }

    /// Takes the events up to `now`.
    pub fn take_until(&mut self, now: DateTime<Utc>) -> Vec<Event> {
        self.write_ahead(now);
        let known = self.ahead.partition_point(|event| event.at <= now);
        self.ahead.drain(..known).collect()
    }

    /// The time of the next event, if any.
    pub fn next_at(&self) -> Option<DateTime<Utc>> {
        self.ahead.front().map(|event| event.at)
    }

    /// Generates days up to the day after tomorrow: a day's schedule is published the evening before, and
    /// some of its inbound flights leave that evening and are published another day earlier.
    fn write_ahead(&mut self, now: DateTime<Utc>) {
        let Some((timetable, next)) = &mut self.more else { return };
        let last = now.with_timezone(&New_York).date_naive() + TimeDelta::days(2);
        // A clock that jumps by years skips the days between.
        *next = (*next).max(last - TimeDelta::days(3));
        while *next <= last {
            self.ahead.extend(timetable.day(*next).events);
            self.ahead.make_contiguous().sort_by_key(|event| event.at);
            *next += TimeDelta::days(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::codes::Iata;
    use std::collections::HashSet;

    #[test]
    fn days_without_end_go_on_past_midnight_in_order() {
        let timetable = Timetable::new(&[Iata::parse("JFK").unwrap()], 200, 1).unwrap();
        let mut now = "2026-03-03T12:00:00Z".parse().unwrap();
        let mut book = EventSchedule::endless(timetable, now);
        let (mut last, mut dates) = (DateTime::UNIX_EPOCH, HashSet::new());
        for _ in 0..120 {
            for event in book.take_until(now) {
                assert!(event.at >= last && event.at <= now);
                last = event.at;
                dates.insert(event.leg.origin_date);
            }
            assert!(book.next_at().is_some_and(|at| at > now));
            now += TimeDelta::hours(1);
        }
        assert!(dates.len() >= 6, "{dates:?}");
    }
}
