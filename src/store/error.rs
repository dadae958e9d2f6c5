//! Errors of the store, sorted by the ways in which a caller can react.

use std::time::Duration;

use deadpool_postgres::{PoolError, TimeoutType};
use tokio_postgres::Error as DriverError;
use tokio_postgres::error::SqlState;

use super::connection::tls;
use super::sqlstate::{
    describe, is_absence, is_conflict, is_io, is_misplaced, is_outdated, is_shortage, sqlstate,
};
use crate::plain_debug::plain_debug;
use crate::session::{DecodeError, SessionId, UserId, WishError};

/// An operation on the store failed.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another request changed or ended the session first. Nothing was written; run again with a fresh load.
    #[error("session {session} was changed or ended by another request: run the request again")]
    Stale {
        /// The session.
        session: SessionId,
    },
    /// PostgreSQL could not serialize the transaction. Nothing was written; run again.
    #[error("the transaction conflicts with another: run the request again")]
    Conflict(#[source] DriverError),
    /// A table has been altered since a statement was prepared for it. Nothing was written; run again.
    #[error("a table has been altered since a statement was prepared for it: run the request again")]
    Outdated(#[source] DriverError),
    /// A prepared statement is not on the server where it was prepared: a transaction pooler is between.
    #[error(
        "the server has lost a prepared statement or got it from somebody else ({}): behind a transaction pooler that \
         knows no prepared statements build the ledger with `unnamed_statements()`; on a connection of the library's \
         send no DEALLOCATE and no DISCARD ALL", describe(.0)
    )]
    Misplaced(#[source] DriverError),
    /// The database cannot be reached, no connection became free in time, or the server lacks something that
    /// it needs, such as room on its disk. Nothing was written.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The connection was lost. Its unfinished work was not written, unless a COMMIT was under way.
    #[error("the connection to the database was lost: {0}")]
    Disconnected(String),
    /// The connection is of no use: its server takes no writes, or other code has left a transaction open on
    /// it. Nothing was written, and the connection is discarded.
    #[error("the connection to the database cannot be used: {0}")]
    Unusable(String),
    /// The connection was lost while a transaction was being committed: it may or may not have been.
    #[error("the connection was lost during COMMIT, so the outcome of the transaction is unknown")]
    OutcomeUnknown,
    /// The transaction had failed before, so that it could not be committed.
    #[error("an earlier statement of the transaction failed, so that it was rolled back")]
    Aborted,
    /// The application has kept the transaction after its work had ended, so it cannot be committed.
    #[error("a transaction was kept past the end of its work, so that it was rolled back: drop it before")]
    TransactionKept,
    /// The server has ended the transaction because its handler sent no statement for too long. Nothing was
    /// written, and another run would fare no better.
    #[error(
        "a transaction was idle for longer than the server allows (`idle_in_transaction_session_timeout`, which is 5 s \
         in a request's transaction): do what takes long before it begins or after it has ended, or set another limit \
         in it"
    )]
    IdleTooLong,
    /// The database's clock has jumped, as the clock of this process tells, so nothing is decided by it.
    #[error(
        "the database's clock has jumped by {} s: set the clock of its machine right; a clock that goes on as it should \
         for a minute is believed again", by.whole_seconds()
    )]
    ClockJumped {
        /// How far; negative if it went back.
        by: time::Duration,
    },
    /// The account of a user is disabled, so that they cannot log in. Nothing was written.
    #[error(
        "the account is disabled, so that its user cannot log in: enable it with `Ledger::enable_account`"
    )]
    AccountDisabled {
        /// The user. The message leaves the id out, as it may be personal.
        user: UserId,
    },
    /// A projection of the application's refuses an event, or the database its statement. Nothing was
    /// written.
    #[error("projection `{name}` cannot be written: {reason}")]
    Projection {
        /// The projection.
        name: &'static str,
        /// Why.
        reason: String,
    },
    /// Stored bytes do not decode.
    #[error("session {session}: {error}")]
    Undecodable {
        /// The session that the bytes belong to.
        session: SessionId,
        /// Why they cannot be read.
        error: DecodeError,
    },
    /// A reason or a user id that cannot be stored. Nothing was written.
    #[error(transparent)]
    Wish(#[from] WishError),
    /// Anything else that PostgreSQL refuses, in its own words.
    #[error("the database refused a statement: {}", describe(.0))]
    Database(#[source] DriverError),
}

plain_debug!(Error);

impl Error {
    /// No connection could be opened.
    pub(in crate::store) fn unreachable(error: &DriverError) -> Self {
        let meaning = tls::explain(error).or_else(|| wants_password(error)).or_else(|| no_socket(error));
        Self::Unavailable(meaning.unwrap_or_else(|| describe(error)))
    }

    /// Opening a connection timed out.
    pub(super) fn late() -> Self {
        Self::Unavailable("the server did not answer in time".to_owned())
    }

    /// The server lets nobody in while a statement waits for it.
    pub(super) fn silent() -> Self {
        let words = "the server does not answer, on a new connection neither: see whether it runs and can be reached, \
                     and start again";
        Self::Disconnected(words.to_owned())
    }

    /// A statement takes too long, though the server is there.
    pub(super) fn endless(time: Duration) -> Self {
        let minutes = time.as_secs() / 60;
        Self::Disconnected(format!(
            "a statement was not answered within {minutes} min: see in `pg_stat_activity` what it waits for, and start \
             again"
        ))
    }

    /// A BEGIN failed. A standby refuses SERIALIZABLE (0A000). In a transaction that other code has left
    /// open, BEGIN comes after a query (25001).
    pub(super) fn of_begin(error: DriverError) -> Self {
        match error.code() {
            Some(&SqlState::FEATURE_NOT_SUPPORTED | &SqlState::ACTIVE_SQL_TRANSACTION) => {
                Self::Unusable(describe(&error))
            }
            _ => Self::from(error).outside_transaction(),
        }
    }

    /// The connection came to us with a transaction open on it.
    pub(super) fn in_transaction() -> Self {
        Self::Unusable("other code had left a transaction open on it".to_owned())
    }

    /// For a statement that was sent before our transaction began. If it failed because a transaction has
    /// failed, then that transaction was left open by other code.
    pub(super) fn outside_transaction(self) -> Self {
        if matches!(self, Self::Aborted) { Self::in_transaction() } else { self }
    }

    /// A copy of this error for the other requests that shared the connection, if it concerns the connection
    /// and not one request alone.
    pub(super) fn of_connection(&self) -> Option<Self> {
        match self {
            Self::Unavailable(reason) => Some(Self::Unavailable(reason.clone())),
            Self::Disconnected(reason) => Some(Self::Disconnected(reason.clone())),
            Self::Unusable(reason) => Some(Self::Unusable(reason.clone())),
            _ => None,
        }
    }

    /// Whether the same work may succeed if it is done again.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Stale { .. } | Self::Conflict(_) | Self::Outdated(_))
    }

    /// Whether the database could not be reached, went away, or did not say how a transaction ended.
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_)
                | Self::Disconnected(_)
                | Self::Unusable(_)
                | Self::OutcomeUnknown
                | Self::ClockJumped { .. }
        )
    }
}

impl From<DriverError> for Error {
    fn from(error: DriverError) -> Self {
        match error.code() {
            Some(code) if is_conflict(code) => Self::Conflict(error),
            Some(code) if is_absence(code) => Self::Disconnected(describe(&error)),
            Some(code) if is_shortage(code) => Self::Unavailable(describe(&error)),
            Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => Self::Unusable(describe(&error)),
            Some(&SqlState::IN_FAILED_SQL_TRANSACTION) => Self::Aborted,
            _ if is_outdated(&error) => Self::Outdated(error),
            _ if is_misplaced(&error) => Self::Misplaced(error),
            None if error.is_closed() || is_io(&error) => Self::Disconnected(describe(&error)),
            _ => Self::Database(error),
        }
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::unreachable(&error),
            PoolError::Timeout(TimeoutType::Wait) => {
                Self::Unavailable("no connection became free in time".to_owned())
            }
            PoolError::Timeout(_) => Self::late(),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// The driver finds that the server asks for a password, and has none.
fn wants_password(error: &DriverError) -> Option<String> {
    let is_missing = std::error::Error::source(error)?.to_string() == "password missing";
    is_missing.then(|| {
        "the server asks for a password: set PGPASSWORD or write one into the address; a password file is not read"
            .to_owned()
    })
}

/// A socket whose file is not there: the system's text would not say what is missing.
fn no_socket(error: &DriverError) -> Option<String> {
    let io = std::error::Error::source(error)?.downcast_ref::<std::io::Error>()?;
    (io.kind() == std::io::ErrorKind::NotFound).then(|| {
        "no server has its socket there: start the server, or name its host, or the folder of its socket, in the address"
            .to_owned()
    })
}

/// Looks through an application's error and its causes for an error of the library or of the database.
pub(crate) fn cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<Cause<'a>> {
    if let Some(ours) = error.downcast_ref::<Error>() {
        return Some(Cause::Ours(ours));
    }
    if let Some(statement) = error.downcast_ref::<DriverError>() {
        return Some(Cause::Statement(statement));
    }
    error.source().and_then(cause)
}

/// The error that made an application's work fail.
pub(crate) enum Cause<'a> {
    /// An error of the library.
    Ours(&'a Error),
    /// The error of a statement of the application's own.
    Statement(&'a DriverError),
}

/// Whether failed work may succeed if it is done again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prospect {
    /// It lost a race, and will win one.
    Good,
    /// A statement was prepared for a table that has changed, and can be prepared again.
    Outdated,
    /// It lost its connection, and may get a better one.
    Reconnected,
    /// A statement failed, and nobody knows which: worth a few attempts.
    Fair,
    /// It is the database that fails, or that did not say how a COMMIT ended: doing it again now would not
    /// help, or must not be. The answer is that the service is not available.
    Away,
    /// It will fail again, or must not be done again.
    None,
}

impl Error {
    /// Whether the failed work may succeed if it is done again.
    pub(crate) fn prospect(&self) -> Prospect {
        match self {
            Self::Stale { .. } | Self::Conflict(_) => Prospect::Good,
            Self::Outdated(_) => Prospect::Outdated,
            Self::Disconnected(_) | Self::Unusable(_) => Prospect::Reconnected,
            // A clock that was wrong for one request is right for the next.
            Self::Aborted | Self::ClockJumped { .. } => Prospect::Fair,
            Self::Unavailable(_) | Self::OutcomeUnknown => Prospect::Away,
            _ => Prospect::None,
        }
    }
}

impl Error {
    /// Why work failed, in a word, for the metrics: see [`telemetry`](crate::telemetry).
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Stale { .. } => "stale".to_owned(),
            Self::Disconnected(_) => "disconnected".to_owned(),
            Self::Conflict(error) | Self::Database(error) => sqlstate(error),
            _ => "aborted".to_owned(),
        }
    }
}

impl Cause<'_> {
    /// Why the application's work failed, in a word, for the metrics: see [`telemetry`](crate::telemetry).
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Ours(error) => error.reason(),
            Self::Statement(error) => sqlstate(error),
        }
    }

    /// Whether the application's failed work may succeed if it is done again.
    pub(crate) fn prospect(&self) -> Prospect {
        match self {
            Self::Ours(error) => error.prospect(),
            Self::Statement(error) => match error.code() {
                Some(code) if is_conflict(code) => Prospect::Good,
                Some(code) if is_absence(code) => Prospect::Reconnected,
                Some(code) if is_shortage(code) => Prospect::Away,
                // After READ_ONLY_SQL_TRANSACTION the rollback finds out whether the server takes no writes
                // at all.
                Some(&SqlState::IN_FAILED_SQL_TRANSACTION | &SqlState::READ_ONLY_SQL_TRANSACTION) => {
                    Prospect::Fair
                }
                None if error.is_closed() || is_io(error) => Prospect::Reconnected,
                _ if is_outdated(error) => Prospect::Outdated,
                _ => Prospect::None,
            },
        }
    }
}
