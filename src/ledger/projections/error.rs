//! Why a projection was not followed, verified or derived anew.

use super::super::feed::FeedError;
use crate::plain_debug::plain_debug;
use crate::session::SessionId;
use crate::store::error::Error;

/// Why a projection was not followed, verified or derived anew. Its tables are as they were.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionError {
    /// It is neither followed nor inline.
    #[error(
        "projection `{name}` was never followed, and this ledger has no inline one of that name: follow it with \
         `Ledger::follow`, or give it to `Builder::inline`"
    )]
    Unknown {
        /// The projection.
        name: &'static str,
    },
    /// One of its tables is not there.
    #[error(
        "projection `{name}` has a table `{table}` that is not there: make it, or put its schema on the search path of \
         the role"
    )]
    TableMissing {
        /// The projection.
        name: &'static str,
        /// The table.
        table: &'static str,
    },
    /// Part of the log is in an archive, so not all events can be told again.
    #[error(
        "projection `{name}` cannot be derived anew, as {months} months of the log are in an archive: restore the archive \
         into a database of its own, and derive it there"
    )]
    Archived {
        /// The projection.
        name: &'static str,
        /// How many months.
        months: usize,
    },
    /// Its statements write other tables than its own while events are told again.
    #[error(
        "projection `{name}` writes something else than its own tables while events are told again ({reason}): name its \
         tables without their schema, and write elsewhere only if the fact is not replayed"
    )]
    WritesElsewhere {
        /// The projection.
        name: &'static str,
        /// What the database says.
        reason: String,
    },
    /// An inline projection refuses an event that the log holds.
    #[error("projection `{name}` refuses event {version} of session {session}: {reason}")]
    Refused {
        /// The projection.
        name: &'static str,
        /// The session.
        session: SessionId,
        /// The event's version.
        version: i64,
        /// Why.
        reason: String,
    },
    /// Writers keep the tables locked.
    #[error("the tables of projection `{name}` are locked by transactions that do not end: try again later")]
    Locked {
        /// The projection.
        name: &'static str,
    },
    /// The feed cannot be followed, or the database is away.
    #[error(transparent)]
    Feed(#[from] FeedError),
}

plain_debug!(ProjectionError);

impl From<Error> for ProjectionError {
    fn from(error: Error) -> Self {
        Self::Feed(error.into())
    }
}

impl From<tokio_postgres::Error> for ProjectionError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Feed(error.into())
    }
}

impl ProjectionError {
    pub(super) fn of_store(&self) -> Option<&Error> {
        if let Self::Feed(FeedError::Store(error)) = self { Some(error) } else { None }
    }
}
