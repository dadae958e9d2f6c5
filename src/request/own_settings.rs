//! The settings of one session: its time limits, the renewal of its token, and whether a browser keeps it.

use std::time::Duration;

use super::{Session, SessionError};
use crate::session::{Timeouts, Wish};

/// Settings of this session alone. Each change is an event, and holds from now on.
impl Session {
    /// Changes this session's own time limits, before it is stored or later. They hold from now on.
    ///
    /// # Errors
    ///
    /// The limits contradict each other, or are beyond the policy's ceilings.
    #[doc(alias("set_expiry", "session_lifecycle"))]
    pub fn set_timeouts(&self, timeouts: Timeouts) -> Result<(), SessionError> {
        self.wish(Wish::ChangeTimeouts(timeouts))
    }

    /// Changes this session's own seconds between renewals of its token; `None` for the policy's
    /// [`renewal_timeout`](crate::session::Policy::renewal_timeout).
    ///
    /// # Errors
    ///
    /// The time is not longer than the policy's `renewal_grace`.
    pub fn set_renewal_timeout(&self, seconds: impl Into<Option<u32>>) -> Result<(), SessionError> {
        self.wish(Wish::ChangeRenewal { renewal_timeout: seconds.into() })
    }

    /// "Remember me": the browser keeps the cookie for `span` after each use, also when it is closed, and the
    /// session lives as long without being used, whatever the policy's idle limit is. With a login, after it,
    /// or for a visitor whom nobody is signed in as.
    ///
    /// The cookie of a remembered session alone has a `Max-Age`. It is never longer than the session has left
    /// to live, and at most 400 days. While the session is used, a new token with a new `Max-Age` is offered
    /// whenever a tenth of the span is over; that costs a write. A later login of the same user changes
    /// nothing of it; a proof at AAL2 or AAL3 gives the browser a cookie until it closes.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use poem::{Result, handler};
    /// use session_ledger::web::Session;
    ///
    /// #[handler]
    /// fn sign_in(session: Session) -> Result<()> {
    ///     // … after the password was checked, and if "remember me" was ticked
    ///     session.login("alice")?;
    ///     Ok(session.remember(Duration::from_secs(14 * 24 * 3600))?)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// `span` has a fraction of a second, is zero, more than 400 days, or longer than the absolute limit. The
    /// session is at AAL2 or AAL3 and the policy has no [`deviation`](crate::session::Policy::deviation):
    /// NIST SP 800-63B-4 (section 5.1) has a session outlive its browser at AAL1 only.
    #[doc(alias = "remember_me")]
    #[doc(alias = "max_age")]
    pub fn remember(&self, span: Duration) -> Result<(), SessionError> {
        self.change(|opened| opened.remember(&self.visit.shared, span))
    }

    /// Takes [`remember`](Self::remember) back: the browser gets a cookie until it closes, and the policy's
    /// idle limit holds. If the session is not remembered, nothing is written.
    ///
    /// # Errors
    ///
    /// None that a live session gives.
    pub fn forget(&self) -> Result<(), SessionError> {
        self.change(|opened| opened.forget(&self.visit.shared))
    }

    /// For how long after a use the browser keeps the session's cookie; none until it closes. See
    /// [`remember`](Self::remember).
    pub fn remembered(&self) -> Option<Duration> {
        self.state(|state| state.content.extras.remembered.map(|seconds| Duration::from_secs(seconds.into())))
    }
}
