//! Commands for a data folder that no hub uses: begin a new epoch, and give up unreadable flights. Each
//! returns lines for the terminal.

use crate::config::Config;
use crate::config::sections::StoreKind;
use crate::storage::embedded::{settings, with_store};
use ::embedded::{Damage, Embedded};
use std::path::Display;

/// How many legs the output names; it counts the rest.
const LEGS_NAMED_MAX: usize = 100;

/// Begins a new epoch of the embedded store.
pub async fn new_epoch(config: &Config) -> anyhow::Result<Vec<String>> {
    let folder = folder_of(config)?;
    let epoch = with_store(config, async |store| Ok(store.begin_epoch(rand::random()).await?)).await?;
    Ok(vec![
        format!("The store in {folder} has a new epoch: {epoch}."),
        "Clients that reconnect discard the revisions they hold and load everything again.".into(),
    ])
}

/// Finds unreadable flights in the embedded store and, with `give_up`, discards them. Returns an error if it
/// found some and kept them.
pub async fn repair(config: &Config, give_up: bool) -> anyhow::Result<Vec<String>> {
    let folder = folder_of(config)?;
    let damage = Embedded::repair(settings(config), give_up).await?;
    if damage.is_none() {
        return Ok(vec![format!("Every flight in {folder} is readable. Nothing was changed.")]);
    }
    let mut said = listed(&damage);
    let flights = counted(damage.legs.len());
    if give_up {
        said.push(format!("Discarded: {flights}. The store in {folder} has a new epoch."));
        said.push("Their airports will report them again. Their manual overrides are lost.".into());
        return Ok(said);
    }
    said.push("Nothing was changed. A restored backup may still contain them; with --give-up the hub starts without them.".into());
    anyhow::bail!("{flights} unreadable\n{}", said.join("\n"))
}

fn listed(damage: &Damage) -> Vec<String> {
    let segments = damage.segments.iter().map(|segment| format!("part of the log: {segment}"));
    let legs = damage.legs.iter().take(LEGS_NAMED_MAX).map(|(leg, reason)| format!("{leg}: {reason}"));
    let more = damage.legs.len().saturating_sub(LEGS_NAMED_MAX);
    segments.chain(legs).chain((more > 0).then(|| format!("and {more} more"))).collect()
}

fn counted(flights: usize) -> String {
    if flights == 1 { "1 flight".into() } else { format!("{flights} flights") }
}

/// The data folder. It must exist: a mistyped name must not look like a healthy store.
fn folder_of(config: &Config) -> anyhow::Result<Display<'_>> {
    anyhow::ensure!(
        config.store.kind == StoreKind::Embedded,
        "this command is for the embedded store, but store.kind is \"servers\"; see docs/OPERATING.md, Backup and \
         restore"
    );
    let folder = &config.store.folder;
    anyhow::ensure!(folder.exists(), "the data folder {} does not exist", folder.display());
    Ok(folder.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::leg::LegId;

    #[test]
    fn the_output_names_the_first_hundred_legs_and_counts_the_rest() {
        let leg = |n: usize| LegId::known(&format!("B6-{n}-20130208-JFK-FLL")).unwrap();
        let legs = (1..=103).map(|n| (leg(n), "its states are damaged".to_owned())).collect();
        let said = listed(&Damage { legs, segments: vec!["log position 7: its table is damaged".into()] });
        assert_eq!(said.len(), 102);
        assert_eq!(said[0], "part of the log: log position 7: its table is damaged");
        assert_eq!(said[1], "B6-1-20130208-JFK-FLL: its states are damaged");
        assert_eq!(said[101], "and 3 more");
        assert_eq!((counted(1), counted(2)), ("1 flight".to_owned(), "2 flights".to_owned()));
    }
}
