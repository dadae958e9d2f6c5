//! Why a rebuild was not done.

use crate::plain_debug::plain_debug;
use crate::session::{DecodeError, SessionId};
use crate::store::backends::{Backend, list};
use crate::store::error::Error;
use crate::store::patience::is_locked;
use crate::store::projection::replacement::UnrecordedRow;

/// Why a rebuild was not done. The projection has not changed, but for [`RebuildError::Halfway`]. After
/// [`Error::OutcomeUnknown`] it may have been rebuilt.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum RebuildError {
    /// The database is in use.
    #[error(
        "other connections to this database are open ({}): rebuild with `--while-connected`, beside the running \
         application, or stop it first",
        list(.backends)
    )]
    Connected {
        /// The other connections.
        backends: Vec<Backend>,
    },
    /// Another transaction keeps the projection locked.
    #[error(
        "the projection is locked by a transaction that does not end: end it, or stop the application first"
    )]
    Locked,
    /// Another rebuild works beside the application.
    #[error("another rebuild of this database is under way: wait until it has ended")]
    UnderWay,
    /// Rows whose latest events the log lacks: a rebuild would lose them, and sign their users out.
    #[error(
        "the log lacks the events of {rows_total} rows, so nothing was rebuilt, as these rows would be lost: {}. Restore \
         the events from a backup; or if they are meant to be gone, delete the rows first",
        name_rows(.rows, *.rows_total)
    )]
    EventsMissing {
        /// The first of these rows.
        rows: Vec<UnrecordedRow>,
        /// How many there are.
        rows_total: u64,
    },
    /// Events are missing in the middle of a session, or at its start.
    #[error(
        "event {expected} of session {session} is missing from the log, where {found} comes next, so nothing was rebuilt: \
         restore it from a backup"
    )]
    VersionGap {
        /// The session.
        session: SessionId,
        /// The version that should come next.
        expected: i64,
        /// The version that comes next.
        found: i64,
    },
    /// An event that cannot be read: the projection cannot be derived from this log.
    #[error("event {version} of session {session} cannot be read, so nothing was rebuilt: {error}")]
    Undecodable {
        /// The session.
        session: SessionId,
        /// The event's version.
        version: i64,
        /// Why it cannot be read.
        error: DecodeError,
    },
    /// A rebuild beside the running application has stopped while rebuilt rows took their places. Each row is
    /// as it was or as the log says.
    #[error(
        "the rebuild stopped when {written} of {found} sessions had their rebuilt rows; the others have the rows that \
         they had. Rebuild again for the rest. It stopped because: {error}"
    )]
    Halfway {
        /// How many sessions have rebuilt rows.
        written: u64,
        /// How many sessions had other rows than the log says.
        found: u64,
        /// Why it stopped.
        error: Box<RebuildError>,
    },
    /// The database is away or refuses.
    #[error(transparent)]
    Store(#[from] Error),
}

plain_debug!(RebuildError);

impl RebuildError {
    pub(super) fn of_store(&self) -> Option<&Error> {
        if let Self::Store(error) = self { Some(error) } else { None }
    }

    pub(super) fn locked(error: Error) -> Self {
        if is_locked(&error) { Self::Locked } else { error.into() }
    }
}

fn name_rows(rows: &[UnrecordedRow], total: u64) -> String {
    let name =
        |row: &UnrecordedRow| format!("session {} (version {} in `{}`)", row.session, row.version, row.table);
    let mut names: Vec<_> = rows.iter().map(name).collect();
    if let Some(more) = total.checked_sub(rows.len() as u64).filter(|more| *more > 0) {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}
