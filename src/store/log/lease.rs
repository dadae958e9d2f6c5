//! Leases of subscriptions: one holder at a time follows the log under a name.

use deadpool_postgres::ClientWrapper;
use time::OffsetDateTime;

use crate::plain_debug::plain_debug;
use crate::store::bare::bare;
use crate::store::error::Error;

const CHECK: &str = bare(include_str!("../sql/feed_check.sql"));
const OPEN: &str = bare(include_str!("../sql/feed_open.sql"));
const HOLDER: &str = bare(include_str!("../sql/feed_holder.sql"));
const RELEASE: &str = bare(include_str!("../sql/feed_release.sql"));
const CLOSE: &str = bare(include_str!("../sql/feed_close.sql"));

/// The feed cannot be followed.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// Another holder's lease has not run out.
    #[error(
        "subscription `{name}` is held by `{holder}` until {until}: stop that holder, which gives it back, or wait \
         until its lease runs out"
    )]
    Held {
        /// The subscription.
        name: String,
        /// The present holder.
        holder: String,
        /// Until when, by the database's clock; the holder may renew.
        until: OffsetDateTime,
    },
    /// The other side wants no more events, for good.
    #[error(
        "subscription `{name}` is closed since {since}, as {reason}: once the other side wants events again, \
         `projector relay reopen {name}` lets it go on where it was"
    )]
    Closed {
        /// The subscription.
        name: String,
        /// Why, in the words of its sink.
        reason: String,
        /// Since when, by the database's clock.
        since: OffsetDateTime,
    },
    /// Another holder has opened the subscription since. The events that this holder delivered and did not
    /// checkpoint will be delivered again.
    #[error(
        "the lease of subscription `{name}` was taken over by another holder: open the subscription again"
    )]
    LeaseLost {
        /// The subscription.
        name: String,
    },
    /// The log holds transaction ids that this server has not reached.
    #[error(
        "transaction ids have started again: the log or its cursor knows {newest}, this server is only at {next}. The \
         database was restored from a dump, and a cursor would skip new events. Run `projector epoch raise`, as the \
         owner of the schema: it also signs out whoever holds a token of before"
    )]
    TransactionIdsRestarted {
        /// The greatest transaction id known.
        newest: i64,
        /// The id that the server will give next.
        next: i64,
    },
    /// A standby keeps no subscription: its cursor and its lease are rows.
    #[error(
        "this server is a standby, which keeps no subscription: connect to the primary, or read the feed with \
         `Ledger::read_feed` and keep its cursor elsewhere"
    )]
    Standby,
    /// The database is away or refuses.
    #[error(transparent)]
    Store(#[from] Error),
}

plain_debug!(FeedError);

impl From<tokio_postgres::Error> for FeedError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A lease of a subscription: the holder proves with it that the subscription is still theirs.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    pub(crate) name: String,
    pub(crate) holder: String,
    pub(crate) fence: i64,
    /// For how long each renewal is good, in seconds.
    pub(crate) seconds: f64,
}

/// Takes the lease of a subscription. Makes the subscription if there is none of that name.
pub(crate) async fn open(
    client: &ClientWrapper,
    name: &str,
    holder: &str,
    seconds: f64,
) -> Result<Lease, FeedError> {
    check(client, name).await?;
    let statement = client.prepare_cached(OPEN).await?;
    loop {
        if let Some(row) = client.query_opt(&statement, &[&name, &holder, &seconds]).await? {
            let fence = row.try_get("fence")?;
            return Ok(Lease { name: name.to_owned(), holder: holder.to_owned(), fence, seconds });
        }
        if let Some(refusal) = refusal(client, name).await? {
            return Err(refusal);
        }
        // The holder has given it back between the two statements.
    }
}

/// Gives the lease back.
pub(crate) async fn release(client: &ClientWrapper, lease: &Lease) -> Result<(), FeedError> {
    let statement = client.prepare_cached(RELEASE).await?;
    let released = client.query_opt(&statement, &[&lease.name, &lease.holder, &lease.fence]).await?;
    released.map(|_| ()).ok_or_else(|| lease.lost())
}

/// Closes the subscription for good, and gives its lease back.
pub(crate) async fn close(client: &ClientWrapper, lease: &Lease, reason: &str) -> Result<(), FeedError> {
    let statement = client.prepare_cached(CLOSE).await?;
    let Lease { name, holder, fence, .. } = lease;
    let closed = client.query_opt(&statement, &[name, holder, fence, &stored_reason(reason)]).await?;
    closed.map(|_| ()).ok_or_else(|| lease.lost())
}

/// How much of a reason is kept, in bytes.
pub(super) const REASON_BYTES_MAX: usize = 1_000;

/// A sink's reason as it is stored. PostgreSQL's texts hold no NUL.
pub(super) fn stored_reason(reason: &str) -> String {
    let letters = reason.char_indices();
    let kept = letters.take_while(|(at, letter)| at + letter.len_utf8() <= REASON_BYTES_MAX);
    kept.map(|(_, letter)| if letter == '\0' { '\u{fffd}' } else { letter }).collect()
}

impl Lease {
    pub(super) fn lost(&self) -> FeedError {
        FeedError::LeaseLost { name: self.name.clone() }
    }
}

/// Refuses a server on which a cursor would skip.
pub(super) async fn check(client: &ClientWrapper, name: &str) -> Result<(), FeedError> {
    if is_standby(client, name).await? { Err(FeedError::Standby) } else { Ok(()) }
}

/// Whether the server is a standby, if transaction ids have not started again. The primary never becomes one
/// while a connection lasts.
pub(super) async fn is_standby(client: &ClientWrapper, name: &str) -> Result<bool, FeedError> {
    let statement = client.prepare_cached(CHECK).await?;
    let row = client.query_one(&statement, &[&name]).await?;
    let is_standby = row.try_get("standby")?;
    let (newest, next): (Option<i64>, i64) = (row.try_get("newest")?, row.try_get("next")?);
    match newest {
        Some(newest) if newest >= next => Err(FeedError::TransactionIdsRestarted { newest, next }),
        _ => Ok(is_standby),
    }
}

/// The error that says who holds the subscription, or that it is closed. `None` if it is to be had by now.
pub(super) async fn refusal(client: &ClientWrapper, name: &str) -> Result<Option<FeedError>, FeedError> {
    let statement = client.prepare_cached(HOLDER).await?;
    let Some(row) = client.query_opt(&statement, &[&name]).await? else { return Ok(None) };
    let (holder, until): (Option<String>, Option<OffsetDateTime>) =
        (row.try_get("lease_holder")?, row.try_get("lease_until")?);
    let (since, reason): (Option<OffsetDateTime>, Option<String>) =
        (row.try_get("closed_at")?, row.try_get("closed_reason")?);
    let name = name.to_owned();
    Ok(match (since.zip(reason), holder.zip(until)) {
        (Some((since, reason)), _) => Some(FeedError::Closed { name, reason, since }),
        (None, Some((holder, until))) => Some(FeedError::Held { name, holder, until }),
        (None, None) => None,
    })
}
