//! A board as the hub holds it: its actor, and what the actor has not taken in yet.

use super::{Asked, BoardActor, BoardRows, GetRows, GetSnapshot, Snapshot, TakeIn};
use crate::live::Live;
use crate::supervisor::Deaths;
use crate::tell::{Gone, tell};
use actix::prelude::*;
use chrono::{DateTime, Utc};
use domain::leg::LegId;
use domain::topic::Topic;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// So many changes of a board's rows that nobody has looked at wake the board to take them in.
pub const NEWS_AT_ONCE: usize = 32;

/// Changes that may wait for a board. From here on each flight waits, once its own is added, until the
/// board has taken all of them in, and with it whoever reports.
pub const NEWS_MAX: usize = 1024;

/// What has become of a row.
pub(super) enum News {
    /// It is new or has changed.
    Put {
        /// What it is now.
        live: Arc<Live>,
        /// When, by the operational clock.
        now: DateTime<Utc>,
    },
    /// It leaves.
    Take {
        /// Which.
        leg: LegId,
        /// When, by the operational clock.
        now: DateTime<Utc>,
    },
}

impl News {
    fn leg(&self) -> &LegId {
        match self {
            Self::Put { live, .. } => &live.leg,
            Self::Take { leg, .. } => leg,
        }
    }
}

/// A board as the hub holds it. Nobody sees a board but who asks for a snapshot, and most changes come
/// while nobody asks: they wait beside the actor, and its thread is woken for many at once.
#[derive(Clone)]
pub(crate) struct BoardLine {
    address: Addr<BoardActor>,
    news: Arc<Mutex<Vec<News>>>,
}

impl BoardLine {
    pub(crate) fn start_on(thread: &ArbiterHandle, topic: Topic, now: DateTime<Utc>, deaths: Deaths) -> Self {
        let news = Arc::<Mutex<Vec<News>>>::default();
        let address = BoardActor::start_on(thread, topic, now, deaths, news.clone());
        Self { address, news }
    }

    /// A row is new or has changed. Who asks from now on sees it.
    pub(crate) async fn put(&self, live: Arc<Live>, now: DateTime<Utc>) -> Result<(), Gone> {
        self.note(News::Put { live, now }).await
    }

    /// A row leaves.
    pub(crate) async fn take(&self, leg: LegId, now: DateTime<Utc>) -> Result<(), Gone> {
        self.note(News::Take { leg, now }).await
    }

    async fn note(&self, news: News) -> Result<(), Gone> {
        let added = add(&mut lock(&self.news), news);
        match added {
            Some(waiting) if waiting >= NEWS_MAX => self.address.send(TakeIn).await.map_err(|_| Gone),
            Some(waiting) if waiting.is_multiple_of(NEWS_AT_ONCE) => tell(&self.address, TakeIn).await,
            _ => Ok(()),
        }
    }

    /// What a new follower is told.
    pub(crate) async fn snapshot(&self, question: GetSnapshot) -> Result<Snapshot, Gone> {
        let (answer, answered) = oneshot::channel();
        tell(&self.address, Asked { question, answer }).await?;
        answered.await.map_err(|_| Gone)
    }

    /// The rows in order.
    pub(crate) async fn rows(&self) -> Result<BoardRows, Gone> {
        self.address.send(GetRows).await.map_err(|_| Gone)
    }
}

/// Adds a piece of news and answers how many there are now; `None` where it took the place of one: a
/// row that changes again before anybody has looked is one piece. That it has left is never passed over:
/// whoever saw it must be told.
fn add(waiting: &mut Vec<News>, news: News) -> Option<usize> {
    let earlier = waiting.iter_mut().rev().take(NEWS_AT_ONCE).find(|earlier| earlier.leg() == news.leg());
    match (earlier, news) {
        (Some(earlier @ News::Put { .. }), news @ News::Put { .. }) => {
            *earlier = news;
            None
        }
        (_, news) => {
            waiting.push(news);
            Some(waiting.len())
        }
    }
}

/// Locks without minding a panic elsewhere, which ends the process.
pub(super) fn lock(news: &Mutex<Vec<News>>) -> MutexGuard<'_, Vec<News>> {
    news.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use domain::codes::{AirlineCode, FlightNumber, Iata};
    use domain::flight::Flight;
    use domain::leg::LegKey;
    use futures_util::FutureExt;

    fn leg(number: &str) -> LegKey {
        LegKey {
            carrier: AirlineCode::parse("B6").unwrap(),
            number: FlightNumber::parse(number).unwrap(),
            suffix: None,
            origin_date: NaiveDate::from_ymd_opt(2013, 2, 8).unwrap(),
            from: Iata::parse("JFK").unwrap(),
            to: Iata::parse("FLL").unwrap(),
            repeat: 0,
        }
    }

    fn live(number: &str, rev: u64) -> Live {
        let flight = Flight { rev, ..Flight::new(leg(number)) };
        Live::of(&flight, Arc::new(flight.view()))
    }

    fn put(number: &str, rev: u64) -> News {
        News::Put { live: Arc::new(live(number, rev)), now: DateTime::UNIX_EPOCH }
    }

    fn take(number: &str) -> News {
        News::Take { leg: leg(number).id(), now: DateTime::UNIX_EPOCH }
    }

    fn told(waiting: &[News]) -> Vec<(String, Option<u64>)> {
        let rev = |news: &News| match news {
            News::Put { live, .. } => Some(live.rev),
            News::Take { .. } => None,
        };
        waiting.iter().map(|news| (news.leg().to_string(), rev(news))).collect()
    }

    #[test]
    fn a_row_that_changes_again_waits_once_and_as_it_is_now() {
        let mut waiting = Vec::new();
        assert_eq!(add(&mut waiting, put("615", 1)), Some(1));
        assert_eq!(add(&mut waiting, put("616", 1)), Some(2));
        assert_eq!(add(&mut waiting, put("615", 2)), None);
        let name = |number| leg(number).id().to_string();
        assert_eq!(told(&waiting), [(name("615"), Some(2)), (name("616"), Some(1))]);
    }

    #[test]
    fn that_a_row_left_is_told_even_if_it_came_back() {
        let mut waiting = Vec::new();
        for news in [put("615", 1), take("615"), put("615", 2), put("615", 3)] {
            add(&mut waiting, news);
        }
        let revs: Vec<_> = told(&waiting).into_iter().map(|(_, rev)| rev).collect();
        assert_eq!(revs, [Some(1), None, Some(3)]);
    }

    #[test]
    fn while_the_pace_is_kept_questions_wait_together_and_who_has_left_is_passed_over() {
        System::new().block_on(async {
            let deaths = Deaths::only_counted(crate::metrics::Metrics::default());
            let topic = Topic::parse("board/JFK/departures").unwrap();
            let line = BoardLine::start_on(&Arbiter::current(), topic, DateTime::UNIX_EPOCH, deaths);
            let ask = || line.snapshot(GetSnapshot { since: None, limit_bytes: usize::MAX });
            let frame = |snapshot: Result<Snapshot, Gone>| match snapshot {
                Ok(Snapshot::Ready(frame)) => frame,
                _ => panic!("no snapshot"),
            };
            line.put(Arc::new(live("615", 1)), DateTime::UNIX_EPOCH).await.unwrap();
            // As if somebody had asked for a great many of the largest boards, some seconds' worth.
            crate::board::pace::spend(0, 1 << 30);
            let (mut left, mut one, mut other) = (Box::pin(ask()), Box::pin(ask()), Box::pin(ask()));
            for question in [&mut left, &mut one, &mut other] {
                assert!(question.as_mut().now_or_never().is_none());
            }
            drop(left);
            tokio::task::yield_now().await;
            assert!(one.as_mut().now_or_never().is_none(), "it waits for its turn");
            line.put(Arc::new(live("616", 1)), DateTime::UNIX_EPOCH).await.unwrap();
            let (one, other) = (frame(one.await), frame(other.await));
            // What came while they waited is in it, and it was put together once.
            assert_eq!(one.payload().as_ptr(), other.payload().as_ptr());
            assert!(str::from_utf8(one.payload()).unwrap().contains("B6-616-"));
            // What is ready-made costs nothing, so that nobody waits for it, whatever others wait for; nor
            // does who was away longer than the board knows.
            crate::board::pace::spend(0, 1 << 30);
            let part = GetSnapshot { since: Some(DateTime::<Utc>::MAX_UTC), limit_bytes: usize::MAX };
            let mut waits = Box::pin(line.snapshot(part));
            assert!(waits.as_mut().now_or_never().is_none());
            tokio::task::yield_now().await;
            let long_ago = GetSnapshot { since: Some(DateTime::UNIX_EPOCH), limit_bytes: usize::MAX };
            for at_hand in [ask().await, line.snapshot(long_ago).await] {
                assert_eq!(frame(at_hand).payload().as_ptr(), one.payload().as_ptr());
            }
            assert!(waits.as_mut().now_or_never().is_none(), "it still waits");
        });
    }

    #[test]
    fn who_adds_to_a_full_list_waits_until_the_board_has_taken_it_in() {
        System::new().block_on(async {
            let elsewhere = Arbiter::new();
            let deaths = Deaths::only_counted(crate::metrics::Metrics::default());
            let topic = Topic::parse("board/JFK/departures").unwrap();
            let line = BoardLine::start_on(&elsewhere.handle(), topic, DateTime::UNIX_EPOCH, deaths);
            let (go, wait) = std::sync::mpsc::channel::<()>();
            // The board's thread is busy until it is told to go on.
            elsewhere.spawn_fn(move || wait.recv().unwrap());
            for number in 1..NEWS_MAX {
                line.note(put(&number.to_string(), 1)).await.unwrap();
            }
            let mut full = std::pin::pin!(line.note(put("5000", 1)));
            assert!(full.as_mut().now_or_never().is_none());
            go.send(()).unwrap();
            full.await.unwrap();
            assert!(lock(&line.news).is_empty());
            assert_eq!(line.rows().await.unwrap().rows.len(), NEWS_MAX);
        });
    }
}
