//! Requests that a security monitor wants to hear of (ASVS 16.3.3).

use crate::session::{Client, SessionId};

/// A cookie that no honest browser sends, or a header that no honest proxy does.
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
    /// An authentic token came back long after another token had superseded it. Its session is ended.
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
}

impl Incident {
    /// The incident in the OWASP logging vocabulary.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CookieRejected { .. } => "crypt_decrypt_fail",
            Self::CookieDuplicated { .. } => "malicious_direct_reference",
            Self::TokenReplayed { .. } => "authn_token_reuse",
            Self::ForwardingRejected { .. } => "input_validation_fail",
        }
    }

    /// The log's words for it.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::CookieRejected { .. } | Self::CookieDuplicated { .. } | Self::TokenReplayed { .. } => {
                "a cookie that honest browsers do not send"
            }
            Self::ForwardingRejected { .. } => "a trusted proxy's word about its client cannot be read",
        }
    }
}
