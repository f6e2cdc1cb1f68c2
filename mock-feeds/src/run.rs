//! Composes the parts, and stops on a signal.

use crate::airport::Airports;
use crate::cli::{Cli, Command, Common};
use crate::days::Day;
use crate::event_schedule::EventSchedule;
use crate::push::{Key, Pusher};
use crate::serve::{self, AppKeys, Served};
use crate::shared::Shared;
use crate::simulation::Life;
use crate::simulation::synthetic::Timetable;
use crate::{airport_zones, hourly_log, wallclock};
use anyhow::{Context, Result};
use chrono::SecondsFormat;
use chrono_tz::America::New_York;
use domain::clock::{Clock, ClockSpec};
use domain::codes::Iata;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;

/// Default speed of a replay.
const REPLAY_SPEED: f64 = 60.0;

/// Runs the command until it is told to stop.
pub async fn run(cli: Cli) -> Result<()> {
    let (common, clock, codes, playbook, about) = match cli.command {
        Command::Replay(replay) => {
            let clock = wallclock::clock(Some(replay.common.clock.unwrap_or_else(|| morning_of(replay.day))));
            let life = Life::of_day(replay.day, replay.common.seed)?;
            let about = format!("mock-feeds replays {} ({} flights).", replay.day.date(), life.plans.len());
            let codes = ["JFK", "LGA", "EWR"].map(Iata::parse).into_iter().collect::<Result<Vec<_>, _>>()?;
            (replay.common, clock, codes, EventSchedule::one_day(life), about)
        }
        Command::Airports(synthetic) => {
            let clock = wallclock::clock(synthetic.common.clock);
            let timetable = Timetable::new(
                &synthetic.airports,
                synthetic.flights_per_day as usize,
                synthetic.common.seed,
            )?;
            let names: Vec<String> = synthetic.airports.iter().map(Iata::to_string).collect();
            let about = format!(
                "mock-feeds plays {} flights a day at {}.",
                synthetic.flights_per_day,
                names.join(", ")
            );
            let playbook = EventSchedule::endless(timetable, clock.now());
            (synthetic.common, clock, synthetic.airports, playbook, about)
        }
    };
    let jfk = Iata::parse("JFK")?;
    let mut airports = Airports::new(&codes, &[jfk], playbook, common.seed);
    for (iata, faults) in &common.faults {
        airports.find(*iata).with_context(|| format!("--fault: {iata} is not simulated"))?.faults =
            faults.clone();
    }
    let pusher = Pusher::new(jfk, &common.hub, jfk_key(&common), common.seed)?;
    let shared = Shared::new(airports, Arc::new(clock));
    let keys = AppKeys { id: common.ewr_app_id.clone(), key: common.ewr_app_key.clone() };
    let (server, address) =
        serve::listen(common.listen, Served { shared: shared.clone(), keys, about: about.clone() })?;
    let now = shared.clock().now().with_timezone(&New_York).to_rfc3339_opts(SecondsFormat::Secs, false);
    let speed = shared.clock().speed();
    let hub = &common.hub;
    info!("{about} It is {now}, time runs {speed}-fold. Index at http://{address}/, JFK pushes to {hub}");
    play(&shared, server, pusher).await
}

/// Runs everything until a signal arrives or the server fails.
async fn play(shared: &Shared, server: actix_web::dev::Server, pusher: Pusher) -> Result<()> {
    let handle = server.handle();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        ended = server => ended.context("the server ended")?,
        () = shared.live() => {}
        () = hourly_log::tell(shared) => {}
        () = async {
            pusher.run(shared).await;
            std::future::pending::<()>().await;
        } => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    handle.stop(false).await;
    info!("mock-feeds ends");
    Ok(())
}

fn morning_of(day: Day) -> ClockSpec {
    let five = day.date().and_hms_opt(5, 0, 0).unwrap_or_default();
    ClockSpec { start: airport_zones::instant_in(New_York, five), speed: REPLAY_SPEED, anchor: None }
}

fn jfk_key(common: &Common) -> Key {
    match (&common.jfk_key_file, std::env::var("MOCK_FEEDS_JFK_KEY")) {
        (Some(file), _) => Key::in_file(file.clone()),
        (None, Ok(text)) => Key::given(&text),
        (None, Err(_)) => Key::none(),
    }
}
