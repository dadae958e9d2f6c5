//! The subscriptions as a list: how far each lags behind, and which are there at all.

use deadpool_postgres::ClientWrapper;
use time::OffsetDateTime;
use tokio_postgres::Row;

use super::feed::{FeedError, Lease, check, held};
use crate::plain_debug::plain_debug;
use crate::store::bare::bare;
use crate::store::error::Error;

const LIST: &str = bare(include_str!("../sql/list_subscriptions.sql"));
const TAKE: &str = bare(include_str!("../sql/take_subscription.sql"));
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
    Ok(SubscriptionSummary {
        name: row.try_get("name")?,
        delivered: row.try_get("delivered")?,
        lag: row.try_get("events")?,
        lag_since: row.try_get("since")?,
        held: holder.zip(row.try_get("held_until")?),
        moved_at: row.try_get("moved_at")?,
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
    if let Some(held) = held(client, name).await? {
        return Err(held.into());
    }
    let known: Vec<_> = list(client).await?.into_iter().map(|one| one.name).collect();
    if known.iter().any(|one| one == name) {
        return Ok(());
    }
    Err(SubscriptionError::Unknown { name: name.to_owned(), known })
}
