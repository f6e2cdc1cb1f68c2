//! The port `Recorder`.

use super::Mongo;
use domain::ports::{ArchiveRecord, BoxFuture, Recorder, StoreError};

impl Recorder for Mongo {
    fn record(&self, records: Vec<ArchiveRecord>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if records.is_empty() {
                return Ok(());
            }
            self.map_error(self.write_recorded(records).await)
        })
    }
}
