//! Why settings cannot be followed.

use crate::plain_debug::plain_debug;
use crate::session::PolicyError;
use crate::token::{CookieSettingsError, KeyRingRefused};

/// A setting that cannot be read or followed.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are what the message names")]
pub enum SettingsError {
    /// A rule of the sessions cannot be followed.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Browsers would refuse the cookie.
    #[error(transparent)]
    Cookie(#[from] CookieSettingsError),
    /// Browsers would refuse the device cookie.
    #[error("setting `known_devices`: {0}")]
    KnownDevices(CookieSettingsError),
    /// A body of the largest size that is kept would find no room.
    #[error(
        "setting `replay_bytes_max` is {most}, but `replay_bytes_total` leaves only {total} for all bodies: lower \
         the first, or raise the second"
    )]
    BodyLargerThanAll { most: usize, total: usize },
    /// The key ring's primary key seals nothing.
    #[error(transparent)]
    Keys(#[from] KeyRingRefused),
    /// The middleware's settings come with another policy than the ledger's.
    #[error(
        "setting `policy` is not that of the ledger: give it to `Ledger::builder(..).policy(settings.policy.clone())`"
    )]
    PolicyOfAnotherLedger,
    /// A variable that is no setting, or cannot be read.
    #[error("environment variable `{name}`: {problem}")]
    Variable { name: String, problem: String },
}

plain_debug!(SettingsError);
