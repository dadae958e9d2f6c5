//! What a run of a request owes to the sessions that the process knows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use super::known::Told;
use crate::session::{ChainHash, SessionId};

/// What a run owes to the sessions that the process knows.
#[derive(Default)]
pub(super) struct Knowing {
    unchecked: Mutex<Option<Unchecked>>,
    told: Mutex<Option<Told>>,
    last_seen: Mutex<Option<OffsetDateTime>>,
    is_barred: AtomicBool,
    follows_first: AtomicBool,
    stale_max: Mutex<Option<Duration>>,
    is_waived: AtomicBool,
}

/// A session as a handler has seen it, where nobody knows yet whether that was current.
#[derive(Clone, Copy)]
pub(super) struct Unchecked {
    pub(super) session: SessionId,
    pub(super) version: i64,
    pub(super) head: ChainHash,
    pub(super) epoch: u16,
    /// Whether it was found to be old, so that the run is in vain.
    pub(super) is_stale: bool,
}

impl Knowing {
    /// For the next run of the request, which loads its session. One behind a run from memory is the first
    /// that asks the database.
    pub(super) fn of_next_run(&self) -> Self {
        Self {
            is_barred: AtomicBool::new(true),
            follows_first: AtomicBool::new(self.unchecked().is_some()),
            ..Self::default()
        }
    }

    /// The session as the handler sees it, if that is yet to be proved.
    pub(super) fn unchecked(&self) -> Option<Unchecked> {
        *lock(&self.unchecked)
    }

    pub(super) fn set_unchecked(&self, unchecked: Option<Unchecked>) {
        *lock(&self.unchecked) = unchecked;
    }

    /// Whether the answer must not leave before the session as the handler sees it is proved.
    pub(super) fn owes_proof(&self) -> bool {
        self.unchecked().is_some() && !self.is_waived.load(Ordering::Relaxed)
    }

    /// Waives the proof, for as long as the handler only reads.
    pub(super) fn waive(&self, is_waived: bool) {
        self.is_waived.store(is_waived, Ordering::Relaxed);
    }

    /// How old the session may be in the eyes of a handler that only reads.
    pub(super) fn stale_max(&self) -> Option<Duration> {
        *lock(&self.stale_max)
    }

    pub(super) fn may_be_stale_by(&self, bound: Duration) {
        *lock(&self.stale_max) = Some(bound);
    }

    /// When the database has told of the session.
    pub(super) fn told(&self) -> Option<Told> {
        *lock(&self.told)
    }

    pub(super) fn was_told(&self, told: Told) {
        *lock(&self.told) = Some(told);
    }

    /// When the session was last seen, as a check behind the handler has found it.
    pub(super) fn last_seen(&self) -> Option<OffsetDateTime> {
        *lock(&self.last_seen)
    }

    pub(super) fn was_last_seen(&self, at: OffsetDateTime) {
        *lock(&self.last_seen) = Some(at);
    }

    /// Whether the session must be loaded: the run before was in vain, or a part of this one is at work.
    pub(super) fn is_barred(&self) -> bool {
        self.is_barred.load(Ordering::Relaxed)
    }

    pub(super) fn bar(&self) {
        self.is_barred.store(true, Ordering::Relaxed);
    }

    /// Whether no run of the request before this one has loaded the session.
    pub(super) fn follows_first(&self) -> bool {
        self.follows_first.load(Ordering::Relaxed)
    }
}

/// A panic elsewhere leaves nothing half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
