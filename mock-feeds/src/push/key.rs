//! The key that an airport sends to the hub.

use std::fmt;
use std::path::PathBuf;

/// The source of the key, and the key once it is known. `Debug` does not show it.
pub struct Key {
    file: Option<PathBuf>,
    held: Option<String>,
}

impl Key {
    /// No key, for a hub that requires none.
    pub fn none() -> Self {
        Self { file: None, held: None }
    }

    /// A literal key.
    pub fn given(text: &str) -> Self {
        Self { file: None, held: Some(text.trim().into()) }
    }

    /// A key in a file that may not exist yet, because the hub may create it.
    pub fn in_file(path: PathBuf) -> Self {
        Self { file: Some(path), held: None }
    }

    /// The key to send, if any; `Err` explains why there is none yet.
    pub fn show(&mut self) -> Result<Option<&str>, String> {
        if self.held.is_none()
            && let Some(file) = &self.file
        {
            let text = std::fs::read_to_string(file);
            let text =
                text.map_err(|error| format!("whose key in {} cannot be read: {error}", file.display()))?;
            // New keys are appended; the last one stays in force longest.
            self.held = text.lines().map(str::trim).rfind(|line| !line.is_empty()).map(Into::into);
        }
        Ok(self.held.as_deref())
    }

    /// Forgets the key, so that the next use reads the file again: the hub refused it and may have written
    /// another.
    pub fn forget(&mut self) {
        if self.file.is_some() {
            self.held = None;
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown_in_logs() {
        assert_eq!(format!("{:?}", Key::given("secret\n")), "Key(…)");
        assert_eq!(Key::given("secret\n").show(), Ok(Some("secret")));
        assert_eq!(Key::none().show(), Ok(None));
    }

    #[test]
    fn a_key_s_file_may_come_later_and_change() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jfk.key");
        let mut key = Key::in_file(file.clone());
        assert!(key.show().unwrap_err().contains("jfk.key"));
        std::fs::write(&file, "one\n").unwrap();
        assert_eq!(key.show(), Ok(Some("one")));
        std::fs::write(&file, "one\ntwo\n\n").unwrap();
        assert_eq!(key.show(), Ok(Some("one")));
        key.forget();
        assert_eq!(key.show(), Ok(Some("two")));
    }
}
