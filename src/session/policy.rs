//! The rules that the sessions of a ledger follow.

use serde::{Deserialize, Serialize};

use super::{PolicyError, STATE_BYTES_MAX, Timeouts};

/// The rules that every session of a [`Ledger`](crate::Ledger) follows unless its own settings say otherwise.
///
/// Reads from a configuration file through serde; an unknown setting is an error.
///
/// ```
/// use session_ledger::session::Policy;
///
/// // Half an hour without a request, twelve hours in all.
/// let policy = Policy::default().idle_timeout(1_800).absolute_timeout(43_200);
/// assert_eq!(policy.validate(), Ok(()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
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

/// Setters, one a setting.
impl Policy {
    /// Sets the seconds that a session lives without being used; `None` for no limit.
    #[must_use]
    pub fn idle_timeout(mut self, seconds: impl Into<Option<u32>>) -> Self {
        self.idle_timeout = seconds.into();
        self
    }

    /// Sets the seconds that a session lives after the last authentication; `None` for no limit.
    #[must_use]
    pub fn absolute_timeout(mut self, seconds: impl Into<Option<u32>>) -> Self {
        self.absolute_timeout = seconds.into();
        self
    }

    /// Sets the seconds for which reading alone does not extend a session.
    #[must_use]
    pub fn extension_delay(mut self, seconds: u32) -> Self {
        self.extension_delay = seconds;
        self
    }

    /// Sets the seconds for which a superseded token is not yet taken for a replay.
    #[must_use]
    pub fn renewal_grace(mut self, seconds: u32) -> Self {
        self.renewal_grace = seconds;
        self
    }

    /// Sets the most bytes that a session may hold.
    #[must_use]
    pub fn state_bytes_max(mut self, bytes: usize) -> Self {
        self.state_bytes_max = bytes;
        self
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
