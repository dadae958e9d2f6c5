//! Events that a projection refuses, and the sessions that wait behind them.

use deadpool_postgres::ClientWrapper;

use super::applying::Refusal;
use crate::session::{Recorded, SessionId};
use crate::store::bare::bare;
use crate::store::error::Error;
use crate::store::log::history;

const PARK_EVENT: &str = bare(include_str!("../../sql/park_event.sql"));
const EVENTS_WAITING: &str = bare(include_str!("../../sql/events_waiting.sql"));
const UNPARK: &str = bare(include_str!("../../sql/unpark.sql"));

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

/// How many of the events that wait are read at a time.
const PAGE: usize = 500;

/// The next events of a session that wait, behind the version `after` and in order, each with its epoch. None
/// if there are no more.
pub(crate) async fn events_waiting(
    client: &ClientWrapper,
    subscription: &str,
    session: SessionId,
    after: i64,
) -> Result<Vec<(Recorded, i16)>, Error> {
    let statement = client.prepare_cached(EVENTS_WAITING).await?;
    let page = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let rows = client.query(&statement, &[&subscription, &session.as_uuid(), &after, &page]).await?;
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
