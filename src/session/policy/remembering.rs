//! Which sessions a browser may keep when it closes, and for how long.

use std::borrow::Cow;
use std::time::Duration;

use super::super::seconds::{BROWSER_KEEPS_MAX, words};
use super::super::{Assurance, PolicyError, SessionState};
use super::Policy;

/// The name of the setting in messages.
const SETTING: &str = "remember";

impl Policy {
    /// The whole seconds for which a session in this state may be remembered, if it may be for `span`.
    ///
    /// NIST SP 800-63B-4, section 5.1: a secret that outlives the browser is for AAL1.
    pub(in crate::session) fn permit_remembering(
        &self,
        state: &SessionState,
        span: Duration,
    ) -> Result<u32, PolicyError> {
        let refuse = |problem: Cow<'static, str>| Err(PolicyError { setting: SETTING, problem });
        let absolute = state.content.timeouts.or(self.timeouts()).absolute;
        let seconds = match u32::try_from(span.as_secs()) {
            _ if span.subsec_nanos() != 0 => return refuse("must be whole seconds".into()),
            Ok(0) => return refuse("must be at least 1 second; `forget` lets the browser forget".into()),
            Ok(seconds) if seconds <= BROWSER_KEEPS_MAX => seconds,
            _ => return refuse("is longer than the 400 days for which browsers keep a cookie".into()),
        };
        if let Some(absolute) = absolute.filter(|absolute| *absolute < seconds) {
            let (found, most) = (words(seconds), words(absolute));
            return refuse(format!("is {found}, longer than the `absolute_timeout` of {most}").into());
        }
        match self.level(state) {
            level if self.may_remember(level) => Ok(seconds),
            level => refuse(
                format!(
                    "is for AAL1 by NIST SP 800-63B-4 section 5.1, and this session has {}: leave it out, or say why \
                     with `deviation`",
                    if level == Assurance::Aal3 { "AAL3" } else { "AAL2" }
                )
                .into(),
            ),
        }
    }

    /// For how many seconds a browser keeps the cookie of a session in this state after a use; none until it
    /// closes. A session that was remembered and has risen to another level since is not remembered there.
    pub(in crate::session) fn remembered(&self, state: &SessionState) -> Option<u32> {
        state.content.extras.remembered.filter(|_| self.may_remember(self.level(state)))
    }

    fn may_remember(&self, level: Assurance) -> bool {
        level == Assurance::Aal1 || self.deviation.is_some()
    }

    /// The level of a session: what its policy is made for, or what its user has proved beyond it.
    fn level(&self, state: &SessionState) -> Assurance {
        self.assurance.max(state.content.assurance)
    }
}
