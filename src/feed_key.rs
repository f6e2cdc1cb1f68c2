//! The command `gatecall feed-key`, which creates, lists and revokes keys of pushed feeds. All keys are
//! created here.

use crate::config::feeds::{Feed, Transport};
use crate::config::{Config, digest};
use crate::storage::with_directory;
use crate::time::real_now;
use anyhow::Context as _;
use domain::feed_key::{KeyDigest, KeyPrefix};
use domain::ports::{Directory, FeedKey};
use domain::single_line_text::SingleLineText;
use std::fmt;
use std::io::Write as _;
use std::path::Path;

/// The number of random bytes in a key.
const KEY_BYTES: usize = 32;

/// A new key. Show it once, to the person who asked; the hub keeps only its digest.
pub struct NewKey(String);

impl NewKey {
    /// 32 random bytes in unpadded base64url, which needs no escaping.
    pub fn make() -> Self {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let bytes: [u8; KEY_BYTES] = rand::random();
        let sixes = (0..(KEY_BYTES * 8).div_ceil(6)).map(|at| {
            let (byte, bit) = (at * 6 / 8, at * 6 % 8);
            let two = u16::from_be_bytes([bytes[byte], bytes.get(byte + 1).copied().unwrap_or(0)]);
            usize::from(two >> (10 - bit)) & 63
        });
        Self(sixes.map(|six| char::from(LETTERS[six])).collect())
    }

    /// The key itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The digest, which is all that the hub keeps.
    pub fn digest(&self) -> KeyDigest {
        KeyDigest(digest(self.0.as_bytes()))
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[new key]")
    }
}

/// A request about a feed's keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeyRequest {
    /// Creates a key in the feed's key_file or, with servers, in the directory.
    Make {
        /// Append the key to an existing file.
        add: bool,
        /// The purpose of the key; the directory stores it.
        note: SingleLineText,
    },
    /// Lists the keys in the directory.
    List,
    /// Revokes a key in the directory.
    Revoke(KeyPrefix),
}

impl KeyRequest {
    /// Whether the request uses the directory, which needs the secrets of the configuration.
    pub fn needs_directory(&self, config: &Config, feed: &str) -> bool {
        let has_file = || config.feeds.get(feed).is_some_and(|feed| key_file(feed).is_some());
        match self {
            Self::Make { .. } => config.store.kind.is_servers() && !has_file(),
            Self::List | Self::Revoke(_) => true,
        }
    }
}

fn key_file(feed: &Feed) -> Option<&Path> {
    match &feed.transport {
        Transport::Push { key_file, .. } => key_file.as_deref(),
        Transport::Pull { .. } => None,
    }
}

/// Executes a request. Returns lines for the terminal.
pub async fn execute(config: &Config, name: &str, request: KeyRequest) -> anyhow::Result<Vec<String>> {
    let feed = config.feeds.get(name).with_context(|| format!("the configuration has no feed {name}"))?;
    anyhow::ensure!(
        matches!(feed.transport, Transport::Push { .. }),
        "the hub polls feed {name}, so the feed has no keys"
    );
    let is_for_directory = request.needs_directory(config, name);
    match request {
        KeyRequest::Make { note, .. } if is_for_directory => {
            with_directory(config, async |directory| make(directory, feed, note).await).await
        }
        KeyRequest::Make { add, .. } => into_file(name, key_file(feed), add),
        KeyRequest::List => with_directory(config, async |directory| list(directory, name).await).await,
        KeyRequest::Revoke(prefix) => {
            with_directory(config, async |directory| {
                let digest = directory.revoke_feed_key(name.into(), prefix, real_now()).await?;
                Ok(vec![format!(
                    "Key {digest} of feed {name} is revoked; all hubs reject it within seconds."
                )])
            })
            .await
        }
    }
}

async fn make(directory: &dyn Directory, feed: &Feed, note: SingleLineText) -> anyhow::Result<Vec<String>> {
    let name = feed.spec.source.name.clone();
    // A key refers to a registered feed, and no hub may have run yet.
    directory.note_feeds(vec![feed.note()]).await?;
    let key = NewKey::make();
    directory.add_feed_key(name.clone(), key.digest(), note, real_now()).await?;
    Ok(vec![
        format!(
            "A new key for feed {name} is valid within seconds; its digest begins with {}.",
            key.digest()
        ),
        "The sender must send it with every message: Authorization: Bearer KEY".into(),
        "The key, which is shown only this once:".into(),
        key.reveal().to_owned(),
    ])
}

async fn list(directory: &dyn Directory, name: &str) -> anyhow::Result<Vec<String>> {
    let keys = directory.feed_keys().await?;
    let line = |key: &FeedKey| format!("{}  {}  {}", key.digest, key.added_at.format("%FT%TZ"), key.note);
    let lines: Vec<_> = keys.iter().filter(|key| &*key.feed == name).map(line).collect();
    Ok(if lines.is_empty() { vec![format!("The directory has no key of feed {name}.")] } else { lines })
}

fn into_file(name: &str, path: Option<&Path>, add: bool) -> anyhow::Result<Vec<String>> {
    let path =
        path.with_context(|| format!("feed {name} has no key_file; without servers a key needs one"))?;
    if path.exists() && !add {
        anyhow::bail!("{} exists; use --add to append a second valid key", path.display());
    }
    write(path, &NewKey::make()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(vec![
        format!("A new key for feed {name} is in {} (readable only by you).", path.display()),
        format!(
            "The sender must send it with every message: Authorization: Bearer $(tail -n1 {})",
            path.display()
        ),
    ])
}

fn write(path: &Path, key: &NewKey) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    writeln!(file, "{}", key.reveal())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use testing::memory::Memory;

    #[test]
    fn a_key_is_long_and_random_and_its_file_is_readable_only_by_the_owner() {
        use std::os::unix::fs::PermissionsExt as _;
        let (one, two) = (NewKey::make(), NewKey::make());
        assert_eq!(one.reveal().len(), 43);
        assert_ne!(one.reveal(), two.reveal());
        assert!(one.reveal().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        assert_eq!(format!("{one:?}"), "[new key]");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/jfk.key");
        write(&path, &one).unwrap();
        write(&path, &two).unwrap();
        let held = format!("{}\n{}\n", one.reveal(), two.reveal());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), held);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_directory_key_is_shown_once_and_the_list_shows_only_its_digest() {
        let toml = "[feeds.jfk]\nairport = \"JFK\"\nkind = \"push\"\nformat = \"json\"\nkey_env = \"PATH\"\n";
        let config = Config::from_toml("a test", toml).unwrap();
        let directory = Memory::new();
        let note = SingleLineText::parse("until June").unwrap();
        let said = make(&directory, &config.feeds["jfk"], note).await.unwrap();
        let key = said.last().unwrap();
        let kept = directory.feed_keys().await.unwrap();
        assert_eq!(kept[0].digest, KeyDigest(digest(key.as_bytes())));
        let listed = list(&directory, "jfk").await.unwrap();
        assert_eq!(listed.len(), 1);
        assert!(listed[0].starts_with(&kept[0].digest.to_string()) && listed[0].ends_with("until June"));
        assert!(!listed[0].contains(key.as_str()));
        assert_eq!(list(&directory, "lga").await.unwrap(), ["The directory has no key of feed lga."]);
    }
}
