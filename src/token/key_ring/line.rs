//! One key of a key ring, as it is written down.

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use super::error::KeyRingError;
use super::id::KeyId;
use super::place::Place;
use super::state::{KeyState, UnknownKeyState};
use crate::token::secret_bytes::SecretBytes;

/// One key as it is written down: its state, its id and its master.
pub(super) struct KeyLine {
    pub(super) place: Place,
    pub(super) state: KeyState,
    pub(super) id: KeyId,
    pub(super) master: SecretBytes,
}

impl KeyLine {
    pub(super) fn parse(text: &str, place: Place) -> Result<Self, KeyRingError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [state, id, master] = words[..] else {
            return Err(KeyRingError::WordCount { place, found: words.len() });
        };
        let state = state.parse().map_err(|UnknownKeyState| KeyRingError::UnknownState { place })?;
        let id = KeyId::parse(id).ok_or(KeyRingError::KeyId { place })?;
        Ok(Self { place, state, id, master: master_from(master, place, id)? })
    }

    /// Refuses a key with the id or the master of an `earlier` one: an id must name one key only, and the
    /// limit of seals counts for one key only.
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

/// Decodes canonical base64url only, and refuses other alphabets, padding and non-zero spare bits.
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
