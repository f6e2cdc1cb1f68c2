//! What airports answer over HTTP: two feeds that are pulled, the clock, the faults, an index.

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

/// Threads that answer; airports' lock is held for milliseconds at most.
const WORKERS: usize = 2;

/// Everything a handler may need.
#[derive(Clone)]
pub struct Served {
    /// The airports.
    pub shared: Shared,
    /// What EWR asks of its callers.
    pub keys: AppKeys,
    /// One paragraph on what is played, for the index.
    pub about: String,
}

/// Starts to listen; the address given back is the real one where port 0 was asked for.
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
