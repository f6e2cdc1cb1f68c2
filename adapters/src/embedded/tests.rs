//! The contract, and what is the embedded store's own.

use super::*;
use crate::contract::flights::Sample;
use crate::contract::{Opening, archive, change_log};
use domain::ports::{Archive, ChangeLog};
use tempfile::TempDir;

async fn open(folder: &TempDir) -> Embedded {
    Embedded::open(EmbeddedConfig::in_folder(folder.path())).await.unwrap()
}

fn places() -> impl AsyncFnMut(Opening) -> Embedded {
    let mut folder = TempDir::new().unwrap();
    let mut last: Option<Embedded> = None;
    async move |opening| {
        if let Some(store) = last.take() {
            store.close().await.unwrap();
        }
        if opening == Opening::Fresh {
            folder = TempDir::new().unwrap();
        }
        let store = open(&folder).await;
        last = Some(store.clone());
        store
    }
}

#[tokio::test]
async fn the_embedded_store_is_a_change_log() {
    change_log::suite(places()).await;
}

#[tokio::test]
async fn the_embedded_store_is_an_archive() {
    archive::suite(places()).await;
}
