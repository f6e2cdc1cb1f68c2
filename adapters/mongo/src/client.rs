//! Opens the archive.

use super::config::{CONNECT_MAX, MongoConfig, MongoConfigError};
use super::{Inner, Mongo};
use mongodb::Client;
use mongodb::error::{Error, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// Why the archive cannot be opened. Unreachable servers are no reason.
#[derive(Debug, thiserror::Error)]
pub enum MongoOpenError {
    /// The configuration is unusable.
    #[error(transparent)]
    Config(#[from] MongoConfigError),
    /// The hosts of a `mongodb+srv` name cannot be looked up.
    #[error("the hosts of {uri} cannot be looked up: {reason}")]
    Names {
        /// The name.
        uri: String,
        /// The error.
        reason: String,
    },
    /// The runtime of the drivers has ended.
    #[error("the runtime for MongoDB has ended")]
    Runtime,
}

impl Mongo {
    /// Prepares the driver and connects to nothing: [`Mongo::check`] tells whether the servers are there.
    /// Only a `mongodb+srv` name is looked up. All work runs on `runtime`, which must have time and I/O
    /// and must live as long as the handles.
    pub async fn open(config: MongoConfig, runtime: Handle) -> Result<Self, MongoOpenError> {
        config.check()?;
        let starting = runtime.spawn(start(config, runtime.clone()));
        starting.await.map_err(|_| MongoOpenError::Runtime)?
    }
}

async fn start(config: MongoConfig, runtime: Handle) -> Result<Mongo, MongoOpenError> {
    let names = |reason: String| MongoOpenError::Names { uri: config.uri.to_string(), reason };
    let options = tokio::time::timeout(CONNECT_MAX, config.options())
        .await
        .map_err(|_| names(format!("no answer within {} s", CONNECT_MAX.as_secs())))?
        .map_err(|e| match e.kind.as_ref() {
            ErrorKind::DnsResolve { message, .. } => names(message.clone()),
            _ => unusable(&e),
        })?;
    let confirmation = options.write_concern.as_ref().and_then(|concern| concern.w_timeout);
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
        config,
    };
    Ok(Mongo { inner: Arc::new(inner) })
}

/// Contradicting options, or an unreadable certificate file. These messages contain no secret.
fn unusable(error: &Error) -> MongoOpenError {
    MongoConfigError { key: "uri", reason: format!("cannot be used: {}", error.kind) }.into()
}
