//! One line of a key ring.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use super::error::{KeyRingError, Place};
use crate::token::secret_bytes::SecretBytes;

/// The name of a key, carried by every token that it sealed. It is no secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; Self::LENGTH]);

impl KeyId {
    pub(in crate::token) const LENGTH: usize = 4;

    pub(in crate::token) const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    pub(in crate::token) const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// `accept-only`: opens. A new key, distributed to every process before one of them seals with it.
    AcceptOnly,
    /// `primary`: seals and opens.
    Primary,
    /// `accept-old`: opens. A former primary key.
    AcceptOld,
    /// `retired`: opens nothing. Kept on file, so that its id is not given to another key.
    Retired,
}

impl KeyState {
    const ALL: [Self; 4] = [Self::AcceptOnly, Self::Primary, Self::AcceptOld, Self::Retired];

    /// The word in the key ring's text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcceptOnly => "accept-only",
            Self::Primary => "primary",
            Self::AcceptOld => "accept-old",
            Self::Retired => "retired",
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyState {
    type Err = UnknownKeyState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownKeyState)
    }
}

/// A word is not the name of a [`KeyState`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The state of a key is one of accept-only, primary, accept-old and retired.")]
pub struct UnknownKeyState;

/// An entry as written, with its master.
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) state: KeyState,
    pub(super) id: KeyId,
    pub(super) master: SecretBytes,
}

impl Entry {
    pub(super) fn parse(text: &str, place: Place) -> Result<Self, KeyRingError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [state, id, master] = words[..] else {
            return Err(KeyRingError::WordCount { place, found: words.len() });
        };
        let state = state.parse().map_err(|UnknownKeyState| KeyRingError::UnknownState { place })?;
        let id = KeyId::parse(id).ok_or(KeyRingError::KeyId { place })?;
        Ok(Self { place, state, id, master: master_from(master, place, id)? })
    }

    /// Two keys share neither id nor master: which key to try must be plain, and a budget of seals belongs to
    /// one key.
    pub(super) fn differs_from(&self, earlier: &Self) -> Result<(), KeyRingError> {
        let (place, key_id, first) = (self.place, self.id, earlier.place);
        if self.id == earlier.id {
            return Err(KeyRingError::DoubledId { place, key_id, first });
        }
        if self.master.expose() == earlier.master.expose() {
            return Err(KeyRingError::DoubledMaster { place, key_id, first });
        }
        Ok(())
    }
}

/// Decodes canonical base64url only: other alphabets, padding and non-zero spare bits are refused.
fn master_from(text: &str, place: Place, key_id: KeyId) -> Result<SecretBytes, KeyRingError> {
    let not_base64 = || KeyRingError::MasterText { place, key_id };
    let length = BASE64URL_NOPAD.decode_len(text.len()).map_err(|_| not_base64())?;
    let mut bytes = Zeroizing::new(vec![0; length]);
    BASE64URL_NOPAD.decode_mut(text.as_bytes(), &mut bytes).map_err(|_| not_base64())?;
    let Ok(master) = <&[u8; 32]>::try_from(bytes.as_slice()) else {
        return Err(KeyRingError::MasterLength { place, key_id, found: length });
    };
    if *master == [0; 32] {
        return Err(KeyRingError::MasterZero { place, key_id });
    }
    Ok(SecretBytes::copied_from(master))
}
