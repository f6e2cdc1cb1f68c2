//! Which switchboards get a broadcast.

use crate::world::*;
use actix::{Actor, Context, Handler};
use domain::codes::Iata;
use domain::field::{Field, Step, Value};
use domain::ports::ReportSink;
use domain::report::ReportedStatus;
use domain::topic::Topic;
use gatecall_actors::hub::SwitchboardHandle;
use gatecall_actors::switchboard::{Announce, Broadcast};
use std::sync::{Arc, Mutex};

/// Records what the switchboard of a worker thread receives.
struct RecordingSwitchboard(Arc<Mutex<Vec<Broadcast>>>);

impl Actor for RecordingSwitchboard {
    type Context = Context<Self>;
}

impl Handler<Broadcast> for RecordingSwitchboard {
    type Result = ();
    fn handle(&mut self, broadcast: Broadcast, _: &mut Context<Self>) {
        self.0.lock().unwrap().push(broadcast);
    }
}

impl Handler<Announce> for RecordingSwitchboard {
    type Result = ();
    fn handle(&mut self, _: Announce, _: &mut Context<Self>) {
        panic!("without a shared log there are no announcements");
    }
}

pub(crate) fn switchboard(received: &Arc<Mutex<Vec<Broadcast>>>) -> SwitchboardHandle {
    let recorder = RecordingSwitchboard(Arc::clone(received)).start();
    SwitchboardHandle { frames: recorder.clone().recipient(), announcements: recorder.recipient() }
}

pub(crate) fn kinds(received: &Mutex<Vec<Broadcast>>) -> Vec<&'static str> {
    received.lock().unwrap().iter().flat_map(|d| d.frames.iter().map(|f| f.kind().as_str())).collect()
}

#[test]
fn only_switchboards_with_a_follower_get_a_broadcast() {
    run(async |world| {
        let (followed, idle) = (Arc::<Mutex<_>>::default(), Arc::<Mutex<_>>::default());
        let first = world.hub.add_switchboard(switchboard(&followed)).unwrap();
        world.hub.add_switchboard(switchboard(&idle)).unwrap();
        world.hub.set_follower(&jfk(), first, true);
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        world.hub.accept(vec![gate("615", 1, "12"), gate("615", 2, "14")]).await.unwrap();
        world.hub.set_follower(&jfk(), first, false);
        world.hub.accept(vec![gate("615", 3, "15")]).await.unwrap();
        assert_eq!(kinds(&followed), ["state", "change", "change"]);
        assert!(kinds(&idle).is_empty());
    });
}

#[test]
fn followers_of_a_board_get_gone_when_a_flight_leaves_it() {
    run(async |world| {
        let received = Arc::<Mutex<_>>::default();
        let number = world.hub.add_switchboard(switchboard(&received)).unwrap();
        let miami = Topic::parse("board/MIA/arrivals").unwrap();
        world.hub.set_follower(&miami, number, true);
        let mut diverted = scheduled("615");
        diverted.status(ReportedStatus::Diverted);
        diverted.set(Field::DivertedTo, Value::Airport(Iata::parse("MIA").unwrap()));
        world.hub.accept(vec![diverted]).await.unwrap();
        let mut after_all = report("615", 5);
        after_all.clear(Field::DivertedTo);
        after_all.set(Field::ArrivalStep, Value::Step(Step::Landed));
        world.hub.accept(vec![after_all]).await.unwrap();
        assert_eq!(kinds(&received), ["state", "gone"]);
        assert!(snapshot(&world.hub, &miami, None).await.1.is_empty());
    });
}

#[test]
fn a_flight_that_passes_through_a_board_within_one_commit_comes_as_a_state() {
    run(async |world| {
        let received = Arc::<Mutex<_>>::default();
        let number = world.hub.add_switchboard(switchboard(&received)).unwrap();
        world.hub.set_follower(&Topic::All, number, true);
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        let diverted = |minute, to: &str| {
            let mut report = report("615", minute);
            report.set(Field::DivertedTo, Value::Airport(Iata::parse(to).unwrap()));
            report
        };
        // A client that follows the board of Miami too would put the flight on it with the first change, and
        // would not learn that it left with the second.
        let through_miami = vec![diverted(5, "MIA"), diverted(6, "TPA")];
        world.hub.accept(through_miami).await.unwrap();
        assert_eq!(kinds(&received), ["state", "state"]);
    });
}
