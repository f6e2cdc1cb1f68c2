//! Migrations.

use super::*;
use mongodb::IndexModel;
use mongodb::options::IndexOptions;

#[tokio::test]
async fn a_database_names_what_it_lacks_until_it_is_migrated() {
    let Some(server) = testing::services::mongo() else { return };
    let database = TestDatabase::new(&server);
    let archive = database.open().await;
    let error = archive.check().await.unwrap_err();
    let MongoCheckError::NotMigrated { missing, .. } = &error else { panic!("{error}") };
    let expected = ["raw_messages", "quarantine", "flight_changes"]
        .map(|name| format!("the collection {name} is missing"));
    assert_eq!(*missing, expected);
    let words = error.to_string();
    assert!(words.contains(&database.name) && words.ends_with("run `gatecall migrate`"), "{words}");
    let done = archive.migrate().await.unwrap();
    assert_eq!(done.len(), 3 + 7, "{done:?}");
    archive.check().await.unwrap();
    assert_eq!(archive.migrate().await.unwrap(), Vec::<String>::new(), "nothing is left to do");
}

#[tokio::test]
async fn concurrent_migrations_do_not_collide() {
    let Some(server) = testing::services::mongo() else { return };
    let database = TestDatabase::new(&server);
    let nodes = [database.open().await, database.open().await, database.open().await];
    futures_util::future::try_join_all(nodes.iter().map(Mongo::migrate)).await.unwrap();
    nodes[0].check().await.unwrap();
}

#[tokio::test]
async fn a_missing_index_and_a_wrong_expiry_are_named_and_repaired() {
    let Some(server) = testing::services::mongo() else { return };
    let database = TestDatabase::new(&server);
    let archive = database.migrated().await;
    let database = database.database().await;
    database.collection::<Document>("quarantine").drop_index("newest_first").await.unwrap();
    let late =
        doc! { "collMod": "raw_messages", "index": { "name": "kept_until", "expireAfterSeconds": 3600 } };
    database.run_command(late).await.unwrap();
    let MongoCheckError::NotMigrated { missing, .. } = archive.check().await.unwrap_err() else {
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
async fn an_index_with_a_known_name_and_other_fields_is_left_to_the_operator() {
    let Some(server) = testing::services::mongo() else { return };
    let database = TestDatabase::new(&server);
    let archive = database.migrated().await;
    let changes = database.database().await.collection::<Document>("flight_changes");
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
        matches!(error, MongoCheckError::Foreign { collection: "flight_changes", index: "at", .. }),
        "{error}"
    );
}
