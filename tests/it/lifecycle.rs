//! Start, shutdown, kill, and the commands.

use crate::hub::{Hub, START, binary};
use serde_json::json;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

fn run(folder: &Path, args: &[&str]) -> Output {
    binary().args(args).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_killed_hub_keeps_every_answered_report() {
    let mut hub = Hub::start();
    for gate in 1..=20 {
        hub.fly("615", json!({ "departure.gate": gate.to_string() }));
    }
    let before = hub.get("/api/v1/flights/B6-615-20130208-JFK-FLL").json();
    hub.kill_and_start_again();
    assert_eq!(hub.get("/api/v1/flights/B6-615-20130208-JFK-FLL").json(), before);
    assert_eq!(hub.get("/api/v1/boards/JFK/departures").json()["flights"], json!([before]));
    let history = hub.get("/api/v1/flights/B6-615-20130208-JFK-FLL/history").json();
    assert_eq!(history["entries"].as_array().unwrap().len(), 20);
    hub.fly("615", json!({ "departure.gate": "21" }));
    assert_eq!(hub.get("/api/v1/flights/B6-615-20130208-JFK-FLL").json()["rev"], 21);
}

#[test]
fn a_hub_shuts_down_cleanly_and_its_clock_is_readable() {
    let mut hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "14" }));
    let counted = hub.get("/metrics").text();
    for name in ["file_bytes", "used_bytes", "room_bytes", "log_bytes", "messages_dropped_total 0"] {
        assert!(counted.contains(&format!("\ngatecall_store_{name}")), "{name}: {counted}");
    }
    assert_eq!(hub.stop(), Some(0), "{}", hub.log());
    let clock = run(hub.folder.path(), &["clock", "--config", "gatecall.toml"]);
    assert!(clock.status.success(), "{}", text(&clock.stderr));
    let (shown, start) = (text(&clock.stdout), &START[..15]);
    assert!(shown.starts_with(start), "{shown}");
    let migrated = run(hub.folder.path(), &["migrate", "--config", "gatecall.toml"]);
    assert!(migrated.status.success() && text(&migrated.stdout).contains("up to date"));
}

#[test]
fn two_hubs_cannot_share_a_data_folder() {
    let hub = Hub::start();
    let second = run(hub.folder.path(), &["migrate", "--config", "gatecall.toml"]);
    let line = text(&second.stderr);
    assert!(!second.status.success() && line.contains("in use"), "{line}");
}

#[test]
fn only_a_replay_clock_is_saved() {
    let mut hub = Hub::start_by_the_wall_clock();
    // Longer than the interval between two saves.
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(hub.stop(), Some(0), "{}", hub.log());
    let clock = run(hub.folder.path(), &["clock", "--config", "gatecall.toml"]);
    assert!(clock.status.success() && clock.stdout.is_empty(), "{}", text(&clock.stdout));
}

#[test]
fn new_epoch_needs_a_stopped_hub() {
    let mut hub = Hub::start();
    let new_epoch = |hub: &Hub| run(hub.folder.path(), &["new-epoch", "--config", "gatecall.toml"]);
    let busy = new_epoch(&hub);
    assert!(!busy.status.success() && text(&busy.stderr).contains("in use"), "{}", text(&busy.stderr));
    assert_eq!(hub.stop(), Some(0), "{}", hub.log());
    let (one, other) = (text(&new_epoch(&hub).stdout), text(&new_epoch(&hub).stdout));
    assert!(one.contains(" has a new epoch: ") && one != other, "{one}{other}");
    let whole = run(hub.folder.path(), &["repair", "--config", "gatecall.toml"]);
    let said = text(&whole.stdout);
    assert!(whole.status.success() && said.ends_with("is readable. Nothing was changed.\n"), "{said}");
    std::fs::write(hub.folder.path().join("servers.toml"), "[store]\nkind = \"servers\"\n").unwrap();
    let refused = run(hub.folder.path(), &["repair", "--config", "servers.toml"]);
    assert!(!refused.status.success(), "{}", text(&refused.stdout));
}

#[test]
fn an_invalid_configuration_stops_the_start_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.toml"), "[sockets]\nping_s = 0\n").unwrap();
    for command in ["serve", "check-config", "migrate", "clock"] {
        let output = run(folder.path(), &[command, "--config", "bad.toml"]);
        assert_eq!(
            text(&output.stderr),
            "gatecall: bad.toml: sockets.ping_s: must be 5 to 300, is 0\n",
            "{command}"
        );
        assert_eq!(output.status.code(), Some(78), "{command}");
    }
    let missing = run(folder.path(), &["check-config", "--config", "gone.toml"]);
    assert!(text(&missing.stderr).starts_with("gatecall: gone.toml: cannot be read: "));
    let clock = run(folder.path(), &["serve", "--clock", "noon"]);
    assert!(text(&clock.stderr).contains("START@SPEED"), "{}", text(&clock.stderr));
}

#[test]
fn feed_key_creates_one_key_and_a_second_with_add() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        "[feeds.jfk]\nairport = \"JFK\"\nkind = \"push\"\nformat = \"aidx\"\nkey_file = \"keys/jfk\"\n";
    std::fs::write(folder.path().join("c.toml"), config).unwrap();
    let before = run(folder.path(), &["check-config", "--config", "c.toml"]);
    assert!(text(&before.stderr).contains("feeds.jfk.key_file: keys/jfk cannot be read"));
    assert!(run(folder.path(), &["feed-key", "jfk", "--config", "c.toml"]).status.success());
    let again = run(folder.path(), &["feed-key", "jfk", "--config", "c.toml"]);
    assert!(!again.status.success() && text(&again.stderr).contains("--add"));
    assert!(run(folder.path(), &["feed-key", "jfk", "--config", "c.toml", "--add"]).status.success());
    assert_eq!(std::fs::read_to_string(folder.path().join("keys/jfk")).unwrap().lines().count(), 2);
    let checked = run(folder.path(), &["check-config", "--config", "c.toml"]);
    assert!(text(&checked.stdout).contains("2 valid key(s)"), "{}", text(&checked.stderr));
    assert!(!run(folder.path(), &["feed-key", "nobody", "--config", "c.toml"]).status.success());
}

#[test]
fn feed_key_lists_and_revokes_directory_keys() {
    let mut hub = Hub::start();
    let feed_key = |hub: &Hub, args: &[&str]| {
        run(hub.folder.path(), &[&["feed-key", "desk", "--config", "gatecall.toml"], args].concat())
    };
    let busy = feed_key(&hub, &["--list"]);
    assert!(!busy.status.success() && text(&busy.stderr).contains("in use"), "{}", text(&busy.stderr));
    let made = hub.operate("POST", "/api/v1/feeds/desk/keys", &json!({ "note": "until June" })).json();
    assert_eq!(hub.stop(), Some(0), "{}", hub.log());
    let prefix = made["prefix"].as_str().unwrap();
    let listed = text(&feed_key(&hub, &["--list"]).stdout);
    assert!(listed.starts_with(prefix) && listed.ends_with("until June\n"), "{listed}");
    assert!(feed_key(&hub, &["--revoke", prefix]).status.success());
    let again = feed_key(&hub, &["--revoke", prefix]);
    assert!(text(&again.stderr).contains("has no key in force whose digest begins with"));
    assert_eq!(text(&feed_key(&hub, &["--list"]).stdout), "The directory has no key of feed desk.\n");
}

#[test]
fn every_command_has_help() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["serve", "check-config", "migrate", "clock", "new-epoch", "repair", "feed-key", "version"]
    {
        let help = run(folder.path(), &[command, "--help"]);
        assert!(help.status.success() && text(&help.stdout).len() > 60, "{command}");
    }
    assert!(text(&run(folder.path(), &["version"]).stdout).starts_with("gatecall "));
    assert_eq!(run(folder.path(), &[]).status.code(), Some(2));
}
