//! stub
use crate::{args::Ingest, report::Report};
/// stub
pub fn run(_: &Ingest) -> anyhow::Result<Report> { anyhow::bail!("soon") }
