//! One actor a polled airport: asks, with patience.
//!
//! It remembers the ETag and the instant of the last good answer, asks only for what is new, and
//! moves either of them on only when what it got is durable. After a failure it waits longer each
//! time, with full jitter, so that many hubs do not come back to a troubled airport at once.
//!
//! Where several nodes could ask, the one that holds the feed's lease does; the others look now and
//! then whether it is free. Who takes it over knows nothing of the last good answer and asks for
//! everything, which merges as nothing new.

use crate::intake::{FeedSpec, Intake, NotTaken, Taken};
use crate::supervisor::{Deaths, Guard};
use actix::prelude::*;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ports::{AirportSource, Lease, Leases, PollError, PollRequest, PollResponse, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// Most pages of one answer that are followed; more is a mistake of the airport's.
pub const PAGES_MAX: usize = 500;

/// Longest wait between two questions to an airport in trouble.
pub const WAIT_MAX: Duration = Duration::from_secs(300);

/// How much of the time before the last good answer is asked for again: the airport's clock and
/// ours may differ, and merging makes a repetition harmless.
pub const OVERLAP: TimeDelta = TimeDelta::minutes(2);

/// A number from 0 to 1, by chance.
pub type Chance = Arc<dyn Fn() -> f64 + Send + Sync>;

/// How an airport is polled.
#[derive(Clone)]
pub struct Polling {
    /// What it is and sends.
    pub feed: FeedSpec,
    /// The way to it.
    pub airport: Arc<dyn AirportSource>,
    /// Between two questions, in real time.
    pub interval: Duration,
    /// The first page's ETag stands for all pages. Airports usually tag each page by itself; then
    /// an unchanged first page says nothing of the others, and no tag is sent for a paged answer.
    pub etag_covers_pages: bool,
    /// For jitter.
    pub chance: Chance,
    /// Where only one of several nodes is to ask.
    pub leases: Option<Arc<dyn Leases>>,
}

/// Between two looks whether a feed that another node asks is free, in real time.
pub const LEASE_EVERY: Duration = Duration::from_secs(3);

/// Poll now.
#[derive(Message)]
#[rtype(result = "()")]
struct Due;

/// One polled airport.
pub struct FeedActor {
    polling: Polling,
    intake: Intake,
    /// Tells of its death.
    _guard: Guard,
    memory: Memory,
    failures: u32,
    /// Claim while it is this node's turn. Away while a round is under way.
    lease: Option<Box<dyn Lease>>,
}

/// What is known from the last good answer.
#[derive(Clone, Default)]
struct Memory {
    etag: Option<String>,
    asked_at: Option<DateTime<Utc>>,
}

/// How a round of questions went.
enum Round {
    Good(Memory),
    Quiet,
    /// Another node asks.
    NotOurs,
    Failed {
        error: String,
        refused: bool,
        wait: Option<Duration>,
    },
    /// What it said cannot be used. The intake has noted that.
    Unusable {
        error: String,
    },
}

impl FeedActor {
    /// Starts polling on `thread`.
    pub fn start_on(thread: &ArbiterHandle, polling: Polling, intake: Intake, deaths: Deaths) -> Addr<Self> {
        Self::start_in_arbiter(thread, move |_| {
            let guard = Guard::starts_again(polling.feed.source.name.to_string(), deaths);
            Self { polling, intake, _guard: guard, memory: Memory::default(), failures: 0, lease: None }
        })
    }

    /// After how long to ask again.
    fn wait(&self, asked_for: Option<Duration>) -> Duration {
        let jitter = (self.polling.chance)();
        match (self.failures, asked_for) {
            (_, Some(wait)) => wait.min(WAIT_MAX) + self.polling.interval.mul_f64(jitter),
            (0, None) => self.polling.interval.mul_f64(0.9 + 0.2 * jitter),
            (failures, None) => {
                let longest = self.polling.interval.saturating_mul(1 << failures.min(16)).min(WAIT_MAX);
                self.polling.interval.max(longest.mul_f64(jitter))
            }
        }
    }

    fn settle(&mut self, round: Round, context: &mut Context<Self>) {
        let feed = &self.polling.feed;
        let mut asked_for = None;
        match round {
            Round::Good(memory) => {
                self.memory = memory;
                self.failures = 0;
            }
            Round::Quiet => {
                self.intake.note_quiet(feed);
                self.failures = 0;
            }
            Round::NotOurs => {
                self.memory = Memory::default();
                self.failures = 0;
                context.notify_later(Due, LEASE_EVERY.mul_f64(0.5 + 0.5 * (self.polling.chance)()));
                return;
            }
            Round::Failed { error, refused, wait } => {
                self.intake.note_failure(feed, &error, refused);
                self.failed(&error);
                asked_for = if refused { Some(WAIT_MAX) } else { wait };
            }
            Round::Unusable { error } => self.failed(&error),
        }
        context.notify_later(Due, self.wait(asked_for));
    }

    fn failed(&mut self, error: &str) {
        self.failures += 1;
        // The first failure and every tenth: a long outage must not fill the log.
        if self.failures % 10 == 1 {
            let feed = &self.polling.feed.source.name;
            tracing::warn!(%feed, failures = self.failures, %error, "the airport could not be asked");
        }
    }
}

impl Actor for FeedActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        context.notify(Due);
    }
}

impl Handler<Due> for FeedActor {
    type Result = ();

    fn handle(&mut self, _: Due, context: &mut Context<Self>) {
        let (polling, intake, memory) = (self.polling.clone(), self.intake.clone(), self.memory.clone());
        let lease = self.lease.take();
        let round = async move {
            match turn(&polling, lease).await {
                Ok(Turn::Ours(lease)) => (ask_all(polling, intake, memory).await, lease),
                Ok(Turn::NotOurs) => (Round::NotOurs, None),
                Err(fault) => (Round::Failed { error: fault.to_string(), refused: false, wait: None }, None),
            }
        };
        context.spawn(round.into_actor(self).map(|(round, lease), actor, context| {
            actor.lease = lease;
            actor.settle(round, context);
        }));
    }
}

/// Whose turn it is to ask.
enum Turn {
    Ours(Option<Box<dyn Lease>>),
    NotOurs,
}

/// Keeps the lease, or takes it where it is free.
async fn turn(polling: &Polling, lease: Option<Box<dyn Lease>>) -> Result<Turn, StoreError> {
    let Some(leases) = &polling.leases else { return Ok(Turn::Ours(None)) };
    if let Some(lease) = lease
        && lease.still_held().await
    {
        return Ok(Turn::Ours(Some(lease)));
    }
    let feed = &polling.feed.source.name;
    let taken = leases.try_take(format!("feed/{feed}").into()).await?;
    if taken.is_some() {
        tracing::info!(%feed, "it is this node's turn to ask this airport");
    }
    Ok(taken.map_or(Turn::NotOurs, |lease| Turn::Ours(Some(lease))))
}

/// Asks page after page, and takes each before the next.
async fn ask_all(polling: Polling, intake: Intake, memory: Memory) -> Round {
    let asked_at = intake.clock().now();
    let since = memory.asked_at.map(|at| at - OVERLAP);
    let mut request = PollRequest { etag: memory.etag, since, page: None };
    let mut etag = None;
    for page in 0..PAGES_MAX {
        let response = match polling.airport.poll(request.clone()).await {
            Ok(response) => response,
            Err(error) => return failed(&error),
        };
        let PollResponse::Body { bytes, content_type, etag: tag, next } = response else {
            return Round::Quiet;
        };
        match intake.take(&polling.feed, polling.feed.format, &content_type, &bytes).await {
            // Nothing is remembered of it, or "unchanged since" would be taken for a good answer.
            Ok(Taken { unread: Some(error), .. }) => return Round::Unusable { error },
            Ok(_) => {}
            Err(NotTaken::Unusable(fault)) => return Round::Unusable { error: fault.reason },
            Err(error @ (NotTaken::NotKept(_) | NotTaken::NotNow(_))) => {
                let wait = Some(Duration::from_secs(1));
                return Round::Failed { error: error.to_string(), refused: false, wait };
            }
        }
        if page == 0 && (next.is_none() || polling.etag_covers_pages) {
            etag = tag;
        }
        match next {
            Some(next) => request = PollRequest { etag: None, since, page: Some(next) },
            None => return Round::Good(Memory { etag, asked_at: Some(asked_at) }),
        }
    }
    let error = format!("the airport's answer has more than {PAGES_MAX} pages");
    Round::Failed { error, refused: false, wait: None }
}

fn failed(error: &PollError) -> Round {
    let wait = match error {
        PollError::Busy { retry_after_seconds } => Some(Duration::from_secs(*retry_after_seconds)),
        _ => None,
    };
    Round::Failed { error: error.to_string(), refused: matches!(error, PollError::Refused(_)), wait }
}
