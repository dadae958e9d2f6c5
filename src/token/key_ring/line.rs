//! One key of a key ring, as it is written down.

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use super::error::KeyRingError;
use super::id::KeyId;
use super::not_after::NotAfter;
use super::place::Place;
use super::state::{KeyState, UnknownKeyState};
use crate::token::secret_bytes::SecretBytes;

/// One key as it is written down: its state, its id, its master, and maybe when it is over.
pub(super) struct KeyLine {
    pub(super) place: Place,
    pub(super) state: KeyState,
    pub(super) id: KeyId,
    pub(super) master: SecretBytes,
    pub(super) not_after: Option<NotAfter>,
}

impl KeyLine {
    pub(super) fn parse(text: &str, place: Place) -> Result<Self, KeyRingError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let ([state, id, master], not_after) = match words[..] {
            [state, id, master] => ([state, id, master], None),
            [state, id, master, not_after] => ([state, id, master], Some(not_after)),
            _ => return Err(KeyRingError::WordCount { place, found: words.len() }),
        };
        let state = state.parse().map_err(|UnknownKeyState| KeyRingError::UnknownState { place })?;
        let id = KeyId::parse(id).ok_or(KeyRingError::KeyId { place })?;
        let master = master_from(master, place, id)?;
        let not_after =
            not_after.map(|word| word.parse().map_err(|()| KeyRingError::NotAfter { place, key_id: id }));
        Ok(Self { place, state, id, master, not_after: not_after.transpose()? })
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
