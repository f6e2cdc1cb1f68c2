//! Starts the store: a thread, a runtime, a writer.

use super::checkpoint::Checkpoints;
use super::commit::Inserts;
use super::config::EmbeddedConfig;
use super::disk_budget::DiskBudget;
use super::errors::OpenError;
use super::folder_lock::FolderLock;
use super::maintenance::Maintenance;
use super::write_queue::{QueuedWrite, WriteQueue};
use super::writer::{Writer, now};
use super::{Embedded, Health, Inner, database};
use sqlx::sqlite::SqlitePoolOptions;
use std::sync::{Arc, Mutex};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

/// Connections that read: two, so that one long history does not delay the next.
const READERS: u32 = 2;
/// Threads that decode states at a restore.
const DECODER_THREADS: usize = 2;

impl Embedded {
    /// Opens the data folder, migrates its database and starts the writer on a thread of its own. Waits
    /// two seconds for a process that is leaving the folder.
    pub async fn open(config: EmbeddedConfig) -> Result<Self, OpenError> {
        let failed = |reason: String| OpenError::Database { file: database::file(&config.folder), reason };
        let runtime = Builder::new_current_thread()
            // Without I/O: the store has none, and a thread that waits for work is woken faster than one
            // that waits for sockets too.
            .enable_time()
            .max_blocking_threads(DECODER_THREADS)
            .thread_name("gatecall-decode")
            .build()
            .map_err(|e| failed(e.to_string()))?;
        let (queue, receiver) = WriteQueue::new();
        let (opened, opening) = oneshot::channel();
        let starting = Starting { config: config.clone(), queue, runtime: runtime.handle().clone() };
        std::thread::Builder::new()
            .name("gatecall-store".into())
            .spawn(move || work(&runtime, starting, receiver, opened))
            .map_err(|e| failed(e.to_string()))?;
        opening.await.map_err(|_| failed("its thread has ended".into()))?
    }
}

/// What the thread needs to create a handle.
struct Starting {
    config: EmbeddedConfig,
    queue: WriteQueue,
    runtime: tokio::runtime::Handle,
}

/// Everything that runs on the thread of the store.
fn work(
    runtime: &Runtime,
    starting: Starting,
    receiver: UnboundedReceiver<QueuedWrite>,
    opened: oneshot::Sender<Result<Embedded, OpenError>>,
) {
    runtime.block_on(async move {
        match start(starting, receiver).await {
            Ok((handle, writer)) => {
                // If the caller is gone, the handle is dropped, and the writer ends.
                let _ = opened.send(Ok(handle));
                writer.run().await;
            }
            Err(e) => {
                let _ = opened.send(Err(e));
            }
        }
    });
}

async fn start(
    starting: Starting,
    receiver: UnboundedReceiver<QueuedWrite>,
) -> Result<(Embedded, Writer), OpenError> {
    let Starting { config, queue, runtime } = starting;
    database::make_folder(&config.folder)?;
    let lock = FolderLock::take(&config.folder).await?;
    let inserts = Inserts::new();
    let (mut connection, index, next) = database::open(&config, &inserts).await?;
    let mut disk_budget = DiskBudget::new(&config);
    let measured = disk_budget.measure(&mut connection).await;
    measured
        .map_err(|e| OpenError::Database { file: database::file(&config.folder), reason: e.to_string() })?;
    let readers =
        SqlitePoolOptions::new().max_connections(READERS).connect_lazy_with(database::reading(&config));
    let index = Arc::new(Mutex::new(index));
    let health = Arc::new(Health::default());
    let inner = Inner {
        queue,
        readers: readers.clone(),
        index: index.clone(),
        health: health.clone(),
        sizes: disk_budget.sizes(),
        runtime,
    };
    let writer = Writer {
        receiver,
        connection: Some(connection),
        readers,
        index,
        health,
        next,
        inserts,
        maintenance: Maintenance::new(config.compact_from_bytes),
        disk_budget,
        checkpoints: Checkpoints::new(database::checkpointing(&config)),
        probed_at: now(),
        failed_bytes: 0,
        config,
        _lock: lock,
    };
    Ok((Embedded { inner: Arc::new(inner) }, writer))
}
