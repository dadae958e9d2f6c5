//! The most that a standard allows a time limit to be.

use std::borrow::Cow;

use super::super::seconds::words;
use super::super::{Assurance, PolicyError, Timeouts};

/// The most that NIST SP 800-63B-4 allows of one setting, at one assurance level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ceiling {
    /// The setting's name.
    pub(super) setting: &'static str,
    /// The most seconds.
    pub(super) most: u32,
    /// Whether the standard says SHALL, and not SHOULD.
    pub(super) is_binding: bool,
    /// The place in the standard.
    pub(super) source: &'static str,
}

/// The standard's text on AAL1, AAL2 and AAL3.
const SOURCES: [&str; 3] = [
    "NIST SP 800-63B-4 section 2.1.3 (AAL1)",
    "NIST SP 800-63B-4 section 2.2.3 (AAL2)",
    "NIST SP 800-63B-4 section 2.3.3 (AAL3)",
];

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;

/// The ceiling of the idle limit; none at AAL1, where the standard asks for no such limit.
pub(super) const fn idle(level: Assurance) -> Option<Ceiling> {
    let (most, source) = match level {
        Assurance::Aal1 => return None,
        Assurance::Aal2 => (HOUR, SOURCES[1]),
        Assurance::Aal3 => (15 * MINUTE, SOURCES[2]),
    };
    Some(Ceiling { setting: "idle_timeout", most, is_binding: false, source })
}

/// The ceiling of the absolute limit.
pub(super) const fn absolute(level: Assurance) -> Ceiling {
    let (most, is_binding, source) = match level {
        Assurance::Aal1 => (30 * DAY, false, SOURCES[0]),
        Assurance::Aal2 => (DAY, false, SOURCES[1]),
        Assurance::Aal3 => (12 * HOUR, true, SOURCES[2]),
    };
    Ceiling { setting: "absolute_timeout", most, is_binding, source }
}

/// The limits that are beyond their ceilings, each with a sentence on it.
pub(super) fn beyond(level: Assurance, limits: Timeouts) -> impl Iterator<Item = PolicyError> {
    let idle = idle(level).and_then(|ceiling| ceiling.exceeded_by(limits.idle));
    idle.into_iter().chain(absolute(level).exceeded_by(limits.absolute))
}

impl Ceiling {
    /// The refusal of a limit that is above the ceiling, or missing.
    fn exceeded_by(self, limit: Option<u32>) -> Option<PolicyError> {
        let Self { setting, most, source, .. } = self;
        let most = words(most);
        let problem = match limit.map(words) {
            _ if limit.is_some_and(|seconds| seconds <= self.most) => return None,
            Some(found) => format!("is {found}, beyond the {most} of {source}"),
            None => format!("is off, but {source} asks for {most} at most"),
        };
        Some(PolicyError { setting, problem: Cow::Owned(problem) })
    }
}
