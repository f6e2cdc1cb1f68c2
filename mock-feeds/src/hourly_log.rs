//! Logs one line per operational hour.

use crate::airport::Counters;
use crate::shared::Shared;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::America::New_York;
use domain::codes::Iata;
use std::time::Duration;
use tracing::info;

/// Shortest real time between two lines, however fast the clock runs.
const APART: Duration = Duration::from_secs(5);

/// Logs until it is dropped.
pub async fn tell(shared: &Shared) {
    let mut before: Vec<(Iata, Counters)> = shared.look(|airports, _| tallies(airports));
    loop {
        let now = shared.clock().now();
        let wait = shared.clock().real_until(next_hour(now)).max(APART);
        tokio::time::sleep(wait).await;
        let (after, now) = shared.look(|airports, now| (tallies(airports), now));
        info!("{}", line(&before, &after, now));
        before = after;
    }
}

fn tallies(airports: &crate::airport::Airports) -> Vec<(Iata, Counters)> {
    airports.all.iter().map(|airport| (airport.iata, airport.tally)).collect()
}

fn next_hour(now: DateTime<Utc>) -> DateTime<Utc> {
    let hour = now.timestamp().div_euclid(3600) + 1;
    DateTime::from_timestamp(hour * 3600, 0).unwrap_or(now + TimeDelta::hours(1))
}

/// What happened at each airport since the previous line; cancellations since the start.
fn line(before: &[(Iata, Counters)], after: &[(Iata, Counters)], now: DateTime<Utc>) -> String {
    let parts: Vec<String> =
        before.iter().zip(after).map(|((iata, before), (_, after))| part(*iata, before, after)).collect();
    let cancelled: u64 = after.iter().map(|(_, tally)| tally.cancelled).sum();
    format!(
        "{}: {}; {cancelled} cancelled so far",
        now.with_timezone(&New_York).format("%a %-d %b %H:%M %Z"),
        parts.join("; ")
    )
}

fn part(iata: Iata, before: &Counters, after: &Counters) -> String {
    let mut words = Vec::new();
    let mut say = |before: u64, after: u64, what: &str| {
        if after > before {
            words.push(format!("{} {what}", after - before));
        }
    };
    say(before.pushed_legs, after.pushed_legs, "legs pushed");
    say(before.retried, after.retried, "pushes tried again");
    say(before.overtaken, after.overtaken, "steps overtaken");
    say(before.rejected, after.rejected, "reports rejected");
    say(before.refused, after.refused, "legs refused");
    say(before.pulled, after.pulled, "times pulled");
    say(before.unchanged, after.unchanged, "of them unchanged");
    say(before.faults, after.faults, "faults played");
    if words.is_empty() { format!("{iata} nothing") } else { format!("{iata} {}", words.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_events_since_the_previous_one_in_local_time() {
        let jfk = Iata::parse("JFK").unwrap();
        let before = [(jfk, Counters { pushed_legs: 10, cancelled: 1, ..Counters::default() })];
        let after = [(jfk, Counters { pushed_legs: 35, cancelled: 4, retried: 2, ..Counters::default() })];
        let now = "2013-02-08T16:00:00Z".parse().unwrap();
        assert_eq!(
            line(&before, &after, now),
            "Fri 8 Feb 11:00 EST: JFK 25 legs pushed, 2 pushes tried again; 4 cancelled so far"
        );
    }
}
