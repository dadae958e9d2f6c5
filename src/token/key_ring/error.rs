//! Everything that can be wrong with a key ring. No message repeats a word that might be a master.

use super::id::KeyId;
use super::place::Place;
use super::state::KeyState;
use crate::plain_debug::plain_debug;

/// Why a text is not a key ring.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are what the message names")]
pub enum KeyRingError {
    /// An entry is not three words, or four.
    #[error(
        "The key ring is wrong at {place}: an entry has 3 words, a state, a key id and a master, and maybe \
         not-after= with a time, but this one has {found}."
    )]
    WordCount { place: Place, found: usize },
    /// The first word is not a [`KeyState`].
    #[error(
        "The key ring is wrong at {place}: the first word must be one of {}, {}, {} and {}.",
        KeyState::AcceptOnly,
        KeyState::Primary,
        KeyState::AcceptOld,
        KeyState::Retired
    )]
    UnknownState { place: Place },
    /// The second word is not a key id.
    #[error("The key ring is wrong at {place}: the second word, the key id, must be 8 hexadecimal digits.")]
    KeyId { place: Place },
    /// The third word is not canonical base64url.
    #[error(
        "The key ring is wrong at {place}: the master of the key {key_id} is not base64url without padding \
         (only A-Z, a-z, 0-9, - and _, and no = at the end); take a line that was generated."
    )]
    MasterText { place: Place, key_id: KeyId },
    /// The master has not 32 bytes.
    #[error(
        "The key ring is wrong at {place}: the master of the key {key_id} has {found} bytes and needs 32; \
         take a line that was generated."
    )]
    MasterLength { place: Place, key_id: KeyId, found: usize },
    /// The master is all zeros, which is a placeholder and no key (CWE-1188).
    #[error(
        "The key ring is wrong at {place}: the master of the key {key_id} is all zeros; \
         take a line that was generated."
    )]
    MasterZero { place: Place, key_id: KeyId },
    /// The fourth word is no time in the form of RFC 3339.
    #[error(
        "The key ring is wrong at {place}: what follows the master of the key {key_id} must be not-after= and a time, \
         such as not-after=2027-06-30T00:00:00Z, in whole seconds."
    )]
    NotAfter { place: Place, key_id: KeyId },
    /// Two entries have the same key id.
    #[error(
        "The key ring is wrong at {place}: the key id {key_id} is already that of {first}; \
         each key needs its own."
    )]
    DoubledId { place: Place, key_id: KeyId, first: Place },
    /// Two entries have the same master.
    #[error(
        "The key ring is wrong at {place}: the key {key_id} has the same master as {first}; \
         each key needs its own."
    )]
    DoubledMaster { place: Place, key_id: KeyId, first: Place },
    /// Two entries are `primary`.
    #[error(
        "The key ring has two primary keys, at {first} and at {second}; \
         exactly one key may seal, so make one of them accept-only or accept-old."
    )]
    TwoPrimaries { first: Place, second: Place },
    /// No entry is `primary`.
    #[error("The key ring has no primary key; exactly one key must be primary, to seal new tokens.")]
    NoPrimary,
    /// HKDF refused the length of a key. It accepts 32 bytes, but its interface allows it to refuse.
    #[error(
        "The key ring is wrong at {place}: no keys can be derived from this master; \
         take a line that was generated."
    )]
    Derivation { place: Place },
}

plain_debug!(KeyRingError);
