//! When a session's token is renewed without being asked for, and how long the browser keeps its cookie.

use std::time::Duration;

use time::OffsetDateTime;

use super::Holding;
use crate::session::{Admission, CookiePlan, SessionState, Wish, WishError};

/// A remembered browser's cookie is renewed when so many parts of its time, of ten, are over. So each use
/// prolongs it, and few of them write.
const PARTS: i64 = 10;

impl Holding {
    /// Keeps the cookie in the browser for `span` after each use, also when the browser closes, and lets the
    /// session live as long without being used.
    ///
    /// # Errors
    ///
    /// The policy does not permit it, or the session must not start: see [`wish`](Self::wish).
    pub fn remember(&mut self, span: Duration) -> Result<(), WishError> {
        let seconds = self.policy.permit_remembering(self.state(), span)?;
        let own = self.state().content.timeouts;
        // No longer than the absolute limit, which ends the session however it is used.
        let most = own.or(self.policy.timeouts()).absolute.map_or(seconds, |absolute| absolute - 1);
        let timeouts = own.idle(seconds.min(most));
        self.policy.permit(timeouts)?;
        self.wish(Wish::Remember { remembered: Some(seconds), timeouts })
    }

    /// Lets the browser forget the cookie when it closes, and the session end by the policy's idle limit.
    ///
    /// # Errors
    ///
    /// None that a live session gives.
    pub fn forget(&mut self) -> Result<(), WishError> {
        let content = &self.state().content;
        if content.extras.remembered.is_none() {
            return Ok(());
        }
        let timeouts = content.timeouts.idle(None);
        self.wish(Wish::Remember { remembered: None, timeouts })
    }

    /// Whether the browser's cookie was set before its time was changed.
    pub fn cookie_is_stale(&self) -> bool {
        !self.is_new() && !self.has_minted && is_stale(self.state())
    }

    /// Whether the request should offer a new token though its handler has not asked for one: the present one
    /// is old enough, or the browser's cookie must be prolonged or has another time than it should.
    pub fn renewal_is_due(&self) -> bool {
        let state = self.state();
        let content = &state.content;
        let timeout = content.extras.renewal_timeout.or(self.policy.renewal_timeout);
        if timeout.is_none() && content.extras.remembered_at.is_none() {
            return false;
        }
        let may_renew = self.admission == Some(Admission::Admitted) && self.ended.is_none() && !self.is_new();
        if !may_renew || self.has_minted || content.offered.is_some() || !self.has_database_time() {
            return false;
        }
        let (now, made_at) = (self.now.at(), token_made_at(state));
        let is_old = timeout.is_some_and(|timeout| (now - made_at).whole_seconds() >= i64::from(timeout));
        is_old || is_stale(state) || self.slides(state, made_at, now)
    }

    /// How many seconds the browser should keep a cookie that it gets now, for a session in this state; none
    /// until it closes.
    pub fn max_age(&self, state: &SessionState) -> Option<u32> {
        let span = self.policy.remembered(state)?;
        let until = self.kept_until(state, self.now.at(), span);
        u32::try_from((until - self.now.at()).whole_seconds()).ok().filter(|seconds| *seconds > 0)
    }

    /// Whether a new cookie would be kept much longer than the present one, which was made at `made_at`.
    fn slides(&self, state: &SessionState, made_at: OffsetDateTime, now: OffsetDateTime) -> bool {
        let Some(span) = self.policy.remembered(state) else { return false };
        let gain = self.kept_until(state, now, span) - self.kept_until(state, made_at, span);
        gain.whole_seconds() >= (i64::from(span) / PARTS).max(1)
    }

    /// Until when a browser keeps a cookie that it got at `at`: never longer than the session lives.
    fn kept_until(&self, state: &SessionState, at: OffsetDateTime, span: u32) -> OffsetDateTime {
        let limits = state.content.timeouts.or(self.policy.timeouts());
        let kept = time::Duration::seconds(span.min(limits.idle.unwrap_or(span)).into());
        let until = at.saturating_add(kept);
        state.absolute_end(limits).map_or(until, |end| until.min(end))
    }

    /// Sends the offered token again: at once if the handler has asked for a new one, otherwise as often as
    /// the policy says.
    pub(super) fn resend_plan(&self) -> CookiePlan {
        let every = self.policy.renewal_try_every;
        if every == 0 || self.has_asked_again {
            return CookiePlan::Resend;
        }
        let offered_at = self.state().content.extras.offered_at;
        let is_young = offered_at.is_some_and(|at| (self.now.at() - at).whole_seconds() < i64::from(every));
        if is_young { CookiePlan::Leave } else { CookiePlan::ResendEvery(every) }
    }
}

/// Whether the present token was made before the time of its cookie was changed.
fn is_stale(state: &SessionState) -> bool {
    state.content.extras.remembered_at.is_some_and(|changed_at| changed_at > token_made_at(state))
}

/// When the present token was made, while none is on offer.
fn token_made_at(state: &SessionState) -> OffsetDateTime {
    state.content.extras.offered_at.or(state.content.renewed_at).unwrap_or(state.started_at)
}
