//! How much an authentication proves.

use serde::{Deserialize, Serialize};

/// How much an authentication proves: the authenticator assurance level of NIST SP 800-63B. A configuration
/// names it `aal1`, `aal2` or `aal3`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Assurance {
    /// One factor.
    #[default]
    #[serde(alias = "aal1", alias = "AAL1")]
    Aal1,
    /// Two factors.
    #[serde(alias = "aal2", alias = "AAL2")]
    Aal2,
    /// Two factors, one of them a hardware authenticator.
    #[serde(alias = "aal3", alias = "AAL3")]
    Aal3,
}

impl Assurance {
    /// The level as a number: 1, 2 or 3.
    pub(crate) fn level(self) -> i16 {
        match self {
            Self::Aal1 => 1,
            Self::Aal2 => 2,
            Self::Aal3 => 3,
        }
    }

    /// The level of this number.
    pub(crate) fn of_level(level: i16) -> Option<Self> {
        [Self::Aal1, Self::Aal2, Self::Aal3].into_iter().find(|one| one.level() == level)
    }
}
