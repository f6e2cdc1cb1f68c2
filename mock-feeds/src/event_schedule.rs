//! Where events come from: one day, or days without end.

use crate::simulation::Life;
use crate::simulation::event::Event;
use crate::simulation::synthetic::Timetable;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::America::New_York;
use std::collections::VecDeque;

/// Events in the order in which they become known.
#[derive(Debug)]
pub struct EventSchedule {
    /// What is still to come, soonest first.
    ahead: VecDeque<Event>,
    /// Where more comes from.
    more: Option<(Timetable, NaiveDate)>,
}

impl EventSchedule {
    /// One day, then silence.
    pub fn one_day(life: Life) -> Self {
        Self { ahead: life.events.into(), more: None }
    }

    /// Day after day from the one before `now` on.
    pub fn endless(timetable: Timetable, now: DateTime<Utc>) -> Self {
        let yesterday = now.with_timezone(&New_York).date_naive() - TimeDelta::days(1);
        Self { ahead: VecDeque::new(), more: Some((timetable, yesterday)) }
    }

    /// Takes what has become known up to `now`.
    pub fn take_until(&mut self, now: DateTime<Utc>) -> Vec<Event> {
        self.write_ahead(now);
        let known = self.ahead.partition_point(|event| event.at <= now);
        self.ahead.drain(..known).collect()
    }

    /// When the next event becomes known, if one is left.
    pub fn next_at(&self) -> Option<DateTime<Utc>> {
        self.ahead.front().map(|event| event.at)
    }

    /// Makes days up to the one after tomorrow: a day's schedule is published the evening before,
    /// and some of its inbound flights leave that evening and are published a day earlier still.
    fn write_ahead(&mut self, now: DateTime<Utc>) {
        let Some((timetable, next)) = &mut self.more else { return };
        let last = now.with_timezone(&New_York).date_naive() + TimeDelta::days(2);
        // A clock that jumps by years skips the days between: nobody would see them.
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
