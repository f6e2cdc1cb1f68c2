//! Who hears of a change.

use crate::world::*;
use actix::{Actor, Context, Handler};
use domain::codes::Iata;
use domain::field::{Field, Step, Value};
use domain::ports::ReportSink;
use domain::report::ReportedStatus;
use domain::topic::Topic;
use gatecall_actors::hub::SwitchboardLine;
use gatecall_actors::switchboard::{Announce, Deliver};
use std::sync::{Arc, Mutex};

/// Stands for a worker thread's switchboard.
struct Ear(Arc<Mutex<Vec<Deliver>>>);

impl Actor for Ear {
    type Context = Context<Self>;
}

impl Handler<Deliver> for Ear {
    type Result = ();
    fn handle(&mut self, deliver: Deliver, _: &mut Context<Self>) {
        self.0.lock().unwrap().push(deliver);
    }
}

impl Handler<Announce> for Ear {
    type Result = ();
    fn handle(&mut self, _: Announce, _: &mut Context<Self>) {
        panic!("a log of one's own is never announced to be away");
    }
}

pub(crate) fn line(heard: &Arc<Mutex<Vec<Deliver>>>) -> SwitchboardLine {
    let ear = Ear(Arc::clone(heard)).start();
    SwitchboardLine { frames: ear.clone().recipient(), announcements: ear.recipient() }
}

pub(crate) fn kinds(heard: &Mutex<Vec<Deliver>>) -> Vec<&'static str> {
    heard.lock().unwrap().iter().flat_map(|d| d.frames.iter().map(|f| f.kind().as_str())).collect()
}

#[test]
fn only_switchboards_with_a_follower_hear_of_a_change() {
    run(async |world| {
        let (followed, idle) = (Arc::<Mutex<_>>::default(), Arc::<Mutex<_>>::default());
        let first = world.hub.add_switchboard(line(&followed)).unwrap();
        world.hub.add_switchboard(line(&idle)).unwrap();
        world.hub.mark_follower(&jfk(), first, true);
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        world.hub.accept(vec![gate("615", 1, "12"), gate("615", 2, "14")]).await.unwrap();
        world.hub.mark_follower(&jfk(), first, false);
        world.hub.accept(vec![gate("615", 3, "15")]).await.unwrap();
        assert_eq!(kinds(&followed), ["state", "change", "change"]);
        assert!(kinds(&idle).is_empty());
    });
}

#[test]
fn followers_of_a_board_that_a_flight_leaves_are_told_that_it_has_gone() {
    run(async |world| {
        let heard = Arc::<Mutex<_>>::default();
        let number = world.hub.add_switchboard(line(&heard)).unwrap();
        let miami = Topic::parse("board/MIA/arrivals").unwrap();
        world.hub.mark_follower(&miami, number, true);
        let mut diverted = scheduled("615");
        diverted.status(ReportedStatus::Diverted);
        diverted.set(Field::DivertedTo, Value::Airport(Iata::parse("MIA").unwrap()));
        world.hub.accept(vec![diverted]).await.unwrap();
        let mut after_all = report("615", 5);
        after_all.clear(Field::DivertedTo);
        after_all.set(Field::ArrivalStep, Value::Step(Step::Landed));
        world.hub.accept(vec![after_all]).await.unwrap();
        assert_eq!(kinds(&heard), ["state", "gone"]);
        assert!(snapshot(&world.hub, &miami, None).await.1.is_empty());
    });
}
