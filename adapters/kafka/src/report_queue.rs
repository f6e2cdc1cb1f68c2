//! The port `ReportQueue`: reports on the legs that this node owns.
//!
//! A member of the group `flights`: Kafka assigns each partition to one node, and with it the legs in the partition. A new
//! partition is paused until this node has published everything in the partition of the log with the same number; then its
//! reports are delivered. Before a partition is revoked, delivered reports get a moment to be acknowledged, and their
//! offsets are committed, so that the next owner begins where this one ended.
//!
//! Offsets are committed several times a second, up to the lowest report that is not acknowledged (`offset_tracker`). After
//! a crash some reports are delivered again, and merging them again has no effect.

use super::classify::place_of;
use super::client::ClientCallbacks;
use super::context::{Context, lock, monotonic};
use super::errors::unavailable;
use super::metrics::{self, StatisticsObserver};
use super::offset_tracker::OffsetTracker;
use super::shared_log::KafkaLog;
use super::topics::{FLIGHTS_GROUP, REPORTS};
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

/// Reports that were read and not taken yet. At the limit, all partitions are paused.
const DELIVERIES_MAX: usize = 4_096;

/// Reports per batch.
const BATCH_MAX: usize = 256;

/// How long one poll waits for a record.
const POLL: Duration = Duration::from_millis(50);

/// Pause between two commits.
const COMMIT_EVERY: Duration = Duration::from_millis(250);

/// How long delivered reports may take to be acknowledged before their partition is revoked, and before
/// this node leaves.
const ACK_WAIT: Duration = Duration::from_secs(3);
const LEAVE_WAIT: Duration = Duration::from_secs(10);

/// How long returning the partitions may take, and then the request to leave the group.
const LEAVE_GROUP_MAX: Duration = Duration::from_secs(5);
const LEAVE_REQUEST_WAIT: Duration = Duration::from_millis(200);

/// The purpose in the client id of the member.
pub(super) const QUEUE: &str = "queue";

/// Pause between two attempts to catch up with a partition of the log.
const CATCH_UP_AGAIN: Duration = Duration::from_millis(200);

/// Reports on the legs of this node. One per node.
pub struct KafkaQueue {
    shared: Arc<Shared>,
    deliveries: tokio::sync::Mutex<mpsc::Receiver<QueuedItem>>,
    left: Mutex<Option<oneshot::Receiver<()>>>,
}

/// State shared by the reading thread, the callbacks of the group and the acknowledgements.
struct Shared {
    context: Arc<Context>,
    log: KafkaLog,
    held: Mutex<BTreeMap<i32, AssignedPartition>>,
    /// Partitions that caught up with the log and can be resumed.
    caught_up: Mutex<Vec<(i32, u64)>>,
    leaving: AtomicBool,
}

/// A partition that this node owns.
struct AssignedPartition {
    /// Distinguishes one assignment of the partition from the next.
    term: u64,
    tracker: OffsetTracker,
    /// The offset to commit.
    next_offset: Option<i64>,
    is_caught_up: bool,
}

impl KafkaQueue {
    /// Joins the group and starts to read on a thread of its own.
    pub(super) fn join(context: Arc<Context>, log: KafkaLog) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared {
            context: context.clone(),
            log,
            held: Mutex::default(),
            caught_up: Mutex::default(),
            leaving: AtomicBool::new(false),
        });
        let heard = context.clone();
        let observer = StatisticsObserver::new(move |statistics| {
            metrics::record_lag(statistics, &heard.names.reports, &heard.metrics.queue, 0, true);
        });
        let callbacks = ClientCallbacks::new("queue", observer);
        let failed = |fault: KafkaError| unavailable(format!("the journal cannot be read: {fault}"));
        let member = Member { shared: shared.clone(), callbacks };
        let mut config = context.config.consumer(QUEUE, &context.config.named(FLIGHTS_GROUP));
        // A node that restarts within its session timeout gets its partitions back at once, without
        // waiting for its earlier session to end.
        config.set("group.instance.id", &*context.config.node);
        let consumer: BaseConsumer<Member> = config.create_with_context(member).map_err(failed)?;
        consumer.subscribe(&[&context.names.reports]).map_err(failed)?;
        let (deliver, deliveries) = mpsc::channel(DELIVERIES_MAX);
        let (report_left, left) = oneshot::channel();
        let reading =
            QueueReader { shared: shared.clone(), deliver, buffered: VecDeque::new(), is_full: false };
        context.thread("kafka-queue", move || {
            reading.run(consumer);
            // The receiver may be gone.
            let _ = report_left.send(());
        })?;
        let (deliveries, left) = (tokio::sync::Mutex::new(deliveries), Mutex::new(Some(left)));
        Ok(Self { shared, deliveries, left })
    }
}

impl ReportQueue for KafkaQueue {
    fn next(&self) -> BoxFuture<'_, Vec<QueuedItem>> {
        Box::pin(async move {
            let mut batch = Vec::with_capacity(BATCH_MAX);
            if self.deliveries.lock().await.recv_many(&mut batch, BATCH_MAX).await == 0 {
                // The node leaves the group.
                std::future::pending::<()>().await;
            }
            batch
        })
    }

    fn leave(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.shared.leaving.store(true, Ordering::Release);
            let left = lock(&self.left).take();
            if let Some(left) = left
                && tokio::time::timeout(LEAVE_WAIT + ACK_WAIT, left).await.is_err()
            {
                tracing::warn!(
                    "the reader of the report queue does not end; unacknowledged reports go to the next owner"
                );
            }
        })
    }
}

impl Drop for KafkaQueue {
    fn drop(&mut self) {
        self.shared.leaving.store(true, Ordering::Release);
    }
}

impl Shared {
    fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire) || self.context.is_ending()
    }

    fn ack(&self, partition: i32, term: u64, offset: i64) {
        if let Some(held) = lock(&self.held).get_mut(&partition).filter(|held| held.term == term)
            && let Some(next) = held.tracker.ack(offset)
        {
            held.next_offset = Some(next);
        }
    }

    fn open(&self, partitions: Option<&BTreeSet<i32>>) -> usize {
        let held = lock(&self.held);
        let counted = held.iter().filter(|(number, _)| partitions.is_none_or(|of| of.contains(number)));
        counted.map(|(_, held)| held.tracker.open()).sum()
    }

    /// The offsets that can be committed now.
    fn to_commit(&self, partitions: Option<&BTreeSet<i32>>) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for (number, held) in lock(&self.held).iter_mut() {
            if partitions.is_none_or(|of| of.contains(number))
                && let Some(next) = held.next_offset.take()
            {
                // The driver cannot refuse a topic and a partition of this node.
                let _ = list.add_partition_offset(&self.context.names.reports, *number, Offset::Offset(next));
            }
        }
        list
    }

    fn wait_until_acked(&self, partitions: Option<&BTreeSet<i32>>, most: Duration) -> usize {
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
        if let Some(place) = self.context.partition(partition) {
            place.owned.store(owned, Ordering::Release);
        }
    }

    /// Waits until this node has published everything that the last owner of the partition wrote.
    fn catch_up(self: &Arc<Self>, partition: i32, term: u64) {
        let shared = self.clone();
        drop(self.context.runtime.spawn(async move {
            loop {
                let is_ours = lock(&shared.held).get(&partition).is_some_and(|held| held.term == term);
                if !is_ours || shared.is_leaving() {
                    return;
                }
                match shared.log.catch_up(partition).await {
                    Ok(()) => return lock(&shared.caught_up).push((partition, term)),
                    Err(fault) => {
                        tracing::warn!(partition, %fault, "this node cannot take over a partition yet");
                        tokio::time::sleep(CATCH_UP_AGAIN).await;
                    }
                }
            }
        }));
    }
}

/// The thread that reads the queue.
struct QueueReader {
    shared: Arc<Shared>,
    deliver: mpsc::Sender<QueuedItem>,
    /// Reports read while the channel was full: a few at most, because all partitions are paused then.
    buffered: VecDeque<(i32, i64, QueuedItem)>,
    is_full: bool,
}

impl QueueReader {
    fn run(mut self, consumer: BaseConsumer<Member>) {
        let mut committed = monotonic();
        while !self.shared.is_leaving() {
            self.resume_caught_up(&consumer);
            self.deliver_buffered(&consumer);
            match consumer.poll(POLL) {
                Some(Ok(message)) => self.buffer(&message),
                Some(Err(fault)) if self.is_over(&consumer, &fault) => return,
                Some(Err(_)) | None => {}
            }
            if committed.elapsed() >= COMMIT_EVERY {
                commit(&consumer, &self.shared.to_commit(None), CommitMode::Async);
                committed = monotonic();
            }
        }
        // Reports that were read and not delivered go to the next owner.
        for (partition, offset, _) in self.buffered.drain(..) {
            if let Some(held) = lock(&self.shared.held).get_mut(&partition) {
                held.tracker.take_back(offset);
            }
        }
        drop(self.deliver);
        let open = self.shared.wait_until_acked(None, LEAVE_WAIT);
        if open > 0 {
            tracing::warn!(
                reports = open,
                "the node leaves with unacknowledged reports; the next owner gets them"
            );
        }
        commit(&consumer, &self.shared.to_commit(None), CommitMode::Sync);
        leave_group(&consumer);
        drop(consumer);
    }

    /// Logs an error. `true` if the driver can never continue: then the node ends.
    fn is_over(&self, consumer: &BaseConsumer<Member>, fault: &KafkaError) -> bool {
        let context = &self.shared.context;
        let Some((code, reason)) = consumer.client().fatal_error() else {
            tracing::warn!(%fault, "reading the journal");
            return false;
        };
        if code == RDKafkaErrorCode::FencedInstanceId {
            let node = &*context.config.node;
            tracing::error!(
                node,
                "another hub with the same node.name runs and owns the flights; this one ends"
            );
        } else {
            tracing::error!(%code, reason, "the report queue can never be read again; the node ends");
        }
        (context.config.on_fatal_error.0)("kafka-queue");
        true
    }

    /// Resumes partitions that caught up.
    fn resume_caught_up(&self, consumer: &BaseConsumer<Member>) {
        let caught_up = std::mem::take(&mut *lock(&self.shared.caught_up));
        let mut resumed = TopicPartitionList::new();
        for (partition, term) in caught_up {
            let mut held = lock(&self.shared.held);
            let Some(held) = held.get_mut(&partition).filter(|held| held.term == term) else { continue };
            held.is_caught_up = true;
            self.shared.set_owned(partition, true);
            tracing::info!(partition, "this node owns the flights of a partition");
            resumed.add_partition(&self.shared.context.names.reports, partition);
        }
        if resumed.count() > 0 && !self.is_full {
            switch(consumer.resume(&resumed));
        }
    }

    /// Delivers buffered reports, and pauses or resumes the partitions when the channel is full or has
    /// room.
    fn deliver_buffered(&mut self, consumer: &BaseConsumer<Member>) {
        while let Some((partition, offset, delivery)) = self.buffered.pop_front() {
            if let Err(mpsc::error::TrySendError::Full(delivery)) = self.deliver.try_send(delivery) {
                self.buffered.push_front((partition, offset, delivery));
                break;
            }
        }
        let is_full = !self.buffered.is_empty();
        if is_full != self.is_full {
            self.is_full = is_full;
            let mut caught_up = TopicPartitionList::new();
            for (number, _) in lock(&self.shared.held).iter().filter(|(_, held)| held.is_caught_up) {
                caught_up.add_partition(&self.shared.context.names.reports, *number);
            }
            switch(if is_full { consumer.pause(&caught_up) } else { consumer.resume(&caught_up) });
        }
    }

    fn is_skipped(&self, partition: i32, offset: i64) -> bool {
        self.shared.context.skips.has(REPORTS, partition, offset)
    }

    fn buffer(&mut self, message: &BorrowedMessage<'_>) {
        let (partition, offset) = (message.partition(), message.offset());
        let term = {
            let mut held = lock(&self.shared.held);
            let Some(held) = held.get_mut(&partition) else { return };
            held.tracker.deliver(offset);
            held.term
        };
        self.shared.context.metrics.queue.record_taken(partition, message.timestamp().to_millis());
        let shared = self.shared.clone();
        let ack = Ack::new(move || shared.ack(partition, term, offset));
        let payload = message.payload().unwrap_or_default();
        let item = match wire::record::decode_report(payload) {
            Ok(report) => QueuedPayload::Report(report),
            Err(fault @ RecordError::Newer { .. }) if !self.is_skipped(partition, offset) => {
                // A newer hub can merge the report: this one must neither acknowledge it nor block it.
                return self.shared.context.too_old(&place_of(message), &fault);
            }
            Err(fault) => {
                self.shared.context.metrics.unreadable.fetch_add(1, Ordering::Relaxed);
                let position = place_of(message);
                QueuedPayload::Unreadable { position, reason: fault.to_string(), excerpt: excerpt(payload) }
            }
        };
        let delivery = QueuedItem { payload: item, ack };
        if !self.buffered.is_empty() {
            self.buffered.push_back((partition, offset, delivery));
        } else if let Err(mpsc::error::TrySendError::Full(delivery)) = self.deliver.try_send(delivery) {
            self.buffered.push_back((partition, offset, delivery));
        }
    }
}

/// Returns all partitions at once. A static member must unsubscribe: otherwise the others wait until its
/// session ends.
fn leave_group(consumer: &BaseConsumer<Member>) {
    consumer.unsubscribe();
    let began = monotonic();
    let mut given_back = None;
    while began.elapsed() < LEAVE_GROUP_MAX {
        // Polling runs the callbacks that revoke partitions.
        drop(consumer.poll(POLL));
        if given_back.is_none() && consumer.assignment().is_ok_and(|left| left.count() == 0) {
            given_back = Some(monotonic());
        }
        if given_back.is_some_and(|at| at.elapsed() >= LEAVE_REQUEST_WAIT) {
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
        tracing::warn!(%fault, "partitions cannot be paused or resumed");
    }
}

fn commit(consumer: &BaseConsumer<Member>, list: &TopicPartitionList, mode: CommitMode) {
    if list.count() > 0
        && let Err(fault) = consumer.commit(list, mode)
    {
        // The reports are merged all the same: reading them again has no effect.
        tracing::warn!(%fault, "offsets could not be committed");
    }
}

/// Handles the decisions of the group.
struct Member {
    shared: Arc<Shared>,
    callbacks: ClientCallbacks,
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.callbacks.log(level, facility, message);
    }

    fn stats(&self, statistics: rdkafka::Statistics) {
        self.callbacks.stats(statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.callbacks.error(error, reason);
    }
}

impl ConsumerContext for Member {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let Rebalance::Revoke(list) = rebalance else { return };
        let going: BTreeSet<i32> = list.elements().iter().map(|element| element.partition()).collect();
        going.iter().for_each(|partition| self.shared.set_owned(*partition, false));
        // A member that the group considered dead has lost them already and may not commit.
        if !consumer.assignment_lost() {
            let open = self.shared.wait_until_acked(Some(&going), ACK_WAIT);
            commit(consumer, &self.shared.to_commit(Some(&going)), CommitMode::Sync);
            tracing::info!(partitions = ?going, open, "flights go to another node");
        } else {
            tracing::warn!(partitions = ?going, "flights went to another node, because this one missed its heartbeats");
        }
        lock(&self.shared.held).retain(|partition, _| !going.contains(partition));
        going.iter().for_each(|partition| self.shared.context.metrics.queue.clear(*partition));
    }

    /// Commits an offset with the next commit, if it could not be committed and its partition is still
    /// here.
    fn commit_callback(&self, result: Result<(), KafkaError>, offsets: &TopicPartitionList) {
        let Err(fault) = result else { return };
        if fault.rdkafka_error_code() == Some(RDKafkaErrorCode::NoOffset) {
            return;
        }
        tracing::info!(%fault, "offsets were not committed; the next commit includes them");
        for element in offsets.elements() {
            let Offset::Offset(next) = element.offset() else { continue };
            if let Some(held) = lock(&self.shared.held).get_mut(&element.partition()) {
                held.next_offset = Some(held.next_offset.map_or(next, |newer| newer.max(next)));
            }
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let list = match rebalance {
            Rebalance::Assign(list) => list,
            Rebalance::Revoke(_) => return,
            Rebalance::Error(fault) => {
                return tracing::error!(%fault, "the group of flight owners has an error");
            }
        };
        switch(consumer.pause(list));
        for element in list.elements() {
            let (partition, term) = (element.partition(), next_term());
            let (tracker, next_offset, is_caught_up) = (OffsetTracker::default(), None, false);
            let held = AssignedPartition { term, tracker, next_offset, is_caught_up };
            lock(&self.shared.held).insert(partition, held);
            self.shared.catch_up(partition, term);
        }
    }
}

/// Numbers the assignments of partitions in this process.
fn next_term() -> u64 {
    static TERMS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    TERMS.fetch_add(1, Ordering::Relaxed)
}
