//! The sessions that are watched for their ends, and when they are looked at.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::session::{EndReason, SessionId};
use crate::store::watch::Sight;

/// How often all watched sessions are looked at, unless another interval is set.
pub(super) const INTERVAL: Duration = Duration::from_secs(5);

/// The shortest interval.
const INTERVAL_MIN: Duration = Duration::from_millis(10);

/// How long nothing may be known of a session. It may be about to start.
const NOWHERE_MAX: Duration = Duration::from_secs(10);

/// The sessions that somebody watches.
pub(super) struct Watch {
    pub(super) interval: Duration,
    watched: Mutex<Watched>,
    /// There is something to look at before the time.
    pub(super) hurry: Notify,
}

/// See [`Watch`].
#[derive(Default)]
pub(super) struct Watched {
    sessions: HashMap<SessionId, One>,
    /// Whether the task that looks is there.
    is_looking: bool,
    /// When all sessions are looked at next.
    next: Option<Instant>,
}

/// One watched session.
struct One {
    told: watch::Sender<Option<End>>,
    /// When it must be looked at, if that is before all others.
    due: Option<Instant>,
    /// Since when nothing was known of it.
    nowhere: Option<Instant>,
}

/// The end of a session; none if there is no trace of it.
#[derive(Clone)]
pub(super) struct End(pub(super) Option<EndReason>);

impl Watch {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval: interval.max(INTERVAL_MIN), watched: Mutex::default(), hurry: Notify::new() }
    }

    /// No panic leaves it half changed.
    pub(super) fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// Adds one who watches. Returns whether the task that looks must be started.
    pub(super) fn join(&mut self, session: SessionId, now: Instant) -> (watch::Receiver<Option<End>>, bool) {
        let new = || One { told: watch::Sender::new(None), due: Some(now), nowhere: None };
        let receiver = self.sessions.entry(session).or_insert_with(new).told.subscribe();
        (receiver, !std::mem::replace(&mut self.is_looking, true))
    }

    /// Makes a session due. Returns whether it is watched.
    pub(super) fn hurry(&mut self, session: SessionId, now: Instant) -> bool {
        let one = self.sessions.get_mut(&session);
        one.map(|one| one.due = Some(now)).is_some()
    }

    /// The sessions to be looked at now. None if nobody watches any more; then the task must end.
    pub(super) fn due(&mut self, now: Instant, interval: Duration) -> Option<Vec<SessionId>> {
        self.sessions.retain(|_, one| one.told.receiver_count() > 0);
        if self.sessions.is_empty() {
            return None;
        }
        let all_are_due = self.next.is_none_or(|next| next <= now);
        if all_are_due {
            self.next = Some(now + interval);
        }
        let is_due = |one: &One| all_are_due || one.due.is_some_and(|due| due <= now);
        let due = self.sessions.iter_mut().filter(|(_, one)| is_due(one));
        // Taken before the look: who is made due during the look is looked at again.
        Some(due.map(|(session, one)| (*session, one.due.take()).0).collect())
    }

    /// Takes note of a look that was at `now`, and tells those whose session is over.
    pub(super) fn tell(&mut self, sights: Vec<(SessionId, Sight)>, now: Instant) {
        for (session, sight) in sights {
            let Some(one) = self.sessions.get_mut(&session) else { continue };
            let end = match sight {
                Sight::Live(left) => {
                    one.nowhere = None;
                    let deadline = left.and_then(|left| now.checked_add(left));
                    one.due = one.due.or(deadline);
                    continue;
                }
                Sight::Ended(reason) | Sight::Expired(reason, _) => End(Some(reason)),
                Sight::Nowhere if now.duration_since(*one.nowhere.get_or_insert(now)) < NOWHERE_MAX => {
                    continue;
                }
                Sight::Nowhere => End(None),
            };
            one.told.send_replace(Some(end));
            self.sessions.remove(&session);
        }
    }

    /// When something must be looked at next.
    pub(super) fn next(&self) -> Instant {
        let due = self.sessions.values().filter_map(|one| one.due);
        due.chain(self.next).min().unwrap_or_else(Instant::now)
    }

    pub(super) fn forsake(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests;
