//! A request's cookie, as it came.

use super::arrival::Arrival;
use super::shared::Shared;
use crate::session::SessionId;
use crate::token::Contents;
use crate::token::cookie_header::{Found, find};

/// A request's cookie.
pub(super) enum Cookie {
    /// There is none.
    None,
    /// Nobody here has sealed it.
    Rejected,
    /// There are several of the name.
    Several,
    /// An authentic token.
    Token(Contents),
}

impl Cookie {
    /// Reads the cookie of a request. The database is not asked.
    pub(super) fn of(arrival: &Arrival, shared: &Shared) -> Self {
        match find(arrival.cookies(), &shared.cookie.name) {
            Found::None => Self::None,
            Found::Several => Self::Several,
            Found::One(value) => shared.sealer.open(value).map_or(Self::Rejected, Self::Token),
        }
    }

    /// The session that the token names.
    pub(super) fn session(&self) -> Option<SessionId> {
        match self {
            Self::Token(shown) => Some(shown.session),
            Self::None | Self::Rejected | Self::Several => None,
        }
    }
}
