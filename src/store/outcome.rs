//! Finding out, on a fresh connection, how a transaction ended whose COMMIT got no answer.
//!
//! A connection that is cut before COMMIT and one that is cut after it give the same error. What tells is the event
//! that the transaction was to append: its random name is in the log, or it is not, on this server as on a standby that
//! was promoted meanwhile.
//!
//! An application's transaction also has an id, whose status PostgreSQL tells. While it is in progress, the event may
//! still come. A transaction that appends nothing has nothing but its id, and "committed" is believed only as long as
//! the server lives: after a crash or a promotion the id may belong to another transaction. For one without an id the
//! place of the event in the log is taken, which waits for whoever is writing there.

use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::append::Append;
use super::error::Error;
use super::pool::Connection;
use super::transaction::TransactionId;
use crate::session::SessionId;

const TRANSACTION_STATUS: &str = include_str!("sql/transaction_status.sql");
const CLAIM_VERSION: &str = include_str!("sql/claim_version.sql");
const EVENT_AT_VERSION: &str = include_str!("sql/event_at_version.sql");

/// How long to wait before asking again about a transaction that is still in progress, or a server that is away.
const PAUSE: Duration = Duration::from_millis(20);

/// What a transaction leaves behind if it was committed; nothing if it wrote nothing.
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
    /// The event's own name.
    event_id: Uuid,
}

/// What PostgreSQL says of a transaction.
enum Status {
    InProgress,
    Committed {
        life: String,
    },
    /// It did, or has never been on this server.
    Aborted,
}

impl Trace {
    pub(super) fn of(transaction: Option<&TransactionId>, appends: &[Append]) -> Self {
        let first =
            appends.first().and_then(|append| Some((append.written.id, append.written.entries.first()?)));
        let event = first.map(|(session, entry)| EventTrace {
            session,
            version: entry.version,
            event_id: entry.event_id.as_uuid(),
        });
        Self { transaction: transaction.cloned(), event }
    }

    /// Whether the transaction was committed. Asks until the server knows, or the time is up.
    ///
    /// # Errors
    ///
    /// [`Error::OutcomeUnknown`]: nobody could tell within `patience`.
    pub(crate) async fn resolve(&self, pool: &Pool, patience: Duration) -> Result<bool, Error> {
        let asking = async {
            loop {
                if let Ok(Some(answer)) = self.ask(pool).await {
                    return answer;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(patience, asking).await.unwrap_or(Err(Error::OutcomeUnknown))
    }

    /// The answer, if there will be no other; none if it is worth asking again.
    async fn ask(&self, pool: &Pool) -> Result<Option<Result<bool, Error>>, Error> {
        let client = pool.get().await?;
        match (&self.transaction, self.event) {
            (Some(transaction), event) => match (status(&client, &transaction.id).await?, event) {
                (None | Some(Status::InProgress), _) => Ok(None),
                (Some(_), Some(event)) => Ok(Some(Ok(event.is_in_log(&client).await?))),
                (Some(Status::Aborted), None) => Ok(Some(Ok(false))),
                (Some(Status::Committed { life }), None) if life == transaction.life => Ok(Some(Ok(true))),
                (Some(Status::Committed { .. }), None) => Ok(Some(Err(Error::OutcomeUnknown))),
            },
            (None, Some(event)) => {
                // If this is left halfway, the connection has a transaction open and must not come back.
                let claimed = claim(Object::take(client), event).await?;
                Ok(Some(Ok(!claimed && event.is_in_log(&*pool.get().await?).await?)))
            }
            (None, None) => Ok(Some(Ok(false))),
        }
    }
}

impl EventTrace {
    async fn is_in_log(self, client: &Connection) -> Result<bool, Error> {
        let found = client.query_opt(EVENT_AT_VERSION, &[&self.session.as_uuid(), &self.version]).await?;
        let found: Option<Uuid> = found.map(|row| row.try_get("event_id")).transpose()?;
        Ok(found == Some(self.event_id))
    }
}

/// None: it is too old to be known.
async fn status(client: &Connection, id: &str) -> Result<Option<Status>, Error> {
    let row = match client.query_one(TRANSACTION_STATUS, &[&id]).await {
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

/// Whether the place was free, once all who were about to take it have decided. It is given back at once.
async fn claim(client: Connection, event: EventTrace) -> Result<bool, Error> {
    client.batch_execute("begin").await?;
    let place = (event.session.as_uuid(), event.version);
    let claimed = client.query_one(CLAIM_VERSION, &[&place.0, &place.1, &Uuid::new_v4()]).await;
    client.batch_execute("rollback").await?;
    match claimed {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
