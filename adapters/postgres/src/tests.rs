//! The contract suites, and tests of what only PostgreSQL does. They need a server, see `testing::services`.

mod away;
mod database;

use self::database::{Database, open};
use super::{CheckError, MigrateFault, Postgres, PostgresLimits};
use domain::feed_key::KeyDigest;
use domain::ports::{Directory, FeedKind, KeyError, Lease, Leases, RegisteredFeed, StoreError};
use domain::single_line_text::SingleLineText;
use futures_util::future::try_join_all;
use std::time::Duration;
use testing::contract::{Opening, directory, leases};
use tokio::time::Instant;

/// Extra time for a call on a busy machine.
const LEEWAY: Duration = Duration::from_secs(3);

/// Limits that are reached soon, but not on a busy machine while the server works.
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
async fn postgres_passes_the_contract_suite_of_the_directory() {
    let Some(database) = Database::make().await else { return };
    let places = async |opening| {
        let node = database.open("one");
        if opening == Opening::Fresh {
            // Much faster than creating another database.
            database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
            node.migrate().await.unwrap();
        }
        node
    };
    directory::suite(places).await;
}

#[tokio::test]
async fn postgres_passes_the_contract_suite_of_leases() {
    let Some(database) = Database::migrated().await else { return };
    leases::suite(async |node| database.open(node)).await;
}

#[tokio::test]
async fn concurrent_migrations_do_not_collide() {
    let Some(database) = Database::make().await else { return };
    let nodes: Vec<_> = ["a", "b", "c", "d"].map(|node| database.open(node)).into();
    try_join_all(nodes.iter().map(Postgres::migrate)).await.unwrap();
    try_join_all(nodes.iter().map(Postgres::check)).await.unwrap();
    nodes[0].migrate().await.unwrap();
}

#[tokio::test]
async fn a_newer_database_is_accepted_and_an_older_one_refused() {
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
    let fault = hub.check().await.unwrap_err();
    assert!(matches!(fault, CheckError::Foreign { version: 1, .. }), "{fault}");
    let fault = hub.migrate().await.unwrap_err();
    assert!(matches!(fault, MigrateFault::Database(CheckError::Foreign { version: 1, .. })), "{fault}");
    database.execute("DELETE FROM _sqlx_migrations WHERE version = 1").await;
    let fault = hub.check().await.unwrap_err().to_string();
    let expected = "is older than this gatecall: migration 1 is missing; run `gatecall migrate`";
    assert!(fault.starts_with("the database \"gatecall_test_") && fault.ends_with(expected), "{fault}");
    let fault = hub.migrate().await.unwrap_err().to_string();
    assert!(fault.starts_with("migration 1 failed and was rolled back: "), "{fault}");
}

#[tokio::test]
async fn each_problem_is_described_in_a_sentence_of_its_own() {
    let Some(database) = Database::make().await else { return };
    let check = async |url: &str| {
        let fault = open(url, "one", short()).check().await.unwrap_err();
        let text = fault.to_string();
        assert!(!text.contains("s3cret"), "{text}");
        (fault, text)
    };
    let host = database.host();
    let (fault, text) = check("postgres://desk:s3cret@127.0.0.1:1/gatecall").await;
    assert!(matches!(fault, CheckError::Unreachable { .. }), "{fault:?}");
    assert!(text.starts_with("127.0.0.1:1 cannot be reached: Connection refused"), "{text}");
    let (fault, text) = check("postgres://desk:s3cret@no-such-host.invalid/gatecall").await;
    assert!(matches!(fault, CheckError::Unreachable { .. }), "{text}");
    let (fault, text) = check(&database.url_of("postgres", "s3cret")).await;
    assert!(matches!(fault, CheckError::Refused { .. }), "{fault:?}");
    assert_eq!(text, format!("{host} refuses the user or the password of the configured address"));
    let elsewhere = database.url().replace(&database.name, "no_such_database");
    let (fault, text) = check(&elsewhere).await;
    assert!(matches!(fault, CheckError::NoDatabase { .. }), "{fault:?}");
    assert_eq!(text, format!("{host} has no database \"no_such_database\"; create it first"));
    let (fault, text) = check(&database.url()).await;
    assert!(matches!(fault, CheckError::NotMigrated { .. }), "{fault:?}");
    assert!(text.ends_with("has not been migrated; run `gatecall migrate`"), "{text}");
    let hub = database.open("one");
    let fault = hub.feeds().await.unwrap_err().to_string();
    assert!(fault.starts_with("PostgreSQL is not available: the database"), "{fault}");
    assert!(fault.ends_with("has not been migrated; run `gatecall migrate`"), "{fault}");
    hub.migrate().await.unwrap();
    hub.check().await.unwrap();
}

#[tokio::test]
async fn missing_rights_are_named() {
    let Some(database) = Database::migrated().await else { return };
    // Users belong to the server, so this one has the name of the database of the test.
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
    migrated.expect("a user without the right to create tables finds nothing to create");
}

#[tokio::test]
async fn leases_work_without_the_table_of_holders() {
    let Some(database) = Database::make().await else { return };
    let hub = database.open("one");
    let lease = taken(&hub).await.expect("not even migrated");
    assert!(lease.still_held().await);
    assert!(taken(&database.open("other")).await.is_none());
    lease.release().await;
}

#[tokio::test]
async fn the_server_enforces_the_time_limits_of_every_connection() {
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
    // The server ends a statement that takes too long, and the connection stays usable.
    let begun = Instant::now();
    let slept = hub.call(|connection| Box::pin(sqlx::query("SELECT pg_sleep(60)").execute(connection))).await;
    let error = slept.unwrap_err().to_string();
    assert!(error.ends_with("canceling statement due to statement timeout"), "{error}");
    assert!(begun.elapsed() < short().statement + LEEWAY);
    // The server also ends a statement that waits for a lock.
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
async fn an_unreadable_row_is_reported_with_its_table_and_key() {
    let Some(database) = Database::migrated().await else { return };
    let hub = database.open("one");
    hub.note_feeds(vec![feed("jfk")]).await.unwrap();
    database.execute("UPDATE feeds SET zone = 'Mars/Olympus'").await;
    let error = hub.feeds().await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error}");
    assert!(error.to_string().ends_with("feeds, jfk: its zone is unknown"), "{error}");
}

#[tokio::test]
async fn calls_after_close_are_unavailable() {
    let Some(database) = Database::migrated().await else { return };
    let (hub, other) = (database.open("one"), database.open("other"));
    let lease = taken(&hub).await.unwrap();
    hub.close().await;
    assert!(matches!(hub.feeds().await, Err(StoreError::Unavailable { .. })));
    assert!(!lease.still_held().await);
    taken(&other).await.expect("it was given back at once").release().await;
}

#[test]
fn postgres_works_from_any_runtime() {
    let single = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Some(database) = single().block_on(Database::migrated()) else { return };
    let hub = database.open("one");
    single().block_on(hub.note_feeds(vec![feed("jfk")])).unwrap();
    let lease = single().block_on(taken(&hub)).unwrap();
    // The runtimes that opened the connections are gone when they are used.
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
