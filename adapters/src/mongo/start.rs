//! How the archive starts: a thread, a runtime, a client.

use super::config::{CONNECT_MAX, MongoConfig, MongoConfigError};
use super::{Inner, Mongo};
use mongodb::Client;
use mongodb::error::{Error, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, oneshot};

/// Threads that compress bodies and look up names.
const COMPUTE_THREADS: usize = 2;

/// Why the archive cannot be opened. Servers that are away are no reason.
#[derive(Debug, thiserror::Error)]
pub enum MongoOpenError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] MongoConfigError),
    /// The hosts behind a `mongodb+srv` name cannot be looked up.
    #[error("the hosts of {uri} cannot be looked up: {reason}")]
    Names {
        /// The name.
        uri: String,
        /// What was said.
        reason: String,
    },
    /// The system gives no thread.
    #[error("the thread for MongoDB cannot be started: {reason}")]
    Thread {
        /// What was said.
        reason: String,
    },
}

impl Mongo {
    /// Starts the driver on a thread of its own. Connects to nothing yet: [`Mongo::check`] tells
    /// whether the servers are there. Only a `mongodb+srv` name is looked up.
    pub async fn open(config: MongoConfig) -> Result<Self, MongoOpenError> {
        let failed = |reason: String| MongoOpenError::Thread { reason };
        config.check()?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(COMPUTE_THREADS)
            .thread_name("gatecall-mongo-compute")
            .build()
            .map_err(|e| failed(e.to_string()))?;
        let (opened, opening) = oneshot::channel();
        std::thread::Builder::new()
            .name("gatecall-mongo".into())
            .spawn(move || {
                let handle = runtime.handle().clone();
                runtime.block_on(async move {
                    let (alive, ended) = oneshot::channel();
                    // Where nobody waits for the handle any more, it is dropped, and the thread ends.
                    let _ = opened.send(start(config, handle, alive).await);
                    let _ = ended.await;
                });
            })
            .map_err(|e| failed(e.to_string()))?;
        opening.await.map_err(|_| failed("it has ended".into()))?
    }
}

async fn start(
    config: MongoConfig,
    runtime: tokio::runtime::Handle,
    alive: oneshot::Sender<()>,
) -> Result<Mongo, MongoOpenError> {
    let names = |reason: String| MongoOpenError::Names { uri: config.uri.to_string(), reason };
    let options = tokio::time::timeout(CONNECT_MAX, config.options())
        .await
        .map_err(|_| names(format!("no answer within {} s", CONNECT_MAX.as_secs())))?
        .map_err(|e| match e.kind.as_ref() {
            ErrorKind::DnsResolve { message, .. } => names(message.clone()),
            _ => unusable(&e),
        })?;
    let confirmation = options.write_concern.as_ref().and_then(|promise| promise.w_timeout);
    let operation = config.limits.operation.max(confirmation.unwrap_or_default());
    let waits = [options.server_selection_timeout, options.connect_timeout, Some(operation)];
    let call_max = waits.into_iter().flatten().sum();
    let client = Client::with_options(options).map_err(|e| unusable(&e))?;
    let inner = Inner {
        database: client.database(&config.database),
        call_max,
        calls: Arc::new(Semaphore::new(config.limits.calls_max)),
        order: AtomicI64::new(0),
        runtime,
        _alive: alive,
        config,
    };
    Ok(Mongo { inner: Arc::new(inner) })
}

/// Options that do not go together, a certificate's file that cannot be read. No part of these
/// messages is a value that may be secret.
fn unusable(error: &Error) -> MongoOpenError {
    MongoConfigError { key: "uri", reason: format!("cannot be used: {}", error.kind) }.into()
}
