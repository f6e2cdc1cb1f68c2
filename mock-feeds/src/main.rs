//! `mock-feeds`: see the library's page, or `mock-feeds --help`.

use clap::Parser;
use mock_feeds::cli::Cli;
use std::io::IsTerminal;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("MOCK_FEEDS_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn,actix_http=off"));
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    log.with_ansi(colours).with_writer(std::io::stderr).init();
    // rustls needs a crypto provider. An error means that one is installed.
    _ = rustls::crypto::ring::default_provider().install_default();
    match actix_web::rt::System::new().block_on(mock_feeds::run::run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
