//! Requests that write to one session stand in line, instead of aborting each other.
//!
//! The line is in the process: it takes no lock in the database, so it works behind a transaction pooler. A
//! conflict with another process is left to the retry.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

use crate::session::SessionId;

/// How long a request waits for its turn. Then it goes ahead: the line saves work, and order does not depend
/// on it.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// Lines of sessions that nobody waits for any more are forgotten when there are this many.
const LINES_MAX: usize = 1024;

/// A turn; it ends when this is dropped.
pub(super) type Turn = OwnedMutexGuard<()>;

/// The lines of all sessions that somebody is writing to.
#[derive(Default)]
pub(crate) struct WriterQueue {
    /// A std mutex: it is held to look up a line, never across an await.
    lines: Mutex<HashMap<SessionId, Weak<tokio::sync::Mutex<()>>>>,
}

impl WriterQueue {
    /// Waits for a turn with a session. None if the wait took too long.
    pub(super) async fn turn(&self, session: SessionId) -> Option<Turn> {
        tokio::time::timeout(WAIT_MAX, self.line(session).lock_owned()).await.ok()
    }

    /// The turn, if nobody has it. A request that has loaded the session without standing in line must not
    /// commit before the others: it would only abort the one whose turn it is.
    pub(super) fn turn_if_free(&self, session: SessionId) -> Option<Turn> {
        self.line(session).try_lock_owned().ok()
    }

    fn line(&self, session: SessionId) -> Arc<tokio::sync::Mutex<()>> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(&session).and_then(Weak::upgrade) {
            return line;
        }
        if lines.len() >= LINES_MAX {
            lines.retain(|_, line| line.strong_count() > 0);
        }
        let line = Arc::new(tokio::sync::Mutex::new(()));
        lines.insert(session, Arc::downgrade(&line));
        line
    }
}
