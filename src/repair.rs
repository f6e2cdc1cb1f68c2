//! What an operator does to a data folder while no hub runs on it: a new epoch, and giving up what cannot
//! be read. Each answers in lines for people.

use crate::config::Config;
use crate::config::sections::StoreKind;
use crate::storage::embedded::{settings, with_store};
use adapters::embedded::{Damage, Embedded};
use std::path::Display;

/// Legs that are named one by one; the rest are counted.
const LEGS_NAMED_MAX: usize = 100;

/// Gives the embedded store another epoch.
pub async fn new_epoch(config: &Config) -> anyhow::Result<Vec<String>> {
    let folder = folder_of(config)?;
    let epoch = with_store(config, async |store| Ok(store.begin_epoch(rand::random()).await?)).await?;
    Ok(vec![
        format!("The store in {folder} has the new epoch {epoch}."),
        "Clients that come back forget the revisions they hold, and take everything anew.".into(),
    ])
}

/// Looks for what cannot be read in the embedded store, and gives it up where that is asked for. An error
/// where something was found and left as it is.
pub async fn repair(config: &Config, give_up: bool) -> anyhow::Result<Vec<String>> {
    let folder = folder_of(config)?;
    let damage = Embedded::repair(settings(config), give_up).await?;
    if damage.is_none() {
        return Ok(vec![format!("Every flight in {folder} can be read. Nothing was changed.")]);
    }
    let mut said = listed(&damage);
    let flights = counted(damage.legs.len());
    if give_up {
        said.push(format!("Given up: {flights}. The store in {folder} begins a new epoch."));
        said.push(
            "They are told anew by their airports; fields of them that were taken over by hand are not."
                .into(),
        );
        return Ok(said);
    }
    said.push("Nothing was changed. A backup that is put back has them still; with --give-up the hub starts without them.".into());
    anyhow::bail!("{flights} cannot be read\n{}", said.join("\n"))
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

/// The folder, which is not made here: whoever mistypes its name should not read that all is well.
fn folder_of(config: &Config) -> anyhow::Result<Display<'_>> {
    anyhow::ensure!(
        config.store.kind == StoreKind::Embedded,
        "this is for the embedded store, and store.kind is \"servers\"; docs/OPERATING.md, Backup and restore, \
         says what to do there"
    );
    let folder = &config.store.folder;
    anyhow::ensure!(folder.exists(), "there is no data folder {}", folder.display());
    Ok(folder.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::leg::LegId;

    #[test]
    fn the_first_hundred_are_named_and_the_rest_are_counted() {
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
