//! Reading the feed without a subscription, also on a standby.
//!
//! On a standby `pg_current_snapshot()` lists no running transactions, though some run on the primary. Its
//! lower bound is the oldest of them. All below it have finished, and what they wrote can be seen. So there
//! the feed ends at that bound: a transaction that stays open holds up all that come after it.

use deadpool_postgres::ClientWrapper;

use super::cursor::FeedCursor;
use super::feed::{Batch, Cursor, between};
use super::lease::{FeedError, is_standby};
use crate::store::bare::bare;
use crate::store::error::Error;

const FEED_NOW: &str = bare(include_str!("../sql/feed_now.sql"));

/// The events behind a cursor, or from the beginning of the log.
pub(crate) async fn read(
    client: &ClientWrapper,
    after: Option<FeedCursor>,
    limit: u32,
) -> Result<Batch, FeedError> {
    // Asked before the snapshot is taken: one that was taken on a standby must not count as a primary's,
    // should the server be promoted in between.
    let is_standby = is_standby(client, "").await?;
    let now = now(client, is_standby).await?;
    let cursor = match after.map(FeedCursor::into_parts) {
        Some((epoch, snapshot)) => Cursor::at(epoch, snapshot),
        None => Cursor::BEGINNING,
    };
    between(client, cursor, &now, limit).await
}

/// The cursor behind all that can be seen at present, and that nothing will come before.
pub(crate) async fn now(client: &ClientWrapper, is_standby: bool) -> Result<Cursor, Error> {
    let statement = client.prepare_cached(FEED_NOW).await?;
    let row = client.query_one(&statement, &[&is_standby]).await?;
    Ok(Cursor::at(row.try_get("epoch")?, row.try_get("now")?))
}
