//! Secrets from the environment or from files. The configuration file never contains them, because people copy
//! it, commit it and paste it into tickets.

use super::reader::{ConfigError, Section};
use domain::secret::Secret;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Shortest accepted key. `gatecall feed-key` creates keys of 43 characters.
const KEY_LENGTH_MIN: usize = 16;

/// Longest accepted secret in bytes.
const SECRET_BYTES_MAX: usize = 16 * 1024;

/// Most valid keys for one purpose.
const KEYS_MAX: usize = 8;

/// A source of secrets.
pub(super) trait Secrets {
    /// The value of a variable.
    fn variable(&self, name: &str) -> Option<String>;
    /// The text of a file, or why it is unreadable.
    fn file(&self, path: &Path) -> Result<String, String>;
    /// Whether the secrets are real, or stand-ins for commands that need none.
    fn are_read(&self) -> bool {
        true
    }
}

/// The real environment and the real files.
pub(super) struct ProcessSecrets;

impl Secrets for ProcessSecrets {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &Path) -> Result<String, String> {
        let length = std::fs::metadata(path).map_err(|fault| fault.to_string())?.len();
        if length > SECRET_BYTES_MAX as u64 {
            return Err(format!("is longer than {SECRET_BYTES_MAX} bytes"));
        }
        std::fs::read_to_string(path).map_err(|fault| fault.to_string())
    }
}

/// Stand-ins for commands that need no secrets.
pub(super) struct SkippedSecrets;

/// The stand-in for every secret; it has a valid shape.
const UNREAD: &str = "left-unread-left-unread";

impl Secrets for SkippedSecrets {
    fn variable(&self, _: &str) -> Option<String> {
        Some(UNREAD.into())
    }

    fn file(&self, _: &Path) -> Result<String, String> {
        Ok(UNREAD.into())
    }

    fn are_read(&self) -> bool {
        false
    }
}

/// The SHA-256 digest of a key; the hub does not keep the key.
pub fn digest(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}

/// Digests of the keys for one purpose.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    pub(super) digests: Vec<[u8; 32]>,
    pub(super) file: Option<PathBuf>,
}

/// Reads `NAME_file` (one key per line, so that a key can be replaced while the old one is valid), `NAME_env`
/// (the name of a variable), and `NAME` if the environment sets it.
pub(super) fn keys(section: &Section<'_>, name: &str, secrets: &dyn Secrets) -> Result<Keys, ConfigError> {
    if section.stands_in_file(name) {
        // The error does not repeat the secret, because errors are logged.
        let why = format!("a secret must not stand here; use {name}_file or {name}_env");
        return Err(section.wrong(name, why));
    }
    let (file_key, env_key) = (format!("{name}_file"), format!("{name}_env"));
    let mut keys = Keys { file: section.text(&file_key)?.map(PathBuf::from), ..Keys::default() };
    if let Some(path) = &keys.file {
        let text = secrets
            .file(path)
            .map_err(|why| section.wrong(&file_key, format!("{} cannot be read: {why}", path.display())))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            keys.digests.push(
                checked(line).map_err(|why| section.wrong(&file_key, format!("{} {why}", path.display())))?,
            );
        }
        if keys.digests.is_empty() {
            return Err(section.wrong(&file_key, format!("{} holds no key", path.display())));
        }
    }
    if let Some(key) = section.text(name)? {
        keys.digests.push(checked(&key).map_err(|why| section.wrong(name, why))?);
    }
    if let Some(variable) = section.text(&env_key)? {
        let text = secrets
            .variable(&variable)
            .ok_or_else(|| section.wrong(&env_key, format!("the environment has no {variable}")))?;
        keys.digests
            .push(checked(text.trim()).map_err(|why| section.wrong(&env_key, format!("{variable} {why}")))?);
    }
    if keys.digests.len() > KEYS_MAX {
        return Err(section.wrong(&file_key, format!("holds more than {KEYS_MAX} keys")));
    }
    Ok(keys)
}

/// The text of a secret, and the configuration key that named it.
pub(super) struct Given {
    pub(super) key: String,
    pub(super) text: String,
}

/// One secret: the content of the file in `NAME_file`, or of the variable in `NAME_env`, or `NAME` if the
/// environment sets it. `None` if there is none, or if secrets are skipped.
pub(super) fn one(
    section: &Section<'_>,
    name: &str,
    secrets: &dyn Secrets,
) -> Result<Option<Given>, ConfigError> {
    let (file_key, env_key) = (format!("{name}_file"), format!("{name}_env"));
    if section.stands_in_file(name) {
        // The error does not repeat the secret, because errors are logged.
        let why = format!("a secret must not stand here; use {file_key} or {env_key}");
        return Err(section.wrong(name, why));
    }
    let given = (section.text(name)?, section.text(&file_key)?, section.text(&env_key)?);
    if !secrets.are_read() {
        return Ok(None);
    }
    let (key, text) = match given {
        // The environment has precedence over files.
        (Some(text), ..) => (name.to_owned(), text),
        (None, Some(_), Some(_)) => {
            return Err(section.wrong(&file_key, format!("either {file_key} or {env_key}, not both")));
        }
        (None, Some(path), None) => {
            let path = Path::new(&path);
            let why = |why| section.wrong(&file_key, format!("{} cannot be read: {why}", path.display()));
            let text = secrets.file(path).map_err(why)?;
            (file_key, text)
        }
        (None, None, Some(variable)) => {
            let missing = || section.wrong(&env_key, format!("the environment has no {variable}"));
            let text = secrets.variable(&variable).ok_or_else(missing)?;
            (env_key, text)
        }
        (None, None, None) => return Ok(None),
    };
    let text = text.trim();
    if text.is_empty() || text.contains(char::is_control) {
        return Err(section.wrong(&key, "is empty or has more than one line"));
    }
    Ok(Some(Given { key, text: text.to_owned() }))
}

fn checked(key: &str) -> Result<[u8; 32], String> {
    if key.len() < KEY_LENGTH_MIN {
        return Err(format!("holds a key shorter than {KEY_LENGTH_MIN} characters, which could be guessed"));
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("holds a key with characters that an Authorization header cannot carry".into());
    }
    Ok(digest(key.as_bytes()))
}

/// The value of a header: `{ env = "…" }`, `{ file = "…" }`, or a plain text that is not secret.
pub(super) fn header(
    headers: &Section<'_>,
    name: &str,
    secrets: &dyn Secrets,
) -> Result<Secret, ConfigError> {
    let from = headers.below(name);
    let value = match (from.text("file")?, from.text("env")?) {
        (Some(path), None) => {
            let path = Path::new(&path);
            secrets
                .file(path)
                .map_err(|why| from.wrong("file", format!("{} cannot be read: {why}", path.display())))?
        }
        (None, Some(variable)) => secrets
            .variable(&variable)
            .ok_or_else(|| from.wrong("env", format!("the environment has no {variable}")))?,
        (Some(_), Some(_)) => return Err(from.wrong("file", "either file or env, not both")),
        (None, None) => {
            if is_secret(name) && headers.stands_in_file(name) {
                let why = "a secret must not stand here; write { env = \"VARIABLE\" } or { file = \"PATH\" }";
                return Err(headers.wrong(name, why));
            }
            headers.text(name)?.ok_or_else(|| headers.wrong(name, "has no value"))?
        }
    };
    let value = value.trim();
    if value.is_empty() || !value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return Err(headers.wrong(name, "is empty or has characters that a header cannot carry"));
    }
    Ok(Secret::new(value))
}

/// Whether services usually expect a key in this header.
fn is_secret(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    ["auth", "key", "token", "secret", "password", "cookie"].iter().any(|word| header.contains(word))
}
