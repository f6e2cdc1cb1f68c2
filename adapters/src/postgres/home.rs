//! The thread on which all conversation happens.

use super::STORE;
use domain::ports::StoreError;
use std::io;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// A thread with a runtime, which ends when this is dropped.
pub(super) struct Home {
    runtime: Handle,
    /// The thread waits for its end.
    _open: oneshot::Sender<()>,
}

impl Home {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().thread_name("gatecall-resolve").build()?;
        let handle = runtime.handle().clone();
        let (open, closed) = oneshot::channel::<()>();
        std::thread::Builder::new().name("gatecall-postgres".into()).spawn(move || {
            // Only its end is waited for; nothing is ever sent.
            let _ = runtime.block_on(closed);
            // Looking up a host's name cannot be called off, and nobody waits for it any more.
            runtime.shutdown_background();
        })?;
        Ok(Self { runtime: handle, _open: open })
    }

    /// Does something that wants to know its runtime.
    pub(super) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        let _here = self.runtime.enter();
        work()
    }

    /// Runs a piece of work to its end, whether or not somebody waits for it.
    pub(super) fn run<T, W>(&self, work: W) -> impl Future<Output = Result<T, StoreError>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let task = self.runtime.spawn(work);
        async move { task.await.map_err(|_| gone()) }
    }
}

/// The answer once the thread is no more.
fn gone() -> StoreError {
    StoreError::Unavailable { store: STORE, reason: "it is closed".into() }
}
