//! What follows a change of a session's client, as a policy says it.

use serde::{Deserialize, Serialize};

/// What follows when somebody signed in uses a session from a client that the session does not know.
///
/// A configuration names it `off`, `note`, `step_up` or `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reaction {
    /// Nothing. The change costs nothing to overlook.
    #[default]
    Off,
    /// A fact in the log and an incident, once for each new client.
    Note,
    /// The same, and the user must prove again who they are: until then
    /// [`SignedIn`](crate::web::SignedIn) refuses the session.
    StepUp,
    /// The session ends.
    End,
}

impl Reaction {
    /// The name as a configuration writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Note => "note",
            Self::StepUp => "step_up",
            Self::End => "end",
        }
    }
}
