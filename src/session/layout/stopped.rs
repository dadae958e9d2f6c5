//! Why a reading of a traced type has stopped.

use std::fmt;

use serde::de::Error;

/// Why a reading has stopped.
#[derive(Debug, PartialEq)]
pub(super) enum Stopped {
    /// The type does not accept what it was given.
    Refused,
    /// An enum has fewer variants than names.
    Counted,
    /// The type cannot be traced.
    Untraceable,
}

impl std::error::Error for Stopped {}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Error for Stopped {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Refused
    }
}
