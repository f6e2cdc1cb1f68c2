//! Reads values one by one, each with its bounds, and reports the values that were never read.
//!
//! The reader flattens the tables of the file and the environment into dotted paths; the environment replaces
//! single values. A value that was not read at the end has an unknown key, which is an error.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// Prefix of environment variables with configuration.
pub(super) const ENVIRONMENT_PREFIX: &str = "GATECALL__";

/// Longest text quoted in an error.
const SHOWN_MAX: usize = 60;

/// An error in a configuration: one line that names the place and the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct ConfigError {
    /// The file, or the environment variable.
    pub place: String,
    /// The key and its fault, or the fault of the whole text.
    pub what: String,
}

/// A value and its origin.
#[derive(Debug, Clone)]
enum Given {
    File(toml::Value),
    Environment { variable: String, text: String },
}

/// All given values.
pub(super) struct Reader {
    place: String,
    given: BTreeMap<String, Given>,
    tables: BTreeSet<String>,
    asked: RefCell<BTreeSet<String>>,
}

impl Reader {
    /// Flattens the text of a file and the environment.
    pub(super) fn new(
        place: &str,
        text: &str,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let table: toml::Table = text.parse().map_err(|fault| not_toml(place, text, &fault))?;
        let mut reader = Self {
            place: place.to_owned(),
            given: BTreeMap::new(),
            tables: BTreeSet::new(),
            asked: RefCell::default(),
        };
        reader.lay_out("", table);
        for (variable, text) in environment {
            if let Some(path) = variable.strip_prefix(ENVIRONMENT_PREFIX) {
                let path = path.to_ascii_lowercase().replace("__", ".");
                reader.given.insert(path, Given::Environment { variable, text });
            }
        }
        Ok(reader)
    }

    fn lay_out(&mut self, prefix: &str, table: toml::Table) {
        for (key, value) in table {
            let path = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
            match value {
                toml::Value::Table(inner) => {
                    self.tables.insert(path.clone());
                    self.lay_out(&path, inner);
                }
                value => drop(self.given.insert(path, Given::File(value))),
            }
        }
    }

    /// A section of the file.
    pub(super) fn section(&self, name: &str) -> Section<'_> {
        Section { reader: self, prefix: name.to_owned() }
    }

    /// The names one level below `prefix`, such as the feeds' below `feeds`.
    pub(super) fn names_below(&self, prefix: &str) -> BTreeSet<String> {
        let paths = self.given.keys().chain(&self.tables);
        let below = paths.filter_map(|path| path.strip_prefix(prefix)?.strip_prefix('.'));
        below.filter_map(|rest| rest.split('.').next()).map(str::to_owned).collect()
    }

    /// Fails if a value or section was never read.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        let asked = self.asked.borrow();
        if let Some(path) = self.given.keys().find(|path| !asked.contains(*path)) {
            return Err(self.error(path, &format!("is not known; {}", self.siblings(path))));
        }
        let begins = |path: &String| {
            asked.iter().any(|a| a.strip_prefix(path.as_str()).is_some_and(|r| r.starts_with('.')))
        };
        match self.tables.iter().find(|path| !begins(path)) {
            Some(path) => Err(self.error(path, "is not a known section")),
            None => Ok(()),
        }
    }

    /// All paths that were read.
    #[cfg(all(test, feature = "servers"))]
    pub(super) fn asked(&self) -> BTreeSet<String> {
        self.asked.borrow().clone()
    }

    /// All given paths.
    #[cfg(all(test, feature = "servers"))]
    pub(super) fn given(&self) -> BTreeSet<String> {
        self.given.keys().cloned().collect()
    }

    fn siblings(&self, path: &str) -> String {
        let (section, _) = path.rsplit_once('.').unwrap_or(("", path));
        let asked = self.asked.borrow();
        let keys: Vec<_> = asked
            .iter()
            .filter_map(|known| known.strip_prefix(section)?.strip_prefix('.'))
            .filter(|key| !key.contains('.'))
            .collect();
        match (section, keys.as_slice()) {
            (_, []) => {
                let fixed = asked.iter().filter_map(|known| known.split('.').next());
                let sections: BTreeSet<_> = fixed.chain(["feeds"]).collect();
                format!("the sections are {}", sections.into_iter().collect::<Vec<_>>().join(", "))
            }
            (section, keys) => format!("{section} has {}", keys.join(", ")),
        }
    }

    /// Whether the file has a table of this path.
    #[cfg(not(feature = "servers"))]
    pub(super) fn has_table(&self, path: &str) -> bool {
        self.tables.contains(path)
    }

    /// What is wrong with the value at a path.
    pub(super) fn error(&self, path: &str, what: &str) -> ConfigError {
        match self.given.get(path) {
            Some(Given::Environment { variable, .. }) => {
                ConfigError { place: variable.clone(), what: what.to_owned() }
            }
            _ => ConfigError { place: self.place.clone(), what: format!("{path}: {what}") },
        }
    }
}

/// Shortens the parser's message of several lines to place and reason.
fn not_toml(place: &str, text: &str, fault: &toml::de::Error) -> ConfigError {
    let before = fault.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let reason = fault.message().replace('\n', ", ");
    ConfigError { place: place.to_owned(), what: format!("line {line}: {reason}") }
}

/// One section.
pub(super) struct Section<'a> {
    reader: &'a Reader,
    prefix: String,
}

impl Section<'_> {
    fn path(&self, key: &str) -> String {
        format!("{}.{key}", self.prefix)
    }

    fn given(&self, key: &str) -> Option<&Given> {
        let path = self.path(key);
        let given = self.reader.given.get(&path);
        self.reader.asked.borrow_mut().insert(path);
        given
    }

    /// An error at a key of this section. `reason` completes a sentence that begins with the key.
    pub(super) fn wrong(&self, key: &str, what: impl Display) -> ConfigError {
        self.reader.error(&self.path(key), &what.to_string())
    }

    /// The names one level below `key`.
    pub(super) fn names_below(&self, key: &str) -> BTreeSet<String> {
        self.reader.names_below(&self.path(key))
    }

    /// The section one level below.
    pub(super) fn below(&self, key: &str) -> Section<'_> {
        Section { reader: self.reader, prefix: self.path(key) }
    }

    /// Whether the file gives this value, rather than the environment; counts as a read.
    pub(super) fn stands_in_file(&self, key: &str) -> bool {
        matches!(self.given(key), Some(Given::File(_)))
    }

    /// Whether the file or the environment gives a value; counts as a read.
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.given(key).is_some()
    }

    /// An optional text. An empty one counts as absent.
    pub(super) fn text(&self, key: &str) -> Result<Option<String>, ConfigError> {
        let text = match self.given(key) {
            None => return Ok(None),
            Some(Given::File(toml::Value::String(text)) | Given::Environment { text, .. }) => text.trim(),
            Some(Given::File(other)) => {
                return Err(self.wrong(key, format!("must be a text, is {}", shown(other))));
            }
        };
        Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
    }

    /// A parsed text.
    pub(super) fn parsed<T>(&self, key: &str, default: &str) -> Result<T, ConfigError>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.text(key)?.unwrap_or_else(|| default.to_owned());
        text.parse().map_err(|fault: T::Err| self.wrong(key, format!("{fault}, is {:?}", cut(&text))))
    }

    /// One of several fixed values.
    pub(super) fn word<T: Copy>(
        &self,
        key: &str,
        default: &str,
        words: &[(T, &str)],
    ) -> Result<T, ConfigError> {
        let text = self.text(key)?.unwrap_or_else(|| default.to_owned());
        if let Some((value, _)) = words.iter().find(|(_, word)| *word == text) {
            return Ok(*value);
        }
        let words: Vec<_> = words.iter().map(|(_, word)| *word).collect();
        Err(self.wrong(key, format!("must be {}, is {:?}", words.join(" or "), cut(&text))))
    }

    /// A list of texts; separated by commas in the environment.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, ConfigError> {
        let wrong =
            |other: &toml::Value| self.wrong(key, format!("must be a list of texts, has {}", shown(other)));
        match self.given(key) {
            None => Ok(Vec::new()),
            Some(Given::Environment { text, .. }) => {
                Ok(text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect())
            }
            Some(Given::File(toml::Value::Array(list))) => {
                list.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(|| wrong(item))).collect()
            }
            Some(Given::File(other)) => Err(wrong(other)),
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &str, default: bool) -> Result<bool, ConfigError> {
        let wrong = |is: String| self.wrong(key, format!("must be true or false, is {is}"));
        match self.given(key) {
            None => Ok(default),
            Some(Given::File(toml::Value::Boolean(flag))) => Ok(*flag),
            Some(Given::File(other)) => Err(wrong(shown(other))),
            Some(Given::Environment { text, .. }) => text.trim().parse().map_err(|_| wrong(cut(text))),
        }
    }

    /// An integer within bounds.
    pub(super) fn whole(
        &self,
        key: &str,
        default: u64,
        bounds: RangeInclusive<u64>,
    ) -> Result<u64, ConfigError> {
        let wrong =
            |is: String| self.wrong(key, format!("must be {} to {}, is {is}", bounds.start(), bounds.end()));
        let number = match self.given(key) {
            None => default,
            Some(Given::File(toml::Value::Integer(number))) => {
                u64::try_from(*number).map_err(|_| wrong(number.to_string()))?
            }
            Some(Given::File(other)) => return Err(wrong(shown(other))),
            Some(Given::Environment { text, .. }) => text.trim().parse().map_err(|_| wrong(cut(text)))?,
        };
        if bounds.contains(&number) { Ok(number) } else { Err(wrong(number.to_string())) }
    }

    /// The same as a `usize`.
    pub(super) fn count(
        &self,
        key: &str,
        default: u64,
        bounds: RangeInclusive<u64>,
    ) -> Result<usize, ConfigError> {
        let number = self.whole(key, default, bounds)?;
        usize::try_from(number)
            .map_err(|_| self.wrong(key, format!("is too large for this machine: {number}")))
    }

    /// Whole seconds within bounds.
    pub(super) fn seconds(
        &self,
        key: &str,
        default: u64,
        bounds: RangeInclusive<u64>,
    ) -> Result<Duration, ConfigError> {
        self.whole(key, default, bounds).map(Duration::from_secs)
    }

    /// Whole milliseconds within bounds.
    pub(super) fn millis(
        &self,
        key: &str,
        default: u64,
        bounds: RangeInclusive<u64>,
    ) -> Result<Duration, ConfigError> {
        self.whole(key, default, bounds).map(Duration::from_millis)
    }
}

fn shown(value: &toml::Value) -> String {
    cut(&value.to_string())
}

/// Shortens and escapes a wrong text for an error, so that it cannot fill the log or break its line.
fn cut(text: &str) -> String {
    text.chars().take(SHOWN_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
