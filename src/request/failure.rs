//! Why a run of a request failed, and whether another may do better.

use std::error::Error as StdError;

use super::SessionError;
use super::running::Undone;
use super::shared::Shared;
use crate::ledger::desk::{Prospect, RolledBack, cause};
use crate::ledger::{Error, LoginRefused};
use crate::plain_debug::plain_debug;

/// A failed run.
pub(crate) struct Failure {
    /// The prospect of another run.
    pub(crate) prospect: Prospect,
    /// Why it failed, for the metrics.
    pub(crate) reason: String,
}

/// Why a request's changes could not be committed.
#[derive(thiserror::Error)]
pub(crate) enum CommitFailed {
    /// The database, or another request.
    #[error(transparent)]
    Ledger(#[from] Error),
    /// No token could be made.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A login that is not granted.
    #[error(transparent)]
    Login(#[from] LoginRefused),
    /// The task that commits has panicked, or its runtime has stopped.
    #[error(transparent)]
    Task(#[from] tokio::task::JoinError),
}

plain_debug!(CommitFailed);

impl CommitFailed {
    /// Whether a login was not granted.
    pub(super) fn is_refused_login(&self) -> bool {
        matches!(self, Self::Login(_) | Self::Ledger(Error::AccountDisabled { .. }))
    }
}

impl Failure {
    /// The failure of a handler that answered with an error, and whose transaction, if any, was found in this
    /// state when it was rolled back. If it is known why the transaction could not go on, that is the
    /// failure.
    pub(crate) fn of_handler(
        shared: &Shared,
        error: &(dyn StdError + 'static),
        is_server_error: bool,
        undone: &Undone,
    ) -> Self {
        if (shared.retries)(error) {
            return Self { prospect: Prospect::Good, reason: "marked".to_owned() };
        }
        if let Some(cause) = &undone.cause {
            return Self { prospect: cause.prospect(), reason: cause.reason() };
        }
        let known = error.source().and_then(cause);
        let reason = known.as_ref().map_or_else(|| "aborted".to_owned(), |cause| cause.reason());
        let prospect = match (known.map(|cause| cause.prospect()), undone.found) {
            (Some(Prospect::Fair), RolledBack::Lost) => Prospect::Reconnected,
            (Some(known), _) => known,
            (None, RolledBack::Sound) => Prospect::None,
            // The handler calls it its own mistake, or the browser's; it is the database's.
            (None, RolledBack::Lost) if is_server_error => Prospect::Reconnected,
            (None, RolledBack::Lost | RolledBack::Idle | RolledBack::Failed) => Prospect::Fair,
        };
        Self { prospect, reason }
    }

    /// The failure of a commit.
    pub(crate) fn of_commit(failed: &CommitFailed) -> Self {
        match failed {
            CommitFailed::Ledger(error) => Self { prospect: error.prospect(), reason: error.reason() },
            CommitFailed::Session(_) | CommitFailed::Login(_) | CommitFailed::Task(_) => {
                Self { prospect: Prospect::None, reason: "aborted".to_owned() }
            }
        }
    }

    /// Whether the request must not run again for it.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self.prospect, Prospect::Away | Prospect::None)
    }

    /// Whether the answer of the last run is that the service is not available: the database failed, or
    /// another request came first. Else it is what the handler made of it.
    pub(crate) fn is_unavailability(&self) -> bool {
        match self.prospect {
            Prospect::Good | Prospect::Outdated | Prospect::Reconnected | Prospect::Away => true,
            Prospect::Fair | Prospect::None => false,
        }
    }

    /// Makes sure that another run does not fail for the same reason.
    pub(crate) fn prepare_next(&self, shared: &Shared) {
        if self.prospect == Prospect::Outdated {
            shared.ledger.forget_statements();
        }
    }
}
