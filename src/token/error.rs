//! The reasons why a token is not made, and the one reason why it is not opened.

use super::key_ring::{KeyId, NotAfter};
use super::randomness::RandomnessError;
use crate::plain_debug::plain_debug;

/// The reason why no token was made.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The generator gave no nonce.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// The key has sealed 2^31 times in all processes; random nonces would soon no longer be unique enough.
    #[error(
        "The key {key_id} has sealed as many tokens as it may; \
         make another key the primary one and reload the key ring."
    )]
    BudgetSpent {
        /// The primary key.
        key_id: KeyId,
    },
    /// The seals of this process could not be recorded in the database for too long.
    #[error(
        "The seals of the key {key_id} could not be recorded for too long, so it seals no more; \
         the log says why, under \"the seals of a key were not recorded\"."
    )]
    Unrecorded {
        /// The primary key.
        key_id: KeyId,
    },
    /// The time after which the primary key opens nothing is past.
    #[error(
        "The key {key_id} opens nothing after {not_after}, so it seals no more; \
         make another key the primary one and reload the key ring."
    )]
    KeyIsOver {
        /// The primary key.
        key_id: KeyId,
        /// Its last moment.
        not_after: NotAfter,
    },
    /// The cookie name and the audience are longer than AES-GCM can authenticate (2^61 bytes).
    #[error("The cookie name and the audience are too long to be authenticated; choose shorter ones.")]
    TooLong,
}

plain_debug!(SealError);

/// A value is not a token of this sealer: it is malformed or forged, its key is unknown, retired or over, or
/// it was sealed for another purpose, cookie or audience. One error stands for all these reasons, so that an
/// attacker learns none of them (OWASP ASVS 11.2.4).
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("The session token was rejected.")]
pub struct TokenRejected;

plain_debug!(TokenRejected);
