//! What is asked of every peer.

use std::fmt;

use hyper::http::uri::InvalidUri;

use crate::connection::Call;

/// A request of the application that all peers serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    /// Nothing of a session: what the web framework and the client cost by themselves.
    Health,
    /// Reads the user and the count from the session.
    Read,
    /// Raises the count in the session.
    Change,
    /// Inserts a purchase in a SERIALIZABLE transaction and raises the count.
    Order,
}

impl Operation {
    pub(crate) const ALL: [Self; 4] = [Self::Health, Self::Read, Self::Change, Self::Order];
    /// Those that have to do with a session.
    pub(crate) const OF_A_SESSION: [Self; 3] = [Self::Read, Self::Change, Self::Order];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Read => "read",
            Self::Change => "change",
            Self::Order => "order",
        }
    }

    pub(crate) fn needs_session(self) -> bool {
        self != Self::Health
    }

    pub(crate) fn call(self) -> Result<Call, InvalidUri> {
        match self {
            Self::Health => Call::get("/health"),
            Self::Read => Call::get("/read"),
            Self::Change => Call::post("/change"),
            Self::Order => Call::post("/order"),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
