//! How far the server has counted, and how far the followers of the log say they have come.

use time::OffsetDateTime;
use tokio_postgres::Client;

use super::snapshot::Snapshot;
use crate::store::bare::bare;
use crate::store::error::Error;

const COUNTERS: &str = bare(include_str!("../sql/counters.sql"));
const CURSORS: &str = bare(include_str!("../sql/cursors.sql"));

/// The server's counters. What the log holds lies below them.
#[derive(Clone, Copy)]
pub(crate) struct Counters {
    /// `None` if no position was ever drawn.
    pub(crate) last_position: Option<i64>,
    pub(crate) next_transaction: u64,
    /// The epoch of a new event.
    pub(crate) epoch: i16,
    /// How many events the log held that are in an archive.
    pub(crate) archived: i64,
    pub(crate) now: OffsetDateTime,
}

/// The cursor of a subscription.
pub(crate) struct Cursor {
    pub(crate) subscription: String,
    /// What was delivered of the events of the cursor's epoch.
    snapshot: Snapshot,
    /// All events of earlier epochs were delivered.
    epoch: i16,
    /// How many events that are, by the checkpoints.
    pub(crate) delivered: i64,
}

impl Cursor {
    /// Whether an event of this epoch and transaction was delivered.
    pub(crate) fn is_past(&self, epoch: i16, transaction_id: u64) -> bool {
        epoch < self.epoch || (epoch == self.epoch && self.snapshot.shows(transaction_id))
    }
}

pub(crate) async fn counters(client: &Client) -> Result<Counters, Error> {
    let row = client.query_one(COUNTERS, &[]).await?;
    Ok(Counters {
        last_position: row.try_get("last_position")?,
        next_transaction: row.try_get::<_, i64>("next_transaction")?.try_into().unwrap_or_default(),
        epoch: row.try_get("epoch")?,
        archived: row.try_get("archived")?,
        now: row.try_get("now")?,
    })
}

pub(crate) async fn cursors(client: &Client) -> Result<Vec<Cursor>, Error> {
    let rows = client.query(CURSORS, &[]).await?;
    let cursor = |row: &tokio_postgres::Row| {
        let (subscription, snapshot) = (row.try_get("name")?, row.try_get("cursor")?);
        let (epoch, delivered) = (row.try_get("epoch")?, row.try_get("delivered")?);
        Ok(Cursor { subscription, snapshot, epoch, delivered })
    };
    rows.iter().map(cursor).collect()
}
