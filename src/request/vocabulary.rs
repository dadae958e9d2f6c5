//! The OWASP Logging Vocabulary: which of its names each event and each incident has. This is the one table.
//!
//! <https://cheatsheetseries.owasp.org/cheatsheets/Logging_Vocabulary_Cheat_Sheet.html>. A monitor that knows
//! the vocabulary finds the names beside the library's own words: as the field `owasp` of lines in the log, in
//! the relay's envelopes and in the history as JSON. User, reason and client stand in fields of their own.

use super::Incident;
use crate::session::Event;

macro_rules! names {
    ($($NAME:ident = $name:literal;)*) => {
        $(pub(crate) const $NAME: &str = $name;)*

        /// All names that the library uses.
        pub const NAMES: &[&str] = &[$($NAME),*];
    };
}

names! {
    LOGIN_SUCCESS = "authn_login_success";
    TOKEN_CREATED = "authn_token_created";
    TOKEN_REUSE = "authn_token_reuse";
    AUTHORITY_CHANGED = "authz_change";
    DECRYPT_FAIL = "crypt_decrypt_fail";
    ENCRYPT_FAIL = "crypt_encrypt_fail";
    RATE_LIMIT_EXCEEDED = "excess_rate_limit_exceeded";
    VALIDATION_FAIL = "input_validation_fail";
    FORGED_REQUEST = "malicious_csrf";
    DIRECT_REFERENCE = "malicious_direct_reference";
    SESSION_CREATED = "session_created";
    SESSION_RENEWED = "session_renewed";
    SESSION_EXPIRED = "session_expired";
    USE_AFTER_EXPIRE = "session_use_after_expire";
}

impl Event {
    /// The event's name in the OWASP Logging Vocabulary, where that has one (ASVS 16.2.4). Each end is
    /// `session_expired`, also a logout: its reason stands beside it.
    pub fn owasp(&self) -> Option<&'static str> {
        match self {
            Self::Started(_) => Some(SESSION_CREATED),
            Self::LoggedIn(_) | Self::Reauthenticated(_) => Some(LOGIN_SUCCESS),
            Self::RenewalOffered(_) => Some(TOKEN_CREATED),
            Self::Renewed(_) => Some(SESSION_RENEWED),
            Self::ImpersonationStarted(_) | Self::ImpersonationEnded(_) => Some(AUTHORITY_CHANGED),
            Self::Ended(_) => Some(SESSION_EXPIRED),
            // The vocabulary speaks of no values, and of no browsers.
            Self::ValueSet(_)
            | Self::ValueRemoved(_)
            | Self::Cleared(_)
            | Self::FlashAdded(_)
            | Self::FlashTaken(_)
            | Self::SettingsChanged(_)
            | Self::ClientChanged(_)
            | Self::DeviceSeen(_)
            | Self::Noted(_)
            | Self::Unknown(_) => None,
        }
    }
}

impl Incident {
    /// The incident's name in the OWASP Logging Vocabulary, where that has one.
    pub fn owasp(&self) -> Option<&'static str> {
        match self {
            Self::CookieRejected { .. } => Some(DECRYPT_FAIL),
            Self::CookieDuplicated { .. } => Some(DIRECT_REFERENCE),
            Self::TokenReplayed { .. } => Some(TOKEN_REUSE),
            Self::ForwardingRejected { .. } => Some(VALIDATION_FAIL),
            Self::TooManyStarts { .. } => Some(RATE_LIMIT_EXCEEDED),
            Self::RequestForged { .. } => Some(FORGED_REQUEST),
            Self::DatabaseRolledBack { .. } | Self::ClockJumped { .. } | Self::ClientChanged { .. } => None,
        }
    }

    /// The incident's name: that of the OWASP Logging Vocabulary, or one of the library's own.
    pub fn name(&self) -> &'static str {
        match self {
            Self::DatabaseRolledBack { .. } => "database_rolled_back",
            Self::ClockJumped { .. } => "clock_jumped",
            Self::ClientChanged { .. } => "client_changed",
            Self::CookieRejected { .. }
            | Self::CookieDuplicated { .. }
            | Self::TokenReplayed { .. }
            | Self::ForwardingRejected { .. }
            | Self::TooManyStarts { .. }
            | Self::RequestForged { .. } => self.owasp().unwrap_or_default(),
        }
    }
}
