//! A line to PostgreSQL that can be cut, for tests of what happens when it is away.

use crate::contract::ports::free_port;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Passes bytes on, until it is told otherwise.
pub(super) struct Proxy {
    pub(super) port: u16,
    server: String,
    /// Passes nothing on, and says nothing.
    silent: Arc<AtomicBool>,
    /// Raised by one to cut every line.
    cut: watch::Sender<u64>,
    listening: Option<JoinHandle<()>>,
}

impl Proxy {
    pub(super) async fn to(server: &str) -> Self {
        let mut proxy = Self {
            port: free_port().port(),
            server: server.into(),
            silent: Arc::default(),
            cut: watch::Sender::new(0),
            listening: None,
        };
        proxy.listen().await;
        proxy
    }

    /// Listens (again).
    pub(super) async fn listen(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        let (server, silent, cut) = (self.server.clone(), self.silent.clone(), self.cut.clone());
        self.listening = Some(tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server.clone(), silent.clone(), cut.subscribe()));
            }
        }));
    }

    /// The server is stopped: every line is cut, new ones are refused.
    pub(super) async fn stop(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            let _ended = listening.await;
        }
        self.cut();
    }

    /// Every line is cut, at both ends.
    pub(super) fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }

    /// The network swallows everything, or does so no more. Lines that met the silence never recover.
    pub(super) fn swallow(&self, swallows: bool) {
        self.silent.store(swallows, Ordering::SeqCst);
    }

    /// The switch of [`Proxy::swallow`], for whoever is inside a call.
    pub(super) fn switch(&self) -> Arc<AtomicBool> {
        self.silent.clone()
    }
}

async fn pass(client: TcpStream, server: String, silent: Arc<AtomicBool>, mut cut: watch::Receiver<u64>) {
    let passing = async {
        let server = TcpStream::connect(&*server).await?;
        let ((client_in, client_out), (server_in, server_out)) = (client.into_split(), server.into_split());
        tokio::try_join!(copy(client_in, server_out, &silent), copy(server_in, client_out, &silent))
    };
    tokio::select! {
        _ended = passing => {}
        _cut = cut.changed() => {}
    }
}

async fn copy(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    silent: &AtomicBool,
) -> std::io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        if silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
    }
}
