//! Finding out, on a fresh connection, how a transaction ended whose COMMIT got no answer.
//!
//! A connection that is cut before COMMIT and one that is cut after it give the same error. An application's
//! transaction has an id, whose status PostgreSQL tells. A transaction that consists of the session's own append
//! has none that we know; there the event itself is looked for, by taking its place in the log.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::append::Append;
use super::connection::Pool;
use super::error::Error;
use super::statement::{Ready, Sql};
use crate::session::SessionId;

static TRANSACTION_STATUS: Sql = Sql::new(include_str!("sql/transaction_status.sql"), &[Type::TEXT]);
static CLAIM_VERSION: Sql =
    Sql::new(include_str!("sql/claim_version.sql"), &[Type::UUID, Type::INT8, Type::UUID]);
static EVENT_AT_VERSION: Sql = Sql::new(include_str!("sql/event_at_version.sql"), &[Type::UUID, Type::INT8]);

/// How long to wait before asking again about a transaction that is still in progress, or a server that is away.
const PAUSE: Duration = Duration::from_millis(20);

/// What a transaction leaves behind if it was committed.
#[derive(Clone, Debug)]
pub(crate) enum Trace {
    /// The status of this transaction id.
    TransactionId(String),
    /// This event at this version of this session.
    Event {
        /// The session.
        session: SessionId,
        /// The version.
        version: i64,
        /// The event's own name.
        event_id: Uuid,
    },
    /// Nothing: it wrote nothing.
    Nothing,
}

impl Trace {
    pub(super) fn of(transaction_id: Option<&String>, appends: &[Append]) -> Self {
        let first =
            appends.first().and_then(|append| Some((append.written.id, append.written.entries.first()?)));
        match (transaction_id, first) {
            (Some(id), _) => Self::TransactionId(id.clone()),
            (None, Some((session, entry))) => {
                Self::Event { session, version: entry.version, event_id: entry.event_id.as_uuid() }
            }
            (None, None) => Self::Nothing,
        }
    }

    /// Whether the transaction was committed. Asks until the server knows, or the time is up.
    ///
    /// # Errors
    ///
    /// [`Error::OutcomeUnknown`]: nobody could tell within `patience`.
    pub(crate) async fn resolve(&self, pool: &Pool, patience: Duration) -> Result<bool, Error> {
        let asking = async {
            loop {
                if let Ok(Some(committed)) = self.ask(pool).await {
                    return committed;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(patience, asking).await.map_err(|_| Error::OutcomeUnknown)
    }

    async fn ask(&self, pool: &Pool) -> Result<Option<bool>, Error> {
        let client = pool.get().await?;
        match self {
            Self::TransactionId(id) => {
                let row = TRANSACTION_STATUS.ready(&client).await?.query_one(&client, &[id]).await?;
                Ok(match row.try_get("status")? {
                    Some("committed") => Some(true),
                    Some("aborted") => Some(false),
                    _ => None,
                })
            }
            Self::Event { session, version, event_id } => {
                // If this is left halfway, the connection has a transaction open and must not come back.
                let statement = CLAIM_VERSION.ready(&client).await?;
                let claimed = claim(client.detach(), &statement, *session, *version).await?;
                if claimed {
                    return Ok(Some(false));
                }
                let found =
                    EVENT_AT_VERSION.query_opt(&pool.get().await?, &[&session.as_uuid(), version]).await?;
                let found: Option<Uuid> = found.map(|row| row.try_get("event_id")).transpose()?;
                Ok(Some(found == Some(*event_id)))
            }
            Self::Nothing => Ok(Some(false)),
        }
    }
}

/// Whether the place was free, once all who were about to take it have decided. It is given back at once.
async fn claim(
    client: ClientWrapper,
    statement: &Ready,
    session: SessionId,
    version: i64,
) -> Result<bool, Error> {
    client.batch_execute("begin").await?;
    let claimed = statement.query_one(&client, &[&session.as_uuid(), &version, &Uuid::new_v4()]).await;
    client.batch_execute("rollback").await?;
    match claimed {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
