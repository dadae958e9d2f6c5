//! Events that a projection refuses, and the sessions that wait behind them.

use deadpool_postgres::ClientWrapper;
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

use super::applying::{Refusal, Waiting};
use crate::session::{EventId, Recorded, SessionId};
use crate::store::bare::bare;
use crate::store::error::Error;
use crate::store::log::history;

const PARKED_AMONG: &str = bare(include_str!("../../sql/parked_among.sql"));
const PARK_EVENT: &str = bare(include_str!("../../sql/park_event.sql"));
const PARKED_EVENTS: &str = bare(include_str!("../../sql/parked_events.sql"));
const EVENTS_WAITING: &str = bare(include_str!("../../sql/events_waiting.sql"));
const UNPARK: &str = bare(include_str!("../../sql/unpark.sql"));

/// An event that a follower's handler refuses. The later events of its session wait behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParkedEvent {
    /// The event.
    pub event: EventId,
    /// Its session.
    pub session: SessionId,
    /// Its version.
    pub version: i64,
    /// When it was refused at last.
    pub refused_at: OffsetDateTime,
    /// Why.
    pub reason: String,
}

/// Which sessions of these events wait, and from which version on.
pub(crate) async fn waiting(
    client: &ClientWrapper,
    subscription: &str,
    events: &[Recorded],
) -> Result<Waiting, Error> {
    let mut sessions: Vec<Uuid> = events.iter().map(|recorded| recorded.session_id.as_uuid()).collect();
    sessions.sort_unstable();
    sessions.dedup();
    let statement = client.prepare_cached(PARKED_AMONG).await?;
    let rows = client.query(&statement, &[&subscription, &sessions]).await?;
    rows.iter().map(|row| Ok((session(row)?, row.try_get("from_version")?))).collect()
}

/// Puts events aside that were refused.
pub(crate) async fn park(
    client: &ClientWrapper,
    subscription: &str,
    refused: &[Refusal],
) -> Result<(), Error> {
    let statement = client.prepare_cached(PARK_EVENT).await?;
    for Refusal { event, session, version, reason } in refused {
        let (event, session) = (event.as_uuid(), session.as_uuid());
        client.query(&statement, &[&subscription, &event, &session, version, reason]).await?;
    }
    Ok(())
}

/// The parked events behind the event `after`, at most `limit` of them.
pub(crate) async fn page(
    client: &ClientWrapper,
    subscription: &str,
    after: Option<EventId>,
    limit: u32,
) -> Result<Vec<ParkedEvent>, Error> {
    let statement = client.prepare_cached(PARKED_EVENTS).await?;
    let after = after.map_or(Uuid::nil(), |event| event.as_uuid());
    let rows = client.query(&statement, &[&subscription, &after, &i64::from(limit)]).await?;
    rows.iter().map(parked).collect()
}

/// The events of a session that wait, in order, each with its epoch.
pub(crate) async fn events_waiting(
    client: &ClientWrapper,
    subscription: &str,
    session: SessionId,
) -> Result<Vec<(Recorded, i16)>, Error> {
    let statement = client.prepare_cached(EVENTS_WAITING).await?;
    let rows = client.query(&statement, &[&subscription, &session.as_uuid()]).await?;
    rows.iter().map(|row| Ok((history::recorded(row)?, row.try_get("epoch")?))).collect()
}

/// Forgets that a session waits, or that any does.
pub(crate) async fn unpark(
    client: &ClientWrapper,
    subscription: &str,
    session: Option<SessionId>,
) -> Result<(), Error> {
    let statement = client.prepare_cached(UNPARK).await?;
    client.query(&statement, &[&subscription, &session.map(|session| session.as_uuid())]).await?;
    Ok(())
}

fn parked(row: &Row) -> Result<ParkedEvent, Error> {
    Ok(ParkedEvent {
        event: row.try_get::<_, Uuid>("event_id")?.into(),
        session: session(row)?,
        version: row.try_get("version")?,
        refused_at: row.try_get("refused_at")?,
        reason: row.try_get("reason")?,
    })
}

fn session(row: &Row) -> Result<SessionId, Error> {
    Ok(SessionId::from(row.try_get::<_, Uuid>("session_id")?))
}
