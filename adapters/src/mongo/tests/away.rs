//! What is answered while MongoDB is away, and that it works again by itself.

use super::place::Place;
use super::proxy::{Mood, Proxy};
use super::*;
use crate::contract::ports::NOBODY;
use tokio::time::timeout;

/// The longest call under [`hasty`] is 2 s; as much again is for a machine that is busy.
const BOUND: Duration = Duration::from_secs(4);

fn hasty(config: &mut MongoConfig) {
    config.limits.server_selection = Duration::from_millis(800);
    config.limits.connect = Duration::from_millis(500);
    config.limits.operation = Duration::from_millis(700);
}

/// A connection string in parts: what stands before the hosts, the first host, the options.
fn parts(uri: &str) -> (String, String, String) {
    let (scheme, rest) = uri.split_once("://").unwrap();
    let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
    let (user, hosts) = rest.rsplit_once('@').map_or(("", rest), |(user, hosts)| (user, hosts));
    let hosts = hosts.split('/').next().unwrap();
    let first = hosts.split(',').next().unwrap();
    let first = if first.contains(':') { first.to_owned() } else { format!("{first}:27017") };
    let user = if user.is_empty() { String::new() } else { format!("{user}@") };
    // Whoever connects by a proxy says this by itself, and it may stand there once.
    let options: Vec<_> =
        options.split('&').filter(|option| !option.starts_with("directConnection=")).collect();
    (format!("{scheme}://{user}"), first, options.join("&"))
}

/// The archive behind a proxy, ready and with one change.
async fn behind_a_proxy(place: &Place) -> (Proxy, Mongo) {
    place.migrated().await.record(vec![change(1)]).await.unwrap();
    let (head, host, options) = parts(&place.uri);
    let proxy = Proxy::before(host).await;
    let mut config = place.config();
    let uri = format!("{head}{}/?{options}&directConnection=true", proxy.address);
    config.uri = MongoUri::parse(&uri.replace("?&", "?")).unwrap();
    hasty(&mut config);
    (proxy, Mongo::open(config).await.unwrap())
}

/// What every call answers, by its name.
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
    // The driver looks again every half second.
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
async fn a_server_that_goes_away_is_told_in_bounded_time_and_found_when_it_is_back() {
    let Some(server) = crate::contract::services::mongo() else { return };
    let place = Place::new(&server);
    let (proxy, archive) = behind_a_proxy(&place).await;
    archive.check().await.unwrap();
    proxy.becomes(Mood::Away);
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
    proxy.becomes(Mood::Open);
    is_back(&archive).await;
}

#[tokio::test]
async fn a_server_that_answers_no_more_is_told_in_bounded_time_and_found_when_it_is_back() {
    let Some(server) = crate::contract::services::mongo() else { return };
    let place = Place::new(&server);
    let (proxy, archive) = behind_a_proxy(&place).await;
    archive.check().await.unwrap();
    proxy.becomes(Mood::Silent);
    for (name, outcome) in every_call(&archive).await {
        let words = outcome.unwrap_err();
        assert!(words.contains(&proxy.address.to_string()), "{name}: {words}");
    }
    proxy.becomes(Mood::Open);
    is_back(&archive).await;
}

#[tokio::test]
async fn one_call_too_many_is_answered_at_once() {
    let Some(server) = crate::contract::services::mongo() else { return };
    let place = Place::new(&server);
    let (proxy, archive) = behind_a_proxy(&place).await;
    archive.check().await.unwrap();
    let mut config = archive.inner.config.clone();
    config.limits.calls_max = 2;
    let archive = Mongo::open(config).await.unwrap();
    proxy.becomes(Mood::Silent);
    let calls = (0..5).map(|_| archive.quarantine(1));
    let outcomes = timeout(BOUND, futures_util::future::join_all(calls)).await.unwrap();
    let words: Vec<_> = outcomes.into_iter().map(|outcome| outcome.unwrap_err().to_string()).collect();
    let full = |words: &String| words.ends_with("as many calls as may be at the same time (2) are under way");
    assert_eq!(words.iter().filter(|words| full(words)).count(), 3, "{words:?}");
    proxy.becomes(Mood::Open);
    is_back(&archive).await;
}

#[tokio::test]
async fn a_wrong_password_is_told_as_such_and_not_shown() {
    let Some(server) = crate::contract::services::mongo() else { return };
    let place = Place::new(&server);
    let (_, host, _) = parts(&server);
    let mut config = place.config();
    config.uri = MongoUri::parse(&format!("mongodb://nobody:s3cret@{host}/?directConnection=true")).unwrap();
    let archive = Mongo::open(config).await.unwrap();
    let expected = format!("mongodb://{host} refuses the user name or the password");
    let error = archive.check().await.unwrap_err();
    assert!(matches!(error, MongoFault::Credentials { .. }), "{error}");
    assert_eq!(error.to_string(), format!("MongoDB at {expected}"));
    // Also those who waited for somebody else's connection.
    let calls = (0..40).map(|_| archive.quarantine(1));
    for outcome in futures_util::future::join_all(calls).await {
        assert_eq!(outcome.unwrap_err().to_string(), format!("MongoDB is not available: {expected}"));
    }
}

#[tokio::test]
async fn hosts_that_do_not_answer_are_not_taken_for_a_wrong_password() {
    let unused = std::net::SocketAddr::from(([127, 0, 0, 1], NOBODY));
    let uri = MongoUri::parse(&format!("mongodb://desk:s3cret@{unused}")).unwrap();
    let mut config = MongoConfig::new(uri, "gatecall", real_time);
    hasty(&mut config);
    let archive = Mongo::open(config).await.unwrap();
    let error = timeout(BOUND, archive.check()).await.unwrap().unwrap_err();
    assert!(matches!(error, MongoFault::Unreachable { .. }), "{error}");
    let words = error.to_string();
    assert!(words.contains(&format!("no server of mongodb://{unused} can be reached")), "{words}");
    assert!(words.contains("Connection refused") && !words.contains("s3cret"), "{words}");
}
