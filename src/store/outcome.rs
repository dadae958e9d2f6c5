//! Finding out, on a fresh connection, how a transaction ended whose COMMIT got no answer.
//!
//! A connection that is cut before COMMIT and one that is cut after it give the same error. An application's
//! transaction has an id, whose status PostgreSQL tells, unless it has crashed since: then it may have given the id to
//! another. What the session appended is looked for in the log, and if it is not there, its place is taken.

use std::time::Duration;

use tokio_postgres::types::Type;
use uuid::Uuid;

use super::append::Append;
use super::connection::Pool;
use super::error::Error;
use super::place::take_place;
use super::statement::Sql;
use super::transaction::TransactionId;
use crate::session::SessionId;

static TRANSACTION_STATUS: Sql =
    Sql::new(include_str!("sql/transaction_status.sql"), &[Type::TEXT, Type::TEXT]);
static EVENT_AT_VERSION: Sql = Sql::new(include_str!("sql/event_at_version.sql"), &[Type::UUID, Type::INT8]);

/// How long to wait before asking again about a transaction that is still in progress, or a server that is away.
const PAUSE: Duration = Duration::from_millis(20);

/// What a transaction leaves behind if it was committed.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    /// Its id; none of one that began with its commit.
    id: Option<TransactionId>,
    /// The first event that it appended, if it did.
    event: Option<Place>,
}

/// An event at a version of a session.
#[derive(Clone, Debug)]
struct Place {
    session: SessionId,
    version: i64,
    event_id: Uuid,
}

/// What the server says.
enum Answer {
    Committed,
    /// Nor will it ever be.
    NotCommitted,
    InProgress,
    /// Nobody can ever tell.
    Forgotten,
}

impl Trace {
    pub(super) fn of(id: Option<&TransactionId>, appends: &[Append]) -> Self {
        let event = appends.first().and_then(|append| {
            let (session, entry) = (append.written.id, append.written.entries.first()?);
            Some(Place { session, version: entry.version, event_id: entry.event_id.as_uuid() })
        });
        Self { id: id.cloned(), event }
    }

    /// Whether the transaction was committed; if not, it never will be. Asks until the server knows, or the time
    /// is up.
    ///
    /// # Errors
    ///
    /// [`Error::OutcomeUnknown`]: nobody can tell, or could within `patience`.
    pub(crate) async fn resolve(&self, pool: &Pool, patience: Duration) -> Result<bool, Error> {
        let asking = async {
            loop {
                match self.ask(pool).await {
                    Ok(Answer::Committed) => return Ok(true),
                    Ok(Answer::NotCommitted) => return Ok(false),
                    Ok(Answer::Forgotten) => return Err(Error::OutcomeUnknown),
                    Ok(Answer::InProgress) => {}
                    Err(error) => tracing::debug!(%error, "nobody could tell yet how a transaction ended"),
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(patience, asking).await.unwrap_or(Err(Error::OutcomeUnknown))
    }

    async fn ask(&self, pool: &Pool) -> Result<Answer, Error> {
        let by_id = match &self.id {
            Some(id) => id.ask(pool).await?,
            None => Answer::Forgotten,
        };
        match (by_id, &self.event) {
            (Answer::Forgotten, Some(event)) => event.ask(pool).await,
            (answer, _) => Ok(answer),
        }
    }
}

impl TransactionId {
    async fn ask(&self, pool: &Pool) -> Result<Answer, Error> {
        let connection = pool.get().await?;
        let statement = TRANSACTION_STATUS.ready(&connection).await?;
        let row = statement.query_one(&connection, &[&self.id, &self.server_run]).await?;
        Ok(match row.try_get("status")? {
            Some("committed") => Answer::Committed,
            Some("aborted") => Answer::NotCommitted,
            Some("in progress") => Answer::InProgress,
            _ => Answer::Forgotten,
        })
    }
}

impl Place {
    async fn ask(&self, pool: &Pool) -> Result<Answer, Error> {
        let connection = pool.get().await?;
        let place = (self.session.as_uuid(), self.version);
        let found = EVENT_AT_VERSION.query_opt(&connection, &[&place.0, &place.1]).await?;
        drop(connection);
        match found.map(|row| row.try_get::<_, Uuid>("event_id")).transpose()? {
            Some(found) if found == self.event_id => Ok(Answer::Committed),
            Some(_) => Ok(Answer::NotCommitted),
            None => take_place(pool, self.session, self.version).await.map(|()| Answer::NotCommitted),
        }
    }
}
