//! The HTTP server: two polled feeds, the clock, faults, counts and an index page.

mod answer;
mod control;
mod ewr;
mod lga;

use crate::shared::Shared;
use actix_web::dev::Server;
use actix_web::{App, HttpServer, web};
use anyhow::{Context, Result};
use std::net::{SocketAddr, TcpListener};

pub use answer::Memory;
pub use ewr::{AppKeys, ROWS_PER_PAGE};

/// Worker threads; the airports' lock is held for milliseconds at most.
const WORKERS: usize = 2;

/// The state of all handlers.
#[derive(Clone)]
pub struct Served {
    /// The airports.
    pub shared: Shared,
    /// The credentials that EWR requires.
    pub keys: AppKeys,
    /// A paragraph on the index page about what is played.
    pub about: String,
}

/// Starts to listen. Returns the actual address, also for port 0.
pub fn listen(address: SocketAddr, served: Served) -> Result<(Server, SocketAddr)> {
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    let memory = web::Data::new(Memory::default());
    let server = HttpServer::new(move || {
        App::new().app_data(web::Data::new(served.clone())).app_data(memory.clone()).configure(routes)
    })
    .workers(WORKERS)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok((server, address))
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(control::index))
        .route("/clock", web::get().to(control::clock))
        .route("/tally", web::get().to(control::tally))
        .route("/faults", web::get().to(control::faults))
        .route("/faults", web::post().to(control::set_faults))
        .route("/lga/aidx", web::get().to(lga::legs))
        .route("/ewr/flights", web::get().to(ewr::flights));
}
