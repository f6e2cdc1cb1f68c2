//! A TCP proxy between a client and a server. A test cuts it, stops it or lets it drop all bytes.

use crate::free_port::free_port;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Bytes that the proxy reads at once.
const BUFFER_BYTES: usize = 16 * 1024;

/// A proxy on its own port. It ends with the runtime.
#[derive(Debug)]
pub struct TcpProxy {
    /// Where clients connect.
    pub address: SocketAddr,
    server: String,
    blackhole: Arc<AtomicBool>,
    /// Each change of the number cuts every connection.
    cuts: watch::Sender<u64>,
    listening: Option<JoinHandle<()>>,
}

impl TcpProxy {
    /// Starts a proxy in front of `server` (`host:port`).
    pub async fn start(server: &str) -> Self {
        let mut proxy = Self {
            address: free_port(),
            server: server.to_owned(),
            blackhole: Arc::default(),
            cuts: watch::Sender::new(0),
            listening: None,
        };
        proxy.listen().await;
        proxy
    }

    /// Accepts connections, also again after [`TcpProxy::stop`].
    ///
    /// # Panics
    /// If the port cannot be bound.
    pub async fn listen(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("the port of the proxy is free");
        let (server, blackhole, cuts) = (self.server.clone(), self.blackhole.clone(), self.cuts.clone());
        self.listening = Some(tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, server.clone(), blackhole.clone(), cuts.subscribe()));
            }
        }));
    }

    /// Behaves like a server that is down: cuts every connection and refuses new ones.
    pub async fn stop(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            let _ended = listening.await;
        }
        self.cut();
    }

    /// Cuts every connection at both ends.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Drops all bytes from now on, or forwards them again. A connection that lost bytes never recovers.
    pub fn blackhole(&self, drops: bool) {
        self.blackhole.store(drops, Ordering::SeqCst);
    }

    /// The switch behind [`TcpProxy::blackhole`], for code that runs inside a call.
    pub fn blackhole_switch(&self) -> Arc<AtomicBool> {
        self.blackhole.clone()
    }
}

async fn forward(
    client: TcpStream,
    server: String,
    blackhole: Arc<AtomicBool>,
    mut cuts: watch::Receiver<u64>,
) {
    let forwarding = async {
        let server = TcpStream::connect(&*server).await?;
        let ((client_in, client_out), (server_in, server_out)) = (client.into_split(), server.into_split());
        tokio::try_join!(copy(client_in, server_out, &blackhole), copy(server_in, client_out, &blackhole))
    };
    tokio::select! {
        _ended = forwarding => {}
        _cut = cuts.changed() => {}
    }
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    blackhole: &AtomicBool,
) -> std::io::Result<()> {
    let mut buffer = [0; BUFFER_BYTES];
    loop {
        let length = from.read(&mut buffer).await?;
        if blackhole.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
    }
}
