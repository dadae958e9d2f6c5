//! The four states of a key, from new to retired.

use std::fmt;
use std::str::FromStr;

use crate::plain_debug::plain_debug;

/// The state of a key, which says whether it may seal and open tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// `accept-only`: opens. A new key, given to every process before one of them seals with it.
    AcceptOnly,
    /// `primary`: seals and opens.
    Primary,
    /// `accept-old`: opens. A former primary key.
    AcceptOld,
    /// `retired`: opens nothing. It stays in the ring so that no other key gets its id.
    Retired,
}

impl KeyState {
    const ALL: [Self; 4] = [Self::AcceptOnly, Self::Primary, Self::AcceptOld, Self::Retired];

    /// The word in the key ring's text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcceptOnly => "accept-only",
            Self::Primary => "primary",
            Self::AcceptOld => "accept-old",
            Self::Retired => "retired",
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyState {
    type Err = UnknownKeyState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownKeyState)
    }
}

/// A word is not the name of a [`KeyState`].
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("The state of a key is one of accept-only, primary, accept-old and retired.")]
pub struct UnknownKeyState;

plain_debug!(UnknownKeyState);
