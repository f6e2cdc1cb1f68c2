//! How the store starts: a thread, a runtime, a writer.

use super::checkpoint::Checkpoints;
use super::commit::Inserts;
use super::config::{EmbeddedConfig, OpenError};
use super::lock::FolderLock;
use super::room::Room;
use super::upkeep::Upkeep;
use super::work::{Queue, Queued};
use super::writer::{Writer, now};
use super::{Embedded, Health, Inner, database};
use sqlx::sqlite::SqlitePoolOptions;
use std::sync::{Arc, Mutex};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

/// Connections that read. Two, so that one long look at history does not hold up the next.
const READERS: u32 = 2;
/// Threads that decode at a restore.
const DECODER_THREADS: usize = 2;

impl Embedded {
    /// Opens the data folder, brings its database up to date, and starts the writer on a thread of
    /// its own. Waits two seconds for a process that is just leaving the folder.
    pub async fn open(config: EmbeddedConfig) -> Result<Self, OpenError> {
        let failed = |reason: String| OpenError::Database { file: database::file(&config.folder), reason };
        let runtime = Builder::new_current_thread()
            // Without I/O, of which the store has none: a thread that waits for work is woken more
            // cheaply than one that waits for sockets as well.
            .enable_time()
            .max_blocking_threads(DECODER_THREADS)
            .thread_name("gatecall-decode")
            .build()
            .map_err(|e| failed(e.to_string()))?;
        let (queue, receiver) = Queue::new();
        let (opened, opening) = oneshot::channel();
        let starting = Starting { config: config.clone(), queue, runtime: runtime.handle().clone() };
        std::thread::Builder::new()
            .name("gatecall-store".into())
            .spawn(move || work(&runtime, starting, receiver, opened))
            .map_err(|e| failed(e.to_string()))?;
        opening.await.map_err(|_| failed("its thread has ended".into()))?
    }
}

/// What the thread needs to make a handle.
struct Starting {
    config: EmbeddedConfig,
    queue: Queue,
    runtime: tokio::runtime::Handle,
}

/// All that happens on the store's thread.
fn work(
    runtime: &Runtime,
    starting: Starting,
    receiver: UnboundedReceiver<Queued>,
    opened: oneshot::Sender<Result<Embedded, OpenError>>,
) {
    runtime.block_on(async move {
        match start(starting, receiver).await {
            Ok((handle, writer)) => {
                // Where nobody waits for the handle any more, it is dropped, and the writer ends.
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
    receiver: UnboundedReceiver<Queued>,
) -> Result<(Embedded, Writer), OpenError> {
    let Starting { config, queue, runtime } = starting;
    database::make_folder(&config.folder)?;
    let lock = FolderLock::take(&config.folder).await?;
    let inserts = Inserts::new();
    let (mut connection, overview, next) = database::open(&config, &inserts).await?;
    let mut room = Room::new(&config);
    let looked = room.look(&mut connection).await;
    looked
        .map_err(|e| OpenError::Database { file: database::file(&config.folder), reason: e.to_string() })?;
    let readers =
        SqlitePoolOptions::new().max_connections(READERS).connect_lazy_with(database::reading(&config));
    let overview = Arc::new(Mutex::new(overview));
    let health = Arc::new(Health::default());
    let inner = Inner {
        queue,
        readers: readers.clone(),
        overview: overview.clone(),
        health: health.clone(),
        sizes: room.sizes(),
        runtime,
    };
    let writer = Writer {
        receiver,
        connection: Some(connection),
        readers,
        overview,
        health,
        next,
        inserts,
        upkeep: Upkeep::new(config.compact_from_bytes),
        room,
        checkpoints: Checkpoints::new(database::checkpointing(&config)),
        probed_at: now(),
        failed_bytes: 0,
        config,
        _lock: lock,
    };
    Ok((Embedded { inner: Arc::new(inner) }, writer))
}
