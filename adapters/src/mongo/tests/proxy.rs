//! Something between the archive and its server that can be away.

use crate::contract::ports::free_port;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What a proxy does with its connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mood {
    /// Passes everything on.
    Open,
    /// Refuses new connections and has closed the others.
    Away,
    /// Takes connections and passes nothing on.
    Silent,
}

/// A proxy on a port of its own. It ends with the runtime.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    mood: watch::Sender<Mood>,
}

impl Proxy {
    /// Begins open.
    pub(super) async fn before(server: String) -> Self {
        let listener = TcpListener::bind(free_port()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mood, watched) = watch::channel(Mood::Open);
        tokio::spawn(run(listener, server, watched));
        Self { address, mood }
    }

    pub(super) fn becomes(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }
}

async fn run(listener: TcpListener, server: String, mut mood: watch::Receiver<Mood>) {
    let address = listener.local_addr().unwrap();
    let mut listener = Some(listener);
    loop {
        let is_away = *mood.borrow_and_update() == Mood::Away;
        if is_away {
            listener = None;
            if mood.changed().await.is_err() {
                return;
            }
            continue;
        }
        let listening = match listener.take() {
            Some(listening) => listening,
            None => TcpListener::bind(address).await.unwrap(),
        };
        tokio::select! {
            accepted = listening.accept() => {
                let (client, _) = accepted.unwrap();
                tokio::spawn(pass(client, server.clone(), mood.clone()));
            }
            changed = mood.changed() => if changed.is_err() { return },
        }
        listener = Some(listening);
    }
}

async fn pass(mut client: TcpStream, server: String, mut mood: watch::Receiver<Mood>) {
    let mut behind = TcpStream::connect(server).await.unwrap();
    loop {
        let now = *mood.borrow_and_update();
        match now {
            Mood::Away => return,
            Mood::Silent => {
                if mood.changed().await.is_err() {
                    return;
                }
            }
            Mood::Open => tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut client, &mut behind) => return,
                changed = mood.changed() => if changed.is_err() { return },
            },
        }
    }
}
