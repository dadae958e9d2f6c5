//! Incidents that a security monitor wants to hear of (ASVS 16.3.3).

use time::Duration;

use super::Forged;
use crate::session::{Client, Reaction, SessionId};

/// A cookie that no honest browser sends, a request that another site may have sent, a proxy's header that
/// cannot be read, or a database that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incident {
    /// The cookie is garbled, truncated, foreign, or sealed with a key that is not in the ring. The request
    /// goes on as that of an anonymous visitor, and the database is not asked.
    CookieRejected {
        /// The client that sent it.
        client: Client,
    },
    /// The request carries two cookies of the name. Neither is looked at.
    CookieDuplicated {
        /// The client that sent it.
        client: Client,
    },
    /// An authentic token came back though the browser has shown the one that superseded it. Its session is
    /// ended.
    TokenReplayed {
        /// The session.
        session: SessionId,
        /// The client that sent it.
        client: Client,
    },
    /// A trusted proxy has sent a header about its own client that cannot be read. The request goes on as
    /// that of the last address that was believed. See
    /// [`trusted_proxies`](crate::web::SessionsBuilder::trusted_proxies).
    ForwardingRejected {
        /// The last address that was believed, and the browser.
        client: Client,
        /// The fault of the header.
        fault: &'static str,
    },
    /// An authentic token is from a state of its session that the database does not know: the database was
    /// restored to an older state, or a standby has taken over without the latest commits. The session is
    /// ended and its browser signed out. After a restore run `projector epoch raise`.
    DatabaseRolledBack {
        /// The session.
        session: SessionId,
        /// The client that sent the token.
        client: Client,
    },
    /// The database's clock has jumped, as the clock of this process tells. A session that is over by such a
    /// clock is not ended; its request runs again, and is answered 503 if that does not help. A clock that
    /// goes on as it should for a minute is believed again.
    ClockJumped {
        /// How far; negative if it went back.
        by: Duration,
    },
    /// Somebody signed in uses their session from another browser or network than it knows, and the policy
    /// has a reaction to that ([`changed_agent`](crate::session::Policy::changed_agent),
    /// [`changed_network`](crate::session::Policy::changed_network)). Once for each new client.
    ClientChanged {
        /// The session.
        session: SessionId,
        /// The client that has come.
        client: Client,
        /// What follows.
        reaction: Reaction,
    },
    /// Visitors have started too many sessions from an address, so that a request was answered 429
    /// ([`starts_per_minute`](crate::web::SessionsBuilder::starts_per_minute)).
    TooManyStarts {
        /// The client that was refused.
        client: Client,
    },
    /// A new key ring could not be read, or may not take the place of the present one, which stays in use.
    KeyRingRefused {
        /// What is wrong with it, without a key.
        problem: String,
    },
    /// A request that another site may have sent in its visitor's name ([`Csrf`](crate::web::Csrf)).
    RequestForged {
        /// The client that sent it.
        client: Client,
        /// What gives it away.
        cause: Forged,
        /// Its `Origin` header, cut to 200 bytes: the other site, if the browser names it.
        origin: Option<String>,
        /// Whether it was refused; not where the middleware is set to tell of such requests only.
        is_refused: bool,
    },
}

impl Incident {
    /// What the log says of the incident.
    pub(super) fn told(&self) -> &'static str {
        match self {
            Self::CookieRejected { .. } | Self::CookieDuplicated { .. } | Self::TokenReplayed { .. } => {
                "a cookie that honest browsers do not send"
            }
            Self::ForwardingRejected { .. } => "a trusted proxy's word about its client cannot be read",
            Self::DatabaseRolledBack { .. } => {
                "a token from a later state than the database's: after a restore run `projector epoch raise`"
            }
            Self::ClientChanged { .. } => "a session is used from another browser or network than it knows",
            Self::TooManyStarts { .. } => "too many sessions were started from one address",
            Self::ClockJumped { .. } => "the database's clock has jumped: nobody is signed out by it",
            Self::KeyRingRefused { .. } => "a new key ring was refused: the present one stays in use",
            Self::RequestForged { is_refused: true, .. } => {
                "a request that another site may have sent was refused"
            }
            Self::RequestForged { is_refused: false, .. } => {
                "a request that another site may have sent was let through: `CsrfBuilder::log_only` is set"
            }
        }
    }
}
