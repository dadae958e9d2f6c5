//! The logins of a request that have failed, until its answer is decided.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ledger::{Error, Ledger, LoginRefused};
use crate::session::{FailedLogin, LoginFailure};

use super::failure::CommitFailed;

/// How many failed logins of one request are kept: as many as a handler has a reason to tell of.
const KEPT_MAX: usize = 16;

/// The failed logins of one run of a request. A run that is done again has told of nothing: the next one
/// tells of them again. Whatever else becomes of the request, also if its client hangs up, they are recorded.
#[derive(Default)]
pub(super) struct FailedLogins(Mutex<Option<Box<Kept>>>);

struct Kept {
    ledger: Ledger,
    failed: Vec<FailedLogin>,
}

impl FailedLogins {
    /// Keeps one.
    pub(super) fn keep(&self, ledger: &Ledger, failed: FailedLogin) {
        let mut kept = self.kept();
        let kept = kept.get_or_insert_with(|| Box::new(Kept { ledger: ledger.clone(), failed: Vec::new() }));
        if kept.failed.len() < KEPT_MAX {
            kept.failed.push(failed);
        }
    }

    /// Forgets all but the first so many: the run that has told of them is done again.
    pub(super) fn forget_from(&self, first: usize) {
        if let Some(kept) = self.kept().as_mut() {
            kept.failed.truncate(first);
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.kept().as_ref().map_or(0, |kept| kept.failed.len())
    }

    /// The answer is decided: they are recorded.
    pub(super) fn tell(&self) {
        let kept = self.kept().take();
        drop(kept);
    }

    /// No panic leaves it half changed.
    fn kept(&self) -> MutexGuard<'_, Option<Box<Kept>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        for failed in self.failed.drain(..) {
            self.ledger.note_failed_login(failed);
        }
    }
}

/// The failed login behind a commit that was refused, if it is one.
pub(super) fn refused(failed: &CommitFailed) -> Option<FailedLogin> {
    match failed {
        CommitFailed::Login(LoginRefused::TooManySessions { user, .. }) => {
            Some(FailedLogin::of(user.clone()).because(LoginFailure::TooManySessions))
        }
        CommitFailed::Login(LoginRefused::AccountDisabled { user })
        | CommitFailed::Ledger(Error::AccountDisabled { user }) => {
            Some(FailedLogin::of(user.clone()).because(LoginFailure::AccountDisabled))
        }
        CommitFailed::Ledger(_) | CommitFailed::Session(_) | CommitFailed::Task(_) => None,
    }
}
