//! The projection's rows as they are stored, in the order of sessions.

use std::sync::Arc;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Row;
use uuid::Uuid;

use super::row::{EndedRow, LiveRow, ProjectedRow};
use crate::session::SessionId;
use crate::store::connection::cursor::Cursor;
use crate::store::error::Error;

const DECLARE_LIVE_ROWS: &str = include_str!("../sql/declare_live_rows.sql");
const FETCH_LIVE_ROWS: &str = include_str!("../sql/fetch_live_rows.sql");
const DECLARE_ENDED_ROWS: &str = include_str!("../sql/declare_ended_rows.sql");
const FETCH_ENDED_ROWS: &str = include_str!("../sql/fetch_ended_rows.sql");

/// The rows of one table of the projection, in the transaction that is open on a connection.
pub(crate) struct Rows {
    cursor: Cursor,
    read: fn(SessionId, &Row) -> Result<ProjectedRow, tokio_postgres::Error>,
    /// The row that was read last, until it is handed out.
    ahead: Option<StoredRow>,
}

/// A row that is there.
pub(crate) struct StoredRow {
    pub(crate) session: SessionId,
    /// None if it holds what no version of the library writes.
    pub(crate) row: Option<ProjectedRow>,
}

impl Rows {
    /// The rows of `session`.
    pub(crate) async fn live(client: &Arc<ClientWrapper>) -> Result<Self, Error> {
        let cursor = Cursor::open(client, DECLARE_LIVE_ROWS, FETCH_LIVE_ROWS).await?;
        Ok(Self { cursor, read: live_row, ahead: None })
    }

    /// The rows of `ended_session`.
    pub(crate) async fn ended(client: &Arc<ClientWrapper>) -> Result<Self, Error> {
        let cursor = Cursor::open(client, DECLARE_ENDED_ROWS, FETCH_ENDED_ROWS).await?;
        Ok(Self { cursor, read: ended_row, ahead: None })
    }

    /// The next row of a session not behind `last`; all that is left for none.
    pub(crate) async fn up_to(&mut self, last: Option<SessionId>) -> Result<Option<StoredRow>, Error> {
        if self.ahead.is_none()
            && let Some(row) = self.cursor.next().await?
        {
            let session = SessionId::from(row.try_get::<_, Uuid>("session_id")?);
            self.ahead = Some(StoredRow { session, row: (self.read)(session, &row).ok() });
        }
        Ok(self.ahead.take_if(|row| last.is_none_or(|last| row.session <= last)))
    }
}

fn live_row(session_id: SessionId, row: &Row) -> Result<ProjectedRow, tokio_postgres::Error> {
    Ok(ProjectedRow::Live(LiveRow {
        session_id,
        version: row.try_get("version")?,
        started_at: row.try_get("started_at")?,
        changed_at: row.try_get("changed_at")?,
        authenticated_at: row.try_get("authenticated_at")?,
        absolute_deadline: row.try_get("absolute_deadline")?,
        superseded_until: row.try_get("superseded_until")?,
        idle_timeout: row.try_get("idle_timeout")?,
        superseded_accepted: row.try_get("superseded_accepted")?,
        token_hash: row.try_get("token_hash")?,
        superseded_hash: row.try_get("superseded_hash")?,
        head_hash: row.try_get("head_hash")?,
        user_id: row.try_get("user_id")?,
        client_ip: row.try_get("client_ip")?,
        user_agent: row.try_get("user_agent")?,
        state: row.try_get("state")?,
    }))
}

fn ended_row(session_id: SessionId, row: &Row) -> Result<ProjectedRow, tokio_postgres::Error> {
    Ok(ProjectedRow::Ended(EndedRow {
        session_id,
        version: row.try_get("version")?,
        started_at: row.try_get("started_at")?,
        ended_at: row.try_get("ended_at")?,
        last_seen: row.try_get("last_seen")?,
        authenticated_at: row.try_get("authenticated_at")?,
        reason: row.try_get("reason")?,
        user_id: row.try_get("user_id")?,
        client_ip: row.try_get("client_ip")?,
        user_agent: row.try_get("user_agent")?,
        head_hash: row.try_get("head_hash")?,
    }))
}
