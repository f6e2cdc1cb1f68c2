//! The runtime for drivers, as the hub has one: apart from the runtimes of the tests, and not ending with them.

use std::sync::LazyLock;
use tokio::runtime::{Builder, Handle, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().thread_name("drivers").build().expect("a runtime")
});

/// The runtime on which the drivers of this test process work.
#[must_use]
pub fn driver_runtime() -> Handle {
    RUNTIME.handle().clone()
}
