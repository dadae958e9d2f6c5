//! Why a reading of a traced type has stopped.

use std::fmt;

use serde::de::Error;

use crate::plain_debug::plain_debug;

/// Why a reading has stopped.
#[derive(PartialEq, thiserror::Error)]
pub(super) enum Stopped {
    /// The type does not accept what it was given.
    #[error("the type does not accept what it was given")]
    Refused,
    /// An enum has fewer variants than names.
    #[error("an enum has fewer variants than names")]
    Counted,
    /// The type cannot be traced.
    #[error("the type cannot be traced")]
    Untraceable,
}

plain_debug!(Stopped);

impl Error for Stopped {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Refused
    }
}
