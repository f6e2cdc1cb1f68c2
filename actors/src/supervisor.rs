//! Deaths do not pass in silence.
//!
//! A panic ends one actor and nothing else, and nobody would hear of it. So an actor that others
//! depend on carries a [`Guard`]: when it is dropped by a panic, the supervisor is told. A flight
//! is started again from its last durable state at its next report; a feed is started again after
//! a pause; a board or switchboard cannot be missed by anyone, so its death ends the process,
//! audibly, and whatever runs the hub starts it again.

use crate::metrics::{Metrics, ReasonLabel};
use actix::prelude::*;
use std::sync::Arc;

/// Deaths waiting to be handled. Beyond this many at once there is nothing left to save, and the
/// process ends.
pub const MAILBOX: usize = 64;

/// What a death means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// Its place is taken again by whoever needs it.
    StartsAgain,
    /// Nobody can do without it: the process ends.
    EndsProcess,
}

/// Someone died.
#[derive(Message, Clone, Debug)]
#[rtype(result = "()")]
pub struct Died {
    /// Who, in words.
    pub who: String,
    /// What that means.
    pub meaning: Meaning,
}

/// Where deaths are told. Cheap to clone.
#[derive(Clone)]
pub struct Deaths {
    to: Option<Recipient<Died>>,
    metrics: Metrics,
    last_words: Arc<dyn Fn(&Died) + Send + Sync>,
}

impl Deaths {
    /// Tells `to`; if it cannot be told, `last_words` is called, which should end the process.
    pub fn told_to(
        to: Recipient<Died>,
        metrics: Metrics,
        last_words: Arc<dyn Fn(&Died) + Send + Sync>,
    ) -> Self {
        Self { to: Some(to), metrics, last_words }
    }

    /// For tests: deaths are counted, and nobody acts on them.
    pub fn only_counted(metrics: Metrics) -> Self {
        Self { to: None, metrics, last_words: Arc::new(|_| {}) }
    }

    pub(crate) fn flight_died(&self) {
        self.metrics.deaths.get_or_create(&ReasonLabel { reason: "flight" }).inc();
    }

    /// Counts a connection that ended by a panic of its session: its listener comes back, and nobody
    /// else is touched.
    pub fn session_died(&self) {
        self.metrics.deaths.get_or_create(&ReasonLabel { reason: "session" }).inc();
    }

    /// Tells of the death of a thread outside of any actor that nobody can do without.
    pub fn end_process(&self, who: &str) {
        self.tell(Died { who: who.into(), meaning: Meaning::EndsProcess });
    }

    fn tell(&self, died: Died) {
        let reason = match died.meaning {
            Meaning::StartsAgain => "starts_again",
            Meaning::EndsProcess => "ends_process",
        };
        self.metrics.deaths.get_or_create(&ReasonLabel { reason }).inc();
        let told = self.to.as_ref().is_some_and(|to| to.try_send(died.clone()).is_ok());
        if !told && died.meaning == Meaning::EndsProcess {
            (self.last_words)(&died);
        }
    }
}

/// Carried by an actor, or a task, whose death must be heard.
pub struct Guard {
    who: String,
    meaning: Meaning,
    deaths: Deaths,
}

impl Guard {
    /// For an actor nobody can do without.
    pub fn ends_process(who: String, deaths: Deaths) -> Self {
        Self { who, meaning: Meaning::EndsProcess, deaths }
    }

    /// For an actor that is started again.
    pub fn starts_again(who: String, deaths: Deaths) -> Self {
        Self { who, meaning: Meaning::StartsAgain, deaths }
    }

    /// The task with this guard in it, for what runs beside the actors: nobody looks at what became
    /// of a task that was only started.
    pub async fn over(self, task: impl Future<Output = ()>) {
        let _guard = self;
        task.await;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // A runtime that is shut down drops its actors too; only a panic is a death. An actor is not
        // asked whether it stopped well: after a panic actix calls its `stopped` all the same.
        if std::thread::panicking() {
            self.deaths.tell(Died { who: std::mem::take(&mut self.who), meaning: self.meaning });
        }
    }
}

/// One a process: hears of deaths and acts on them.
pub struct Supervisor {
    end_process: Arc<dyn Fn(&Died) + Send + Sync>,
    start_again: Arc<dyn Fn(&Died) + Send + Sync>,
}

impl Supervisor {
    /// `end_process` is called when nobody can do without the one who died, `start_again` when its
    /// place is to be taken again.
    pub fn new(
        end_process: Arc<dyn Fn(&Died) + Send + Sync>,
        start_again: Arc<dyn Fn(&Died) + Send + Sync>,
    ) -> Self {
        Self { end_process, start_again }
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        context.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<Died> for Supervisor {
    type Result = ();

    fn handle(&mut self, died: Died, _: &mut Context<Self>) {
        tracing::error!(actor = %died.who, meaning = ?died.meaning, "an actor died of a panic");
        match died.meaning {
            Meaning::EndsProcess => (self.end_process)(&died),
            Meaning::StartsAgain => (self.start_again)(&died),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    type Heard = Arc<Mutex<Vec<(String, Meaning)>>>;

    fn deaths() -> (Heard, Deaths) {
        let heard = Heard::default();
        let last_words = {
            let heard = heard.clone();
            move |died: &Died| heard.lock().unwrap().push((died.who.clone(), died.meaning))
        };
        (heard, Deaths { to: None, metrics: Metrics::default(), last_words: Arc::new(last_words) })
    }

    #[test]
    fn a_panic_of_one_nobody_can_do_without_is_heard() {
        let (heard, deaths) = deaths();
        let died = std::thread::spawn(move || {
            let _guard = Guard::ends_process("board all".into(), deaths);
            panic!("told to");
        });
        assert!(died.join().is_err());
        assert_eq!(*heard.lock().unwrap(), [("board all".to_owned(), Meaning::EndsProcess)]);
    }

    struct Fragile(#[expect(dead_code, reason = "it is there to be dropped")] Guard);

    impl Actor for Fragile {
        type Context = Context<Self>;
    }

    #[derive(Message)]
    #[rtype(result = "()")]
    struct Break;

    impl Handler<Break> for Fragile {
        type Result = ();
        fn handle(&mut self, _: Break, _: &mut Context<Self>) {
            panic!("told to");
        }
    }

    #[test]
    fn an_actor_whose_handler_panics_is_heard_although_others_still_know_its_address() {
        let (heard, deaths) = deaths();
        System::new().block_on(async {
            let address = Fragile(Guard::ends_process("board all".into(), deaths)).start();
            assert!(address.send(Break).await.is_err());
            while heard.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(*heard.lock().unwrap(), [("board all".to_owned(), Meaning::EndsProcess)]);
    }

    #[test]
    fn a_task_that_panics_is_heard_although_nobody_waits_for_it() {
        let (heard, deaths) = deaths();
        let guard = |who: &str| Guard::ends_process(who.into(), deaths.clone());
        let (well, badly) = (guard("ends well"), guard("ends overrides"));
        System::new().block_on(async {
            let ended = actix_rt::spawn(well.over(async {}));
            let died = actix_rt::spawn(badly.over(async {
                tokio::task::yield_now().await;
                panic!("told to");
            }));
            assert!(ended.await.is_ok() && died.await.is_err());
        });
        assert_eq!(*heard.lock().unwrap(), [("ends overrides".to_owned(), Meaning::EndsProcess)]);
    }

    #[test]
    fn an_end_without_a_panic_is_no_death() {
        let (heard, deaths) = deaths();
        drop(Guard::ends_process("board all".into(), deaths));
        assert!(heard.lock().unwrap().is_empty());
    }
}
