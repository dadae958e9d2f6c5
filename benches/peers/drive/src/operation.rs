//! The operations that are asked of every peer.

use std::fmt;

use hyper::http::uri::InvalidUri;

use crate::connection::Call;

/// A request of the application that all peers serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    /// Uses no session: the cost of the web framework and the client alone.
    Health,
    /// Reads the user and the count from the session.
    Read,
    /// Reads them from a browser that was away: some libraries note the first read after a pause.
    Return,
    /// Raises the count in the session.
    Change,
    /// Inserts a purchase in a SERIALIZABLE transaction and raises the count.
    Order,
}

impl Operation {
    pub(crate) const ALL: [Self; 5] = [Self::Health, Self::Read, Self::Return, Self::Change, Self::Order];
    /// The operations that use a session.
    pub(crate) const OF_A_SESSION: [Self; 4] = [Self::Read, Self::Return, Self::Change, Self::Order];
    /// The operations by browsers that send a request every few seconds.
    pub(crate) const OF_THE_ACTIVE: [Self; 3] = [Self::Read, Self::Change, Self::Order];
    /// The operations that change a session.
    pub(crate) const CHANGING: [Self; 2] = [Self::Change, Self::Order];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Read => "read",
            Self::Return => "return",
            Self::Change => "change",
            Self::Order => "order",
        }
    }

    pub(crate) fn needs_session(self) -> bool {
        self != Self::Health
    }

    /// Whether it only reads the session.
    pub(crate) fn reads(self) -> bool {
        matches!(self, Self::Read | Self::Return)
    }

    pub(crate) fn call(self) -> Result<Call, InvalidUri> {
        match self {
            Self::Health => Call::get("/health"),
            Self::Read | Self::Return => Call::get("/read"),
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
