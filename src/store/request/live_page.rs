//! Pages of live sessions, for whoever ends many of them.

use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::load::{LiveSession, live_session};
use crate::session::{SessionFilter, SessionId, UserId};
use crate::store::connection::pool::Connection;
use crate::store::connection::statement::Sql;
use crate::store::error::Error;

static LIVE_PAGE: Sql = Sql::new(
    include_str!("../sql/live_page.sql"),
    &[Type::TEXT, Type::INET, Type::INET, Type::UUID, Type::UUID, Type::INT8, Type::INT8],
);

/// The most sessions of a page.
const PAGE: usize = 256;

/// How many sessions a page looks at for those of a network.
const LOOKED_AT: usize = 10_000;

/// A page of live sessions that fulfil some conditions, in the order of their ids.
pub(crate) struct LivePage {
    pub(crate) now: OffsetDateTime,
    pub(crate) sessions: Vec<(SessionId, LiveSession)>,
    /// All live sessions up to this one are on the page, or fulfil the conditions in no way.
    pub(crate) looked_to: SessionId,
    /// Whether there is none behind it.
    pub(crate) is_last: bool,
}

/// The page behind the session `after`, without the session `left_out`. `None` if nothing is there.
pub(crate) async fn live_page(
    connection: &Connection,
    filter: &SessionFilter,
    left_out: Option<SessionId>,
    after: SessionId,
) -> Result<Option<LivePage>, Error> {
    let SessionFilter { user, network } = filter;
    let looked_at = if network.is_some() { LOOKED_AT } else { PAGE };
    let count = |sessions: usize| i64::try_from(sessions).unwrap_or(i64::MAX);
    let rows = LIVE_PAGE
        .query_once(
            connection,
            &[
                &user.as_ref().map(UserId::as_str),
                &network.map(|network| network.network()),
                &network.map(|network| network.broadcast()),
                &left_out.map(|session| session.as_uuid()),
                &after.as_uuid(),
                &count(looked_at),
                &count(PAGE),
            ],
        )
        .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let is_found = |row: &&Row| !matches!(row.try_get::<_, Option<i64>>("version"), Ok(None));
    let session = |row: &Row| Ok((id(row, "session_id")?, live_session(row)?));
    let sessions = rows.iter().filter(is_found).map(session).collect::<Result<Vec<_>, Error>>()?;
    let (now, looked_to, is_last) =
        (first.try_get("now")?, id(first, "looked_to")?, first.try_get("is_last")?);
    // Of those that were looked at, a full page may leave some for the next one.
    let (looked_to, is_last) = match sessions.last() {
        Some((last, _)) if sessions.len() >= PAGE => (*last, false),
        _ => (looked_to, is_last),
    };
    Ok(Some(LivePage { now, sessions, looked_to, is_last }))
}

fn id(row: &Row, column: &str) -> Result<SessionId, Error> {
    Ok(SessionId::from(row.try_get::<_, Uuid>(column)?))
}
