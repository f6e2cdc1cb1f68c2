//! Reports panics of actors, restarts the actor or ends the process.
//!
//! actix ends an actor that panics and reports it to no other part. An actor that others depend on
//! therefore holds a [`PanicGuard`], which reports the panic to the supervisor. The next report of a leg
//! restarts its flight actor from its last durable state. A feed restarts after a pause. A board or a
//! switchboard cannot be replaced while connections rely on it, so its panic ends the process, and the
//! service manager starts the hub again.

use crate::metrics::{Metrics, ReasonLabel};
use actix::prelude::*;
use std::sync::Arc;

/// Capacity of the mailbox. More panics at once mean that nothing can be saved, and the process ends.
pub const MAILBOX: usize = 64;

/// What follows a panic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnPanic {
    /// The actor is started again.
    Restart,
    /// The process ends, because other parts cannot work without the actor.
    EndProcess,
}

/// An actor panicked.
#[derive(Message, Clone, Debug)]
#[rtype(result = "()")]
pub struct ActorPanic {
    /// The name of the actor.
    pub actor: String,
    /// What follows.
    pub on_panic: OnPanic,
}

/// Reports panics to the supervisor. Cheap to clone.
#[derive(Clone)]
pub struct PanicReporter {
    to: Option<Recipient<ActorPanic>>,
    metrics: Metrics,
    fallback: Arc<dyn Fn(&ActorPanic) + Send + Sync>,
}

impl PanicReporter {
    /// Reports to `to`. If `to` cannot receive the report, `fallback` is called. It should end the
    /// process.
    pub fn new(
        to: Recipient<ActorPanic>,
        metrics: Metrics,
        fallback: Arc<dyn Fn(&ActorPanic) + Send + Sync>,
    ) -> Self {
        Self { to: Some(to), metrics, fallback }
    }

    /// For tests: counts panics and takes no action.
    pub fn counting_only(metrics: Metrics) -> Self {
        Self { to: None, metrics, fallback: Arc::new(|_| {}) }
    }

    pub(crate) fn flight_panicked(&self) {
        self.metrics.panics.get_or_create(&ReasonLabel { reason: "flight" }).inc();
    }

    /// Counts a connection whose session panicked. The client reconnects, and no other connection is
    /// affected.
    pub fn session_panicked(&self) {
        self.metrics.panics.get_or_create(&ReasonLabel { reason: "session" }).inc();
    }

    /// Reports the end of a thread, outside of any actor, without which the process cannot work.
    pub fn end_process(&self, actor: &str) {
        self.report(ActorPanic { actor: actor.into(), on_panic: OnPanic::EndProcess });
    }

    fn report(&self, panicked: ActorPanic) {
        let reason = match panicked.on_panic {
            OnPanic::Restart => "starts_again",
            OnPanic::EndProcess => "ends_process",
        };
        self.metrics.panics.get_or_create(&ReasonLabel { reason }).inc();
        let is_reported = self.to.as_ref().is_some_and(|to| to.try_send(panicked.clone()).is_ok());
        if !is_reported && panicked.on_panic == OnPanic::EndProcess {
            (self.fallback)(&panicked);
        }
    }
}

/// Reports a panic of the actor or task that holds it.
pub struct PanicGuard {
    actor: String,
    on_panic: OnPanic,
    panics: PanicReporter,
}

impl PanicGuard {
    /// For an actor whose panic ends the process.
    pub fn end_process(actor: String, panics: PanicReporter) -> Self {
        Self { actor, on_panic: OnPanic::EndProcess, panics }
    }

    /// For an actor that is restarted.
    pub fn restart(actor: String, panics: PanicReporter) -> Self {
        Self { actor, on_panic: OnPanic::Restart, panics }
    }

    /// Runs a task under this guard. Without it, a panic of a spawned task stays unnoticed.
    pub async fn watch(self, task: impl Future<Output = ()>) {
        let _guard = self;
        task.await;
    }
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        // A shutdown of the runtime drops actors too, and only a panic counts. Whether the actor stopped
        // in an orderly way cannot be asked: actix calls `stopped` after a panic as well.
        if std::thread::panicking() {
            self.panics
                .report(ActorPanic { actor: std::mem::take(&mut self.actor), on_panic: self.on_panic });
        }
    }
}

/// One per process: receives panics and acts on them.
pub struct Supervisor {
    end_process: Arc<dyn Fn(&ActorPanic) + Send + Sync>,
    restart: Arc<dyn Fn(&ActorPanic) + Send + Sync>,
}

impl Supervisor {
    /// The supervisor calls `end_process` or `restart`, depending on what the guard states.
    pub fn new(
        end_process: Arc<dyn Fn(&ActorPanic) + Send + Sync>,
        restart: Arc<dyn Fn(&ActorPanic) + Send + Sync>,
    ) -> Self {
        Self { end_process, restart }
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        context.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<ActorPanic> for Supervisor {
    type Result = ();

    fn handle(&mut self, panicked: ActorPanic, _: &mut Context<Self>) {
        tracing::error!(actor = %panicked.actor, on_panic = ?panicked.on_panic, "an actor panicked");
        match panicked.on_panic {
            OnPanic::EndProcess => (self.end_process)(&panicked),
            OnPanic::Restart => (self.restart)(&panicked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    type Reported = Arc<Mutex<Vec<(String, OnPanic)>>>;

    fn panics() -> (Reported, PanicReporter) {
        let reported = Reported::default();
        let fallback = {
            let reported = reported.clone();
            move |panicked: &ActorPanic| {
                reported.lock().unwrap().push((panicked.actor.clone(), panicked.on_panic));
            }
        };
        (reported, PanicReporter { to: None, metrics: Metrics::default(), fallback: Arc::new(fallback) })
    }

    #[test]
    fn a_panic_of_a_required_actor_is_reported() {
        let (reported, panics) = panics();
        let panicked = std::thread::spawn(move || {
            let _guard = PanicGuard::end_process("board all".into(), panics);
            panic!("test");
        });
        assert!(panicked.join().is_err());
        assert_eq!(*reported.lock().unwrap(), [("board all".to_owned(), OnPanic::EndProcess)]);
    }

    struct Fragile(#[expect(dead_code, reason = "it is there to be dropped")] PanicGuard);

    impl Actor for Fragile {
        type Context = Context<Self>;
    }

    #[derive(Message)]
    #[rtype(result = "()")]
    struct Break;

    impl Handler<Break> for Fragile {
        type Result = ();
        fn handle(&mut self, _: Break, _: &mut Context<Self>) {
            panic!("test");
        }
    }

    #[test]
    fn a_panic_in_a_handler_is_reported_while_others_hold_the_address() {
        let (reported, panics) = panics();
        System::new().block_on(async {
            let address = Fragile(PanicGuard::end_process("board all".into(), panics)).start();
            assert!(address.send(Break).await.is_err());
            while reported.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(*reported.lock().unwrap(), [("board all".to_owned(), OnPanic::EndProcess)]);
    }

    #[test]
    fn a_panic_of_a_detached_task_is_reported() {
        let (reported, panics) = panics();
        let guard = |actor: &str| PanicGuard::end_process(actor.into(), panics.clone());
        let (well, badly) = (guard("ends well"), guard("ends overrides"));
        System::new().block_on(async {
            let ended = actix_rt::spawn(well.watch(async {}));
            let panicked = actix_rt::spawn(badly.watch(async {
                tokio::task::yield_now().await;
                panic!("test");
            }));
            assert!(ended.await.is_ok() && panicked.await.is_err());
        });
        assert_eq!(*reported.lock().unwrap(), [("ends overrides".to_owned(), OnPanic::EndProcess)]);
    }

    #[test]
    fn a_guard_that_is_dropped_without_a_panic_reports_nothing() {
        let (reported, panics) = panics();
        drop(PanicGuard::end_process("board all".into(), panics));
        assert!(reported.lock().unwrap().is_empty());
    }
}
