//! A database of one test, dropped at its end, also after a failure.

use crate::{Postgres, PostgresConfig, PostgresLimits, PostgresUrl};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::sync::atomic::{AtomicU32, Ordering};
use testing::driver_runtime::driver_runtime;
use testing::services;

static MADE: AtomicU32 = AtomicU32::new(0);

/// A separate database for a test.
pub(super) struct Database {
    /// The address of the server, with the database from which others are created.
    server: String,
    pub(super) name: String,
}

impl Database {
    /// Creates an empty database. `None` if there is no server for tests.
    pub(super) async fn make() -> Option<Self> {
        let server = services::postgres()?;
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("gatecall_test_{}_{number}", std::process::id());
        // Left behind by a killed process with the same number.
        execute(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        execute(&server, &format!("CREATE DATABASE {name}")).await;
        Some(Self { server, name })
    }

    /// Creates a migrated database.
    pub(super) async fn migrated() -> Option<Self> {
        let database = Self::make().await?;
        database.open("migrating").migrate().await.unwrap();
        Some(database)
    }

    /// Its address.
    pub(super) fn url(&self) -> String {
        self.url_at(&self.host())
    }

    /// Its address through a local port.
    pub(super) fn url_through(&self, port: u16) -> String {
        self.url_at(&format!("127.0.0.1:{port}"))
    }

    /// Its address for another user.
    pub(super) fn url_of(&self, user: &str, password: &str) -> String {
        let url = self.url();
        let (_, rest) = url.split_once('@').expect("the tests' address names a user");
        format!("postgres://{user}:{password}@{rest}")
    }

    /// Host and port of the server.
    pub(super) fn host(&self) -> String {
        Parts::of(&self.server).host.into()
    }

    fn url_at(&self, host: &str) -> String {
        let Parts { before, parameters, .. } = Parts::of(&self.server);
        format!("{before}{host}/{}{parameters}", self.name)
    }

    pub(super) fn open(&self, node: &str) -> Postgres {
        open(&self.url(), node, PostgresLimits::default())
    }

    pub(super) async fn execute(&self, text: &str) {
        execute(&self.url(), text).await;
    }

    /// The single text that a query returns.
    pub(super) async fn one(&self, text: &str) -> Option<String> {
        let mut connection = PgConnection::connect(&self.url()).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(text)).fetch_optional(&mut connection).await.unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, text) = (self.server.clone(), format!("DROP DATABASE {} WITH (FORCE)", self.name));
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(execute(&server, &text));
        });
        let dropped = dropping.join();
        assert!(dropped.is_ok() || std::thread::panicking(), "{} is left behind", self.name);
    }
}

pub(super) fn open(url: &str, node: &str, limits: PostgresLimits) -> Postgres {
    let url = PostgresUrl::parse(url).unwrap();
    Postgres::open(PostgresConfig { url, node: node.into(), limits }, driver_runtime())
}

pub(super) async fn execute(url: &str, text: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// `postgres://user:password@` `host:port` `/database` `?parameters`
struct Parts<'a> {
    before: &'a str,
    host: &'a str,
    parameters: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Self {
        let scheme = url.find("://").expect("an address") + 3;
        let slash = scheme + url[scheme..].find('/').expect("an address with a database");
        let host = url[..slash].rfind('@').map_or(scheme, |at| at + 1);
        let parameters = url[slash..].find('?').map_or("", |from| &url[slash + from..]);
        Self { before: &url[..host], host: &url[host..slash], parameters }
    }
}
