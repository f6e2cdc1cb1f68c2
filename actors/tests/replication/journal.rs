//! Reports that come through the journal.

use crate::archive::TestArchive;
use crate::node::{gate, node, run, until};
use crate::shared_log::Shared;
use domain::leg::{LegId, LegKey};
use domain::ports::*;
use domain::report::{Report, Source};
use gatecall_actors::replication::KafkaReportSink;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

/// The report queue of one node.
pub(crate) struct Queue(tokio::sync::Mutex<mpsc::UnboundedReceiver<QueuedItem>>);

impl ReportQueue for Queue {
    fn next(&self) -> BoxFuture<'_, Vec<QueuedItem>> {
        Box::pin(async move {
            let mut batch = Vec::new();
            match self.0.lock().await.recv_many(&mut batch, 256).await {
                0 => std::future::pending().await,
                _ => batch,
            }
        })
    }
    fn leave(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

pub(crate) struct Journal {
    to: mpsc::UnboundedSender<QueuedItem>,
    settled: Arc<Mutex<Vec<LegId>>>,
}

impl Journal {
    fn enqueue(&self, payload: QueuedPayload, leg: &LegId) {
        let (settled, leg) = (self.settled.clone(), leg.clone());
        let ack = Ack::new(move || settled.lock().unwrap().push(leg));
        self.to.send(QueuedItem { payload, ack }).unwrap();
    }
}

impl ReportJournal for Journal {
    fn post(&self, reports: Vec<(LegId, Report)>) -> BoxFuture<'_, Result<(), SinkError>> {
        for (leg, report) in reports {
            self.enqueue(QueuedPayload::Report(report), &leg);
        }
        Box::pin(async { Ok(()) })
    }
}

#[test]
fn queued_reports_are_acknowledged_once_durable_and_unusable_ones_are_quarantined() {
    run(async || {
        let shared = Arc::<Shared>::default();
        let (to, queue) = mpsc::unbounded_channel();
        let journal = Arc::new(Journal { to, settled: Arc::default() });
        let archive = Arc::<TestArchive>::default();
        let queue: Arc<dyn ReportQueue> = Arc::new(Queue(tokio::sync::Mutex::new(queue)));
        let owner = node(&shared, Some(queue), archive.clone()).await;
        let sender = KafkaReportSink::new(owner.hub.clone(), journal.clone());
        let leg = gate(0, "12").key.id();
        shared.away.store(true, Ordering::SeqCst);
        assert_eq!(sender.accept(vec![gate(0, "12")]).await.unwrap(), [Outcome::Queued]);
        until("an append was refused", || shared.refused.load(Ordering::SeqCst) > 0).await;
        assert!(journal.settled.lock().unwrap().is_empty(), "it is not durable while the log is away");
        shared.away.store(false, Ordering::SeqCst);
        owner.until_received("state 1").await;
        let settled = || journal.settled.lock().unwrap().len();
        until("it is acknowledged", || settled() == 1).await;
        let unreadable = QueuedPayload::Unreadable {
            position: "reports 0/7".into(),
            reason: "is no report".into(),
            excerpt: "x".into(),
        };
        journal.enqueue(unreadable, &leg);
        let unknown = Report {
            source: Arc::new(Source { creates: false, ..(*gate(0, "1").source).clone() }),
            ..gate(0, "1")
        };
        let unknown = Report { key: LegKey { repeat: 3, ..unknown.key }, ..unknown };
        sender.accept(vec![unknown]).await.unwrap();
        until("the others are acknowledged", || settled() == 3).await;
        let mut reasons: Vec<_> =
            archive.faults.lock().unwrap().iter().map(|fault| fault.reason.clone()).collect();
        reasons.sort();
        assert_eq!(reasons.len(), 2, "{reasons:?}");
        assert!(reasons[0].starts_with("reports 0/7: is no report"), "{reasons:?}");
        assert!(reasons[1].contains("may only add to flights that are known"), "{reasons:?}");
        // The receiving node rejects at once what it knows to be wrong, and does not post it.
        let outcomes = sender.accept(vec![gate(60 * 24, "9")]).await.unwrap();
        assert!(
            matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("in the future")),
            "{outcomes:?}"
        );
    });
}

#[test]
fn a_stuck_leg_and_an_early_report_block_no_other_leg() {
    run(async || {
        let shared = Arc::<Shared>::default();
        let (to, queue) = mpsc::unbounded_channel();
        let journal = Arc::new(Journal { to, settled: Arc::default() });
        let queue: Arc<dyn ReportQueue> = Arc::new(Queue(tokio::sync::Mutex::new(queue)));
        let archive = Arc::<TestArchive>::default();
        let _owner = node(&shared, Some(queue), archive.clone()).await;
        let of = |repeat| {
            let report = gate(0, "12");
            Report { key: LegKey { repeat, ..report.key }, ..report }
        };
        let adds = |repeat| {
            let report = of(repeat);
            Report {
                source: Arc::new(Source { creates: false, name: "desk".into(), ..(*report.source).clone() }),
                ..report
            }
        };
        let (stuck, other) = (of(1).key.id(), of(2).key.id());
        *shared.stuck.lock().unwrap() = Some(stuck.clone());
        // A report that adds to the stuck leg comes before that leg is known. Both wait, the other does
        // not.
        let batch = [of(1), adds(1), of(2)].map(|report| (report.key.id(), report));
        journal.post(batch.to_vec()).await.unwrap();
        let settled = || journal.settled.lock().unwrap().clone();
        until("the other leg is acknowledged", || !settled().is_empty()).await;
        assert_eq!(settled(), [other]);
        *shared.stuck.lock().unwrap() = None;
        until("the leg is written and the early report is merged", || settled().len() == 3).await;
        assert!(
            archive.faults.lock().unwrap().is_empty(),
            "nothing was quarantined: {:?}",
            archive.faults.lock().unwrap()
        );
    });
}
