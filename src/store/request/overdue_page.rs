//! Pages of sessions whose time is over, for the sweep.

use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::load::{LiveSession, live_session};
use crate::session::{SessionId, Timeouts};
use crate::store::connection::pool::Connection;
use crate::store::connection::statement::Sql;
use crate::store::error::Error;

static OVERDUE_PAGE: Sql = Sql::new(
    include_str!("../sql/overdue_page.sql"),
    &[Type::UUID, Type::INT8, Type::INT8, Type::FLOAT8, Type::FLOAT8],
);

/// The most sessions of a page.
const PAGE: usize = 256;

/// How many sessions a page looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Many: few of those before were overdue.
    Far = 10_000,
    /// As many as it may hold: where nearly all are overdue, the others would be looked at again and again.
    Near = PAGE as isize,
}

/// A page of live sessions, and those of them whose time is over.
pub(crate) struct OverduePage {
    pub(crate) now: OffsetDateTime,
    pub(crate) overdue: Vec<(SessionId, LiveSession)>,
    /// All overdue sessions up to this one are on the page.
    pub(crate) looked_to: SessionId,
    /// Whether there may be more behind it.
    pub(crate) goes_on: bool,
    /// How far the next page should look.
    pub(crate) sight: Sight,
}

/// The page behind the session `after`, by the limits of the policy where a session has none of its own.
/// `None` if nothing is there.
pub(crate) async fn overdue_page(
    connection: &Connection,
    policy: Timeouts,
    after: SessionId,
    sight: Sight,
) -> Result<Option<OverduePage>, Error> {
    let looks_at = sight as i64;
    let (idle, absolute) = (policy.idle.map(f64::from), policy.absolute.map(f64::from));
    let rows = OVERDUE_PAGE
        .query_once(
            connection,
            &[&after.as_uuid(), &looks_at, &i64::try_from(PAGE).unwrap_or(i64::MAX), &idle, &absolute],
        )
        .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    // A session that has ended since the page was begun has no row any more.
    let is_live = |row: &&Row| !matches!(row.try_get::<_, Option<i64>>("version"), Ok(None));
    let session = |row: &Row| Ok((id(row, "session_id")?, live_session(row)?));
    let overdue = rows.iter().filter(is_live).map(session).collect::<Result<Vec<_>, Error>>()?;
    let looked_at: i64 = first.try_get("looked_at")?;
    let (looked_to, goes_on) = match overdue.last() {
        Some((last, _)) if rows.len() >= PAGE => (*last, true),
        _ => (id(first, "looked_to")?, looked_at >= looks_at),
    };
    let sight = if overdue.len() * 2 >= PAGE { Sight::Near } else { Sight::Far };
    Ok(Some(OverduePage { now: first.try_get("now")?, overdue, looked_to, goes_on, sight }))
}

fn id(row: &Row, column: &str) -> Result<SessionId, Error> {
    Ok(SessionId::from(row.try_get::<_, Uuid>(column)?))
}
