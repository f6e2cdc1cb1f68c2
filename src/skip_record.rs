//! The command that makes all hubs skip a Kafka record that ends each of them. Returns lines for the
//! terminal.

use crate::config::Config;
use crate::config::sections::StoreKind;
use crate::storage::servers;
use ::kafka::{Inspected, Kafka, RecordPlace, SkipCost};
use domain::single_line_text::SingleLineText;

/// Clients of the hub that wrote the record hold its revision, and hubs will assign that revision again.
const NEW_EPOCH: &str = "Begin a new epoch before the hubs start: OPERATING.md, 'A record that ends hubs'.";

/// The order of an operator.
pub struct SkipOrder {
    /// The record.
    pub place: RecordPlace,
    /// Skip the record, instead of only describing it.
    pub yes: bool,
    /// Skip the record even if all data of a flight may be lost with it.
    pub lose_flight: bool,
    /// The person who orders it.
    pub by: SingleLineText,
    /// The reason.
    pub reason: Option<SingleLineText>,
}

/// Inspects the record and skips it if the order says so and the record ends hubs. Returns an error if it
/// changed nothing.
pub async fn skip_record(config: &Config, order: SkipOrder) -> anyhow::Result<Vec<String>> {
    if config.store.kind == StoreKind::Embedded {
        anyhow::bail!(
            "store.kind is \"embedded\": there are no topics; `gatecall repair` checks the flights"
        );
    }
    let kafka = servers::kafka_for_commands(config)?;
    let mut said = Vec::new();
    let flight_is_lost = match Kafka::inspect(&kafka, &order.place).await? {
        Inspected::Missing => {
            anyhow::bail!(
                "the record does not exist: it was never written, or Kafka has deleted or compacted it"
            )
        }
        Inspected::Harmless(what) => {
            anyhow::bail!("hubs of this version can pass the record: {what}")
        }
        Inspected::Skipped(what) => return Ok(vec![what]),
        Inspected::Ends { reason, cost } => {
            said.push(format!("This record ends every hub of this version: {reason}."));
            said.push(cost_of(&cost));
            matches!(cost, SkipCost::Flight(_))
        }
    };
    if !order.yes {
        said.push("Nothing was changed. With --yes every hub skips it.".into());
        anyhow::bail!("{}", said.join("\n"));
    }
    if flight_is_lost && !order.lose_flight {
        said.push("Nothing was changed. Skipping it also needs --lose-flight.".into());
        anyhow::bail!("{}", said.join("\n"));
    }
    Kafka::skip(&kafka, &order.place, order.by.clone(), order.reason).await?;
    said.push(format!("Skipped by {}. Every hub logs this; start the hubs again.", order.by));
    Ok(said)
}

fn cost_of(cost: &SkipCost) -> String {
    match cost {
        SkipCost::Update(leg) => format!(
            "It is a state of flight {leg}. The log has an older one: the flight keeps that state until its feeds \
             report on it again, and the changes in this record are not shown. {NEW_EPOCH}"
        ),
        SkipCost::Flight(key) => format!(
            "The log has no other record with the key {key:?}. If it is a flight, hubs forget it until its feeds \
             report on it again, and its revisions begin at 1. {NEW_EPOCH}"
        ),
        SkipCost::Report => "It is a report. Hubs do not merge it, and put it into the quarantine.".into(),
        SkipCost::Message => {
            "It is a raw message or a fault. Hubs do not archive it, and note it in the quarantine.".into()
        }
    }
}
