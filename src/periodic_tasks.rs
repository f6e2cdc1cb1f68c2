//! What has to be done now and then while the hub runs: a task each, which ends with the process.
//!
//! ## Adding one
//!
//! A function with a loop that first sleeps or first works, its pause and its bound as constants, and
//! its line in [`start`]. What fails is logged and tried again the next time. A panic ends the process:
//! if one of these ended alone, everything would look well, and overrides would never end again.

use crate::app::App;
use crate::directory_cache;
use crate::feed_watch::FeedWatch;
use actors::hub::Lapsed;
use actors::supervisor::Guard;
use std::time::Duration;

/// How often legs are looked through for those whose time is over, and how many go at once.
const RETIRE_EVERY: Duration = Duration::from_secs(30);
const RETIRE_MOST: usize = 2_000;

/// How often legs are looked through for overrides whose time is up, how many are ended at once, and
/// the pause where that could not be made durable.
const LAPSE_EVERY: Duration = Duration::from_secs(1);
const LAPSE_MOST: usize = 1_000;
const LAPSE_PAUSE: Duration = Duration::from_secs(10);

/// How often old messages and histories are dropped.
const EXPIRE_EVERY: Duration = Duration::from_secs(600);

/// Starts all of it, on the thread of the caller.
pub(crate) fn start(app: &App) {
    keep_up(app, "retire", retire(app.clone()));
    keep_up(app, "lapse", lapse(app.clone()));
    keep_up(app, "expire", expire(app.clone()));
    keep_up(app, "read_directory", read_directory(app.clone()));
    let (hub, intake) = (app.hub.clone(), app.intake.clone());
    let watch = FeedWatch::new(hub, intake, app.feeds.clone(), app.directory.clone());
    keep_up(app, "watch_feeds", watch.run());
}

fn keep_up(app: &App, what: &str, task: impl Future<Output = ()> + 'static) {
    let guard = Guard::ends_process(format!("housekeeping: {what}"), app.hub.deaths().clone());
    actix_rt::spawn(guard.over(task));
}

async fn retire(app: App) {
    loop {
        tokio::time::sleep(RETIRE_EVERY).await;
        let over = app.hub.retire_due(RETIRE_MOST).await;
        if over > 0 {
            tracing::info!(flights = over, "flights whose time is over were retired");
        }
    }
}

async fn lapse(app: App) {
    loop {
        tokio::time::sleep(LAPSE_EVERY).await;
        let Lapsed { ended, failed } = app.hub.lapse_due(LAPSE_MOST).await;
        if ended > 0 {
            tracing::info!(flights = ended, "overrides whose time is up were ended");
        }
        if failed > 0 {
            tracing::warn!(flights = failed, "overrides whose time is up cannot be ended yet");
            tokio::time::sleep(LAPSE_PAUSE).await;
        }
    }
}

async fn expire(app: App) {
    loop {
        let now = app.hub.clock().now();
        let (raw, history) = (app.config.retention.raw, app.config.retention.history);
        match app.archive.expire(now - raw, now - history).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "what was kept long enough was dropped"),
            Err(fault) => {
                tracing::warn!(%fault, "old messages could not be dropped; trying again later");
            }
        }
        tokio::time::sleep(EXPIRE_EVERY).await;
    }
}

async fn read_directory(app: App) {
    loop {
        tokio::time::sleep(directory_cache::READ_EVERY).await;
        if let Err(fault) = app.directory_cache.read(&*app.directory).await {
            tracing::warn!(%fault, "the directory cannot be read; what was read last counts");
        }
    }
}
