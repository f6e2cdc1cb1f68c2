//! A client that follows topics, reads at its own pace, stalls, disconnects and comes back.

use crate::checks::Invariant;
use crate::faults::Broken;
use crate::network::{FrameReader, HubEnd, SimSocket};
use crate::node::Node;
use crate::picture::Picture;
use crate::random::Random;
use crate::session;
use crate::site::Site;
use crate::stories::StoryLeg;
use domain::leg::LegId;
use domain::topic::Topic;
use gatecall_actors::frame::Encoding;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc;
use wire::frame::client::ClientFrame;

/// What an error refers to.
enum Asked {
    Follow(String),
    Get(String),
}

pub(crate) struct Client {
    number: usize,
    site: Rc<Site>,
    random: Rc<Random>,
    /// The topics that it may follow.
    candidates: Vec<Topic>,
    pub(crate) picture: RefCell<Picture>,
    asked: RefCell<BTreeMap<u64, Asked>>,
    next_ref: Cell<u64>,
    /// The node that it is connected to, and the socket.
    connection: RefCell<Option<(Rc<Node>, Rc<SimSocket>)>>,
}

impl Client {
    pub(crate) fn new(number: usize, site: Rc<Site>, legs: &[StoryLeg]) -> Rc<Self> {
        let random = Rc::new(Random::of(site.seed, &format!("client {number}")));
        let mut candidates: Vec<Topic> = ["all", "airline/B6", "airline/DL", "airline/EI"]
            .iter()
            .chain(&[
                "board/JFK/departures",
                "board/JFK/arrivals",
                "board/FLL/arrivals",
                "board/BOS/departures",
            ])
            .filter_map(|topic| Topic::parse(topic))
            .collect();
        candidates.extend(legs.iter().map(|leg| Topic::Flight(leg.id.clone())));
        Rc::new(Self {
            number,
            site,
            random,
            candidates,
            picture: RefCell::default(),
            asked: RefCell::default(),
            next_ref: Cell::new(0),
            connection: RefCell::default(),
        })
    }

    /// The node that it is connected to, once it has read everything and waits for no answer.
    pub(crate) fn at_rest(&self) -> Option<Rc<Node>> {
        let connection = self.connection.borrow();
        let (node, socket) = connection.as_ref()?;
        let is_answered = self.asked.borrow().is_empty() && self.picture.borrow().asked.is_empty();
        (is_answered && socket.is_drained() && !node.is_dead()).then(|| node.clone())
    }

    /// Connects, again and again.
    pub(crate) async fn run(self: Rc<Self>) {
        for _ in 0..self.random.between(1..=3) {
            let topic = self.random.pick(&self.candidates).to_string();
            self.picture.borrow_mut().topics.entry(topic).or_default();
        }
        loop {
            if let Some(node) = self.site.any(&self.random) {
                self.connect(node).await;
                self.connection.take();
                self.asked.borrow_mut().clear();
                self.picture.borrow_mut().disconnected();
            }
            tokio::time::sleep(self.random.millis(10..=2_000)).await;
        }
    }

    async fn connect(&self, node: Rc<Node>) {
        let random = &self.random;
        let encoding = random.pick(&[Encoding::WebSocket, Encoding::EventStream]);
        let capacity = random.pick(&[120, 700, 4_096, 65_536, 1 << 20]);
        let loses = (self.site.broken == Broken::SocketsLoseFrames).then(|| (random.clone(), 5));
        self.site.checks.note(format_args!(
            "client {} connects to node {}, {encoding:?}, {capacity} bytes",
            self.number, node.number
        ));
        let socket = SimSocket::new(capacity, encoding, loses);
        let id = node.connections.borrow_mut().open(HubEnd(socket.clone()));
        self.connection.replace(Some((node.clone(), socket.clone())));
        let (to, commands) = mpsc::unbounded_channel();
        actix_rt::spawn(session::serve(node.clone(), id, commands));
        let topics: Vec<String> = self.picture.borrow().topics.keys().cloned().collect();
        topics.into_iter().for_each(|topic| self.follow(topic, &to));
        let mut reader = FrameReader::new(encoding);
        loop {
            let waits = random.millis(200..=3_000);
            let is_readable = tokio::time::timeout(waits, socket.until_readable()).await.is_ok();
            let is_calm = self.site.is_calm.get();
            if (!is_readable || random.percent(12)) && !is_calm && !self.act(&to).await {
                return;
            }
            tokio::time::sleep(random.millis(0..=60)).await;
            let bytes = socket.read(random.between(1..=20_000) as usize);
            if socket.take_awaited() {
                node.connections.borrow_mut().drain(id);
            }
            if bytes.is_empty() && socket.is_closed() {
                return;
            }
            for frame in reader.read(&bytes) {
                self.receive(&serde_json::from_slice(&frame).unwrap(), &to);
            }
        }
    }

    /// Does something of its own accord. Returns whether it stays connected.
    async fn act(&self, to: &mpsc::UnboundedSender<String>) -> bool {
        let random = &self.random;
        match random.between(0..=9) {
            0..=1 => return false,
            2 => tokio::time::sleep(random.millis(500..=15_000)).await,
            3..=4 => {
                let topics: Vec<String> = self.picture.borrow().topics.keys().cloned().collect();
                if topics.len() > 1 {
                    self.unfollow(&random.pick(&topics), to);
                }
            }
            5..=7 => {
                let topic = random.pick(&self.candidates).to_string();
                let count = self.picture.borrow().topics.len();
                if count < 5 {
                    self.picture.borrow_mut().topics.entry(topic.clone()).or_default();
                    self.follow(topic, to);
                }
            }
            _ => {}
        }
        true
    }

    fn send(&self, frame: &ClientFrame, to: &mpsc::UnboundedSender<String>) {
        self.site.checks.note(format_args!("client {} sends {}", self.number, frame.to_json()));
        // The connection may have ended already.
        let _ = to.send(frame.to_json());
    }

    fn reference(&self, asked: Asked) -> Option<u64> {
        let ref_ = self.next_ref.get() + 1;
        self.next_ref.set(ref_);
        self.asked.borrow_mut().insert(ref_, asked);
        Some(ref_)
    }

    fn follow(&self, topic: String, to: &mpsc::UnboundedSender<String>) {
        let followed = self.picture.borrow();
        let since =
            followed.topics.get(&topic).filter(|topic| topic.has_snapshot).and_then(|topic| topic.newest);
        let parsed = Topic::parse(&topic).unwrap();
        let ref_ = self.reference(Asked::Follow(topic));
        self.send(&ClientFrame::Follow { topic: parsed, since, ref_ }, to);
    }

    fn unfollow(&self, topic: &str, to: &mpsc::UnboundedSender<String>) {
        let mut picture = self.picture.borrow_mut();
        picture.topics.remove(topic);
        picture.drop_unheld();
        self.asked.borrow_mut().retain(|_, asked| !matches!(asked, Asked::Follow(asked) if asked == topic));
        self.send(&ClientFrame::Unfollow { topic: Topic::parse(topic).unwrap(), ref_: None }, to);
    }

    fn receive(&self, frame: &Value, to: &mpsc::UnboundedSender<String>) {
        let mut picture = self.picture.borrow_mut();
        if frame["type"] == "error" {
            let asked = frame["ref"].as_u64().and_then(|ref_| self.asked.borrow_mut().remove(&ref_));
            match asked {
                Some(Asked::Get(leg)) => picture.unknown(&leg),
                Some(Asked::Follow(topic)) => drop(picture.topics.remove(&topic)),
                None => {}
            }
            return picture.drop_unheld();
        }
        self.site.checks.note(format_args!("client {} receives {}", self.number, brief(frame)));
        let effects = picture.apply(frame);
        for leg in effects.taken {
            self.site.record.shown(self.number, &picture.flights[&leg]);
        }
        drop(picture);
        let is_answered = |asked: &Asked| match asked {
            Asked::Follow(topic) => frame["type"] == "snapshot" && frame["topic"] == topic.as_str(),
            Asked::Get(leg) => frame["type"] == "state" && frame["flight"]["leg"] == leg.as_str(),
        };
        self.asked.borrow_mut().retain(|_, asked| !is_answered(asked));
        for leg in effects.gets {
            let ref_ = self.reference(Asked::Get(leg.clone()));
            self.send(&ClientFrame::Get { leg: LegId::known(&leg).unwrap(), ref_ }, to);
        }
    }

    /// Compares everything that it holds with its node. Call it at rest.
    pub(crate) fn check(&self, node: &Node) {
        let picture = self.picture.borrow();
        for (name, topic) in &picture.topics {
            let parsed = Topic::parse(name).unwrap();
            let mut expected = BTreeMap::new();
            node.hub.for_each_flight(|live| {
                if live.view.topics(&live.leg).contains(&parsed) {
                    expected.insert(live.leg.to_string(), serde_json::from_slice(live.json()).unwrap());
                }
            });
            let held: BTreeMap<String, Value> = topic
                .legs
                .iter()
                .filter_map(|leg| Some((leg.clone(), picture.flights.get(leg)?.clone())))
                .collect();
            let brief = |flights: &BTreeMap<String, Value>, others: &BTreeMap<String, Value>| {
                let differs = flights.iter().filter(|(leg, flight)| others.get(*leg) != Some(*flight));
                differs.map(|(leg, flight)| format!("{leg} {}", flight["rev"])).collect::<Vec<_>>()
            };
            self.site.checks.check(
                Invariant::ConnectionsHoldTheState,
                held == expected && held.len() == topic.legs.len(),
                format_args!(
                    "client {} holds of {name} {:?}, the hub has {:?}",
                    self.number,
                    brief(&held, &expected),
                    brief(&expected, &held)
                ),
            );
        }
    }
}

/// How long a client may take to read everything at rest.
pub(crate) const RESTS_WITHIN: Duration = Duration::from_secs(300);

/// A frame in few words.
fn brief(frame: &Value) -> String {
    let flight = |flight: &Value| format!("{} {}", flight["leg"], flight["rev"]);
    match frame["type"].as_str() {
        Some("snapshot") => {
            let flights: Vec<_> = frame["flights"].as_array().into_iter().flatten().map(flight).collect();
            format!("snapshot {} partial {} {flights:?}", frame["topic"], frame["partial"])
        }
        Some("state") => format!("state {}", flight(&frame["flight"])),
        Some("change") => format!("change {}", flight(frame)),
        _ => frame.to_string(),
    }
}
