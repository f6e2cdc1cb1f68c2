//! The events of a leg as its airports learn them.
//!
//! [`tell`] converts a plan to events. The departure airport learns about the departure and, from movement
//! messages, about the landing at the other end. The arrival airport learns about the arrival and, from
//! movement messages, about the departure. Only airports with an allocated stand are simulated.

use super::estimates::creep;
use super::event::{Event, EventKind, Schedule};
use super::outbound::LATE;
use super::plan::{ArrivalStand, DepartureStand, Fate, Late, Plan};
use super::seeded_random::SeededRandom;
use crate::airport_zones::{AirportZones, instant_in};
use chrono::{DateTime, TimeDelta, Utc};
use domain::codes::Iata;
use std::sync::Arc;

/// All events of a leg, in the order in which they become known.
pub fn tell(plan: &Plan, places: &AirportZones, seed: u64) -> Vec<Event> {
    let mut events = Vec::new();
    if let Some(stand) = &plan.stands.departure {
        let mut story = LegEvents::begin(plan, plan.key.from, &stand.terminal, places, seed);
        story.departure(stand);
        events.append(&mut story.end());
    }
    if let Some(stand) = &plan.stands.arrival {
        let mut story = LegEvents::begin(plan, plan.key.to, &stand.terminal, places, seed);
        story.arrival(stand);
        events.append(&mut story.end());
    }
    events
}

struct LegEvents<'a> {
    plan: &'a Plan,
    who: Iata,
    chance: SeededRandom,
    /// When the schedule became known, before all else.
    published: DateTime<Utc>,
    events: Vec<Event>,
}

impl<'a> LegEvents<'a> {
    /// Starts with the schedule, which is known the evening before.
    fn begin(plan: &'a Plan, who: Iata, terminal: &Arc<str>, places: &AirportZones, seed: u64) -> Self {
        let chance = SeededRandom::named(seed, &format!("story {} {who}", plan.key.id()));
        let mut story = Self { plan, who, chance, published: DateTime::UNIX_EPOCH, events: Vec::new() };
        // A flight in the small hours belongs to the day before.
        let day = (plan.departs - TimeDelta::hours(3)).with_timezone(&places.zone(who)).date_naive();
        let evening = (day - chrono::Days::new(1)).and_hms_opt(18, 0, 0).unwrap_or_default();
        story.published = instant_in(places.zone(who), evening) + story.chance.about_minutes(0..=45);
        let (planned_type, changed) = story.planned_type();
        let schedule = Schedule {
            departure: plan.departs,
            arrival: plan.arrives,
            terminal: terminal.clone(),
            aircraft_type: planned_type.clone(),
            codeshares: plan.codeshares.clone(),
        };
        story.add(story.published, EventKind::Scheduled(Box::new(schedule)));
        if let (Some(kind), Some(tail)) = (planned_type, plan.tail.clone()) {
            let known = plan.departs - story.chance.about_minutes(300..=660);
            let registration = (!changed).then_some(tail);
            story.add(known, EventKind::Aircraft { kind, registration });
        }
        if changed && let Some(kind) = plan.aircraft_type.clone() {
            let known = plan.departs - story.chance.about_minutes(50..=200);
            story.add(known, EventKind::Aircraft { kind, registration: plan.tail.clone() });
        }
        story
    }

    /// The type first planned, and whether another one flew. The share is an assumption.
    fn planned_type(&mut self) -> (Option<Arc<str>>, bool) {
        const SISTERS: [(&str, &str); 8] = [
            ("A320", "A319"),
            ("A319", "A320"),
            ("B738", "B737"),
            ("B739", "B738"),
            ("E145", "E135"),
            ("E45X", "E145"),
            ("CRJ9", "CRJ7"),
            ("B752", "B738"),
        ];
        let flown = self.plan.aircraft_type.clone();
        let sister = SISTERS.iter().find(|(kind, _)| flown.as_deref() == Some(*kind));
        match sister {
            // The two airports of a leg would have to agree. Each draws for itself, so only the leg's first
            // airport may change the aircraft.
            Some((_, planned)) if self.chance.yes(0.025) && self.who == self.plan.key.from => {
                (Some((*planned).into()), true)
            }
            _ => (flown, false),
        }
    }

    fn departure(&mut self, stand: &DepartureStand) {
        let plan = self.plan;
        match plan.fate {
            Fate::Flown { off_block, airborne, landed, on_block } => {
                self.until_off_block(stand, off_block, plan.late);
                self.leaves(off_block, airborne);
                self.comes_down_far_away(airborne, landed, on_block);
            }
            Fate::Diverted { off_block, airborne, known, to, why } => {
                self.until_off_block(stand, off_block, plan.late);
                self.leaves(off_block, airborne);
                self.add(known, EventKind::Diverted { to, why });
            }
            Fate::Cancelled { announced, why } => {
                // Some are delayed first; the events after the cancellation are then removed.
                let hoped_for =
                    if self.chance.yes(0.3) { self.chance.minutes(30..=150) } else { TimeDelta::zero() };
                let known_from = announced - self.chance.about_minutes(15..=120);
                let late = (hoped_for >= LATE).then_some(Late { reason: why, known_from });
                self.until_off_block(stand, plan.departs + hoped_for, late);
                self.cut_off(announced);
                self.add(announced, EventKind::Cancelled(why));
            }
        }
    }

    /// Desks, gates, estimates and boarding until off-block.
    fn until_off_block(&mut self, stand: &DepartureStand, off_block: DateTime<Utc>, late: Option<Late>) {
        let departs = self.plan.departs;
        let delay = off_block - departs;
        // Some late flights board in time and are then held at the gate.
        let held = delay > TimeDelta::minutes(12) && self.chance.yes(0.2);
        let held = if held { self.chance.minutes(6..=25).min(delay) } else { TimeDelta::zero() };
        let ready = off_block - held;

        self.estimates(departs, ready, late, EventKind::DepartureEstimate);
        if held >= TimeDelta::minutes(5) {
            self.add(ready + TimeDelta::seconds(90), EventKind::DepartureEstimate(off_block));
        }
        let desks_known = departs - self.chance.about_minutes(190..=260);
        self.add(desks_known, EventKind::CheckInDesks(stand.desks.clone()));
        let opened = departs - self.chance.about_minutes(140..=180);
        self.add(opened, EventKind::CheckInOpened(opened));
        let boards = ready - self.lead();
        let opens = boards - self.chance.about_minutes(8..=20);
        let closed = opens - self.chance.about_minutes(1..=6);
        self.add(closed, EventKind::CheckInClosed(closed));

        let first_gate = departs - self.chance.about_minutes(95..=150);
        self.gates(&stand.gates, first_gate, opens);
        let final_call = ready - self.chance.about_minutes(13..=17);
        let closes = ready - self.chance.about_minutes(7..=11);
        self.add(opens, EventKind::GateOpened(opens));
        self.add(boards, EventKind::BoardingStarted(boards));
        self.add(final_call, EventKind::FinalCall(final_call));
        self.add(closes, EventKind::GateClosed(closes));
    }

    /// The first gate at `first`, each next one at some time before `last`.
    fn gates(&mut self, gates: &[Arc<str>], first: DateTime<Utc>, last: DateTime<Utc>) {
        let mut at = first;
        for gate in gates {
            self.add(at, EventKind::DepartureGate(gate.clone()));
            let left = (last - at).num_minutes();
            at += self.chance.about_minutes(5..=left.max(6)).max(TimeDelta::minutes(1));
            at = at.min(last - TimeDelta::seconds(30));
        }
    }

    /// How long before departure a flight boards, by size.
    fn lead(&mut self) -> TimeDelta {
        let kind = self.plan.aircraft_type.as_deref().unwrap_or_default();
        match kind {
            _ if kind.starts_with("CRJ")
                || kind.starts_with("E1")
                || kind.starts_with("E4")
                || kind.starts_with("DH") =>
            {
                self.chance.about_minutes(22..=27)
            }
            "A332" | "A333" | "B763" | "B764" | "B772" | "B744" => self.chance.about_minutes(40..=50),
            _ => self.chance.about_minutes(28..=38),
        }
    }

    fn estimates(
        &mut self,
        planned: DateTime<Utc>,
        actual: DateTime<Utc>,
        late: Option<Late>,
        what: fn(DateTime<Utc>) -> EventKind,
    ) {
        let known_from = late.map_or(planned - TimeDelta::minutes(20), |late| late.known_from);
        let given = creep(planned, actual, known_from, &mut self.chance);
        if let (Some(first), Some(late)) = (given.first(), late) {
            self.add(first.at, EventKind::Late(late.reason));
        }
        for step in given {
            self.add(step.at, what(step.estimate));
        }
    }

    fn leaves(&mut self, off_block: DateTime<Utc>, airborne: DateTime<Utc>) {
        let seen = self.chance.about_minutes(0..=1);
        self.add(off_block + seen, EventKind::OffBlock(off_block));
        self.add(airborne + TimeDelta::seconds(70).max(seen), EventKind::Airborne(airborne));
    }

    /// What the departure airport learns about the other end from movement messages.
    fn comes_down_far_away(
        &mut self,
        airborne: DateTime<Utc>,
        landed: DateTime<Utc>,
        on_block: DateTime<Utc>,
    ) {
        let expected = on_block + self.chance.minutes(-8..=12);
        self.add(airborne + TimeDelta::minutes(3), EventKind::ArrivalEstimate(expected));
        let message = self.chance.about_minutes(1..=4);
        self.add(landed + message, EventKind::Landed(landed));
        self.add(on_block + message, EventKind::OnBlock(on_block));
    }

    fn arrival(&mut self, stand: &ArrivalStand) {
        let plan = self.plan;
        match plan.fate {
            Fate::Flown { off_block, airborne, landed, on_block } => {
                let message = self.chance.about_minutes(1..=4);
                self.add(off_block + message, EventKind::OffBlock(off_block));
                self.add(airborne + message, EventKind::Airborne(airborne));
                self.expected(landed, on_block);
                self.add(landed + TimeDelta::seconds(20), EventKind::Landed(landed));
                self.add(on_block + TimeDelta::seconds(40), EventKind::OnBlock(on_block));
                self.arrival_stand(stand, landed, on_block);
            }
            Fate::Diverted { off_block, airborne, known, to, why } => {
                let message = self.chance.about_minutes(1..=4);
                self.add(off_block + message, EventKind::OffBlock(off_block));
                self.add(airborne + message, EventKind::Airborne(airborne));
                self.add(known, EventKind::Diverted { to, why });
            }
            Fate::Cancelled { announced, why } => {
                self.arrival_stand(stand, plan.arrives - TimeDelta::minutes(6), plan.arrives);
                self.cut_off(announced);
                self.add(announced, EventKind::Cancelled(why));
            }
        }
    }

    fn expected(&mut self, landed: DateTime<Utc>, on_block: DateTime<Utc>) {
        let plan = self.plan;
        let known_from = plan.late.map_or(plan.departs, |late| late.known_from);
        let late = plan.late.map(|late| Late { known_from, ..late });
        // In the air there are few surprises, so the last estimate comes well before landing.
        let given = creep(plan.arrives, on_block, known_from, &mut self.chance);
        if let (Some(first), Some(late)) = (given.first(), late) {
            self.add(first.at, EventKind::Late(late.reason));
        }
        let approach = landed - TimeDelta::minutes(12);
        for step in given.iter().filter(|step| step.at < approach) {
            self.add(step.at, EventKind::ArrivalEstimate(step.estimate));
        }
        self.add(approach, EventKind::ArrivalEstimate(on_block));
    }

    fn arrival_stand(&mut self, stand: &ArrivalStand, landed: DateTime<Utc>, on_block: DateTime<Utc>) {
        let mut at = self.plan.arrives.min(landed) - self.chance.about_minutes(60..=120);
        for gate in &stand.gates {
            self.add(at, EventKind::ArrivalGate(gate.clone()));
            at = (at + self.chance.about_minutes(10..=70)).min(landed - TimeDelta::minutes(1));
        }
        let mut at = landed - self.chance.about_minutes(5..=25);
        for belt in &stand.belts {
            self.add(at, EventKind::Belt(belt.clone()));
            at = on_block + TimeDelta::minutes(3);
        }
        let first_bag = on_block + self.chance.about_minutes(9..=19);
        self.add(first_bag, EventKind::FirstBag(first_bag));
    }

    fn add(&mut self, at: DateTime<Utc>, what: EventKind) {
        self.events.push(Event {
            at: whole_second(at.max(self.published)),
            who: self.who,
            leg: self.plan.key,
            what,
        });
    }

    /// Removes everything from `at` on.
    fn cut_off(&mut self, at: DateTime<Utc>) {
        let at = whole_second(at);
        self.events.retain(|event| event.at < at || matches!(event.what, EventKind::Scheduled(_)));
    }

    /// The events in order; events of one second keep their order of insertion.
    fn end(mut self) -> Vec<Event> {
        self.events.sort_by_key(|event| event.at);
        self.events
    }
}

fn whole_second(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}
