//! Messages for the next page.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A message for the next page that shows messages, with its level.
///
/// A text alone is a message of level [`Info`](FlashLevel::Info):
///
/// ```
/// use session_ledger::session::{Flash, FlashLevel};
///
/// assert_eq!(Flash::from("Saved."), Flash::info("Saved."));
/// assert_eq!(Flash::error("The bank declined.").level, FlashLevel::Error);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Flash {
    /// How much it matters.
    pub level: FlashLevel,
    /// The words.
    pub text: String,
}

/// How much a message matters to the visitor. Levels are ordered: an error is greater than a warning.
///
/// Stored by their numbers: a further level is a new shape of what holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FlashLevel {
    /// Something to know.
    #[default]
    Info,
    /// Something was done.
    Success,
    /// Something to be careful about.
    Warning,
    /// Something was not done.
    Error,
}

impl Flash {
    /// A message of this level.
    pub fn new(level: FlashLevel, text: impl Into<String>) -> Self {
        Self { level, text: text.into() }
    }

    /// Something to know.
    pub fn info(text: impl Into<String>) -> Self {
        Self::new(FlashLevel::Info, text)
    }

    /// Something was done.
    pub fn success(text: impl Into<String>) -> Self {
        Self::new(FlashLevel::Success, text)
    }

    /// Something to be careful about.
    pub fn warning(text: impl Into<String>) -> Self {
        Self::new(FlashLevel::Warning, text)
    }

    /// Something was not done.
    pub fn error(text: impl Into<String>) -> Self {
        Self::new(FlashLevel::Error, text)
    }
}

impl From<&str> for Flash {
    fn from(text: &str) -> Self {
        Self::info(text)
    }
}

impl From<&String> for Flash {
    fn from(text: &String) -> Self {
        Self::info(text)
    }
}

impl From<String> for Flash {
    fn from(text: String) -> Self {
        Self::info(text)
    }
}

/// The words alone.
impl fmt::Display for Flash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FlashLevel {
    /// The level's name, say for a class in a stylesheet: `info`, `success`, `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for FlashLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
