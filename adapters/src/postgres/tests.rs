//! The contracts, and what is PostgreSQL's own. Needs a server, see `contract::services`.

mod away;
mod database;
mod proxy;

use self::database::{Database, open};
use super::{CheckError, MigrateFault, Postgres, PostgresLimits};
use crate::contract::{Opening, directory, leases};
use domain::feed_key::KeyDigest;
use domain::ports::{Directory, FeedKind, KeyError, Lease, Leases, RegisteredFeed, StoreError};
use domain::single_line_text::SingleLineText;
use futures_util::future::try_join_all;
use std::time::Duration;
use tokio::time::Instant;

/// What a call may take on top of its limits on a busy machine.
const LEEWAY: Duration = Duration::from_secs(3);

/// Limits that are soon reached, and not by a busy machine while the server is there.
fn short() -> PostgresLimits {
    PostgresLimits {
        connections_max: 2,
        acquire: Duration::from_millis(2_500),
        connect: Duration::from_millis(2_500),
        statement: Duration::from_millis(2_000),
        lock: Duration::from_millis(300),
        lease_ask: Duration::from_millis(2_000),
    }
}

#[tokio::test]
async fn postgres_is_a_directory() {
    let Some(database) = Database::make().await else { return };
    let places = async |opening| {
        let node = database.open("one");
        if opening == Opening::Fresh {
            // Much sooner done than another database.
            database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
            node.migrate().await.unwrap();
        }
        node
    };
    directory::suite(places).await;
}

#[tokio::test]
async fn postgres_has_leases() {
    let Some(database) = Database::migrated().await else { return };
    leases::suite(async |node| database.open(node)).await;
}

#[tokio::test]
async fn nodes_that_migrate_at_once_do_not_collide() {
    let Some(database) = Database::make().await else { return };
    let nodes: Vec<_> = ["a", "b", "c", "d"].map(|node| database.open(node)).into();
    try_join_all(nodes.iter().map(Postgres::migrate)).await.unwrap();
    try_join_all(nodes.iter().map(Postgres::check)).await.unwrap();
    nodes[0].migrate().await.unwrap();
}

#[tokio::test]
async fn a_database_may_be_newer_than_the_hub_and_not_older() {
    let Some(database) = Database::migrated().await else { return };
    let hub = database.open("old");
    database
        .execute(
            "INSERT INTO _sqlx_migrations SELECT 9999, description, installed_on, success, checksum,
             execution_time FROM _sqlx_migrations WHERE version = 1;
             ALTER TABLE feeds ADD COLUMN mood TEXT; ALTER TABLE overrides ADD COLUMN mood TEXT DEFAULT 'x'",
        )
        .await;
    hub.check().await.unwrap();
    hub.migrate().await.unwrap();
    hub.note_feeds(vec![feed("jfk")]).await.unwrap();
    assert_eq!(hub.feeds().await.unwrap(), [feed("jfk")]);
    database.execute("UPDATE _sqlx_migrations SET checksum = '' WHERE version = 1").await;
    let said = hub.check().await.unwrap_err();
    assert!(matches!(said, CheckError::Foreign { version: 1, .. }), "{said}");
    let said = hub.migrate().await.unwrap_err();
    assert!(matches!(said, MigrateFault::Database(CheckError::Foreign { version: 1, .. })), "{said}");
    database.execute("DELETE FROM _sqlx_migrations WHERE version = 1").await;
    let said = hub.check().await.unwrap_err().to_string();
    let expected = "is older than this gatecall: migration 1 is missing; run `gatecall migrate`";
    assert!(said.starts_with("the database \"gatecall_test_") && said.ends_with(expected), "{said}");
    let said = hub.migrate().await.unwrap_err().to_string();
    assert!(said.starts_with("migration 1 failed and was taken back: "), "{said}");
}

#[tokio::test]
async fn what_is_wrong_is_told_apart_in_a_sentence() {
    let Some(database) = Database::make().await else { return };
    let check = async |url: &str| {
        let said = open(url, "one", short()).check().await.unwrap_err();
        let text = said.to_string();
        assert!(!text.contains("s3cret"), "{text}");
        (said, text)
    };
    let host = database.host();
    let (said, text) = check("postgres://desk:s3cret@127.0.0.1:1/gatecall").await;
    assert!(matches!(said, CheckError::Unreachable { .. }), "{said:?}");
    assert!(text.starts_with("127.0.0.1:1 cannot be reached: Connection refused"), "{text}");
    let (said, text) = check("postgres://desk:s3cret@no-such-host.invalid/gatecall").await;
    assert!(matches!(said, CheckError::Unreachable { .. }), "{text}");
    let (said, text) = check(&database.url_of("postgres", "s3cret")).await;
    assert!(matches!(said, CheckError::Refused { .. }), "{said:?}");
    assert_eq!(text, format!("{host} refuses the user or the password of the configured address"));
    let elsewhere = database.url().replace(&database.name, "no_such_database");
    let (said, text) = check(&elsewhere).await;
    assert!(matches!(said, CheckError::NoDatabase { .. }), "{said:?}");
    assert_eq!(text, format!("{host} has no database \"no_such_database\"; create it first"));
    let (said, text) = check(&database.url()).await;
    assert!(matches!(said, CheckError::NotMigrated { .. }), "{said:?}");
    assert!(text.ends_with("has not been migrated; run `gatecall migrate`"), "{text}");
    let hub = database.open("one");
    let said = hub.feeds().await.unwrap_err().to_string();
    assert!(said.starts_with("PostgreSQL is not available: the database"), "{said}");
    assert!(said.ends_with("has not been migrated; run `gatecall migrate`"), "{said}");
    hub.migrate().await.unwrap();
    hub.check().await.unwrap();
}

#[tokio::test]
async fn a_user_without_rights_is_told_which() {
    let Some(database) = Database::migrated().await else { return };
    // Users are the server's, so it has the name of this test's database.
    let user = &database.name;
    database.execute(&format!("CREATE USER {user} PASSWORD 's3cret'")).await;
    let hub = open(&database.url_of(user, "s3cret"), "one", short());
    let nothing = hub.check().await.unwrap_err();
    database
        .execute(&format!(
            "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {user};
             GRANT UPDATE ON feed_keys, lease_holders TO {user};
             GRANT DELETE ON lease_holders TO {user}"
        ))
        .await;
    let lacking = hub.check().await.unwrap_err().to_string();
    let refused = hub.note_feeds(vec![feed("jfk")]).await.unwrap_err().to_string();
    database.execute(&format!("GRANT UPDATE ON feeds TO {user}")).await;
    let granted = hub.check().await;
    let works = hub.note_feeds(vec![feed("jfk")]).await;
    let lease = hub.try_take("feed/jfk".into()).await.unwrap().unwrap();
    let held = lease.still_held().await;
    let migrated = hub.migrate().await;
    hub.close().await;
    database.execute(&format!("DROP OWNED BY {user}; DROP USER {user}")).await;
    assert!(matches!(nothing, CheckError::NoRights { .. }), "{nothing}");
    assert!(
        lacking.contains("lacks rights in the database") && lacking.ends_with(": UPDATE on feeds"),
        "{lacking}"
    );
    assert!(refused.contains("permission denied for table feeds"), "{refused}");
    granted.unwrap();
    works.unwrap();
    assert!(held);
    migrated.expect("a user who may make nothing finds that nothing is to be made");
}

#[tokio::test]
async fn the_table_of_holders_is_for_people_and_not_needed() {
    let Some(database) = Database::make().await else { return };
    let hub = database.open("one");
    let lease = taken(&hub).await.expect("not even migrated");
    assert!(lease.still_held().await);
    assert!(taken(&database.open("other")).await.is_none());
    lease.release().await;
}

#[tokio::test]
async fn the_server_keeps_the_time_outs_of_every_connection() {
    let Some(database) = Database::migrated().await else { return };
    let hub = open(&database.url(), "one", short());
    hub.note_feeds(vec![feed("jfk")]).await.unwrap();
    let told = hub
        .call(|connection| {
            let text = "SELECT concat_ws(' ', current_setting('statement_timeout'),
                current_setting('lock_timeout'), current_setting('tcp_keepalives_idle'),
                current_setting('tcp_keepalives_interval'), current_setting('tcp_keepalives_count'),
                current_setting('tcp_user_timeout'), current_setting('application_name'))";
            Box::pin(sqlx::query_scalar::<_, String>(text).fetch_one(connection))
        })
        .await
        .unwrap();
    assert_eq!(told, "2s 300ms 5 2 5 15000 gatecall one");
    // A statement that takes too long is ended by the server, and the connection goes on.
    let begun = Instant::now();
    let slept = hub.call(|connection| Box::pin(sqlx::query("SELECT pg_sleep(60)").execute(connection))).await;
    let error = slept.unwrap_err().to_string();
    assert!(error.ends_with("canceling statement due to statement timeout"), "{error}");
    assert!(begun.elapsed() < short().statement + LEEWAY);
    // So is one that waits for somebody else's lock.
    use sqlx::Connection;
    let mut somebody = sqlx::PgConnection::connect(&database.url()).await.unwrap();
    let mut holding = somebody.begin().await.unwrap();
    sqlx::query("SELECT name FROM feeds FOR UPDATE").execute(&mut *holding).await.unwrap();
    let add = || hub.add_feed_key("jfk".into(), KeyDigest([1; 32]), line("x"), chrono::DateTime::UNIX_EPOCH);
    let refused = add().await.unwrap_err();
    assert!(matches!(refused, KeyError::Store(StoreError::Unavailable { .. })), "{refused}");
    assert!(refused.to_string().ends_with("canceling statement due to lock timeout"), "{refused}");
    holding.rollback().await.unwrap();
    add().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_read_is_told_with_its_table_and_row() {
    let Some(database) = Database::migrated().await else { return };
    let hub = database.open("one");
    hub.note_feeds(vec![feed("jfk")]).await.unwrap();
    database.execute("UPDATE feeds SET zone = 'Mars/Olympus'").await;
    let error = hub.feeds().await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error}");
    assert!(error.to_string().ends_with("feeds, jfk: its zone is unknown"), "{error}");
}

#[tokio::test]
async fn after_closing_everybody_is_told_so() {
    let Some(database) = Database::migrated().await else { return };
    let (hub, other) = (database.open("one"), database.open("other"));
    let lease = taken(&hub).await.unwrap();
    hub.close().await;
    assert!(matches!(hub.feeds().await, Err(StoreError::Unavailable { .. })));
    assert!(!lease.still_held().await);
    taken(&other).await.expect("it was given back at once").release().await;
}

#[test]
fn postgres_answers_whatever_runtime_asks() {
    let single = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Some(database) = single().block_on(Database::migrated()) else { return };
    let hub = database.open("one");
    single().block_on(hub.note_feeds(vec![feed("jfk")])).unwrap();
    let lease = single().block_on(taken(&hub)).unwrap();
    // The runtimes that made the connections are gone when they are used.
    std::thread::scope(|scope| {
        let there =
            scope.spawn(|| single().block_on(async { (hub.feeds().await, lease.still_held().await) }));
        let (feeds, held) = there.join().unwrap();
        assert_eq!(feeds.unwrap(), [feed("jfk")]);
        assert!(held);
    });
    drop((hub, lease));
}

async fn taken(node: &Postgres) -> Option<Box<dyn Lease>> {
    node.try_take("feed/jfk".into()).await.unwrap()
}

fn feed(name: &str) -> RegisteredFeed {
    RegisteredFeed {
        name: name.into(),
        airport: None,
        kind: FeedKind::Push,
        format: "json".into(),
        rank: 50,
        creates: true,
        zone: chrono_tz::Tz::UTC,
    }
}

fn line(text: &str) -> SingleLineText {
    SingleLineText::parse(text).unwrap()
}
