//! The journal's reports on the legs that fall to this node.
//!
//! A member of the group `flights`: Kafka gives each partition to one node, and with it the legs in
//! it. A partition that comes is paused until everything in the log's partition of the same number
//! has been shown here; then its reports are delivered. Before one goes, what was delivered is given
//! a moment to be settled and is committed, so that its next owner begins where this one ended.
//!
//! Offsets are committed up to the lowest delivery that is not settled (`tracker`), some times a
//! second: a crash brings a moment's reports again, and merging them again is nothing.

use super::core::{Core, Voice, lock, monotonic, unavailable};
use super::figures::{self, Observer};
use super::judge::place_of;
use super::log::Log;
use super::topics::{FLIGHTS_GROUP, REPORTS};
use super::tracker::Tracker;
use domain::ports::{Ack, BoxFuture, Quarantined, QueuedItem, QueuedPayload, ReportQueue, StoreError};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use wire::record::RecordError;

/// Deliveries that were read and not taken yet. When so many wait, all partitions are paused.
const DELIVERIES_MAX: usize = 4_096;

/// Most deliveries given at once.
const GIVEN_MAX: usize = 256;

/// How long the driver is asked to wait for a record.
const POLL: Duration = Duration::from_millis(50);

/// Between two commits.
const COMMIT_EVERY: Duration = Duration::from_millis(250);

/// How long what was delivered may take to be settled before its partition goes to another node,
/// and before this node leaves.
const SETTLE_WAIT: Duration = Duration::from_secs(3);
const LEAVE_WAIT: Duration = Duration::from_secs(10);

/// How long giving the partitions back may take, and after that the message that says so.
const GOODBYE_MAX: Duration = Duration::from_secs(5);
const GOODBYE_SENT: Duration = Duration::from_millis(200);

/// What the member's client is called among those of its node.
pub(super) const QUEUE: &str = "queue";

/// Between two tries to catch up with a partition of the log.
const CATCH_UP_AGAIN: Duration = Duration::from_millis(200);

/// The reports of this node's legs. One a node.
pub struct Queue {
    control: Arc<Control>,
    deliveries: tokio::sync::Mutex<mpsc::Receiver<QueuedItem>>,
    left: Mutex<Option<oneshot::Receiver<()>>>,
}

/// What the reading thread, the group's callbacks and those who settle share.
struct Control {
    core: Arc<Core>,
    log: Log,
    held: Mutex<BTreeMap<i32, Held>>,
    /// Partitions whose part of the log has been shown, to be resumed.
    caught_up: Mutex<Vec<(i32, u64)>>,
    leaving: AtomicBool,
}

/// A partition that this node was given.
struct Held {
    /// Tells one time of having it from the next.
    term: u64,
    tracker: Tracker,
    /// To be committed.
    go_on_from: Option<i64>,
    is_caught_up: bool,
}

impl Queue {
    /// Joins the group and begins to read, on a thread of its own.
    pub(super) fn join(core: Arc<Core>, log: Log) -> Result<Self, StoreError> {
        let control = Arc::new(Control {
            core: core.clone(),
            log,
            held: Mutex::default(),
            caught_up: Mutex::default(),
            leaving: AtomicBool::new(false),
        });
        let heard = core.clone();
        let observer = Observer::new(move |statistics| {
            figures::note(statistics, &heard.names.reports, &heard.figures.queue, 0, true);
        });
        let voice = Voice::new("queue", observer);
        let failed = |fault: KafkaError| unavailable(format!("the journal cannot be read: {fault}"));
        let member = Member { control: control.clone(), voice };
        let mut config = core.config.consumer(QUEUE, &core.config.named(FLIGHTS_GROUP));
        // A node that is killed and back within its session has its partitions at once: nobody waits for
        // the session of its last life to end.
        config.set("group.instance.id", &*core.config.node);
        let consumer: BaseConsumer<Member> = config.create_with_context(member).map_err(failed)?;
        consumer.subscribe(&[&core.names.reports]).map_err(failed)?;
        let (deliver, deliveries) = mpsc::channel(DELIVERIES_MAX);
        let (say_left, left) = oneshot::channel();
        let reading = Reading { control: control.clone(), deliver, carried: VecDeque::new(), is_full: false };
        core.thread("kafka-queue", move || {
            reading.run(consumer);
            // Nobody may wait for it.
            let _ = say_left.send(());
        })?;
        let (deliveries, left) = (tokio::sync::Mutex::new(deliveries), Mutex::new(Some(left)));
        Ok(Self { control, deliveries, left })
    }
}

impl ReportQueue for Queue {
    fn next(&self) -> BoxFuture<'_, Vec<QueuedItem>> {
        Box::pin(async move {
            let mut batch = Vec::with_capacity(GIVEN_MAX);
            if self.deliveries.lock().await.recv_many(&mut batch, GIVEN_MAX).await == 0 {
                // The node is leaving.
                std::future::pending::<()>().await;
            }
            batch
        })
    }

    fn leave(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.control.leaving.store(true, Ordering::Release);
            let left = lock(&self.left).take();
            if let Some(left) = left
                && tokio::time::timeout(LEAVE_WAIT + SETTLE_WAIT, left).await.is_err()
            {
                tracing::warn!(
                    "the journal's reader does not end; what is not settled comes to the next owner"
                );
            }
        })
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.control.leaving.store(true, Ordering::Release);
    }
}

impl Control {
    fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire) || self.core.is_ending()
    }

    fn settle(&self, partition: i32, term: u64, offset: i64) {
        if let Some(held) = lock(&self.held).get_mut(&partition).filter(|held| held.term == term)
            && let Some(next) = held.tracker.settle(offset)
        {
            held.go_on_from = Some(next);
        }
    }

    fn open(&self, partitions: Option<&BTreeSet<i32>>) -> usize {
        let held = lock(&self.held);
        let counted = held.iter().filter(|(number, _)| partitions.is_none_or(|of| of.contains(number)));
        counted.map(|(_, held)| held.tracker.open()).sum()
    }

    /// What can be committed now.
    fn to_commit(&self, partitions: Option<&BTreeSet<i32>>) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for (number, held) in lock(&self.held).iter_mut() {
            if partitions.is_none_or(|of| of.contains(number))
                && let Some(next) = held.go_on_from.take()
            {
                // A topic and a number of our own cannot be refused.
                let _ = list.add_partition_offset(&self.core.names.reports, *number, Offset::Offset(next));
            }
        }
        list
    }

    fn wait_until_settled(&self, partitions: Option<&BTreeSet<i32>>, most: Duration) -> usize {
        let began = monotonic();
        loop {
            let open = self.open(partitions);
            if open == 0 || began.elapsed() > most {
                return open;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn set_owned(&self, partition: i32, owned: bool) {
        if let Some(place) = self.core.partition(partition) {
            place.owned.store(owned, Ordering::Release);
        }
    }

    /// Waits until this node has been shown all that a partition's last owner wrote.
    fn catch_up(self: &Arc<Self>, partition: i32, term: u64) {
        let control = self.clone();
        drop(self.core.runtime.spawn(async move {
            loop {
                let is_ours = lock(&control.held).get(&partition).is_some_and(|held| held.term == term);
                if !is_ours || control.is_leaving() {
                    return;
                }
                match control.log.catch_up(partition).await {
                    Ok(()) => return lock(&control.caught_up).push((partition, term)),
                    Err(fault) => {
                        tracing::warn!(partition, %fault, "a partition cannot be taken over yet");
                        tokio::time::sleep(CATCH_UP_AGAIN).await;
                    }
                }
            }
        }));
    }
}

/// The thread that reads the journal.
struct Reading {
    control: Arc<Control>,
    deliver: mpsc::Sender<QueuedItem>,
    /// Read while there was no room; a few at most, as everything is paused then.
    carried: VecDeque<(i32, i64, QueuedItem)>,
    is_full: bool,
}

impl Reading {
    fn run(mut self, consumer: BaseConsumer<Member>) {
        let mut committed = monotonic();
        while !self.control.is_leaving() {
            self.take_up(&consumer);
            self.hand_over(&consumer);
            match consumer.poll(POLL) {
                Some(Ok(message)) => self.carry(&message),
                Some(Err(fault)) if self.is_over(&consumer, &fault) => return,
                Some(Err(_)) | None => {}
            }
            if committed.elapsed() >= COMMIT_EVERY {
                commit(&consumer, &self.control.to_commit(None), CommitMode::Async);
                committed = monotonic();
            }
        }
        // What was read and not handed over is not waited for: it comes to the next owner.
        for (partition, offset, _) in self.carried.drain(..) {
            if let Some(held) = lock(&self.control.held).get_mut(&partition) {
                held.tracker.take_back(offset);
            }
        }
        drop(self.deliver);
        let open = self.control.wait_until_settled(None, LEAVE_WAIT);
        if open > 0 {
            tracing::warn!(
                reports = open,
                "the node leaves before these are settled; the next owner gets them"
            );
        }
        commit(&consumer, &self.control.to_commit(None), CommitMode::Sync);
        say_goodbye(&consumer);
        drop(consumer);
    }

    /// Notes an error. `true` where the driver can never go on: the node ends.
    fn is_over(&self, consumer: &BaseConsumer<Member>, fault: &KafkaError) -> bool {
        let core = &self.control.core;
        let Some((code, reason)) = consumer.client().fatal_error() else {
            tracing::warn!(%fault, "reading the journal");
            return false;
        };
        if code == RDKafkaErrorCode::FencedInstanceId {
            let node = &*core.config.node;
            tracing::error!(
                node,
                "another hub runs under this one's name (node.name) and has its flights; this one ends"
            );
        } else {
            tracing::error!(%code, reason, "the journal can never be read again; the node ends");
        }
        (core.config.died.0)("kafka-queue");
        true
    }

    /// Resumes partitions that are caught up.
    fn take_up(&self, consumer: &BaseConsumer<Member>) {
        let caught_up = std::mem::take(&mut *lock(&self.control.caught_up));
        let mut resumed = TopicPartitionList::new();
        for (partition, term) in caught_up {
            let mut held = lock(&self.control.held);
            let Some(held) = held.get_mut(&partition).filter(|held| held.term == term) else { continue };
            held.is_caught_up = true;
            self.control.set_owned(partition, true);
            tracing::info!(partition, "the flights of a partition are ours");
            resumed.add_partition(&self.control.core.names.reports, partition);
        }
        if resumed.count() > 0 && !self.is_full {
            switch(consumer.resume(&resumed));
        }
    }

    /// Hands over what is carried; pauses and resumes as there is room or not.
    fn hand_over(&mut self, consumer: &BaseConsumer<Member>) {
        while let Some((partition, offset, delivery)) = self.carried.pop_front() {
            if let Err(mpsc::error::TrySendError::Full(delivery)) = self.deliver.try_send(delivery) {
                self.carried.push_front((partition, offset, delivery));
                break;
            }
        }
        let is_full = !self.carried.is_empty();
        if is_full != self.is_full {
            self.is_full = is_full;
            let mut caught_up = TopicPartitionList::new();
            for (number, _) in lock(&self.control.held).iter().filter(|(_, held)| held.is_caught_up) {
                caught_up.add_partition(&self.control.core.names.reports, *number);
            }
            switch(if is_full { consumer.pause(&caught_up) } else { consumer.resume(&caught_up) });
        }
    }

    fn is_skipped(&self, partition: i32, offset: i64) -> bool {
        self.control.core.skips.has(REPORTS, partition, offset)
    }

    fn carry(&mut self, message: &BorrowedMessage<'_>) {
        let (partition, offset) = (message.partition(), message.offset());
        let term = {
            let mut held = lock(&self.control.held);
            let Some(held) = held.get_mut(&partition) else { return };
            held.tracker.deliver(offset);
            held.term
        };
        self.control.core.figures.queue.took(partition, message.timestamp().to_millis());
        let control = self.control.clone();
        let ack = Ack::new(move || control.settle(partition, term, offset));
        let payload = message.payload().unwrap_or_default();
        let item = match wire::record::decode_report(payload) {
            Ok(report) => QueuedPayload::Report(report),
            Err(fault @ RecordError::Newer { .. }) if !self.is_skipped(partition, offset) => {
                // A newer hub can merge it: this one must neither settle it nor stand before it.
                return self.control.core.too_old(&place_of(message), &fault);
            }
            Err(fault) => {
                self.control.core.figures.unreadable.fetch_add(1, Ordering::Relaxed);
                let position = place_of(message);
                QueuedPayload::Unreadable { position, reason: fault.to_string(), excerpt: excerpt(payload) }
            }
        };
        let delivery = QueuedItem { payload: item, ack };
        if !self.carried.is_empty() {
            self.carried.push_back((partition, offset, delivery));
        } else if let Err(mpsc::error::TrySendError::Full(delivery)) = self.deliver.try_send(delivery) {
            self.carried.push_back((partition, offset, delivery));
        }
    }
}

/// Gives all partitions back at once. A member with a name of its own does so by unsubscribing: when it only
/// ends, the others wait until its session is over.
fn say_goodbye(consumer: &BaseConsumer<Member>) {
    consumer.unsubscribe();
    let began = monotonic();
    let mut given_back = None;
    while began.elapsed() < GOODBYE_MAX {
        // Polling runs the callbacks by which partitions go.
        drop(consumer.poll(POLL));
        if given_back.is_none() && consumer.assignment().is_ok_and(|left| left.count() == 0) {
            given_back = Some(monotonic());
        }
        if given_back.is_some_and(|at| at.elapsed() >= GOODBYE_SENT) {
            return;
        }
    }
}

fn excerpt(payload: &[u8]) -> String {
    let cut = &payload[..payload.len().min(Quarantined::EXCERPT_BYTES_MAX / 4)];
    String::from_utf8_lossy(cut).into_owned()
}

fn switch(switched: Result<(), KafkaError>) {
    if let Err(fault) = switched {
        tracing::warn!(%fault, "partitions could not be paused or resumed");
    }
}

fn commit(consumer: &BaseConsumer<Member>, list: &TopicPartitionList, mode: CommitMode) {
    if list.count() > 0
        && let Err(fault) = consumer.commit(list, mode)
    {
        // They are settled all the same: whoever reads them again learns nothing new.
        tracing::warn!(%fault, "offsets could not be committed");
    }
}

/// Hears what the group decides.
struct Member {
    control: Arc<Control>,
    voice: Voice,
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.voice.log(level, facility, message);
    }

    fn stats(&self, statistics: rdkafka::Statistics) {
        self.voice.stats(statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.voice.error(error, reason);
    }
}

impl ConsumerContext for Member {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let Rebalance::Revoke(list) = rebalance else { return };
        let going: BTreeSet<i32> = list.elements().iter().map(|element| element.partition()).collect();
        going.iter().for_each(|partition| self.control.set_owned(*partition, false));
        // Who was thought dead has lost them already, and may not commit any more.
        if !consumer.assignment_lost() {
            let open = self.control.wait_until_settled(Some(&going), SETTLE_WAIT);
            commit(consumer, &self.control.to_commit(Some(&going)), CommitMode::Sync);
            tracing::info!(partitions = ?going, open, "flights go to another node");
        } else {
            tracing::warn!(partitions = ?going, "flights were given to another node, as this one was not heard of");
        }
        lock(&self.control.held).retain(|partition, _| !going.contains(partition));
        going.iter().for_each(|partition| self.control.core.figures.queue.not_ours(*partition));
    }

    /// What could not be committed is committed with the next, unless its partition has gone.
    fn commit_callback(&self, result: Result<(), KafkaError>, offsets: &TopicPartitionList) {
        let Err(fault) = result else { return };
        if fault.rdkafka_error_code() == Some(RDKafkaErrorCode::NoOffset) {
            return;
        }
        tracing::info!(%fault, "offsets were not committed; they go with the next");
        for element in offsets.elements() {
            let Offset::Offset(next) = element.offset() else { continue };
            if let Some(held) = lock(&self.control.held).get_mut(&element.partition()) {
                held.go_on_from = Some(held.go_on_from.map_or(next, |newer| newer.max(next)));
            }
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let list = match rebalance {
            Rebalance::Assign(list) => list,
            Rebalance::Revoke(_) => return,
            Rebalance::Error(fault) => {
                return tracing::error!(%fault, "the group of those who own flights is in trouble");
            }
        };
        switch(consumer.pause(list));
        for element in list.elements() {
            let (partition, term) = (element.partition(), next_term());
            let (tracker, go_on_from, is_caught_up) = (Tracker::default(), None, false);
            let held = Held { term, tracker, go_on_from, is_caught_up };
            lock(&self.control.held).insert(partition, held);
            self.control.catch_up(partition, term);
        }
    }
}

/// Numbers the times that partitions are had, in this process.
fn next_term() -> u64 {
    static TERMS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    TERMS.fetch_add(1, Ordering::Relaxed)
}
