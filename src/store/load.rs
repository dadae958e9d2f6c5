//! One session, by the id sealed in its token.

use deadpool_postgres::ClientWrapper;
use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::connection::Connection;
use super::error::Error;
use super::projection::state_of;
use super::statement::{Ready, Sql};
use crate::session::{EndReason, SessionId, SessionState};

static LOAD: Sql = Sql::new(include_str!("sql/load.sql"), &[Type::UUID]);
static CLOCK: Sql = Sql::new(include_str!("sql/clock.sql"), &[]);
static WHY_ENDED: Sql = Sql::new(include_str!("sql/why_ended.sql"), &[Type::UUID]);
static TOUCH: Sql = Sql::new(include_str!("sql/touch.sql"), &[Type::UUID]);

/// What the database knows at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// The moment, by the database's clock.
    pub(crate) now: OffsetDateTime,
    /// The session, if one was asked for and it is live.
    pub(crate) session: Option<LiveSession>,
}

/// A live session as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct LiveSession {
    pub(crate) state: SessionState,
    /// The new secret, sealed, while a late request may need it.
    pub(crate) resend: Option<Vec<u8>>,
    pub(crate) last_seen: OffsetDateTime,
}

/// A load that is ready to be pipelined.
pub(crate) struct Load {
    statement: Ready,
    session: Option<SessionId>,
}

impl Load {
    /// Makes ready to load `session`, or the time alone if there is none.
    pub(crate) async fn ready(connection: &Connection, session: Option<SessionId>) -> Result<Self, Error> {
        let statement = if session.is_some() { &LOAD } else { &CLOCK };
        Ok(Self { statement: statement.ready(connection).await?, session })
    }

    /// Loads. One trip.
    pub(crate) async fn run(&self, client: &ClientWrapper) -> Result<Loaded, Error> {
        let Some(id) = self.session else {
            let row = self.statement.query_one(client, &[]).await?;
            return Ok(Loaded { now: row.try_get("now")?, session: None });
        };
        loaded(id, &self.statement.query_one(client, &[&id.as_uuid()]).await?)
    }
}

/// Loads a session, outside any transaction.
pub(crate) async fn load(connection: &Connection, id: SessionId) -> Result<Loaded, Error> {
    loaded(id, &LOAD.query_one(connection, &[&id.as_uuid()]).await?)
}

/// Why a session that is no longer live ended and how many seconds ago, if it ever was.
pub(crate) async fn why_ended(
    connection: &Connection,
    id: SessionId,
) -> Result<Option<(EndReason, f64)>, Error> {
    let row = WHY_ENDED.query_opt(connection, &[&id.as_uuid()]).await?;
    row.map(|row| Ok((EndReason::from(row.try_get::<_, &str>("reason")?), row.try_get("seconds_ago")?)))
        .transpose()
}

/// Notes that a session was seen. Must not run inside an application's transaction.
pub(crate) async fn touch(connection: &Connection, id: SessionId) -> Result<(), Error> {
    TOUCH.query(connection, &[&id.as_uuid()]).await?;
    Ok(())
}

fn loaded(id: SessionId, row: &Row) -> Result<Loaded, Error> {
    let session = if row.try_get::<_, Option<i64>>("version")?.is_some() {
        let (resend, last_seen) = (row.try_get("resend")?, row.try_get("last_seen")?);
        Some(LiveSession { state: state_of(id, row)?, resend, last_seen })
    } else {
        None
    };
    Ok(Loaded { now: row.try_get("now")?, session })
}
