//! Reads values one by one, each with its bounds, and knows afterwards which were never asked for.
//!
//! The file's tables and the environment are laid out flat, by dotted path: the environment
//! replaces single values, wherever they are. What nobody has asked for at the end is a mistake of
//! whoever wrote it, and is named.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// Environment variables that begin so are configuration.
pub(super) const ENVIRONMENT_PREFIX: &str = "GATECALL__";

/// Longest text quoted in an error.
const SHOWN_MAX: usize = 60;

/// What is wrong with a configuration. One line that names the place and the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct ConfigError {
    /// The file, or the environment variable.
    pub place: String,
    /// The key and what is wrong with it, or what is wrong with the whole.
    pub what: String,
}

/// Where a value comes from, and the value.
#[derive(Debug, Clone)]
enum Given {
    File(toml::Value),
    Environment { variable: String, text: String },
}

/// All values that were given.
pub(super) struct Reader {
    place: String,
    given: BTreeMap<String, Given>,
    tables: BTreeSet<String>,
    asked: RefCell<BTreeSet<String>>,
}

impl Reader {
    /// Lays out a file's text and the variables of the environment.
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

    /// Answers with the first value or section that nobody has asked for.
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

    /// Every path that was asked for.
    #[cfg(test)]
    pub(super) fn asked(&self) -> BTreeSet<String> {
        self.asked.borrow().clone()
    }

    /// Every path that was given.
    #[cfg(test)]
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

    fn error(&self, path: &str, what: &str) -> ConfigError {
        match self.given.get(path) {
            Some(Given::Environment { variable, .. }) => {
                ConfigError { place: variable.clone(), what: what.to_owned() }
            }
            _ => ConfigError { place: self.place.clone(), what: format!("{path}: {what}") },
        }
    }
}

/// The parser's message spans lines; the place and the reason are enough.
fn not_toml(place: &str, text: &str, fault: &toml::de::Error) -> ConfigError {
    let before = fault.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let reason = fault.message().replace('\n', ", ");
    ConfigError { place: place.to_owned(), what: format!("line {line}: {reason}") }
}

/// One section, and below it the values.
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

    /// What is wrong with a key of this section, to be read after its name.
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

    /// Whether the file itself gives this value, and not the environment; it counts as asked for.
    pub(super) fn stands_in_file(&self, key: &str) -> bool {
        matches!(self.given(key), Some(Given::File(_)))
    }

    /// Whether a value is given, by the file or the environment; it counts as asked for.
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.given(key).is_some()
    }

    /// A text, if one is given. An empty one counts as none.
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

    /// A text of a certain shape.
    pub(super) fn parsed<T>(&self, key: &str, default: &str) -> Result<T, ConfigError>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.text(key)?.unwrap_or_else(|| default.to_owned());
        text.parse().map_err(|fault: T::Err| self.wrong(key, format!("{fault}, is {:?}", cut(&text))))
    }

    /// One of a few words.
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

    /// Texts; in the environment with commas between.
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

    /// A whole number within bounds.
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

/// A wrong text in an error must not fill the log, nor break out of its line.
fn cut(text: &str) -> String {
    text.chars().take(SHOWN_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
