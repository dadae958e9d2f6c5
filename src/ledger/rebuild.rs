//! Deriving the projection again from the log.

use std::time::Duration;

use super::{Backend, Error, Ledger, Progress};
use crate::plain_debug::plain_debug;
use crate::session::{DecodeError, LoginStep, SessionId, SessionState};
use crate::store::backends::{list, other_backends};
use crate::store::connection::watched::Watched;
use crate::store::log::streams::Logged;
use crate::store::patience::is_locked;
use crate::store::projection::columns::LoginRow;
use crate::store::projection::replacement::{Replacement, UnrecordedRow};
use crate::store::projection::row::ProjectedRow;

/// How often to look whether other connections have closed, and how long to wait before each look.
const CLOSING: (u32, Duration) = (20, Duration::from_millis(50));

/// Options of [`Ledger::rebuild`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RebuildOptions {
    while_connected: bool,
}

/// The result of a rebuild.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rebuilt {
    /// How many rows of live sessions it has written.
    pub live: u64,
    /// How many rows of ended sessions it has written.
    pub ended: u64,
    /// How many steps of logins it has written.
    pub login_steps: u64,
    /// How many events it has read.
    pub events: u64,
    /// How many of these are of a kind or shape that this version does not know, and were skipped.
    pub unknown_events: u64,
}

/// Why a rebuild was not done. The projection has not changed. After [`Error::OutcomeUnknown`] it may have
/// been rebuilt.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum RebuildError {
    /// The database is in use.
    #[error(
        "other connections to this database are open ({}): stop the application first, or rebuild with \
         `--while-connected` to let it wait meanwhile",
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
    /// The database is away or refuses.
    #[error(transparent)]
    Store(#[from] Error),
}

plain_debug!(RebuildError);

impl RebuildOptions {
    /// Rebuilds although others are connected. Requests that use a session wait until the rebuild is
    /// committed, and then go on. Nobody is logged out. The old rows are deleted one by one, so the tables
    /// take the space of the old and the new rows until they are vacuumed.
    #[must_use]
    pub fn while_connected(mut self) -> Self {
        self.while_connected = true;
        self
    }
}

impl Ledger {
    /// Writes `session`, `ended_session` and `login_step` again, from the whole log, in one transaction. It
    /// is for the application's downtime: unless told otherwise it refuses if others are connected. If it is
    /// stopped before [`Progress::is_read`] is told, also by dropping the future, the old rows stay.
    ///
    /// `resend`, a token that is kept to be sent again, is not in the log and is lost: a browser that never
    /// got its renewed token has to log in again once the grace is over. `activity` stays as it is.
    ///
    /// A log that lacks events is refused: what the rows know of them would be lost. A rebuild needs the
    /// rights of `session_ledger_operator`. `progress` is called now and then and at the end.
    ///
    /// # Errors
    ///
    /// See [`RebuildError`].
    pub async fn rebuild(
        &self,
        options: RebuildOptions,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Rebuilt, RebuildError> {
        let client = self.own_connection().await?;
        if !options.while_connected {
            self.refuse_others(&client).await?;
        }
        let mut replacement = Replacement::begin(client, options.while_connected).await.map_err(locked)?;
        let rebuilt = match replace(&mut replacement, progress).await {
            Ok(rebuilt) => rebuilt,
            Err(error) => {
                replacement.rollback(error.of_store()).await;
                return Err(error);
            }
        };
        replacement.commit().await?;
        if rebuilt.unknown_events > 0 {
            tracing::warn!(events = rebuilt.unknown_events, "events of unknown kind or shape were skipped");
        }
        Ok(rebuilt)
    }

    /// Makes sure that nobody else is connected. Closes our own idle connections, and gives others that are
    /// just leaving a moment to do so.
    async fn refuse_others(&self, client: &Watched) -> Result<(), RebuildError> {
        self.pool().close_idle();
        let mut backends = client.step(other_backends(client)).await?;
        for _ in 0..CLOSING.0 {
            if backends.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(CLOSING.1).await;
            backends = client.step(other_backends(client)).await?;
        }
        if backends.is_empty() { Ok(()) } else { Err(RebuildError::Connected { backends }) }
    }
}

/// Makes sure that the log holds what the rows know, and writes them anew.
async fn replace(
    replacement: &mut Replacement,
    progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt, RebuildError> {
    let (rows, rows_total) = replacement.unrecorded_rows().await?;
    if !rows.is_empty() {
        return Err(RebuildError::EventsMissing { rows, rows_total });
    }
    replacement.empty().await?;
    replay(replacement, progress).await
}

/// Folds the log and sends the rows that it makes.
async fn replay(
    replacement: &mut Replacement,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt, RebuildError> {
    let events_estimated = replacement.count_estimate().await?;
    let mut told = Progress { events_estimated, ..Progress::default() };
    progress(told);

    let mut rebuilt = Rebuilt::default();
    let mut log = replacement.log().await?;
    while let Some(session) = log.next_session().await? {
        let mut state = SessionState::default();
        while let Some(Logged { entry, .. }) = log.next_event().await? {
            let (expected, version) = (state.version + 1, entry.version);
            if version != expected {
                return Err(RebuildError::VersionGap { session, expected, found: version });
            }
            let undecodable = |error| RebuildError::Undecodable { session, version, error };
            // Nothing follows an end, not even in a log that holds more.
            let step = if state.ended.is_none() { LoginStep::of(&entry).map_err(undecodable)? } else { None };
            if let Some(step) = step {
                replacement.add_login(session, LoginRow::of(step)).await?;
                rebuilt.login_steps += 1;
            }
            state.advance(&entry).map_err(undecodable)?;
            rebuilt.unknown_events += u64::from(!entry.encoded.is_known());
            told.count_event(&mut progress);
        }
        told.sessions += 1;
        replacement.add(session, rebuilt.count(&state)).await?;
    }
    replacement.send().await?;
    progress(Progress { is_read: true, ..told });
    Ok(Rebuilt { events: told.events, ..rebuilt })
}

impl RebuildError {
    fn of_store(&self) -> Option<&Error> {
        if let Self::Store(error) = self { Some(error) } else { None }
    }
}

impl Rebuilt {
    /// Counts the row that a session makes.
    fn count(&mut self, state: &SessionState) -> ProjectedRow {
        let row = ProjectedRow::of(state);
        match row {
            ProjectedRow::Live(_) => self.live += 1,
            ProjectedRow::Ended(_) => self.ended += 1,
        }
        row
    }
}

fn locked(error: Error) -> RebuildError {
    if is_locked(&error) { RebuildError::Locked } else { error.into() }
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
