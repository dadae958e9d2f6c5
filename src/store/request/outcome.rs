//! Finding out, on a fresh connection, how a transaction ended whose COMMIT got no answer.
//!
//! A connection that is cut before COMMIT gives the same error as one that is cut after it. The event that
//! the transaction was to append makes the difference: its random name is in the log or not. This holds on
//! the same server, and on a standby that was promoted meanwhile.
//!
//! An application's transaction also has an id, and PostgreSQL knows its status. As long as the transaction
//! is in progress, its event may still come. A transaction that appends nothing has only its id. Then
//! "committed" is believed only if the server has not restarted: after a crash or a promotion the id may
//! belong to another transaction.
//!
//! A transaction without an id may still arrive at any time. So the version of its event is claimed, and it
//! can no longer be committed (see `claim.rs`).

use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::append::Append;
use super::claim::claim_version;
use super::transaction::TransactionId;
use crate::session::SessionId;
use crate::store::connection::lending::lend;
use crate::store::connection::pool::{Connection, Pool};
use crate::store::connection::statement::Sql;
use crate::store::error::Error;

static TRANSACTION_STATUS: Sql = Sql::new(include_str!("../sql/transaction_status.sql"), &[Type::TEXT]);
static EVENT_AT_VERSION: Sql =
    Sql::new(include_str!("../sql/event_at_version.sql"), &[Type::UUID, Type::INT8]);

/// The pause before asking again, while a transaction is in progress or the server is away.
const PAUSE: Duration = Duration::from_millis(20);

/// The signs by which a committed transaction can be recognized. None of them if it wrote nothing.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    transaction: Option<TransactionId>,
    event: Option<EventTrace>,
}

/// An event at a version of a session.
#[derive(Clone, Copy, Debug)]
struct EventTrace {
    session: SessionId,
    version: i64,
    /// The event's own random name.
    event_id: Uuid,
}

/// The status of a transaction, as PostgreSQL tells it.
enum Status {
    InProgress,
    Committed {
        life: String,
    },
    /// It was rolled back, or was never on this server.
    Aborted,
}

impl Trace {
    pub(super) fn of(transaction: Option<&TransactionId>, appends: &[&Append]) -> Self {
        let first =
            appends.first().and_then(|append| Some((append.written.id, append.written.entries.first()?)));
        let event = first.map(|(session, entry)| EventTrace {
            session,
            version: entry.version,
            event_id: entry.event_id.as_uuid(),
        });
        Self { transaction: transaction.cloned(), event }
    }

    /// Whether the transaction was committed. If it was not, it never will be. Asks until the server knows,
    /// or the time is up.
    ///
    /// # Errors
    ///
    /// [`Error::OutcomeUnknown`]: nobody can tell, or nobody could tell within `patience`.
    pub(crate) async fn resolve(&self, pool: &Pool, patience: Duration) -> Result<bool, Error> {
        let asking = async {
            loop {
                match self.ask(pool).await {
                    Ok(Some(answer)) => return answer,
                    Ok(None) => {}
                    Err(error) => tracing::debug!(%error, "nobody could tell how a transaction ended"),
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(patience, asking).await.unwrap_or(Err(Error::OutcomeUnknown))
    }

    /// The final answer, or `None` if it is worth asking again.
    async fn ask(&self, pool: &Pool) -> Result<Option<Result<bool, Error>>, Error> {
        match (&self.transaction, self.event) {
            (Some(transaction), event) => {
                lend(pool, async |client: &Connection| ask_status(client, transaction, event).await).await
            }
            (None, Some(event)) => {
                let found = lend(pool, async |client: &Connection| event.is_in_log(client).await).await?;
                if found.is_none() {
                    claim_version(pool, event.session, event.version).await?;
                }
                Ok(Some(Ok(found.unwrap_or(false))))
            }
            (None, None) => Ok(Some(Ok(false))),
        }
    }
}

/// Asks for a transaction's outcome by its id, and for the event that it was to append.
async fn ask_status(
    client: &Connection,
    transaction: &TransactionId,
    event: Option<EventTrace>,
) -> Result<Option<Result<bool, Error>>, Error> {
    match (status(client, &transaction.id).await?, event) {
        (None | Some(Status::InProgress), _) => Ok(None),
        (Some(_), Some(event)) => Ok(Some(Ok(event.is_in_log(client).await?.unwrap_or(false)))),
        (Some(Status::Aborted), None) => Ok(Some(Ok(false))),
        (Some(Status::Committed { life }), None) if life == transaction.life => Ok(Some(Ok(true))),
        (Some(Status::Committed { .. }), None) => Ok(Some(Err(Error::OutcomeUnknown))),
    }
}

impl EventTrace {
    /// Whether the log holds this event at its version. `None` if the log holds no event there.
    async fn is_in_log(self, connection: &Connection) -> Result<Option<bool>, Error> {
        let place: (Uuid, i64) = (self.session.as_uuid(), self.version);
        let found = EVENT_AT_VERSION.query_opt(connection, &[&place.0, &place.1]).await?;
        let found: Option<Uuid> = found.map(|row| row.try_get("event_id")).transpose()?;
        Ok(found.map(|event_id| event_id == self.event_id))
    }
}

/// The status of the transaction `id`. `None` if it is so old that the server does not know it any more.
async fn status(connection: &Connection, id: &str) -> Result<Option<Status>, Error> {
    let row = match TRANSACTION_STATUS.query_one(connection, &[&id]).await {
        // "is in the future"
        Err(error) if error.code() == Some(&SqlState::INVALID_PARAMETER_VALUE) => {
            return Ok(Some(Status::Aborted));
        }
        answer => answer?,
    };
    Ok(match row.try_get("status")? {
        Some("committed") => Some(Status::Committed { life: row.try_get("life")? }),
        Some("aborted") => Some(Status::Aborted),
        Some(_) => Some(Status::InProgress),
        None => None,
    })
}
