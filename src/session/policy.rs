//! Time limits and other rules, as pure functions of state and time.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::STATE_BYTES_MAX;
use super::{EndReason, SessionState};

/// The time limits of one session, in whole seconds. `None` means no such limit.
///
/// NIST SP 800-63B-4 asks for an overall limit: at most 30 days (AAL1), 24 hours (AAL2), 12 hours (AAL3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// How long the session lives without being used (ASVS 7.3.1).
    pub idle: Option<u32>,
    /// How long it lives after the last authentication, or after its start, however busy (ASVS 7.3.2).
    pub absolute: Option<u32>,
}

/// The rules that every session of a [`Ledger`](crate::Ledger) follows unless its own settings say otherwise.
///
/// Reads from a configuration file through serde; an unknown setting is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Seconds a session lives without being used; `None` for no limit. 14 days by default.
    pub idle_timeout: Option<u32>,
    /// Seconds a session lives after the last authentication; `None` for no limit. 30 days by default.
    pub absolute_timeout: Option<u32>,
    /// Seconds for which reading alone does not extend a session, so that reads write nothing. 60 by default.
    pub extension_delay: u32,
    /// Seconds for which a superseded token is not yet taken for a replay. 30 by default.
    pub renewal_grace: u32,
    /// The most bytes that a session may hold. 64 KiB by default, which is also the most that can be set.
    pub state_bytes_max: usize,
}

/// A rule that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("setting `{setting}` {problem}")]
pub struct PolicyError {
    /// The setting's name.
    pub setting: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// That a session's time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Which limit it reached.
    pub reason: EndReason,
    /// When it reached it.
    pub deadline: OffsetDateTime,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            idle_timeout: Some(14 * 24 * 3600),
            absolute_timeout: Some(30 * 24 * 3600),
            extension_delay: 60,
            renewal_grace: 30,
            state_bytes_max: STATE_BYTES_MAX,
        }
    }
}

impl Policy {
    /// The limits that a new session starts with.
    pub fn timeouts(&self) -> Timeouts {
        Timeouts { idle: self.idle_timeout, absolute: self.absolute_timeout }
    }

    /// Checks the rules against each other.
    ///
    /// # Errors
    ///
    /// Names the first setting that cannot be followed, and why.
    pub fn validate(&self) -> Result<(), PolicyError> {
        self.timeouts().validate()?;
        let refuse = |setting, problem| Err(PolicyError { setting, problem });
        if self.idle_timeout.is_some_and(|idle| idle <= self.extension_delay) {
            return refuse(
                "extension_delay",
                "must be shorter than `idle_timeout`, or reading would not keep a session",
            );
        }
        if !(1..=STATE_BYTES_MAX).contains(&self.state_bytes_max) {
            return refuse("state_bytes_max", "must be between 1 and 65536 bytes");
        }
        Ok(())
    }
}

impl Timeouts {
    /// Checks the limits against each other.
    ///
    /// # Errors
    ///
    /// A limit is zero, or the absolute one is not above the idle one.
    pub fn validate(&self) -> Result<(), PolicyError> {
        let refuse = |setting, problem| Err(PolicyError { setting, problem });
        if self.idle == Some(0) {
            return refuse("idle_timeout", "must be at least 1 second");
        }
        if self.absolute == Some(0) {
            return refuse("absolute_timeout", "must be at least 1 second");
        }
        if let Some(absolute) = self.absolute
            && absolute <= self.idle.unwrap_or(0)
        {
            return refuse("absolute_timeout", "must be longer than `idle_timeout`");
        }
        Ok(())
    }
}

impl SessionState {
    /// When the session ends however busy it is.
    pub fn absolute_deadline(&self) -> Option<OffsetDateTime> {
        let from = self.authenticated_at.unwrap_or(self.started_at);
        self.content.timeouts.absolute.map(|seconds| after(from, seconds))
    }

    /// Whether the session's time is over at `now`, having been last seen at `last_seen`. Where both limits
    /// are reached, the one that was reached first counts.
    ///
    /// ```
    /// # use session_ledger::session::*;
    /// # use time::{Duration, OffsetDateTime};
    /// let mut state = SessionState::default();
    /// state.content.timeouts = Timeouts { idle: Some(60), absolute: None };
    /// let seen = OffsetDateTime::UNIX_EPOCH;
    /// assert!(state.expiry(seen, seen + Duration::seconds(59)).is_none());
    /// assert!(state.expiry(seen, seen + Duration::seconds(60)).is_some());
    /// ```
    pub fn expiry(&self, last_seen: OffsetDateTime, now: OffsetDateTime) -> Option<Expiry> {
        let idle = self.content.timeouts.idle.map(|seconds| after(last_seen, seconds));
        Expiry::first(idle, self.absolute_deadline(), now)
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

/// `seconds` after `at`, or the end of the calendar.
pub(super) fn after(at: OffsetDateTime, seconds: u32) -> OffsetDateTime {
    at.saturating_add(Duration::seconds(seconds.into()))
}
