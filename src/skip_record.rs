//! An operator has hubs pass over a record of Kafka that would end each of them. Answers in lines for
//! people.

use crate::config::Config;
use crate::config::sections::StoreKind;
use crate::storage::servers;
use adapters::kafka::{Inspected, Kafka, RecordPlace, SkipCost};
use domain::single_line_text::SingleLineText;

/// A listener of the hub that wrote the record holds its revision, which will be given out a second time.
const NEW_EPOCH: &str = "Begin a new epoch before the hubs start: OPERATING.md, 'A record that ends hubs'.";

/// What is asked for.
pub struct SkipOrder {
    /// The record.
    pub place: RecordPlace,
    /// It is to be done, and not only looked at.
    pub yes: bool,
    /// It is to be done although all that is known of a flight may go with the record.
    pub lose_flight: bool,
    /// Who orders it.
    pub by: SingleLineText,
    /// Why.
    pub reason: Option<SingleLineText>,
}

/// Looks at the record and, where that is asked for and the record ends hubs, has it passed over. An error
/// where nothing was changed.
pub async fn skip_record(config: &Config, order: SkipOrder) -> anyhow::Result<Vec<String>> {
    if config.store.kind == StoreKind::Embedded {
        anyhow::bail!(
            "store.kind is \"embedded\": there are no topics; gatecall repair looks at its flights"
        );
    }
    let kafka = servers::kafka_for_commands(config);
    let mut said = Vec::new();
    let flight_is_lost = match Kafka::inspect(&kafka, &order.place).await? {
        Inspected::Missing => {
            anyhow::bail!("there is no such record: it was never written, or has been deleted or compacted")
        }
        Inspected::Harmless(what) => {
            anyhow::bail!("nothing is wrong with the record, hubs of this version go past it: {what}")
        }
        Inspected::Skipped(what) => return Ok(vec![what]),
        Inspected::Ends { reason, cost } => {
            said.push(format!("This record ends every hub of this version: {reason}."));
            said.push(cost_of(&cost));
            matches!(cost, SkipCost::Flight(_))
        }
    };
    if !order.yes {
        said.push("Nothing was changed. With --yes every hub passes over it.".into());
        anyhow::bail!("{}", said.join("\n"));
    }
    if flight_is_lost && !order.lose_flight {
        said.push("Nothing was changed. With --lose-flight as well every hub passes over it.".into());
        anyhow::bail!("{}", said.join("\n"));
    }
    Kafka::skip(&kafka, &order.place, order.by.clone(), order.reason).await?;
    said.push(format!("{} had it passed over. Every hub says so in its log; start them again.", order.by));
    Ok(said)
}

fn cost_of(cost: &SkipCost) -> String {
    match cost {
        SkipCost::Update(leg) => format!(
            "It is a state of flight {leg}. The log has an older one: the flight stays as that says until its \
             feeds report on it again, and what this record added is not shown. {NEW_EPOCH}"
        ),
        SkipCost::Flight(key) => format!(
            "The log has nothing else under the key {key:?}. If that is a flight, hubs forget it until its feeds \
             report on it again, and its revisions begin at 1. {NEW_EPOCH}"
        ),
        SkipCost::Report => "It is a report. It is not merged, and goes to the quarantine.".into(),
        SkipCost::Message => {
            "It is a raw message or a fault. It is not archived; a note of it goes to the quarantine.".into()
        }
    }
}
