//! Finding out, on a fresh connection, how a transaction ended whose COMMIT got no answer.
//!
//! A connection that is cut before COMMIT and one that is cut after it give the same error. An application's
//! transaction has an id, whose status PostgreSQL tells. A transaction that consists of the session's own append
//! has none that we know; there the event itself is looked for, and if it is not there, its place is taken.

use std::time::Duration;

use tokio_postgres::types::Type;
use uuid::Uuid;

use super::append::Append;
use super::connection::Pool;
use super::error::Error;
use super::place::take_place;
use super::statement::Sql;
use crate::session::SessionId;

static TRANSACTION_STATUS: Sql = Sql::new(include_str!("sql/transaction_status.sql"), &[Type::TEXT]);
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

    /// Whether the transaction was committed; if not, it never will be. Asks until the server knows, or the time
    /// is up.
    ///
    /// # Errors
    ///
    /// [`Error::OutcomeUnknown`]: nobody could tell within `patience`.
    pub(crate) async fn resolve(&self, pool: &Pool, patience: Duration) -> Result<bool, Error> {
        let asking = async {
            loop {
                match self.ask(pool).await {
                    Ok(Some(committed)) => return committed,
                    Ok(None) => {}
                    Err(error) => tracing::debug!(%error, "nobody could tell how a transaction ended"),
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
                let found = EVENT_AT_VERSION.query_opt(&client, &[&session.as_uuid(), version]).await?;
                drop(client);
                if let Some(found) = found {
                    return Ok(Some(found.try_get::<_, Uuid>("event_id")? == *event_id));
                }
                take_place(pool, *session, *version).await?;
                Ok(Some(false))
            }
            Self::Nothing => Ok(Some(false)),
        }
    }
}
