//! How long a session lives: its own time limits, and the error of settings that contradict each other.

use crate::plain_debug::plain_debug;
use time::{Duration, OffsetDateTime};

/// The time limits of one session, in whole seconds. `None` means no such limit.
///
/// NIST SP 800-63B-4 asks for an overall limit: at most 30 days (AAL1), 24 hours (AAL2), 12 hours (AAL3).
///
/// ```
/// use session_ledger::session::Timeouts;
///
/// let remembered = Timeouts::default().idle(30 * 24 * 3600).absolute(90 * 24 * 3600);
/// assert_eq!(remembered.idle, Some(2_592_000));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// How long the session lives without being used (ASVS 7.3.1).
    pub idle: Option<u32>,
    /// How long it lives after the last authentication, or after its start, however busy (ASVS 7.3.2).
    pub absolute: Option<u32>,
}

/// A rule that cannot be followed.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("setting `{setting}` {problem}")]
pub struct PolicyError {
    /// The setting's name.
    pub setting: &'static str,
    /// The problem with it.
    pub problem: &'static str,
}

plain_debug!(PolicyError);

impl Timeouts {
    /// Sets the idle limit, in seconds; `None` for no limit.
    #[must_use]
    pub fn idle(mut self, seconds: impl Into<Option<u32>>) -> Self {
        self.idle = seconds.into();
        self
    }

    /// Sets the absolute limit, in seconds; `None` for no limit.
    #[must_use]
    pub fn absolute(mut self, seconds: impl Into<Option<u32>>) -> Self {
        self.absolute = seconds.into();
        self
    }

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

/// `seconds` after `at`, or the end of the calendar.
pub(super) fn after(at: OffsetDateTime, seconds: u32) -> OffsetDateTime {
    at.saturating_add(Duration::seconds(seconds.into()))
}
