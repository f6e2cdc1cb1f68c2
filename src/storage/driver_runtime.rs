//! The one runtime on which the drivers of Kafka, PostgreSQL and MongoDB work. The hub calls them from several
//! single-threaded runtimes, some of which end before a driver is done.

use anyhow::Context as _;
use std::io;
use std::sync::LazyLock;
use tokio::runtime::{Builder, Handle, Runtime};

/// Threads that compress messages and look up names of hosts.
const BLOCKING_THREADS_MAX: usize = 4;

static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).max_blocking_threads(BLOCKING_THREADS_MAX);
    builder.enable_all().thread_name("gatecall-driver").build()
});

/// The runtime, which the first call starts. It lives as long as the process.
pub(super) fn handle() -> anyhow::Result<Handle> {
    let runtime = RUNTIME.as_ref().map(|runtime| runtime.handle().clone());
    runtime.map_err(|fault| anyhow::anyhow!("{fault}")).context("the runtime of the drivers does not start")
}
