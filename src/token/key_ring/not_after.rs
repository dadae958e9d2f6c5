//! The time after which a key opens nothing.

use std::fmt;
use std::str::FromStr;

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// The word of a key ring's text that the time follows.
const WORD: &str = "not-after=";

/// The last moment at which a key seals and opens tokens, in whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotAfter(OffsetDateTime);

impl NotAfter {
    /// The moment, in UTC.
    pub fn at(self) -> OffsetDateTime {
        self.0
    }

    /// Whether it is past at the time `now`.
    pub fn is_past(self, now: OffsetDateTime) -> bool {
        now > self.0
    }
}

/// Reads the word as it stands in a key ring.
impl FromStr for NotAfter {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        let text = word.strip_prefix(WORD).ok_or(())?;
        let at = OffsetDateTime::parse(text, &Rfc3339).map_err(drop)?;
        let at = at.checked_to_offset(UtcOffset::UTC).ok_or(())?;
        if at.nanosecond() == 0 { Ok(Self(at)) } else { Err(()) }
    }
}

impl fmt::Display for NotAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).unwrap_or_default())
    }
}

impl fmt::Debug for NotAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
