//! Composition and life cycle of `gatecall serve`.
//!
//! The start order is storage, flights, HTTP servers, feeds. The stop is in reverse: refuse new traffic,
//! disconnect clients in paced batches, answer the last reports, close the storage. A second signal ends the
//! process at once.

use crate::app::{App, Readiness};
use crate::config::Config;
use crate::config::feeds::Transport;
use crate::directory_cache::DirectoryCache;
use crate::feed::{Feed, FeedKind};
use crate::http;
use crate::origin::Origins;
use crate::periodic_tasks;
use crate::roles::{Role, Roles};
use crate::storage::{self, Storage, StorageDeps, StorageLifecycle};
use crate::ws::{OpenConnections, handshake, tcp_timeout};
use crate::{telemetry, time};
use ::airports::Airport;
use actix::{Actor, Arbiter, ArbiterHandle};
use actix_http::{Extensions, HttpService};
use actix_rt::net::TcpStream;
use actix_service::{IntoServiceFactory, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::web;
use actors::feed::{FeedActor, Polling};
use actors::hub::Threads;
use actors::ingest::IngestPipeline;
use actors::metrics::Metrics;
use actors::supervisor::{ActorPanic, PanicReporter, Supervisor};
use anyhow::Context as _;
use domain::clock::ClockSpec;
use domain::ports::{AirportSource, Leases};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Exit code after a panic of an actor that the hub needs (`EX_SOFTWARE`).
const EXIT_ACTOR_PANIC: i32 = 70;

/// How often a replay saves its operational clock.
const SAVE_CLOCK_EVERY: Duration = Duration::from_secs(1);

/// How long a shutdown waits for connections to close, and then for the last requests.
const DRAIN_MAX: Duration = Duration::from_secs(60);
const LAST_REQUESTS: u64 = 3;

/// Pause before a feed restarts after a panic of its actor.
const FEED_RESTART_PAUSE: Duration = Duration::from_secs(5);

/// A running hub.
struct Running {
    app: App,
    http: web::Data<http::HttpState>,
    lifecycle: Box<dyn StorageLifecycle>,
    /// The hub replays a day and saves its operational clock.
    is_replay: bool,
    open: OpenConnections,
    /// The thread that polls airports.
    feeds: ArbiterHandle,
}

/// Runs the hub until a signal stops it.
pub async fn serve(config: Config, roles: Roles, clock: Option<ClockSpec>) -> anyhow::Result<()> {
    let (is_replay, clock) = (clock.is_some(), time::operational(clock));
    storage::check_roles(&config, &roles)?;
    let metrics = Metrics::default();
    let (feed_arbiter, board_arbiter, bridge_arbiter) = (Arbiter::new(), Arbiter::new(), Arbiter::new());
    let flight_arbiters: Vec<Arbiter> = (0..flight_threads(&config)).map(|_| Arbiter::new()).collect();
    let polled = PolledFeeds::default();
    let panics = panic_reporter(&metrics, &polled);
    let deps = StorageDeps {
        clock: clock.clone(),
        metrics: metrics.clone(),
        panics: panics.clone(),
        threads: Threads {
            flights: flight_arbiters.iter().map(Arbiter::handle).collect(),
            boards: board_arbiter.handle(),
        },
        bridge: bridge_arbiter.handle(),
        roles: roles.clone(),
    };
    let Storage { hub, sink, archive, directory, leases, epoch, health, lifecycle } =
        storage::open(&config, deps).await?;
    let notes = config.feeds.values().map(crate::config::feeds::Feed::note).collect();
    directory.note_feeds(notes).await.context("cannot register the feeds in the directory")?;
    let directory_cache = Arc::new(DirectoryCache::default());
    directory_cache.read(&*directory).await.context("cannot read the directory")?;
    let intake = IngestPipeline::new(clock, archive.clone(), sink, metrics.clone());
    let mut registry = prometheus_client::registry::Registry::default();
    let http = web::Data::new(http::HttpState::new(&config));
    http.register(&mut registry);
    telemetry::register(&mut registry, &metrics);
    lifecycle.register(&mut registry);
    let feeds = Arc::new(feeds(&config));
    telemetry::register_feeds(&mut registry, hub.clone(), intake.clone(), feeds.clone());
    let app = App {
        hub,
        intake,
        archive,
        directory,
        directory_cache,
        feeds,
        origins: Arc::new(Origins::new(
            &config.server.allowed_origins,
            &[config.server.api.port(), config.server.web.port()],
        )),
        workers: workers_of(&config),
        registry: Arc::new(registry),
        readiness: Arc::new(Readiness::default()),
        health,
        roles,
        epoch,
        config: Arc::new(config),
    };
    let running = Running {
        open: OpenConnections::default(),
        lifecycle,
        is_replay,
        app,
        http,
        feeds: feed_arbiter.handle(),
    };
    let server = running.listen()?;
    let handle = server.handle();
    let serving = actix_rt::spawn(server);
    if running.app.roles.has(Role::Feeds) {
        polled.start(&running.app, &feed_arbiter.handle(), &panics, leases)?;
    }
    periodic_tasks::start(&running.app);
    running.app.readiness.ready();
    running.log_addresses();
    running.wait_for_signal(serving).await?;
    running.stop(handle, polled).await;
    Ok(())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn workers_of(config: &Config) -> usize {
    match config.server.workers {
        0 => cores().min(actors::hub::SWITCHBOARDS_MAX),
        given => given,
    }
}

/// Flights need much less CPU than sockets: one thread for every four cores. If flights run on the worker's
/// thread there is one as well, for flights that start before the worker.
fn flight_threads(config: &Config) -> usize {
    match config.threads.flights {
        0 => cores().div_ceil(4),
        given => given,
    }
}

/// Whether flights run on the worker's thread.
fn shares_thread(config: &Config, workers: usize) -> bool {
    cores() == 1 && workers == 1 && config.threads.flights == 0
}

fn feeds(config: &Config) -> BTreeMap<String, Feed> {
    let feed = |feed: &crate::config::feeds::Feed| Feed {
        spec: feed.spec.clone(),
        silent_after: feed.silent_after,
        is_expected: feed.is_expected,
        kind: match &feed.transport {
            Transport::Push { key_digests, .. } => FeedKind::Push { key_digests: key_digests.clone() },
            Transport::Pull { .. } => FeedKind::Pull,
        },
    };
    config.feeds.iter().map(|(name, configured)| (name.clone(), feed(configured))).collect()
}

fn panic_reporter(metrics: &Metrics, polled: &PolledFeeds) -> PanicReporter {
    let end = |panicked: &ActorPanic| {
        tracing::error!(actor = %panicked.actor, "the hub cannot run without this actor and ends");
        std::process::exit(EXIT_ACTOR_PANIC);
    };
    let again = polled.clone();
    let start_again = move |panicked: &ActorPanic| again.start_again(&panicked.actor);
    let supervisor = Supervisor::new(Arc::new(end), Arc::new(start_again)).start();
    PanicReporter::new(supervisor.recipient(), metrics.clone(), Arc::new(end))
}

/// The polled feeds, with a function that starts each.
#[derive(Clone, Default)]
struct PolledFeeds(Arc<std::sync::Mutex<BTreeMap<String, Starter>>>);

/// Starts the actor of one feed.
type Starter = Arc<dyn Fn() + Send + Sync>;

impl PolledFeeds {
    fn start(
        &self,
        app: &App,
        thread: &ArbiterHandle,
        panics: &PanicReporter,
        leases: Option<Arc<dyn Leases>>,
    ) -> anyhow::Result<()> {
        for (name, feed) in &app.config.feeds {
            let Transport::Pull { airport, interval, etag_covers_pages } = &feed.transport else { continue };
            let airport: Arc<dyn AirportSource> = Arc::new(Airport::new((**airport).clone())?);
            let polling = Polling {
                feed: feed.spec.clone(),
                airport,
                interval: *interval,
                etag_covers_pages: *etag_covers_pages,
                chance: Arc::new(rand::random::<f64>),
                leases: leases.clone(),
            };
            let (thread, intake, panics) = (thread.clone(), app.intake.clone(), panics.clone());
            let start: Starter = Arc::new(move || {
                FeedActor::start_on(&thread, polling.clone(), intake.clone(), panics.clone());
            });
            start();
            self.all().insert(name.clone(), start);
        }
        Ok(())
    }

    fn start_again(&self, name: &str) {
        let Some(start) = self.all().get(name).cloned() else { return };
        actix_rt::spawn(async move {
            tokio::time::sleep(FEED_RESTART_PAUSE).await;
            start();
        });
    }

    /// Stops all restarts.
    fn forget(&self) {
        self.all().clear();
    }

    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Starter>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Running {
    /// The same workers serve both ports with the same paths. Upgrade requests bypass actix-web.
    fn listen(&self) -> anyhow::Result<actix_server::Server> {
        let server = &self.app.config.server;
        let (app, http, open) = (self.app.clone(), self.http.clone(), self.open.clone());
        let share_thread = shares_thread(&self.app.config, self.app.workers);
        let factory = move || {
            if share_thread {
                app.hub.run_flights_on(Arbiter::current());
            }
            let (app, http, open) = (app.clone(), http.clone(), open.clone());
            let (for_upgrade, open_connections) = (app.clone(), open.clone());
            let upgrade = move |(request, framed)| {
                let (app, open) = (for_upgrade.clone(), open_connections.clone());
                async move {
                    handshake::upgrade(app, open, request, framed).await;
                    Ok::<_, Infallible>(())
                }
            };
            let limits = &app.config.server;
            let slow = app.config.sockets.slow;
            HttpService::build()
                .on_connect_ext(move |io: &TcpStream, _: &mut Extensions| tcp_timeout::end_after(io, slow))
                .keep_alive(limits.keep_alive)
                .client_request_timeout(limits.head_timeout)
                .upgrade(fn_service(upgrade))
                .finish(map_config(
                    actix_web::App::new()
                        .app_data(web::Data::new(open))
                        .configure(|service| http::configure(service, &app, &http))
                        .into_factory(),
                    |_| AppConfig::default(),
                ))
                .tcp()
        };
        let mut built = actix_server::Server::build()
            .workers(self.app.workers)
            .backlog(server.backlog)
            .max_concurrent_connections(server.connections_max)
            .disable_signals()
            .shutdown_timeout(LAST_REQUESTS);
        let taken = |name: &str, address: &std::net::SocketAddr| {
            format!("cannot listen on {address} (server.{name}); is another hub running?")
        };
        built = built.bind("api", server.api, factory.clone()).with_context(|| taken("api", &server.api))?;
        if server.web != server.api {
            built = built.bind("web", server.web, factory).with_context(|| taken("web", &server.web))?;
        }
        Ok(built.run())
    }

    fn log_addresses(&self) {
        let server = &self.app.config.server;
        let clock = self.app.hub.clock();
        let flight_threads = match shares_thread(&self.app.config, self.app.workers) {
            true => 0,
            false => flight_threads(&self.app.config),
        };
        tracing::info!(
            flight_threads,
            api = %server.api,
            web = %server.web,
            clock.now = %clock.now(),
            clock.speed = clock.speed(),
            flights_max = self.app.hub.limits().flights_max,
            roles = %self.app.roles,
            "the hub is ready"
        );
    }

    async fn stop(self, server: actix_server::ServerHandle, polled: PolledFeeds) {
        tracing::info!(sockets = self.open.get(), "shutting down; disconnecting clients");
        self.app.readiness.draining();
        polled.forget();
        // Stops polling and releases the leases of the feeds.
        self.feeds.stop();
        let began = tokio::time::Instant::now();
        // Other nodes merge while this one disconnects its clients.
        self.lifecycle.hand_over().await;
        while self.open.get() > 0 && began.elapsed() < DRAIN_MAX {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.app.hub.stop_admitting();
        server.stop(true).await;
        if self.is_replay {
            self.lifecycle.save_clock().await;
        }
        match self.lifecycle.close().await {
            Ok(()) => {
                tracing::info!(duration_ms = began.elapsed().as_millis() as u64, "the hub has shut down");
            }
            Err(fault) => {
                tracing::error!(%fault, "the storage did not close cleanly; it will recover at the next start");
            }
        }
    }

    /// Waits for SIGTERM or SIGINT; afterwards a second signal ends the process at once. Returns an error if the
    /// server ends by itself. Meanwhile it saves the clock of a replay.
    async fn wait_for_signal(
        &self,
        serving: actix_rt::task::JoinHandle<std::io::Result<()>>,
    ) -> anyhow::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let saving = async {
            // Real time needs no saving, which would cost a write to disk every second.
            if !self.is_replay {
                std::future::pending::<()>().await;
            }
            loop {
                tokio::time::sleep(SAVE_CLOCK_EVERY).await;
                self.lifecycle.save_clock().await;
            }
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            ended = serving => {
                ended.context("the server task panicked")?.context("the server ended")?;
                anyhow::bail!("the server ended by itself");
            }
            () = saving => {}
        }
        actix_rt::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::warn!("second signal: ending at once");
            std::process::exit(130);
        });
        Ok(())
    }
}
