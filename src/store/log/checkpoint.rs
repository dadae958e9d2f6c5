//! That a batch was delivered, and what its sink will never take.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::feed::{Batch, Due};
use super::lease::{FeedError, Lease, REASON_BYTES_MAX, stored_reason};
use crate::session::{EventId, Recorded, SessionId};
use crate::store::bare::bare;

const CHECKPOINT: &str = bare(include_str!("../sql/feed_checkpoint.sql"));
const REFUSE: &str = bare(include_str!("../sql/feed_refuse.sql"));
const RESUME: &str = bare(include_str!("../sql/feed_resume.sql"));

/// An event that a sink will never take.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The event.
    pub event: EventId,
    /// Its session.
    pub session: SessionId,
    /// Its version.
    pub version: i64,
    /// Why, in words for the operator. At most [`REASON_BYTES_MAX`](Self::REASON_BYTES_MAX) of it are kept.
    pub reason: String,
}

impl Refusal {
    /// How much of a reason is kept.
    pub const REASON_BYTES_MAX: usize = REASON_BYTES_MAX;

    /// That an event of a batch is refused.
    pub fn of(recorded: &Recorded, reason: impl Into<String>) -> Self {
        let (event, version) = (recorded.entry.event_id, recorded.entry.version);
        Self { event, session: recorded.session_id, version, reason: reason.into() }
    }
}

/// Remembers that `batch` was delivered, and renews the lease.
pub(crate) async fn checkpoint(
    client: &ClientWrapper,
    lease: &Lease,
    batch: &Batch,
) -> Result<(), FeedError> {
    match batch.due {
        None => move_cursor(client, lease, Some(batch)).await,
        Some(Due { session, next, is_all }) => {
            let Lease { name, holder, fence, seconds } = lease;
            let session = session.as_uuid();
            run(client, lease, RESUME, &[name, holder, fence, seconds, &session, &next, &is_all]).await
        }
    }
}

/// Renews the lease alone.
pub(crate) async fn renew(client: &ClientWrapper, lease: &Lease) -> Result<(), FeedError> {
    move_cursor(client, lease, None).await
}

async fn move_cursor(client: &ClientWrapper, lease: &Lease, batch: Option<&Batch>) -> Result<(), FeedError> {
    let Lease { name, holder, fence, seconds } = lease;
    let cursor = batch.and_then(Batch::moved_cursor);
    let (snapshot, epoch) = (cursor.map(|cursor| &cursor.snapshot), cursor.map(|cursor| cursor.epoch));
    let delivered = cursor.map(|cursor| cursor.delivered);
    run(client, lease, CHECKPOINT, &[name, holder, fence, seconds, &snapshot, &delivered, &epoch]).await
}

/// Remembers that `batch` was delivered, but for the events that its sink refuses, and for those of their
/// sessions behind them: each session has at most one refusal. Without a batch the cursor stays where it is.
pub(crate) async fn refuse(
    client: &ClientWrapper,
    lease: &Lease,
    batch: Option<&Batch>,
    refusals: &[Refusal],
) -> Result<(), FeedError> {
    let Lease { name, holder, fence, seconds } = lease;
    let cursor = batch.and_then(Batch::moved_cursor);
    let (snapshot, epoch) = (cursor.map(|cursor| &cursor.snapshot), cursor.map(|cursor| cursor.epoch));
    let delivered = cursor.map(|cursor| cursor.delivered);
    let events: Vec<Uuid> = refusals.iter().map(|one| one.event.as_uuid()).collect();
    let sessions: Vec<Uuid> = refusals.iter().map(|one| one.session.as_uuid()).collect();
    let versions: Vec<i64> = refusals.iter().map(|one| one.version).collect();
    let reasons: Vec<String> = refusals.iter().map(|one| stored_reason(&one.reason)).collect();
    let parameters: [&(dyn ToSql + Sync); 11] = [
        name, holder, fence, seconds, &snapshot, &delivered, &epoch, &events, &sessions, &versions, &reasons,
    ];
    run(client, lease, REFUSE, &parameters).await
}

async fn run(
    client: &ClientWrapper,
    lease: &Lease,
    statement: &'static str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<(), FeedError> {
    let statement = client.prepare_cached(statement).await?;
    let done = client.query_opt(&statement, parameters).await?;
    done.map(|_| ()).ok_or_else(|| lease.lost())
}
