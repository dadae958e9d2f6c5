//! One session, by the id sealed in its token.

use deadpool_postgres::{ClientWrapper, Object};
use time::OffsetDateTime;
use tokio_postgres::Statement;

use super::error::Error;
use super::projection::state_of;
use crate::session::{EndReason, SessionId, SessionState};

const LOAD: &str = include_str!("sql/load.sql");
const CLOCK: &str = include_str!("sql/clock.sql");
const WHY_ENDED: &str = include_str!("sql/why_ended.sql");
const TOUCH: &str = include_str!("sql/touch.sql");

/// What the database knows at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// The moment, by the database's clock.
    pub(crate) now: OffsetDateTime,
    /// Whether that was in a transaction that had begun a while before.
    is_late: bool,
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

/// A load whose statement is prepared, so that it can be pipelined.
pub(crate) struct Load {
    statement: Statement,
    session: Option<SessionId>,
}

impl Load {
    /// Prepares to load `session`, or the time alone if there is none. A cached statement costs no trip.
    pub(crate) async fn prepare(client: &ClientWrapper, session: Option<SessionId>) -> Result<Self, Error> {
        let statement = client.prepare_cached(if session.is_some() { LOAD } else { CLOCK }).await?;
        Ok(Self { statement, session })
    }

    /// Loads outside of a transaction, on a connection that may come from an application's own pool: one on which
    /// other code has left a transaction open shows an old state of the session, and is discarded.
    pub(crate) async fn alone(client: Object, session: SessionId) -> Result<(Object, Loaded), Error> {
        let loading = async { Self::prepare(&client, Some(session)).await?.run(&client).await };
        let refusal = match loading.await {
            Ok(loaded) if !loaded.is_late => return Ok((client, loaded)),
            Ok(_) => Error::in_transaction(),
            Err(error) => error.outside_transaction(),
        };
        if matches!(refusal, Error::Unusable(_)) {
            drop(Object::take(client));
        }
        Err(refusal)
    }

    /// Loads. One trip.
    pub(crate) async fn run(&self, client: &ClientWrapper) -> Result<Loaded, Error> {
        let Some(id) = self.session else {
            let row = client.query_one(&self.statement, &[]).await?;
            return Ok(Loaded { now: row.try_get("now")?, is_late: false, session: None });
        };
        let row = client.query_one(&self.statement, &[&id.as_uuid()]).await?;
        let live = row.try_get::<_, Option<i64>>("version")?.is_some();
        let session = if live {
            let (resend, last_seen) = (row.try_get("resend")?, row.try_get("last_seen")?);
            Some(LiveSession { state: state_of(id, &row)?, resend, last_seen })
        } else {
            None
        };
        Ok(Loaded { now: row.try_get("now")?, is_late: row.try_get("is_late")?, session })
    }
}

/// Why a session that is no longer live ended and how many seconds ago, if it ever was.
pub(crate) async fn why_ended(
    client: &ClientWrapper,
    id: SessionId,
) -> Result<Option<(EndReason, f64)>, Error> {
    let statement = client.prepare_cached(WHY_ENDED).await?;
    let row = client.query_opt(&statement, &[&id.as_uuid()]).await?;
    row.map(|row| Ok((EndReason::from(row.try_get::<_, &str>("reason")?), row.try_get("seconds_ago")?)))
        .transpose()
}

/// Notes that a session was seen. Must not run inside an application's transaction.
pub(crate) async fn touch(client: &ClientWrapper, id: SessionId) -> Result<(), Error> {
    let statement = client.prepare_cached(TOUCH).await?;
    client.execute(&statement, &[&id.as_uuid()]).await?;
    Ok(())
}
