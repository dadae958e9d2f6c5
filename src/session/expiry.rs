//! Whether a session's time is over, as a pure function of state and time.

use time::OffsetDateTime;

use super::timeouts::after;
use super::{EndReason, SessionState, Timeouts};

/// That a session's time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Which limit it reached.
    pub reason: EndReason,
    /// When it reached it.
    pub deadline: OffsetDateTime,
}

impl SessionState {
    /// When the session ends by its own limit, however busy it is.
    pub fn absolute_deadline(&self) -> Option<OffsetDateTime> {
        self.absolute_end(self.content.timeouts)
    }

    /// Whether the session's time is over at `now`, having been last seen at `last_seen`. Limits that it has
    /// none of are those of `policy`. Where both limits are reached, the one that was reached first counts.
    ///
    /// ```
    /// # use session_ledger::session::*;
    /// # use time::{Duration, OffsetDateTime};
    /// let mut state = SessionState::default();
    /// state.content.timeouts = Timeouts::default().idle(60);
    /// let seen = OffsetDateTime::UNIX_EPOCH;
    /// let policy = Timeouts::default();
    /// assert!(state.expiry(policy, seen, seen + Duration::seconds(59)).is_none());
    /// assert!(state.expiry(policy, seen, seen + Duration::seconds(60)).is_some());
    /// ```
    #[doc(hidden)]
    pub fn expiry(&self, policy: Timeouts, last_seen: OffsetDateTime, now: OffsetDateTime) -> Option<Expiry> {
        let limits = self.content.timeouts.or(policy);
        let idle = limits.idle.map(|seconds| after(last_seen, seconds));
        Expiry::first(idle, self.absolute_end(limits), now)
    }

    /// When the session ends by these limits, however busy it is.
    pub(super) fn absolute_end(&self, limits: Timeouts) -> Option<OffsetDateTime> {
        let from = self.authenticated_at.unwrap_or(self.started_at);
        limits.absolute.map(|seconds| after(from, seconds))
    }
}

impl Expiry {
    /// The first of these deadlines that is reached at `now`.
    pub(crate) fn first(
        idle: Option<OffsetDateTime>,
        absolute: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> Option<Self> {
        let idle = idle.map(|deadline| Self { reason: EndReason::IdleTimeout, deadline });
        let absolute = absolute.map(|deadline| Self { reason: EndReason::AbsoluteTimeout, deadline });
        let reached = idle.into_iter().chain(absolute).filter(|expiry| expiry.deadline <= now);
        reached.min_by_key(|expiry| expiry.deadline)
    }
}
