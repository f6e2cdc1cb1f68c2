//! Background tasks that run at intervals until the process ends.
//!
//! ## Adding a task
//!
//! Write a function with a loop, with its interval and its limit as constants, and add it to [`start`]. A
//! task logs a failure and tries again at the next interval. A panic ends the process: without one of the
//! tasks the hub would look healthy, but overrides, for example, would never expire.

use crate::app::App;
use crate::directory_cache;
use crate::feed_watch::FeedWatch;
use actors::hub::ExpiredOverrides;
use actors::supervisor::PanicGuard;
use std::time::Duration;

/// How often the hub retires flights that are over, and how many at once.
const RETIRE_EVERY: Duration = Duration::from_secs(30);
const RETIRE_MOST: usize = 2_000;

/// How often the hub ends expired overrides, how many at once, and the pause after a failure to make that
/// durable.
const END_OVERRIDES_EVERY: Duration = Duration::from_secs(1);
const END_OVERRIDES_MOST: usize = 1_000;
const END_OVERRIDES_PAUSE: Duration = Duration::from_secs(10);

/// How often the hub deletes old messages and histories.
const EXPIRE_EVERY: Duration = Duration::from_secs(600);

/// Starts all tasks on the caller's thread.
pub(crate) fn start(app: &App) {
    spawn(app, "retire", retire(app.clone()));
    spawn(app, "end_overrides", end_overrides(app.clone()));
    spawn(app, "expire", expire(app.clone()));
    spawn(app, "read_directory", read_directory(app.clone()));
    let (hub, intake) = (app.hub.clone(), app.intake.clone());
    let watch = FeedWatch::new(hub, intake, app.feeds.clone(), app.directory.clone());
    spawn(app, "watch_feeds", watch.run());
}

fn spawn(app: &App, what: &str, task: impl Future<Output = ()> + 'static) {
    let guard = PanicGuard::end_process(format!("periodic task {what}"), app.hub.panic_reporter().clone());
    actix_rt::spawn(guard.watch(task));
}

async fn retire(app: App) {
    loop {
        tokio::time::sleep(RETIRE_EVERY).await;
        let over = app.hub.retire_due(RETIRE_MOST).await;
        if over > 0 {
            tracing::info!(flights = over, "retired flights that are over");
        }
    }
}

async fn end_overrides(app: App) {
    loop {
        tokio::time::sleep(END_OVERRIDES_EVERY).await;
        let ExpiredOverrides { ended, failed } = app.hub.expire_overrides(END_OVERRIDES_MOST).await;
        if ended > 0 {
            tracing::info!(flights = ended, "ended expired overrides");
        }
        if failed > 0 {
            tracing::warn!(flights = failed, "cannot end expired overrides yet");
            tokio::time::sleep(END_OVERRIDES_PAUSE).await;
        }
    }
}

async fn expire(app: App) {
    loop {
        let now = app.hub.clock().now();
        let (raw, history) = (app.config.retention.raw, app.config.retention.history);
        match app.archive.expire(now - raw, now - history).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "deleted expired messages and histories"),
            Err(fault) => {
                tracing::warn!(%fault, "cannot delete expired messages; will try again");
            }
        }
        tokio::time::sleep(EXPIRE_EVERY).await;
    }
}

async fn read_directory(app: App) {
    loop {
        tokio::time::sleep(directory_cache::READ_EVERY).await;
        if let Err(fault) = app.directory_cache.read(&*app.directory).await {
            tracing::warn!(%fault, "cannot read the directory; its last contents stay valid");
        }
    }
}
