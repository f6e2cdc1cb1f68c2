//! What calls return while MongoDB is unreachable, and their recovery.

use super::database::TestDatabase;
use super::*;
use testing::driver_runtime::driver_runtime;
use testing::free_port::NOBODY;
use testing::tcp_proxy::TcpProxy;
use tokio::time::timeout;

/// The longest call under [`hasty`] takes 2 s; the rest is for a busy machine.
const BOUND: Duration = Duration::from_secs(4);

fn hasty(config: &mut MongoConfig) {
    config.limits.server_selection = Duration::from_millis(800);
    config.limits.connect = Duration::from_millis(500);
    config.limits.operation = Duration::from_millis(700);
}

/// A connection string in parts: before the hosts, the first host, the options.
fn parts(uri: &str) -> (String, String, String) {
    let (scheme, rest) = uri.split_once("://").unwrap();
    let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
    let (user, hosts) = rest.rsplit_once('@').map_or(("", rest), |(user, hosts)| (user, hosts));
    let hosts = hosts.split('/').next().unwrap();
    let first = hosts.split(',').next().unwrap();
    let first = if first.contains(':') { first.to_owned() } else { format!("{first}:27017") };
    let user = if user.is_empty() { String::new() } else { format!("{user}@") };
    // A connection through the proxy sets this option itself, and it may occur once.
    let options: Vec<_> =
        options.split('&').filter(|option| !option.starts_with("directConnection=")).collect();
    (format!("{scheme}://{user}"), first, options.join("&"))
}

/// A migrated archive behind a proxy, with one change.
async fn behind_a_proxy(database: &TestDatabase) -> (TcpProxy, Mongo) {
    database.migrated().await.record(vec![change(1)]).await.unwrap();
    let (head, host, options) = parts(&database.uri);
    let proxy = TcpProxy::start(&host).await;
    let mut config = database.config();
    let uri = format!("{head}{}/?{options}&directConnection=true", proxy.address);
    config.uri = MongoUri::parse(&uri.replace("?&", "?")).unwrap();
    hasty(&mut config);
    (proxy, Mongo::open(config, driver_runtime()).await.unwrap())
}

/// The result of every call, with its name.
async fn every_call(archive: &Mongo) -> Vec<(&'static str, Result<(), String>)> {
    async fn bounded<T, E: std::fmt::Display>(
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<(), String> {
        let outcome = timeout(BOUND, call).await.expect("an answer in bounded time");
        outcome.map(|_| ()).map_err(|error| error.to_string())
    }
    let leg = || Sample::leg(1).flight.leg;
    vec![
        ("keep", bounded(archive.keep(Some(message()), vec![fault()])).await),
        ("record", bounded(archive.record(vec![change(2)])).await),
        ("history", bounded(archive.history(leg(), 0, 10)).await),
        ("quarantine", bounded(archive.quarantine(10)).await),
        ("expire", bounded(archive.expire(dawn(), dawn())).await),
        ("check", bounded(archive.check()).await),
        ("migrate", bounded(archive.migrate()).await),
    ]
}

async fn is_back(archive: &Mongo) {
    // The driver looks for the server every half second.
    for _ in 0..20 {
        if archive.quarantine(1).await.is_ok() {
            break;
        }
    }
    for (name, outcome) in every_call(archive).await {
        assert_eq!(outcome, Ok(()), "{name}");
    }
    let told = archive.history(Sample::leg(1).flight.leg, 0, 10).await.unwrap();
    assert_eq!(told.iter().map(|change| change.rev).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn calls_fail_in_bounded_time_while_the_server_is_down_and_then_work_again() {
    let Some(server) = testing::services::mongo() else { return };
    let database = TestDatabase::new(&server);
    let (mut proxy, archive) = behind_a_proxy(&database).await;
    archive.check().await.unwrap();
    proxy.stop().await;
    for round in 0..2 {
        for (name, outcome) in every_call(&archive).await {
            let words = outcome.unwrap_err();
            let is_in_words = words.starts_with("MongoDB is not available: ")
                || words.starts_with("MongoDB cannot be reached: ");
            assert!(is_in_words, "{round} {name}: {words}");
            assert!(!words.contains("labels") && words.len() < 600, "{round} {name}: {words}");
            assert!(words.contains(&proxy.address.to_string()), "{round} {name}: {words}");
        }
    }
    proxy.listen().await;
    is_back(&archive).await;
}

#[tokio::test]
async fn calls_fail_in_bounded_time_while_the_server_is_silent_and_then_work_again() {
    let Some(server) = testing::services::mongo() else { return };
    let database = TestDatabase::new(&server);
    let (proxy, archive) = behind_a_proxy(&database).await;
    archive.check().await.unwrap();
    proxy.blackhole(true);
    for (name, outcome) in every_call(&archive).await {
        let words = outcome.unwrap_err();
        assert!(words.contains(&proxy.address.to_string()), "{name}: {words}");
    }
    proxy.blackhole(false);
    is_back(&archive).await;
}

#[tokio::test]
async fn a_call_above_the_limit_fails_at_once() {
    let Some(server) = testing::services::mongo() else { return };
    let database = TestDatabase::new(&server);
    let (proxy, archive) = behind_a_proxy(&database).await;
    archive.check().await.unwrap();
    let mut config = archive.inner.config.clone();
    config.limits.calls_max = 2;
    let archive = Mongo::open(config, driver_runtime()).await.unwrap();
    proxy.blackhole(true);
    let calls = (0..5).map(|_| archive.quarantine(1));
    let outcomes = timeout(BOUND, futures_util::future::join_all(calls)).await.unwrap();
    let words: Vec<_> = outcomes.into_iter().map(|outcome| outcome.unwrap_err().to_string()).collect();
    let full = |words: &String| words.ends_with("the limit of concurrent calls (2) is reached");
    assert_eq!(words.iter().filter(|words| full(words)).count(), 3, "{words:?}");
    proxy.blackhole(false);
    is_back(&archive).await;
}

#[tokio::test]
async fn a_wrong_password_is_reported_as_such_and_not_shown() {
    let Some(server) = testing::services::mongo() else { return };
    let database = TestDatabase::new(&server);
    let (_, host, _) = parts(&server);
    let mut config = database.config();
    config.uri = MongoUri::parse(&format!("mongodb://nobody:s3cret@{host}/?directConnection=true")).unwrap();
    let archive = Mongo::open(config, driver_runtime()).await.unwrap();
    let expected = format!("mongodb://{host} refuses the user name or the password");
    let error = archive.check().await.unwrap_err();
    assert!(matches!(error, MongoCheckError::Credentials { .. }), "{error}");
    assert_eq!(error.to_string(), format!("MongoDB at {expected}"));
    // Also calls that waited for the connection of another.
    let calls = (0..40).map(|_| archive.quarantine(1));
    for outcome in futures_util::future::join_all(calls).await {
        assert_eq!(outcome.unwrap_err().to_string(), format!("MongoDB is not available: {expected}"));
    }
}

#[tokio::test]
async fn unreachable_hosts_are_not_reported_as_a_wrong_password() {
    let unused = std::net::SocketAddr::from(([127, 0, 0, 1], NOBODY));
    let uri = MongoUri::parse(&format!("mongodb://desk:s3cret@{unused}")).unwrap();
    let mut config = MongoConfig::new(uri, "gatecall", real_time);
    hasty(&mut config);
    let archive = Mongo::open(config, driver_runtime()).await.unwrap();
    let error = timeout(BOUND, archive.check()).await.unwrap().unwrap_err();
    assert!(matches!(error, MongoCheckError::Unreachable { .. }), "{error}");
    let words = error.to_string();
    assert!(words.contains(&format!("no server of mongodb://{unused} can be reached")), "{words}");
    assert!(words.contains("Connection refused") && !words.contains("s3cret"), "{words}");
}
