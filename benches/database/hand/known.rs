//! The same as the library sends for a session that it knows from a moment ago: nothing is loaded.

use std::sync::{Arc, PoisonError};

use session_ledger::SessionId;
use tokio_postgres::Row;

use super::{BEGIN, Hand};
use crate::drive::Failure;

/// How the library begins a transaction of the application whose session it knows.
const BEGIN_KNOWN: &str = "begin isolation level serializable, not deferrable; set local statement_timeout = '5s'; \
    set local idle_in_transaction_session_timeout = '5s'";

/// A session as it was kept: its row when it was loaded, and its version by now.
pub(super) type Kept = (Arc<Row>, i64);

impl Hand {
    /// BEGIN, append and COMMIT in one trip.
    pub(super) async fn known_write(&self, id: SessionId) -> Result<(), Failure> {
        let (row, version) = self.kept(id).await?;
        let (begun, appended, committed) = tokio::join!(biased;
            self.client.batch_execute(BEGIN),
            self.append_to_known(id, &row, version),
            self.client.batch_execute("commit"),
        );
        begun?;
        appended?;
        committed?;
        self.keep(id, row, version + 1);
        Ok(())
    }

    /// BEGIN and the application's insert in one trip, then append and COMMIT in one trip.
    pub(super) async fn known_order(&self, id: SessionId) -> Result<(), Failure> {
        let (row, version) = self.kept(id).await?;
        let (begun, bought) = tokio::join!(biased;
            self.client.batch_execute(BEGIN_KNOWN),
            self.client.execute(&self.purchase, &[&"alice"]),
        );
        begun?;
        bought?;
        let (appended, committed) = tokio::join!(biased;
            self.append_to_known(id, &row, version),
            self.client.batch_execute("commit"),
        );
        appended?;
        committed?;
        self.keep(id, row, version + 1);
        Ok(())
    }

    /// A session as it was kept. The first time it is loaded.
    async fn kept(&self, id: SessionId) -> Result<Kept, Failure> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let row = self.load(id, false).await?;
        let version = row.try_get("version")?;
        Ok((row.into(), version))
    }

    fn keep(&self, id: SessionId, row: Arc<Row>, version: i64) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(id, (row, version));
    }

    /// The append also compares the epoch and the head hash, as nothing was loaded that shows them.
    async fn append_to_known(&self, id: SessionId, row: &Row, version: i64) -> Result<(), Failure> {
        let (epoch, head): (Option<i16>, Option<&[u8]>) = (row.try_get("epoch")?, row.try_get("head_hash")?);
        self.append_at(id, row, version, 1, [&epoch, &head]).await
    }
}
