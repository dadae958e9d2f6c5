//! Looking whether sessions that somebody watches are still live.

use std::time::Duration as Wait;

use time::{Duration, OffsetDateTime};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::connection::pool::Connection;
use super::connection::statement::Sql;
use super::error::Error;
use crate::session::{EndReason, Expiry, SessionId};

static WATCH: Sql = Sql::new(include_str!("sql/watch.sql"), &[Type::UUID_ARRAY]);

/// A watched session at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It is live, and may be for so long if nobody uses it.
    Live(Option<Wait>),
    /// Its time is over, by the database's clock.
    Expired(EndReason, OffsetDateTime),
    /// It has ended.
    Ended(EndReason),
    /// Nothing is known of it.
    Nowhere,
}

/// Looks at these sessions, each of which is named once. A connection on which other code has left a
/// transaction open is refused: it would show an old state.
pub(crate) async fn sights(
    connection: &Connection,
    sessions: &[SessionId],
) -> Result<Vec<(SessionId, Sight)>, Error> {
    let ids: Vec<Uuid> = sessions.iter().map(|session| session.as_uuid()).collect();
    let rows = WATCH.query(connection, &[&ids]).await;
    let rows = rows.map_err(|error| Error::from(error).outside_transaction())?;
    if rows.first().is_some_and(|row| row.try_get("is_late").unwrap_or(true)) {
        return Err(Error::in_transaction());
    }
    rows.iter().map(|row| Ok((row.try_get::<_, Uuid>("session_id")?.into(), sight(row)?))).collect()
}

fn sight(row: &Row) -> Result<Sight, Error> {
    if let Some(reason) = row.try_get::<_, Option<&str>>("reason")? {
        return Ok(Sight::Ended(EndReason::from(reason)));
    }
    let Some(last_seen) = row.try_get::<_, Option<OffsetDateTime>>("last_seen")? else {
        return Ok(Sight::Nowhere);
    };
    let idle: Option<i32> = row.try_get("idle_timeout")?;
    let idle = idle.and_then(|seconds| last_seen.checked_add(Duration::seconds(seconds.into())));
    let (absolute, now): (Option<OffsetDateTime>, _) =
        (row.try_get("absolute_deadline")?, row.try_get("now")?);
    Ok(match Expiry::first(idle, absolute, now) {
        Some(expiry) => Sight::Expired(expiry.reason, now),
        None => Sight::Live(idle.into_iter().chain(absolute).min().map(|until| (until - now).unsigned_abs())),
    })
}
