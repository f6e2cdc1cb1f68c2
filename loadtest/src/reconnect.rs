//! stub
use crate::{args::Reconnect, report::Report};
/// stub
pub fn run(_: &Reconnect) -> anyhow::Result<Report> { anyhow::bail!("soon") }
