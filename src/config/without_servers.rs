//! Refuses the configuration of a hub of several nodes in a build without the feature `servers`.

use super::reader::{ConfigError, Reader};

/// What such a build says of a key that it cannot serve.
const REASON: &str =
    "this build has no Kafka, PostgreSQL and MongoDB; build one that has: cargo build --release";

/// The sections that only a hub of several nodes has.
const SECTIONS: [&str; 4] = ["node", "kafka", "postgres", "mongo"];

pub(super) fn check(reader: &Reader) -> Result<(), ConfigError> {
    if reader.section("store").text("kind").is_ok_and(|kind| kind.as_deref() == Some("servers")) {
        return Err(reader.error("store.kind", REASON));
    }
    for section in SECTIONS {
        if let Some(key) = reader.names_below(section).first() {
            return Err(reader.error(&format!("{section}.{key}"), REASON));
        }
        if reader.has_table(section) {
            return Err(reader.error(section, REASON));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn a_build_without_servers_names_the_key_that_it_refuses_and_the_build_that_has_it() {
        for (text, key) in [
            ("[store]\nkind = \"servers\"\n", "store.kind"),
            ("[kafka]\nbrokers = \"127.0.0.1:9092\"\n", "kafka.brokers"),
            ("[postgres]\n", "postgres"),
            ("[mongo]\nuri_env = \"X\"\n", "mongo.uri_env"),
            ("[node]\nname = \"a\"\n", "node.name"),
        ] {
            let error = Config::from_toml("gatecall.toml", text).unwrap_err().to_string();
            let expected = format!("gatecall.toml: {key}: this build has no Kafka, PostgreSQL and MongoDB; ");
            assert!(error.starts_with(&expected) && error.ends_with("cargo build --release"), "{error}");
        }
    }

    #[test]
    fn a_build_without_servers_has_the_defaults_of_the_embedded_store() {
        assert_eq!(Config::defaults().unwrap().store.folder.to_str(), Some("data"));
    }
}
