//! The OWASP Logging Vocabulary: which of its names each event and each incident has. This is the one table.
//!
//! <https://cheatsheetseries.owasp.org/cheatsheets/Logging_Vocabulary_Cheat_Sheet.html>. A monitor that
//! knows the vocabulary finds the names beside the library's own words: as the field `owasp` of lines in
//! the log, in the relay's envelopes and in the history as JSON. User, reason and client stand in fields of
//! their own.

use super::Incident;
use crate::session::{Event, FailedLogin};

pub(crate) const LOGIN_SUCCESS: &str = "authn_login_success";
pub(crate) const LOGIN_FAIL: &str = "authn_login_fail";
pub(crate) const TOKEN_CREATED: &str = "authn_token_created";
pub(crate) const TOKEN_REUSE: &str = "authn_token_reuse";
pub(crate) const AUTHORITY_CHANGED: &str = "authz_change";
pub(crate) const DECRYPT_FAIL: &str = "crypt_decrypt_fail";
pub(crate) const ENCRYPT_FAIL: &str = "crypt_encrypt_fail";
pub(crate) const RATE_LIMIT_EXCEEDED: &str = "excess_rate_limit_exceeded";
pub(crate) const VALIDATION_FAIL: &str = "input_validation_fail";
pub(crate) const FORGED_REQUEST: &str = "malicious_csrf";
pub(crate) const PASSWORD_CHANGED: &str = "authn_password_change";
pub(crate) const DIRECT_REFERENCE: &str = "malicious_direct_reference";
pub(crate) const SESSION_CREATED: &str = "session_created";
pub(crate) const SESSION_RENEWED: &str = "session_renewed";
pub(crate) const SESSION_EXPIRED: &str = "session_expired";
pub(crate) const USE_AFTER_EXPIRE: &str = "session_use_after_expire";

/// All names that the library uses.
pub const NAMES: &[&str] = &[
    LOGIN_SUCCESS,
    LOGIN_FAIL,
    PASSWORD_CHANGED,
    TOKEN_CREATED,
    TOKEN_REUSE,
    AUTHORITY_CHANGED,
    DECRYPT_FAIL,
    ENCRYPT_FAIL,
    RATE_LIMIT_EXCEEDED,
    VALIDATION_FAIL,
    FORGED_REQUEST,
    DIRECT_REFERENCE,
    SESSION_CREATED,
    SESSION_RENEWED,
    SESSION_EXPIRED,
    USE_AFTER_EXPIRE,
];

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
            // The vocabulary speaks of no other factor. Which one it was stands beside it.
            Self::FactorChanged(_) => Some(PASSWORD_CHANGED),
            // It speaks of no values, of no browsers, and of nothing that may be done once.
            Self::GrantGiven(_) | Self::GrantTaken(_) => None,
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

impl FailedLogin {
    /// Its name in the OWASP Logging Vocabulary. The user and the reason stand beside it.
    pub fn owasp(&self) -> &'static str {
        LOGIN_FAIL
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
            Self::DatabaseRolledBack { .. }
            | Self::ClockJumped { .. }
            | Self::ClientChanged { .. }
            | Self::KeyRingRefused { .. } => None,
        }
    }

    /// The incident's name: that of the OWASP Logging Vocabulary, or one of the library's own.
    pub fn name(&self) -> &'static str {
        match self {
            Self::DatabaseRolledBack { .. } => "database_rolled_back",
            Self::ClockJumped { .. } => "clock_jumped",
            Self::ClientChanged { .. } => "client_changed",
            Self::KeyRingRefused { .. } => "key_ring_refused",
            Self::CookieRejected { .. }
            | Self::CookieDuplicated { .. }
            | Self::TokenReplayed { .. }
            | Self::ForwardingRejected { .. }
            | Self::TooManyStarts { .. }
            | Self::RequestForged { .. } => self.owasp().unwrap_or_default(),
        }
    }
}
