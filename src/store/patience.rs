//! Waiting for a table without making others wait.
//!
//! A statement that waits for a lock on a table holds up every statement that comes after it, whatever those
//! need. So each of ours that needs a strong lock waits for a moment only, fails (55P03), and is tried again
//! after a pause in which others have their turn.

use std::time::Duration;

use tokio_postgres::Error as DriverError;
use tokio_postgres::error::SqlState;

use super::error::Error;

/// How often such a statement is tried again. A try waits for 100 ms at most: the statements that begin the
/// work set `lock_timeout`.
const TRIES: u32 = 20;

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(300);

/// The tries that some work has left.
pub(crate) struct Patience {
    left: u32,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { left: TRIES }
    }

    /// Whether the work may be tried again. Returns after a pause.
    pub(crate) async fn allows_another_try(&mut self) -> bool {
        let Some(left) = self.left.checked_sub(1) else { return false };
        self.left = left;
        tokio::time::sleep(PAUSE).await;
        true
    }
}

/// Whether a lock was not to be had in time.
pub(crate) fn is_locked(error: &Error) -> bool {
    matches!(error, Error::Conflict(error) if is_lock_refusal(error))
}

/// As [`is_locked`], for the driver's error.
pub(super) fn is_lock_refusal(error: &DriverError) -> bool {
    error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
}
