use super::*;
use std::collections::BTreeSet;

const FILE: &str = include_str!("../../config/gatecall.toml");

/// Secrets of a world that exists in tests alone.
struct Safe;

impl Secrets for Safe {
    fn variable(&self, name: &str) -> Option<String> {
        name.ends_with("EWR_APP_KEY").then(|| "from-the-environment".to_owned())
    }

    fn file(&self, path: &Path) -> Result<String, String> {
        match path.to_str() {
            Some("data/keys/jfk.key" | "data/keys/jfk" | "data/keys/operator") => {
                Ok("# old\n0123456789abcdef\n\n# new\nfedcba9876543210\n".into())
            }
            Some("short.key") => Ok("short\n".into()),
            Some("data/keys/ewr") => Ok("demo\n".into()),
            Some("empty.key") => Ok("# nothing\n".into()),
            _ => Err("No such file or directory".into()),
        }
    }
}

fn read(text: &str) -> Result<Config, ConfigError> {
    read_with(text, &[])
}

fn read_with(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::read("gatecall.toml", text, environment, &Safe)
}

fn wrong(text: &str) -> String {
    wrong_with(text, &[])
}

fn wrong_with(text: &str, environment: &[(&str, &str)]) -> String {
    let line = read_with(text, environment).expect_err("it should be refused").to_string();
    assert!(!line.contains('\n'), "more than one line: {line}");
    line
}

/// The file with its examples of feeds taken out of their comments.
fn with_examples() -> String {
    let open = |line: &str| {
        let example = line
            .strip_prefix('#')
            .filter(|rest| rest.starts_with('[') || rest.starts_with(|c: char| c.is_ascii_lowercase()));
        example.unwrap_or(line).to_owned() + "\n"
    };
    FILE.lines().map(open).collect()
}

#[test]
fn the_shipped_file_states_exactly_the_defaults() {
    let file = read(FILE).unwrap();
    assert_eq!(format!("{file:?}"), format!("{:?}", Config::defaults().unwrap()));
}

#[test]
fn the_shipped_file_lists_every_key_and_no_other() {
    let text = with_examples();
    let reader = Reader::new("gatecall.toml", &text, std::iter::empty()).unwrap();
    let config = Config::from_reader(&reader, &Safe).unwrap();
    assert_eq!(config.feeds.keys().collect::<Vec<_>>(), ["ewr", "jfk"]);
    let keys = |paths: BTreeSet<String>| -> BTreeSet<String> {
        // Both examples have what all feeds have; the file explains it once.
        let of_feed = |path: String| match path.strip_prefix("feeds.").and_then(|rest| rest.split_once('.')) {
            Some((_, key)) => format!("feeds.*.{key}"),
            None => path,
        };
        let by_name = |path: &String| {
            let secrets =
                ["feeds.*.key", "server.operator_key", "kafka.sasl_password", "postgres.url", "mongo.uri"];
            path.contains(".headers.") || secrets.contains(&path.as_str())
        };
        paths.into_iter().map(of_feed).filter(|path| !by_name(path)).collect()
    };
    let missing: Vec<_> = keys(reader.asked()).difference(&keys(reader.given())).cloned().collect();
    assert!(missing.is_empty(), "config/gatecall.toml lacks {missing:?}");
    reader.finish().unwrap();
}

#[test]
fn every_key_of_the_shipped_file_has_a_comment() {
    let mut explained = false;
    for (number, line) in FILE.lines().enumerate() {
        let example = line.strip_prefix('#').unwrap_or(line);
        let is_key = example.starts_with(|c: char| c.is_ascii_lowercase()) && example.contains(" = ");
        assert!(!is_key || explained, "line {}: {line}", number + 1);
        let is_comment = line == "#" || line.starts_with("# ") || line.starts_with("## ");
        // A comment may explain several keys that stand together, or those of a whole section.
        explained = is_comment || (explained && (is_key || example.starts_with('[')));
    }
}

#[test]
fn the_demo_configuration_has_three_airports() {
    let demo = read(include_str!("../../config/demo.toml")).unwrap();
    assert_eq!(demo.feeds.keys().collect::<Vec<_>>(), ["ewr", "jfk", "lga"]);
    assert!(demo.feeds.values().all(|feed| feed.spec.source.airport.is_some() && feed.spec.source.creates));
}

#[test]
fn every_fault_is_reported_in_one_line() {
    for (text, line) in [
        ("[sockets]\nping_s = 0", "gatecall.toml: sockets.ping_s: must be 5 to 300, is 0"),
        ("[sockets]\nping_s = -1", "gatecall.toml: sockets.ping_s: must be 5 to 300, is -1"),
        ("[sockets]\nping_s = \"25\"", "gatecall.toml: sockets.ping_s: must be 5 to 300, is \"25\""),
        (
            "[sockets]\ncompression = \"yes\"",
            "gatecall.toml: sockets.compression: must be true or false, is \"yes\"",
        ),
        ("[threads]\nfligths = 1", "gatecall.toml: threads.fligths: is not known; threads has flights"),
        (
            "[retntion]\nraw_days = 1",
            "gatecall.toml: retntion.raw_days: is not known; the sections are feeds, kafka, limits, log, mongo, node, postgres, retention, server, sockets, store, threads",
        ),
        ("[cache]", "gatecall.toml: cache: is not a known section"),
        (
            "[store]\nsynchronous = \"off\"",
            "gatecall.toml: store.synchronous: must be full or normal, is \"off\"",
        ),
        (
            "[store]\nfile_bytes_max = 1",
            "gatecall.toml: store.file_bytes_max: must be 0 (no limit) or at least 16777216, is 1",
        ),
        ("[server]\napi = \"5000\"", "gatecall.toml: server.api: invalid socket address syntax, is \"5000\""),
        (
            "[server]\nallowed_origins = [\"x.org\"]",
            "gatecall.toml: server.allowed_origins: \"x.org\" is not an origin such as https://flights.example.org, nor *",
        ),
        (
            "[server]\noperator_key = \"0123456789abcdef\"",
            "gatecall.toml: server.operator_key: a secret must not stand here; use operator_key_file or operator_key_env",
        ),
        ("[log]\nformat = \"xml\"", "gatecall.toml: log.format: must be text or json, is \"xml\""),
    ] {
        assert_eq!(wrong(text), line, "{text}");
    }
    assert!(wrong("[log]\nfilter = \"=x=\"").starts_with("gatecall.toml: log.filter: is not a filter"));
    assert!(wrong("[sockets]\n\nping_s =").starts_with("gatecall.toml: line 3: "));
    assert!(wrong("[a]\nb = 1\nb = 2").starts_with("gatecall.toml: line 3: duplicate key"));
}

#[test]
fn an_invalid_feed_is_refused_with_the_reason() {
    let push = |more: &str| wrong(&format!("[feeds.jfk]\nkind = \"push\"\nformat = \"aidx\"\n{more}"));
    let pull = |more: &str| wrong(&format!("[feeds.ewr]\nkind = \"pull\"\nformat = \"json\"\n{more}"));
    assert_eq!(
        push(""),
        "gatecall.toml: feeds.jfk.key_file: is missing; a pushed feed needs key_file or key_env"
    );
    assert_eq!(
        push("key = \"0123456789abcdef\""),
        "gatecall.toml: feeds.jfk.key: a secret must not stand here; use key_file or key_env"
    );
    assert_eq!(
        push("key_file = \"gone.key\""),
        "gatecall.toml: feeds.jfk.key_file: gone.key cannot be read: No such file or directory"
    );
    assert_eq!(
        push("key_file = \"short.key\""),
        "gatecall.toml: feeds.jfk.key_file: short.key holds a key shorter than 16 characters, which could be guessed"
    );
    assert_eq!(push("key_file = \"empty.key\""), "gatecall.toml: feeds.jfk.key_file: empty.key holds no key");
    assert_eq!(push("key_env = \"GONE\""), "gatecall.toml: feeds.jfk.key_env: the environment has no GONE");
    assert_eq!(
        push("airport = \"ZZZ\""),
        "gatecall.toml: feeds.jfk.airport: ZZZ is in no table of ours; give its zone"
    );
    assert_eq!(push("rank = 100"), "gatecall.toml: feeds.jfk.rank: must be 0 to 99, is 100");
    assert!(push("zone = \"Mars\"").starts_with("gatecall.toml: feeds.jfk.zone: is not a zone"));
    assert_eq!(
        push("airport = \"JFK\"\nkey_file = \"data/keys/jfk.key\"\nurl = \"http://x\"")
            .split(';')
            .next()
            .unwrap(),
        "gatecall.toml: feeds.jfk.url: is not known"
    );
    assert_eq!(pull(""), "gatecall.toml: feeds.ewr.url: is missing; a pulled feed needs it");
    assert_eq!(
        pull("url = \"ftp://x\""),
        "gatecall.toml: feeds.ewr.url: must begin with http:// or https:// and name a host"
    );
    assert_eq!(
        pull("url = \"http://me:pw@x/\""),
        "gatecall.toml: feeds.ewr.url: a secret must not stand here; send it as a header"
    );
    assert_eq!(
        pull("url = \"http://x\"\nheaders = { app_key = \"inline\" }"),
        "gatecall.toml: feeds.ewr.headers.app_key: a secret must not stand here; write { env = \"VARIABLE\" } or { file = \"PATH\" }"
    );
    assert_eq!(
        wrong("[feeds.x]\nkind = \"push\""),
        "gatecall.toml: feeds.x.format: is missing; must be json, aidx or schiphol"
    );
    assert_eq!(
        wrong("[feeds.x]\nformat = \"aidx\""),
        "gatecall.toml: feeds.x.kind: must be push or pull, is \"\""
    );
    assert!(wrong("[feeds.JFK]\nkind = \"push\"").starts_with("gatecall.toml: feeds.JFK: a feed's name is"));
    assert!(wrong("[feeds.x]").starts_with("gatecall.toml: feeds.x.format: is missing"));
}

#[test]
fn a_feed_speaks_for_its_airport_or_for_a_configured_scope() {
    let with =
        |more: &str| format!("[feeds.x]\nkind = \"pull\"\nformat = \"json\"\nurl = \"http://x\"\n{more}");
    let speaks_for = |more: &str| read(&with(more)).unwrap().feeds["x"].speaks_for();
    assert_eq!(
        speaks_for("airport = \"JFK\""),
        "JFK's side of its flights, planned times of the other side, 4 days back to 8 ahead, at most 300000 flights"
    );
    assert_eq!(
        speaks_for("speaks_for = \"airline:B6,EI\"\nhorizon_days = { past = 1, future = 30 }"),
        "airline:B6,EI, 1 days back to 30 ahead, at most 300000 flights"
    );
    assert!(speaks_for("airport = \"JFK\"\nspeaks_for = \"all\"").starts_with("all, "));
    for (more, line) in [
        ("", "speaks_for: is missing; a feed without an airport speaks for \"airline:XX\" or for \"all\""),
        ("speaks_for = \"airport\"", "airport: is missing; speaks_for = \"airport\" needs it"),
        (
            "speaks_for = \"everybody\"",
            "speaks_for: must be \"airport\", \"all\" or \"airline:XX\", is \"everybody\"",
        ),
        (
            "speaks_for = \"all\"\npasses_on = \"gates\"",
            "passes_on: must be nothing or schedule or movements, is \"gates\"",
        ),
        (
            "speaks_for = \"all\"\nhorizon_days = { future = 400 }",
            "horizon_days.future: must be 1 to 366, is 400",
        ),
    ] {
        assert_eq!(wrong(&with(more)), format!("gatecall.toml: feeds.x.{line}"));
    }
}

#[test]
fn feeds_share_the_limit_of_flights() {
    let feed = |name: &str, more: &str| {
        format!(
            "[feeds.{name}]\nairport = \"JFK\"\nkind = \"pull\"\nformat = \"json\"\nurl = \"http://x\"\n{more}\n"
        )
    };
    let limits = "[limits]\nflights_max = 1000\n";
    let three = [feed("a", "flights_max = 700"), feed("b", ""), feed("c", ""), feed("d", "creates = false")];
    let feeds = read(&format!("{limits}{}", three.concat())).unwrap().feeds;
    let share = |name: &str| feeds[name].spec.source.scope.flights_max;
    assert_eq!((share("a"), share("b"), share("c"), share("d")), (Some(700), Some(150), Some(150), None));
    let much = [feed("a", "flights_max = 700"), feed("b", "flights_max = 400")].concat();
    assert_eq!(
        wrong(&format!("{limits}{much}")),
        "gatecall.toml: feeds.a.flights_max: the feeds' shares add up to 1100, more than limits.flights_max = 1000"
    );
}

#[test]
fn environment_variables_override_values_and_are_named_in_errors() {
    let text = "[sockets]\nping_s = 30\n[feeds.jfk]\nairport = \"JFK\"\nkind = \"push\"\nformat = \"aidx\"\nkey_file = \"data/keys/jfk.key\"";
    let given = [
        ("GATECALL__SOCKETS__PING_S", "7"),
        ("GATECALL__SOCKETS__COMPRESSION", "false"),
        ("GATECALL__SERVER__ALLOWED_ORIGINS", "https://a.example, https://b.example"),
        ("GATECALL__FEEDS__JFK__RANK", "80"),
        ("GATECALL_DATA", "is not ours"),
        ("PATH", "/bin"),
    ];
    let config = read_with(text, &given).unwrap();
    assert_eq!((config.sockets.ping.as_secs(), config.sockets.compression), (7, false));
    assert_eq!(config.server.allowed_origins.len(), 2);
    assert_eq!(config.feeds["jfk"].spec.source.rank, 80);
    let line = wrong_with("", &[("GATECALL__SOCKETS__PING_S", "often")]);
    assert_eq!(line, "GATECALL__SOCKETS__PING_S: must be 5 to 300, is often");
    let line = wrong_with("", &[("GATECALL__SOCKETS__PNIG_S", "7")]);
    assert!(
        line.starts_with("GATECALL__SOCKETS__PNIG_S: is not known; sockets has bad_frames_max, "),
        "{line}"
    );
}

#[test]
fn keys_are_read_from_files_and_variables_and_never_printed() {
    let config = read(&with_examples()).unwrap();
    let feeds::Transport::Push { key_digests, key_file } = &config.feeds["jfk"].transport else {
        panic!("jfk pushes")
    };
    assert_eq!(*key_digests, [digest(b"0123456789abcdef"), digest(b"fedcba9876543210")]);
    assert_eq!(key_file.as_deref(), Some(Path::new("data/keys/jfk.key")));
    let feeds::Transport::Pull { airport, .. } = &config.feeds["ewr"].transport else {
        panic!("ewr is asked")
    };
    assert_eq!(airport.headers.len(), 2);
    let shown = format!("{config:?}");
    assert!(!shown.contains("from-the-environment") && !shown.contains("0123456789abcdef"), "{shown}");
    let by_variable = [("GATECALL__SERVER__OPERATOR_KEY", "an-operator's-long-key")];
    let config = read_with("", &by_variable).unwrap();
    assert_eq!(config.server.operator_key_digests, [digest(b"an-operator's-long-key")]);
}

#[test]
fn a_hostile_value_is_cut_and_stays_on_its_line() {
    let line = wrong_with("", &[("GATECALL__LOG__FORMAT", &"x\n".repeat(5_000))]);
    assert!(line.len() < 200, "{line}");
}

#[test]
fn a_missing_server_address_is_named() {
    let servers = "[store]\nkind = \"servers\"\n";
    assert_eq!(
        wrong(servers),
        "gatecall.toml: postgres.url_file: is missing; store.kind = \"servers\" needs url_file or url_env"
    );
    let postgres = [("GATECALL__POSTGRES__URL", "postgres://hub:secret@127.0.0.1/gatecall")];
    assert!(wrong_with(servers, &postgres).starts_with("gatecall.toml: mongo.uri_file: is missing"));
    let both = [postgres[0], ("GATECALL__MONGO__URI", "mongodb://127.0.0.1")];
    let config = read_with(servers, &both).unwrap();
    assert_eq!(config.store.kind, sections::StoreKind::Servers);
    assert!(!format!("{config:?}").contains("secret"), "a password is shown");
    for (text, reason) in [
        ("[kafka]\nbrokers = \"localhost\"", "kafka.brokers: must be host:port"),
        (
            "[kafka]\nbrokers = \"a:1,b:x\"",
            "kafka.brokers: must be host:port, with commas between, has \"b:x\"",
        ),
        ("[kafka]\nprefix = \"a b\"", "kafka.prefix: must be 1 to 48 letters"),
        ("[kafka]\nsession_timeout_s = 5", "kafka.session_timeout_s: must be 6 to 300, is 5"),
        ("[kafka]\nsecurity = \"tls\"", "kafka.security: must be plaintext or ssl or"),
        (
            "[kafka]\nsecurity = \"sasl_plaintext\"\nsasl_mechanism = \"PLAIN\"",
            "kafka.sasl_username: is missing",
        ),
        ("[kafka]\ncertificate_file = \"x\"", "kafka.certificate_file: goes with key_file"),
        ("[postgres]\nurl = \"postgres://x\"", "postgres.url: a secret must not stand here"),
        ("[postgres]\nurl_env = \"EWR_APP_KEY\"", "postgres.url_env: must begin with postgres://"),
        ("[mongo]\nuri_file = \"nowhere\"", "mongo.uri_file: nowhere cannot be read"),
        ("[mongo]\nuri_env = \"NOBODY\"", "mongo.uri_env: the environment has no NOBODY"),
    ] {
        let line = wrong(text);
        assert!(line.starts_with(&format!("gatecall.toml: {reason}")), "{line}");
    }
    if !cfg!(feature = "kafka-tls") {
        assert!(wrong("[kafka]\nsecurity = \"ssl\"").contains("needs a build with TLS"));
    }
}
