//! The log in an order that never skips.
//!
//! A position is drawn before its transaction commits. So "everything after position n" would lose the events
//! of a transaction that draws early and commits late. Here a cursor is a snapshot instead (`pg_snapshot`:
//! the transactions that had finished at a moment). An event has not been delivered if it is visible in a
//! later snapshot and not in the stored one. A transaction that stays open holds up its own events only.
//!
//! # Bounded batches
//!
//! A batch ends at a snapshot that we make. Let X be the id of the transaction that wrote the last wanted
//! event. The snapshot shows the transactions that are visible now and have an id up to X. Those after X
//! count as running in it, so their events come in a later batch. The events of one transaction stay
//! together.
//!
//! # Why a session's events come in order
//!
//! Let T2 append to a session after T1. All appends are SERIALIZABLE and change the session's row at the
//! version that they loaded. So T2 sees T1's change, or is refused (40001): T1 committed before T2's snapshot
//! was taken. T2's first statement, a load or an append, takes that snapshot, and only then can T2 be given a
//! transaction id. T1 was given its id before it committed. Hence
//!
//! - T1's id is below T2's: no bound X separates them so that T2 comes first;
//! - if T2 has finished in a snapshot, T1 has finished in it, too: T2 is never delivered while T1 waits;
//! - if a batch is sorted by transaction, then by session and version, T1's events come first in it, too.
//!
//! Positions play no part in this: a sequence that was set back or restored draws low numbers again.
//!
//! Under READ COMMITTED the first would not hold: T2 may have an id long before it waits for T1.
//!
//! # Epochs
//!
//! In a database that was restored, transaction ids may start again. So a cursor has an epoch, and knows the
//! transactions of that one alone. Whoever raises the epoch waits for all that write events of the one
//! before: from then on all events of an earlier epoch can be seen. They are delivered to the last; then the
//! cursor goes on to the next epoch, before all of its transactions.
//!
//! # Standbys
//!
//! A standby's snapshots do not list the transactions that are running, so there only what is below the
//! oldest of them counts as visible (`reading.rs`).
//!
//! # What is not delivered
//!
//! The cursor passes what the subscription's filter leaves out, and the events of parked sessions, which wait
//! behind a dead letter. Their events that are due make a batch of their own: its checkpoint moves no cursor.

use std::pin::pin;

use deadpool_postgres::ClientWrapper;
use futures_util::TryStreamExt;
use tokio::task::JoinSet;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, RowStream};

use super::cursor::FeedCursor;
use super::lease::{FeedError, Lease};
use super::snapshot::Snapshot;
use super::{history, parked};
use crate::session::{FeedFilter, Recorded, SessionId, UserId};
use crate::store::bare::bare;
use crate::store::error::Error;

const CURSOR: &str = bare(include_str!("../sql/feed_cursor.sql"));
const EVENTS: &str = bare(include_str!("../sql/feed_events.sql"));

/// Events that were not delivered before, and the cursor after them.
///
/// An event whose payload is damaged comes like any other: one bad payload must not hold up the log. Only
/// [`Entry::event`](crate::session::Entry::event) of that event fails.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The events, by transaction, and within one by session and version: so each session's come in the order
    /// of their versions.
    pub events: Vec<Recorded>,
    /// The cursor once they are delivered.
    target: Cursor,
    pub(super) due: Option<Due>,
    is_news: bool,
    is_up_to_date: bool,
}

/// That a batch is of a parked session: its events before the cursor are delivered up to the version `next`,
/// which is not among them. The cursor stays where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) session: SessionId,
    pub(super) next: i64,
    pub(super) is_all: bool,
}

impl Batch {
    /// Whether a checkpoint of this batch changes anything. It does so also for a batch without events, if
    /// the filter has left all of them out.
    pub fn is_news(&self) -> bool {
        self.is_news
    }

    /// Where the cursor is once the batch is delivered; none if it stays where it is.
    pub(super) fn moved_cursor(&self) -> Option<&Cursor> {
        self.due.is_none().then_some(&self.target)
    }

    /// The parked session whose events it holds, if it is of one.
    pub(crate) fn parked_session(&self) -> Option<SessionId> {
        self.due.map(|due| due.session)
    }

    /// Whether the log held no further event for the subscription when the batch was read.
    pub fn is_up_to_date(&self) -> bool {
        self.is_up_to_date
    }

    /// The epoch of its events.
    pub(crate) fn epoch(&self) -> i16 {
        self.target.epoch
    }

    /// The place behind its events, for a [`FeedReader`](crate::ledger::FeedReader) to go on from.
    pub fn cursor(&self) -> FeedCursor {
        FeedCursor::of(self.target.epoch, &self.target.snapshot)
    }

    /// The cursor once they are delivered.
    pub(crate) fn into_target(self) -> Cursor {
        self.target
    }
}

/// How far a subscription has come.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    pub(super) epoch: i16,
    /// What was delivered of that epoch.
    pub(super) snapshot: Snapshot,
    /// How many events that are, with those of earlier epochs.
    pub(super) delivered: i64,
}

impl Cursor {
    /// Before the whole log.
    pub(crate) const BEGINNING: Self = Self { epoch: 1, snapshot: Snapshot::BEGINNING, delivered: 0 };

    /// Behind what a snapshot of an epoch shows.
    pub(crate) fn at(epoch: i16, snapshot: Snapshot) -> Self {
        Self { epoch, snapshot, delivered: 0 }
    }

    /// Whether a transaction of an epoch lies before it.
    pub(crate) fn has_passed(&self, epoch: i16, transaction: u64) -> bool {
        epoch < self.epoch || epoch == self.epoch && self.snapshot.shows(transaction)
    }

    /// At the beginning of the next epoch.
    fn in_next_epoch(self) -> Self {
        Self { epoch: self.epoch + 1, snapshot: Snapshot::BEGINNING, delivered: self.delivered }
    }
}

/// The events after the stored cursor: about `limit` of them, as the events of one transaction stay together.
/// Or those of a parked session that are due.
pub(crate) async fn next_batch(
    client: &ClientWrapper,
    lease: &Lease,
    limit: u32,
) -> Result<Batch, FeedError> {
    let row = place(client, lease).await?;
    let (epoch, snapshot, delivered) =
        (row.try_get("epoch")?, row.try_get("cursor")?, row.try_get("delivered")?);
    let cursor = Cursor { epoch, snapshot, delivered };
    if let Some(session) = row.try_get("due_session")? {
        let filter = subscription_filter(&row)?;
        return due_batch(client, &cursor, session, row.try_get("due_version")?, limit, &filter).await;
    }
    batch_from(client, lease, cursor, &row, limit).await
}

/// The events behind a batch that is not checkpointed yet. No news where those of a parked session are due,
/// or were those of the batch.
pub(crate) async fn next_batch_behind(
    client: &ClientWrapper,
    lease: &Lease,
    batch: &Batch,
    limit: u32,
) -> Result<Batch, FeedError> {
    let row = place(client, lease).await?;
    let is_due = row.try_get::<_, Option<uuid::Uuid>>("due_session")?.is_some();
    if is_due || batch.due.is_some() {
        let (events, target) = (Vec::new(), batch.target.clone());
        return Ok(Batch { events, target, due: None, is_news: false, is_up_to_date: false });
    }
    batch_from(client, lease, batch.target.clone(), &row, limit).await
}

/// The row of a subscription with the present snapshot, if the lease still holds. The new events lie between
/// a cursor and that snapshot.
async fn place(client: &ClientWrapper, lease: &Lease) -> Result<Row, FeedError> {
    let statement = client.prepare_cached(CURSOR).await?;
    let row = client.query_opt(&statement, &[&lease.name, &lease.holder, &lease.fence]).await?;
    row.ok_or_else(|| lease.lost())
}

/// The events behind a cursor that the subscription's sink is to have.
async fn batch_from(
    client: &ClientWrapper,
    lease: &Lease,
    cursor: Cursor,
    row: &Row,
    limit: u32,
) -> Result<Batch, FeedError> {
    let now = Cursor::at(row.try_get("present_epoch")?, row.try_get("now")?);
    let mut batch = between(client, cursor, &now, limit).await?;
    let filter = subscription_filter(row)?;
    batch.events.retain(|recorded| filter.admits(recorded));
    if row.try_get("has_dead_letters")? && !batch.events.is_empty() {
        let held_back = parked::held_back(client, &lease.name, &batch.events).await?;
        batch.events.retain(|recorded| !held_back.holds(recorded));
    }
    Ok(batch)
}

/// The filter in a row of a subscription.
pub(super) fn subscription_filter(row: &Row) -> Result<FeedFilter, Error> {
    let users: Vec<String> = row.try_get("users")?;
    Ok(FeedFilter {
        kinds: row.try_get("kinds")?,
        notes: row.try_get("notes")?,
        users: users.into_iter().map(UserId::from).collect(),
    })
}

/// The events of a parked session before the cursor that are due: from its dead letter on.
async fn due_batch(
    client: &ClientWrapper,
    cursor: &Cursor,
    session: uuid::Uuid,
    from_version: i64,
    limit: u32,
    filter: &FeedFilter,
) -> Result<Batch, FeedError> {
    let before = (&cursor.snapshot, cursor.epoch);
    let mut events = parked::due_events(client, session, from_version, before, limit).await?;
    let next = events.last().map_or(from_version, |last| last.entry.version + 1);
    let is_all = (events.len() as u64) < limit.into();
    events.retain(|recorded| filter.admits(recorded));
    let due = Some(Due { session: SessionId::from(session), next, is_all });
    Ok(Batch { events, target: cursor.clone(), due, is_news: true, is_up_to_date: false })
}

/// The events that lie between two cursors: about `limit` of them, as the events of one transaction stay
/// together. The later cursor must have been read by an earlier statement.
pub(crate) async fn between(
    client: &ClientWrapper,
    mut cursor: Cursor,
    until: &Cursor,
    limit: u32,
) -> Result<Batch, FeedError> {
    let limit = limit.max(1);
    // 1. What is left of earlier epochs, which are over: all their events can be seen.
    while cursor.epoch < until.epoch {
        let batch = batch(client, &cursor, &Snapshot::END, limit).await?;
        if batch.is_news {
            return Ok(batch);
        }
        cursor = cursor.in_next_epoch();
    }
    // 2. The epoch of the later one.
    let batch = batch(client, &cursor, &until.snapshot, limit).await?;
    let is_up_to_date = (batch.events.len() as u64) < limit.into();
    Ok(Batch { is_up_to_date, ..batch })
}

/// The events of the cursor's epoch that lie between it and `now`.
async fn batch(
    client: &ClientWrapper,
    cursor: &Cursor,
    now: &Snapshot,
    limit: u32,
) -> Result<Batch, FeedError> {
    // The events, by transactions, and whole transactions only. A later statement than the one that took the
    // snapshot reads them, so all that are visible in it have been committed.
    let events = events(client, cursor, now, limit).await?;
    // A full batch ends at its last transaction, and later ones stay for the next batch. A batch that is not
    // full holds everything that the snapshot shows.
    let last = events.iter().map(|recorded| recorded.transaction_id).max();
    let snapshot = match last {
        Some(last) if events.len() as u64 >= limit.into() => cursor.snapshot.moved(now, last),
        // It never goes back: a standby may not have come as far as another server had.
        _ => cursor.snapshot.joined(now),
    };
    let delivered = cursor.delivered.saturating_add_unsigned(events.len() as u64);
    let target = Cursor { epoch: cursor.epoch, snapshot, delivered };
    Ok(Batch { is_news: !events.is_empty(), events, target, due: None, is_up_to_date: false })
}

/// The first events of the cursor's epoch that are visible in `now` and not in the cursor, in the order of a
/// batch.
///
/// They are read in a task of their own: the runtime runs it on the thread of the connection's task, which
/// hands it the rows. Without it, every few rows would wake another thread, which takes longer than to read
/// them. If this future is dropped, the task ends with it.
async fn events(
    client: &ClientWrapper,
    cursor: &Cursor,
    now: &Snapshot,
    limit: u32,
) -> Result<Vec<Recorded>, FeedError> {
    let statement = client.prepare_cached(EVENTS).await?;
    let parameters: [&(dyn ToSql + Sync); 4] = [&cursor.snapshot, now, &i64::from(limit), &cursor.epoch];
    let rows = client.query_raw(&statement, parameters).await?;
    let mut reading = JoinSet::from_iter([read(rows)]);
    match reading.join_next().await {
        Some(Ok(events)) => Ok(events?),
        Some(Err(error)) => Err(Error::Disconnected(error.to_string()).into()),
        None => Err(Error::Disconnected("nobody has read the events".to_owned()).into()),
    }
}

/// Reads rows as they come, while the server goes on reading the log.
async fn read(rows: RowStream) -> Result<Vec<Recorded>, Error> {
    let mut rows = pin!(rows);
    let mut events = Vec::new();
    while let Some(row) = rows.try_next().await? {
        events.push(history::recorded(&row)?);
    }
    events.sort_by_key(|recorded| (recorded.transaction_id, recorded.session_id, recorded.entry.version));
    Ok(events)
}
