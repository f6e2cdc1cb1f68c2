//! Stories of flights, as several sources report them.
//!
//! A story is a list of reports with the time at which their source first sends each. Reports are delayed,
//! reordered, repeated and observed at the same instant. Some change what an earlier one stated, some take it
//! back, some correct the number of the flight, and some lie in the future.

use crate::clock::{VirtualClock, origin};
use crate::random::Random;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::codes::{AirlineCode, Designator, FlightNumber, Iata};
use domain::field::{Field, Step, Value};
use domain::leg::{Alias, LegId, LegKey};
use domain::report::{Confidence, Report, ReportedStatus, Source, Statement};
use std::sync::Arc;
use std::time::Duration;

/// For how long sources report, in real time.
pub(crate) const REPORTED_FOR: Duration = Duration::from_secs(60);

/// A report on its way from its source.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) at: Duration,
    /// The leg that it is about.
    pub(crate) leg: LegId,
    pub(crate) report: Report,
    /// A correction: the source sends it once the leg is known under its identifier.
    pub(crate) is_correction: bool,
    /// It is observed in the future, so the hub must reject it.
    pub(crate) is_future: bool,
}

/// What one source sends, in order of time.
pub(crate) struct Feed {
    pub(crate) name: Arc<str>,
    pub(crate) reports: Vec<Sent>,
}

const AIRPORTS: [&str; 4] = ["JFK", "FLL", "BOS", "SJU"];

/// A leg of the stories.
#[derive(Clone)]
pub(crate) struct StoryLeg {
    pub(crate) id: LegId,
    /// A source corrects its number at some time.
    pub(crate) is_corrected: bool,
}

/// The stories of a seed, by source, and the legs that they are about.
pub(crate) fn stories(seed: u64, clock: &VirtualClock) -> (Vec<Feed>, Vec<StoryLeg>) {
    let random = Random::of(seed, "stories");
    let sources = [
        source("jfk", Some("JFK"), 50, true),
        source("fll", Some("FLL"), 50, true),
        source("airline", None, 30, true),
        source("aggregator", None, 20, false),
    ];
    let mut feeds: Vec<Feed> =
        sources.iter().map(|source| Feed { name: source.name.clone(), reports: Vec::new() }).collect();
    let legs = random.between(3..=8);
    let mut known = Vec::new();
    for number in 0..legs {
        let story = Story::new(&random, clock, number);
        known.push(StoryLeg { id: story.key.id(), is_corrected: story.corrected.is_some() });
        for _ in 0..random.between(4..=22) {
            let of = random.between(0..=sources.len() as u64 - 1) as usize;
            let sent = story.report(&sources[of], feeds[of].reports.len());
            if random.percent(25) {
                feeds[of].reports.push(Sent { at: sent.at + random.millis(0..=20_000), ..sent.clone() });
            }
            feeds[of].reports.push(sent);
        }
        // A primary source reports every leg at some time.
        let mut founding = story.report(&sources[0], feeds[0].reports.len());
        (founding.is_future, founding.is_correction) = (false, false);
        founding.report = story.founding(&sources[0], founding.report.observed_at.min(clock.at(founding.at)));
        feeds[0].reports.push(founding);
    }
    for feed in &mut feeds {
        feed.reports.sort_by_key(|sent| sent.at);
    }
    (feeds, known)
}

fn source(name: &str, airport: Option<&str>, rank: u8, creates: bool) -> Arc<Source> {
    let airport = airport.map(|iata| Iata::parse(iata).unwrap());
    Arc::new(Source { name: name.into(), airport, rank, creates, scope: Default::default() })
}

/// One flight.
struct Story<'a> {
    random: &'a Random,
    clock: &'a VirtualClock,
    key: LegKey,
    scheduled: DateTime<Utc>,
    /// JFK corrects the number of the flight, under its own identifier.
    corrected: Option<LegKey>,
}

impl<'a> Story<'a> {
    fn new(random: &'a Random, clock: &'a VirtualClock, number: u64) -> Self {
        let is_corrected = random.percent(25);
        // A leg retires a day after its last time, so some retire during the run. A corrected one does not: a
        // correction that comes only after the end cannot be told from a new flight.
        let earliest = if is_corrected { 0 } else { -26 * 60 };
        let scheduled = origin() + TimeDelta::minutes(random.signed(earliest..=8 * 60));
        let from = random.pick(&AIRPORTS);
        let others: Vec<&str> = AIRPORTS.iter().copied().filter(|iata| *iata != from).collect();
        let key = LegKey {
            carrier: AirlineCode::parse(random.pick(&["B6", "DL"])).unwrap(),
            number: FlightNumber::parse(&(600 + number).to_string()).unwrap(),
            suffix: None,
            origin_date: scheduled.date_naive().max(NaiveDate::from_ymd_opt(2013, 2, 7).unwrap()),
            from: Iata::parse(from).unwrap(),
            to: Iata::parse(random.pick(&others)).unwrap(),
            repeat: 0,
        };
        let corrected = is_corrected
            .then(|| LegKey { number: FlightNumber::parse(&(900 + number).to_string()).unwrap(), ..key });
        Self { random, clock, key, scheduled, corrected }
    }

    fn empty(&self, source: &Arc<Source>, observed_at: DateTime<Utc>, received_at: DateTime<Utc>) -> Report {
        let has_identifier = self.corrected.is_some() && &*source.name == "jfk";
        let identifier = format!("id-{}", self.key.number);
        let aliases = has_identifier.then(|| Alias::provider(&source.name, &identifier).unwrap());
        Report {
            source: source.clone(),
            key: self.key,
            aliases: aliases.into_iter().collect(),
            observed_at,
            received_at,
            statements: Vec::new(),
            fallback_statements: Vec::new(),
        }
    }

    /// The report that makes the flight known.
    fn founding(&self, source: &Arc<Source>, observed_at: DateTime<Utc>) -> Report {
        let mut report = self.empty(source, observed_at, observed_at);
        report.set(Field::DepartureScheduled, Value::Time(self.scheduled.timestamp()));
        report
    }

    /// A report of `source`, its `number`th.
    fn report(&self, source: &Arc<Source>, number: usize) -> Sent {
        let random = self.random;
        // Several reports of a source are observed at the same instant.
        let knows_at = Duration::from_secs(random.between(0..=REPORTED_FOR.as_secs() - 5));
        let delayed = if random.percent(30) { random.millis(0..=30_000) } else { random.millis(0..=900) };
        let is_future = random.percent(2);
        let observed_at = match is_future {
            true => self.clock.at(REPORTED_FOR * 100) + TimeDelta::days(2),
            false => self.clock.at(knows_at),
        };
        // Unique, so that a report can be found in quarantine.
        let received_at = self.clock.at(knows_at) + TimeDelta::microseconds(number as i64 + 1);
        let mut report = self.empty(source, observed_at, received_at);
        if random.percent(40) {
            report.set(Field::DepartureScheduled, Value::Time(self.scheduled.timestamp()));
        }
        for _ in 0..random.between(1..=3) {
            self.state(&mut report);
        }
        let mut is_correction = false;
        if let Some(corrected) = self.corrected.filter(|_| &*source.name == "jfk" && random.percent(40)) {
            report.key = corrected;
            is_correction = true;
        }
        Sent { at: knows_at + delayed, leg: self.key.id(), report, is_correction, is_future }
    }

    fn state(&self, report: &mut Report) {
        let random = self.random;
        let mut text = |field, text: &str| report.set(field, Value::text(field, text).unwrap());
        let gate = format!("{}{}", random.pick(&["A", "B", "C"]), random.between(1..=20));
        let late = self.scheduled + TimeDelta::minutes(random.signed(-10..=240));
        let steps = [
            Step::Scheduled,
            Step::CheckIn,
            Step::Delayed,
            Step::GateOpen,
            Step::Boarding,
            Step::FinalCall,
            Step::Returned,
            Step::Departed,
            Step::Airborne,
            Step::Landed,
            Step::Arrived,
        ];
        match random.between(0..=17) {
            0..=3 => text(Field::DepartureGate, &gate),
            4 => text(Field::ArrivalGate, &gate),
            5 => text(Field::ArrivalBelt, &gate),
            6 => text(Field::Remark, random.pick(&["Go to the gate", "Wait in lounge", "New crew"])),
            7..=8 => report.set(Field::DepartureEstimated, Value::Time(late.timestamp())),
            9 => report.set(Field::ArrivalEstimated, Value::Time(late.timestamp() + 10_000)),
            10..=11 => report.status(ReportedStatus::Step(random.pick(&steps))),
            12 => report.status(random.pick(&[ReportedStatus::Cancelled, ReportedStatus::Reinstated])),
            13 => report.set(Field::DivertedTo, Value::Airport(Iata::parse(random.pick(&AIRPORTS)).unwrap())),
            14 => {
                let designator = Designator::parse(random.pick(&["EI5105", "DL7", "QR4020"])).unwrap();
                report.set(Field::Codeshares, Value::Codeshares([designator].into()));
            }
            15 => report.set(Field::Hidden, Value::Flag(random.percent(40))),
            16 => {
                let fields =
                    [Field::DepartureGate, Field::DepartureEstimated, Field::Remark, Field::DivertedTo];
                report.clear(random.pick(&fields));
            }
            _ => {
                let value = Value::text(Field::DepartureGate, &gate).ok();
                report.state(Confidence::Fallback, Statement { field: Field::DepartureGate, value });
            }
        }
    }
}
