//! The events that sinks have refused, and what is to become of them.

use deadpool_postgres::ClientWrapper;
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

use super::subscriptions::{SubscriptionError, list, unknown};
use crate::session::{EventId, SessionId};
use crate::store::bare::bare;
use crate::store::error::Error;

const LIST: &str = bare(include_str!("../sql/dead_letters.sql"));
const RESUME: &str = bare(include_str!("../sql/resume_parked.sql"));
const SKIP: &str = bare(include_str!("../sql/skip_dead_letters.sql"));

/// An event that a subscription's sink has refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The subscription.
    pub subscription: String,
    /// The event.
    pub event: EventId,
    /// Its session.
    pub session: SessionId,
    /// Its version.
    pub version: i64,
    /// Its kind; none if the log does not hold the event any more.
    pub kind: Option<String>,
    /// When it was refused.
    pub refused_at: OffsetDateTime,
    /// Why, in the words of the sink.
    pub reason: String,
    /// How many later events of its session there are, which wait behind it; counted up to
    /// [`WAITING_MAX`](Self::WAITING_MAX).
    pub waiting: i64,
    /// Whether somebody has asked for it to be delivered again, and the relay has not done so yet.
    pub is_due: bool,
    /// When it was given up; none if it waits.
    pub skipped_at: Option<OffsetDateTime>,
}

impl DeadLetter {
    /// How far the events behind a dead letter are counted.
    pub const WAITING_MAX: i64 = 1_000;
}

/// What is to become of the sessions that wait behind a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The dead letter is delivered again, then the events behind it.
    Replayed,
    /// The dead letter is given up, and the events behind it are delivered.
    Skipped,
}

/// The oldest dead letters of a subscription, or of all.
pub(crate) async fn dead_letters(
    client: &ClientWrapper,
    subscription: Option<&str>,
    limit: u32,
) -> Result<Vec<DeadLetter>, SubscriptionError> {
    let statement = client.prepare_cached(LIST).await?;
    let parameters = (i64::from(limit), DeadLetter::WAITING_MAX);
    let rows = client.query(&statement, &[&subscription, &parameters.0, &parameters.1]).await?;
    if let Some(name) = subscription.filter(|_| rows.is_empty()) {
        refuse_unknown(client, name).await?;
    }
    Ok(rows.iter().map(dead_letter).collect::<Result<_, _>>()?)
}

fn dead_letter(row: &Row) -> Result<DeadLetter, Error> {
    Ok(DeadLetter {
        subscription: row.try_get("subscription")?,
        event: EventId::from(row.try_get::<_, Uuid>("event_id")?),
        session: SessionId::from(row.try_get::<_, Uuid>("session_id")?),
        version: row.try_get("version")?,
        kind: row.try_get("kind")?,
        refused_at: row.try_get("refused_at")?,
        reason: row.try_get("reason")?,
        waiting: row.try_get("waiting")?,
        is_due: row.try_get::<_, Option<bool>>("is_due")?.unwrap_or_default(),
        skipped_at: row.try_get("skipped_at")?,
    })
}

/// Decides about the parked sessions of a subscription, or about one of them. Tells how many they are.
pub(crate) async fn decide(
    client: &ClientWrapper,
    subscription: &str,
    session: Option<SessionId>,
    fate: Fate,
) -> Result<i64, SubscriptionError> {
    let statement = client.prepare_cached(if fate == Fate::Replayed { RESUME } else { SKIP }).await?;
    let session = session.map(|session| session.as_uuid());
    let sessions = client.query_one(&statement, &[&subscription, &session]).await?.try_get("sessions")?;
    if sessions == 0 {
        refuse_unknown(client, subscription).await?;
    }
    Ok(sessions)
}

async fn refuse_unknown(client: &ClientWrapper, name: &str) -> Result<(), SubscriptionError> {
    let is_known = list(client).await?.iter().any(|one| one.name == name);
    if is_known { Ok(()) } else { Err(unknown(client, name).await?) }
}
