//! `loadtest`: see the crate's page in `lib.rs`.

use anyhow::{Context, Result};
use clap::Parser;
use gatecall_loadtest::args::{Ceiling, Cli, Command, Output};
use gatecall_loadtest::report::Report;
use gatecall_loadtest::{WrongUsage, baseline, fanout, flood, ingest, reconnect};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(e) => {
            // If even this fails, there is nothing left to do.
            drop(writeln!(std::io::stderr(), "loadtest: {e:#}"));
            if e.is::<WrongUsage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Fanout(args) => {
            let program = std::env::current_exe().context("cannot find this program's own file")?;
            finish(&fanout::run(&args, &program)?, &args.output)
        }
        Command::Reconnect(args) => finish(&reconnect::run(&args)?, &args.output),
        Command::Ingest(args) => finish(&ingest::run(&args)?, &args.output),
        Command::Flood(args) => finish(&flood::run(&args)?, &args.output),
        Command::Ceiling(args) => serve(&args),
    }
}

/// Prints and writes the report, and returns the exit code.
fn finish(report: &Report, output: &Output) -> Result<ExitCode> {
    report.print(&mut std::io::stdout().lock())?;
    if let Some(path) = &output.json {
        report.write_json(path)?;
    }
    let good = report.is_correct() && (report.goals_met() || !output.strict);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn serve(args: &Ceiling) -> Result<ExitCode> {
    let mut server = baseline::Baseline::bind(args.port)?;
    writeln!(std::io::stdout(), "ceiling listens on {}", server.address()?)?;
    let parent = std::os::unix::process::parent_id();
    server.serve(|| args.until_parent_ends && std::os::unix::process::parent_id() != parent)?;
    Ok(ExitCode::SUCCESS)
}
