//! Deriving the projection again from the log.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::error::SqlState;

use super::{Backend, Error, Ledger, Progress};
use crate::session::{DecodeError, Entry, Event, SessionId, SessionState};
use crate::store::log::streams::{Stored, Streams, Unreadable, count_estimate};
use crate::store::projection::replacement::{Replacement, other_backends};
use crate::store::projection::row::ProjectedRow;

/// How long connections that are being closed are waited for, and how often they are looked at.
const CLOSING: (u32, Duration) = (20, Duration::from_millis(50));

/// How [`Ledger::rebuild`] goes about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RebuildOptions {
    while_connected: bool,
}

/// What a rebuild wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rebuilt {
    /// How many rows of live sessions.
    pub live: u64,
    /// How many rows of ended sessions.
    pub ended: u64,
    /// Of how many events.
    pub events: u64,
    /// How many of these are of a kind or shape that this version does not know, and were skipped.
    pub unknown_events: u64,
}

/// Why a rebuild was not done. The projection is as it was; after [`Error::OutcomeUnknown`], as it was or rebuilt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RebuildError {
    /// The database is in use.
    #[error(
        "other connections to this database are open ({}): stop the application first, or rebuild with \
         `--while-connected` to let it wait meanwhile",
        list(.backends)
    )]
    Connected {
        /// By whom.
        backends: Vec<Backend>,
    },
    /// A transaction of somebody else's keeps the projection locked.
    #[error(
        "the projection is locked by a transaction that does not end: end it, or stop the application first"
    )]
    Locked,
    /// An event that cannot be read: the projection cannot be derived from this log.
    #[error("event {version} of session {session} cannot be read, so nothing was rebuilt: {error}")]
    Undecodable {
        /// The session.
        session: SessionId,
        /// The event's version.
        version: i64,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// The database is away or refuses.
    #[error(transparent)]
    Store(#[from] Error),
}

impl RebuildOptions {
    /// Rebuilds although others are connected: whoever uses a session waits until the rebuild is committed, and
    /// then goes on. Nobody is logged out. The old rows are deleted one by one, so the tables are as large
    /// as both until they are vacuumed.
    #[must_use]
    pub fn while_connected(mut self) -> Self {
        self.while_connected = true;
        self
    }
}

impl Ledger {
    /// Writes `session` and `ended_session` again, by the fold of the whole log, in one transaction. It is for
    /// the application's downtime: unless told otherwise it refuses when others are connected. Stopped at
    /// any moment before [`Progress::is_read`] is told, also by dropping the future, it leaves the rows that were there.
    ///
    /// A token that was renewed and is kept to be sent again (`resend`) is not in the log and is lost: a browser
    /// that never got its renewed token has to log in again once the grace is over. `activity` stays as it is.
    /// It needs the rights of `session_ledger_operator`. `progress` is told now and then and at the end.
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
        let rebuilt = replay(&client, options, progress).await;
        if rebuilt.is_err() {
            // Closing the connection would do it too, but not before we return.
            client.batch_execute("rollback").await.ok();
        }
        let rebuilt = rebuilt?;
        client.batch_execute("commit").await.map_err(lost_in_commit)?;
        if rebuilt.unknown_events > 0 {
            tracing::warn!(events = rebuilt.unknown_events, "events of unknown kind or shape were skipped");
        }
        Ok(rebuilt)
    }

    /// Makes sure that nobody else is connected. Our own idle connections are closed, and whoever is just
    /// leaving has a moment to do so.
    async fn refuse_others(&self, client: &ClientWrapper) -> Result<(), RebuildError> {
        self.pool().close_idle();
        let mut backends = other_backends(client).await?;
        for _ in 0..CLOSING.0 {
            if backends.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(CLOSING.1).await;
            backends = other_backends(client).await?;
        }
        if backends.is_empty() { Ok(()) } else { Err(RebuildError::Connected { backends }) }
    }
}

/// Begins, and does everything but commit.
async fn replay(
    client: &Arc<ClientWrapper>,
    options: RebuildOptions,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt, RebuildError> {
    let mut replacement = Replacement::begin(client, options.while_connected).await.map_err(locked)?;
    let mut told = Progress { events_estimated: count_estimate(client).await?, ..Progress::default() };
    progress(told);

    let mut rebuilt = Rebuilt::default();
    let mut log = Streams::open(client).await?;
    let mut stream: Option<(SessionId, SessionState)> = None;
    while let Some(stored) = log.next().await? {
        if let Some((session, state)) = stream.take_if(|stream| stream.0 != stored.session) {
            told.sessions += 1;
            replacement.add(rebuilt.count(session, &state)).await?;
        }
        let (_, state) = stream.get_or_insert_with(|| (stored.session, SessionState::default()));
        let entry = decode(&stored)?;
        rebuilt.unknown_events += u64::from(matches!(entry.event, Event::Unknown(_)));
        state.advance(&entry);
        told.count_event(&mut progress);
    }
    if let Some((session, state)) = stream {
        told.sessions += 1;
        replacement.add(rebuilt.count(session, &state)).await?;
    }
    replacement.send().await?;
    progress(Progress { is_read: true, ..told });
    Ok(Rebuilt { events: told.events, ..rebuilt })
}

impl Rebuilt {
    /// Counts the row that a session makes.
    fn count(&mut self, session: SessionId, state: &SessionState) -> ProjectedRow {
        let row = ProjectedRow::of(session, state);
        match row {
            ProjectedRow::Live(_) => self.live += 1,
            ProjectedRow::Ended(_) => self.ended += 1,
        }
        row
    }
}

fn decode(stored: &Stored) -> Result<Entry, RebuildError> {
    let session = stored.session;
    stored.entry()?.map_err(|Unreadable { version, error }| RebuildError::Undecodable {
        session,
        version,
        error,
    })
}

fn locked(error: Error) -> RebuildError {
    match error {
        Error::Database(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => RebuildError::Locked,
        other => other.into(),
    }
}

/// A COMMIT that the server refuses was not done; one whose answer is lost may have been.
fn lost_in_commit(error: tokio_postgres::Error) -> Error {
    if error.code().is_some() { error.into() } else { Error::OutcomeUnknown }
}

fn list(backends: &[Backend]) -> String {
    let name = |backend: &Backend| match backend.application_name.as_str() {
        "" => format!("process {}", backend.pid),
        name => format!("process {} of \"{name}\"", backend.pid),
    };
    backends.iter().map(name).collect::<Vec<_>>().join(", ")
}
