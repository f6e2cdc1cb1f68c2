//! What a database lacks is named, and made.

use super::*;
use mongodb::IndexModel;
use mongodb::options::IndexOptions;

#[tokio::test]
async fn a_database_is_migrated_once_and_names_what_it_lacks_before() {
    let Some(server) = crate::contract::services::mongo() else { return };
    let place = Place::new(&server);
    let archive = place.open().await;
    let error = archive.check().await.unwrap_err();
    let MongoFault::NotMigrated { missing, .. } = &error else { panic!("{error}") };
    let expected = ["raw_messages", "quarantine", "flight_changes"]
        .map(|name| format!("the collection {name} is missing"));
    assert_eq!(*missing, expected);
    let words = error.to_string();
    assert!(words.contains(&place.name) && words.ends_with("run `gatecall migrate`"), "{words}");
    let done = archive.migrate().await.unwrap();
    assert_eq!(done.len(), 3 + 7, "{done:?}");
    archive.check().await.unwrap();
    assert_eq!(archive.migrate().await.unwrap(), Vec::<String>::new(), "nothing is left to do");
}

#[tokio::test]
async fn several_nodes_migrate_at_the_same_time() {
    let Some(server) = crate::contract::services::mongo() else { return };
    let place = Place::new(&server);
    let nodes = [place.open().await, place.open().await, place.open().await];
    futures_util::future::try_join_all(nodes.iter().map(Mongo::migrate)).await.unwrap();
    nodes[0].check().await.unwrap();
}

#[tokio::test]
async fn an_index_that_is_gone_or_drops_at_another_time_is_named_and_mended() {
    let Some(server) = crate::contract::services::mongo() else { return };
    let place = Place::new(&server);
    let archive = place.migrated().await;
    let database = place.database().await;
    database.collection::<Document>("quarantine").drop_index("newest_first").await.unwrap();
    let late =
        doc! { "collMod": "raw_messages", "index": { "name": "kept_until", "expireAfterSeconds": 3600 } };
    database.run_command(late).await.unwrap();
    let MongoFault::NotMigrated { missing, .. } = archive.check().await.unwrap_err() else {
        panic!("missing")
    };
    assert_eq!(
        missing,
        [
            "the index kept_until of raw_messages drops documents 3600 s late instead of 0 s late",
            "quarantine has no index newest_first"
        ]
    );
    let done = archive.migrate().await.unwrap();
    assert_eq!(
        done,
        [
            "the index kept_until of raw_messages now drops 0 s late",
            "made the index newest_first of quarantine"
        ]
    );
    archive.check().await.unwrap();
}

#[tokio::test]
async fn an_index_with_our_name_and_other_fields_is_left_to_an_operator() {
    let Some(server) = crate::contract::services::mongo() else { return };
    let place = Place::new(&server);
    let archive = place.migrated().await;
    let changes = place.database().await.collection::<Document>("flight_changes");
    changes.drop_index("at").await.unwrap();
    let mut options = IndexOptions::default();
    options.name = Some("at".into());
    changes
        .create_index(IndexModel::builder().keys(doc! { "source": 1 }).options(options).build())
        .await
        .unwrap();
    let words = archive.check().await.unwrap_err().to_string();
    assert!(words.contains("the index at of flight_changes has other fields"), "{words}");
    let error = archive.migrate().await.unwrap_err();
    assert!(
        matches!(error, MongoFault::Foreign { collection: "flight_changes", index: "at", .. }),
        "{error}"
    );
}
