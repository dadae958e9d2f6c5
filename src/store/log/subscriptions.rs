//! The subscriptions as a list: how far each lags behind, and which are there at all. Making, changing and
//! removing them.

use deadpool_postgres::ClientWrapper;
use time::OffsetDateTime;
use tokio_postgres::Row;

use super::feed::subscription_filter;
use super::lease::{FeedError, Lease, check, refusal};
use crate::plain_debug::plain_debug;
use crate::session::{FeedFilter, UserId};
use crate::store::bare::bare;
use crate::store::error::Error;

const LIST: &str = bare(include_str!("../sql/list_subscriptions.sql"));
const TAKE: &str = bare(include_str!("../sql/take_subscription.sql"));
const CREATE: &str = bare(include_str!("../sql/create_subscription.sql"));
const FILTER: &str = bare(include_str!("../sql/filter_subscription.sql"));
const SEIZE: &str = bare(include_str!("../sql/seize_subscription.sql"));
const REWIND: &str = bare(include_str!("../sql/rewind_subscription.sql"));
const FORWARD: &str = bare(include_str!("../sql/forward_subscription.sql"));
const REOPEN: &str = bare(include_str!("../sql/reopen_subscription.sql"));
const DROP: &str = bare(include_str!("../sql/drop_subscription.sql"));

/// A subscription, as a list of them shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionSummary {
    /// Its name.
    pub name: String,
    /// How many events its checkpoints have counted.
    pub delivered: i64,
    /// How many committed events it was not delivered; at most [`LAG_MAX`](Self::LAG_MAX), which stands for
    /// that many or more.
    pub lag: i64,
    /// When the first of these was recorded.
    pub lag_since: Option<OffsetDateTime>,
    /// Who holds it, and until when unless they renew their lease.
    pub held: Option<(String, OffsetDateTime)>,
    /// When its cursor last moved; none if it never did.
    pub moved_at: Option<OffsetDateTime>,
    /// Since when it is closed, and why; none if it is open. See
    /// [`Subscription::close`](crate::ledger::Subscription::close).
    pub closed: Option<(OffsetDateTime, String)>,
    /// Which events it is delivered.
    pub filter: FeedFilter,
    /// How many events its sink has refused, and nobody has given up; counted up to
    /// [`LAG_MAX`](Self::LAG_MAX).
    pub dead_letters: i64,
    /// How many sessions wait behind such an event; counted up to [`LAG_MAX`](Self::LAG_MAX).
    pub parked_sessions: i64,
}

/// Where a subscription's cursor is moved to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// Before all that was recorded since then; without a moment, to the beginning.
    Back(Option<OffsetDateTime>),
    /// To the end of the log.
    ToEnd,
}

impl SubscriptionSummary {
    /// How far a lag is counted.
    pub const LAG_MAX: i64 = 100_000;
}

/// Something was asked of a subscription that cannot be done.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionError {
    /// There is none of that name.
    #[error("there is no subscription `{name}`: {}", listed(.known))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names of all that are there.
        known: Vec<String>,
    },
    /// Another holder's lease has not run out, this server cannot be followed, or the database is away.
    #[error(transparent)]
    Feed(#[from] FeedError),
}

plain_debug!(SubscriptionError);

fn listed(known: &[String]) -> String {
    if known.is_empty() {
        "there are none yet".to_owned()
    } else {
        format!("there are `{}`", known.join("`, `"))
    }
}

impl From<Error> for SubscriptionError {
    fn from(error: Error) -> Self {
        Self::Feed(error.into())
    }
}

impl From<tokio_postgres::Error> for SubscriptionError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Feed(error.into())
    }
}

/// All subscriptions, by their names.
pub(crate) async fn list(client: &ClientWrapper) -> Result<Vec<SubscriptionSummary>, Error> {
    let statement = client.prepare_cached(LIST).await?;
    client.query(&statement, &[&SubscriptionSummary::LAG_MAX]).await?.iter().map(summary).collect()
}

fn summary(row: &Row) -> Result<SubscriptionSummary, Error> {
    let holder: Option<String> = row.try_get("holder")?;
    let closed_at: Option<OffsetDateTime> = row.try_get("closed_at")?;
    Ok(SubscriptionSummary {
        name: row.try_get("name")?,
        delivered: row.try_get("delivered")?,
        lag: row.try_get("events")?,
        lag_since: row.try_get("since")?,
        held: holder.zip(row.try_get("held_until")?),
        moved_at: row.try_get("moved_at")?,
        closed: closed_at.zip(row.try_get("closed_reason")?),
        filter: subscription_filter(row)?,
        dead_letters: row.try_get("dead_letters")?,
        parked_sessions: row.try_get("parked_sessions")?,
    })
}

/// Takes the lease of a subscription that is there.
pub(crate) async fn take(
    client: &ClientWrapper,
    name: &str,
    holder: &str,
    seconds: f64,
) -> Result<Lease, SubscriptionError> {
    check(client, name).await?;
    let statement = client.prepare_cached(TAKE).await?;
    loop {
        if let Some(row) = client.query_opt(&statement, &[&name, &holder, &seconds]).await? {
            let fence = row.try_get("fence")?;
            return Ok(Lease { name: name.to_owned(), holder: holder.to_owned(), fence, seconds });
        }
        refuse(client, name).await?;
    }
}

/// Makes a subscription with a filter. Says whether there was none of that name.
pub(crate) async fn create(client: &ClientWrapper, name: &str, filter: &FeedFilter) -> Result<bool, Error> {
    let statement = client.prepare_cached(CREATE).await?;
    let FeedFilter { kinds, notes, users } = filter;
    let users: Vec<_> = users.iter().map(UserId::as_str).collect();
    Ok(client.query_opt(&statement, &[&name, kinds, notes, &users]).await?.is_some())
}

/// Gives a subscription another filter.
pub(crate) async fn set_filter(
    client: &ClientWrapper,
    name: &str,
    filter: &FeedFilter,
) -> Result<(), SubscriptionError> {
    let statement = client.prepare_cached(FILTER).await?;
    let FeedFilter { kinds, notes, users } = filter;
    let users: Vec<_> = users.iter().map(UserId::as_str).collect();
    match client.query_opt(&statement, &[&name, kinds, notes, &users]).await? {
        Some(_) => Ok(()),
        None => Err(unknown(client, name).await?),
    }
}

/// Takes the lease of a subscription, whoever holds it, to move its cursor.
pub(crate) async fn seize(
    client: &ClientWrapper,
    name: &str,
    holder: &str,
    seconds: f64,
) -> Result<Lease, SubscriptionError> {
    check(client, name).await?;
    let statement = client.prepare_cached(SEIZE).await?;
    let Some(row) = client.query_opt(&statement, &[&name, &holder, &seconds]).await? else {
        return Err(unknown(client, name).await?);
    };
    let fence = row.try_get("fence")?;
    Ok(Lease { name: name.to_owned(), holder: holder.to_owned(), fence, seconds })
}

/// Moves a subscription's cursor, gives the lease back, and tells how many events it has moved over.
///
/// The lease was taken by a statement before: the statement that counts must see all that the cursor shows,
/// so nobody else may move it any more.
pub(crate) async fn move_cursor(
    client: &ClientWrapper,
    lease: &Lease,
    to: Move,
) -> Result<i64, SubscriptionError> {
    let Lease { name, holder, fence, .. } = lease;
    let moved = match to {
        Move::Back(from) => {
            let statement = client.prepare_cached(REWIND).await?;
            client.query_opt(&statement, &[name, holder, fence, &from]).await?
        }
        Move::ToEnd => {
            let statement = client.prepare_cached(FORWARD).await?;
            client.query_opt(&statement, &[name, holder, fence]).await?
        }
    };
    let row = moved.ok_or_else(|| lease.lost())?;
    Ok(row.try_get("events")?)
}

/// Opens a subscription again that was closed. Says whether it was.
pub(crate) async fn reopen(client: &ClientWrapper, name: &str) -> Result<bool, SubscriptionError> {
    let statement = client.prepare_cached(REOPEN).await?;
    if client.query_opt(&statement, &[&name]).await?.is_some() {
        return Ok(true);
    }
    let known = names(client).await?;
    let is_known = known.iter().any(|one| one == name);
    if is_known { Ok(false) } else { Err(SubscriptionError::Unknown { name: name.to_owned(), known }) }
}

/// Removes a subscription that nobody holds.
pub(crate) async fn remove(client: &ClientWrapper, name: &str) -> Result<(), SubscriptionError> {
    let statement = client.prepare_cached(DROP).await?;
    while client.query_opt(&statement, &[&name]).await?.is_none() {
        refuse(client, name).await?;
    }
    Ok(())
}

/// The error for a subscription that was not to be had. None if its holder has given it back meanwhile, so
/// that another try may succeed.
async fn refuse(client: &ClientWrapper, name: &str) -> Result<(), SubscriptionError> {
    if let Some(refusal) = refusal(client, name).await? {
        return Err(refusal.into());
    }
    let known = names(client).await?;
    if known.iter().any(|one| one == name) {
        return Ok(());
    }
    Err(SubscriptionError::Unknown { name: name.to_owned(), known })
}

/// The error for a subscription that is not there.
pub(super) async fn unknown(client: &ClientWrapper, name: &str) -> Result<SubscriptionError, Error> {
    Ok(SubscriptionError::Unknown { name: name.to_owned(), known: names(client).await? })
}

async fn names(client: &ClientWrapper) -> Result<Vec<String>, Error> {
    Ok(list(client).await?.into_iter().map(|one| one.name).collect())
}
