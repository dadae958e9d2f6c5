//! Reading the feed without a subscription.

use std::fmt;

use super::{Batch, FeedError, Ledger};
use crate::store::connection::watched::Watched;
use crate::store::error::Error;
use crate::store::log::cursor::FeedCursor;
use crate::store::log::reading;

/// Whatever the database's default is: a standby refuses SERIALIZABLE.
const ISOLATION: &str =
    "set session characteristics as transaction isolation level read committed, read only";

/// Reads the feed for somebody who keeps the cursor: see [`Ledger::read_feed`].
pub struct FeedReader {
    client: Watched,
    cursor: Option<FeedCursor>,
}

impl Ledger {
    /// Reads the feed behind `after`, or from the beginning of the log, without a subscription. Nothing is
    /// written, so it also works on a standby, and needs no more than the right to read the log. The cursor
    /// of a batch ([`Batch::cursor`]) is to be kept with whatever was made of its events.
    ///
    /// Events come as of a [`subscription`](Self::subscription): each once, none skipped, those of a session
    /// in their order. A cursor is good on the primary and on all its standbys, also after a failover to one
    /// that had everything. On a standby a transaction that stays open on the primary holds up all events
    /// after it.
    ///
    /// No lease keeps others away, and nobody but the reader knows how far it is: an archived month does not
    /// wait for it.
    ///
    /// ```no_run
    /// # use session_ledger::ledger::{FeedCursor, Ledger};
    /// # type Done = Result<(), Box<dyn std::error::Error>>;
    /// # async fn example(standby: Ledger, kept: Option<FeedCursor>) -> Done {
    /// let mut reader = standby.read_feed(kept).await?;
    /// let batch = reader.next_batch(500).await?;
    /// println!("{} events; go on from {}", batch.events.len(), batch.cursor());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn read_feed(&self, after: Option<FeedCursor>) -> Result<FeedReader, Error> {
        let client = self.own_connection().await?;
        client.run(ISOLATION).await?;
        Ok(FeedReader { client, cursor: after })
    }
}

impl FeedReader {
    /// The next events, as [`Subscription::next_batch`](super::Subscription::next_batch) gives them. The next
    /// call goes on behind them.
    ///
    /// # Errors
    ///
    /// Transaction ids have started again, or the database is away: read the feed anew.
    pub async fn next_batch(&mut self, limit: u32) -> Result<Batch, FeedError> {
        let reading = async { Ok(reading::read(&self.client, self.cursor.clone(), limit).await) };
        let batch = self.client.step(reading).await??;
        self.cursor = Some(batch.cursor());
        Ok(batch)
    }
}

impl fmt::Debug for FeedReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedReader").field("cursor", &self.cursor).finish_non_exhaustive()
    }
}
