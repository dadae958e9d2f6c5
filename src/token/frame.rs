//! The bytes of a sealed session id and secret, and their text.
//!
//! ```text
//! version(1) | key id(4) | nonce(12) | AES-256-GCM( session id(16) | secret(32) ) | tag(16)  = 81 bytes
//! ```
//!
//! The 81 bytes are written as 108 characters of base64url without padding. 108 is a multiple of four, so no
//! character carries spare bits: two different texts always mean different bytes.

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use super::key_ring::KeyId;

/// The layout's number: the first byte of every frame.
pub(super) const VERSION: u8 = 1;
/// The length of a nonce in bytes.
pub(super) const NONCE: usize = 12;
/// The length of session id and secret, in the clear or encrypted, in bytes.
pub(super) const BODY: usize = 16 + 32;
/// The length of an authentication tag in bytes.
pub(super) const TAG: usize = 16;

const FRAME: usize = 1 + 4 + NONCE + BODY + TAG;
/// The length of a token in characters.
pub(super) const TEXT: usize = FRAME / 3 * 4;
const _: () = assert!(FRAME == 81 && FRAME.is_multiple_of(3) && TEXT == 108);

/// The fields of a frame.
pub(super) struct Frame {
    pub(super) key_id: KeyId,
    pub(super) nonce: [u8; NONCE],
    /// Overwritten when dropped, because it is decrypted in place.
    pub(super) body: Zeroizing<[u8; BODY]>,
    pub(super) tag: [u8; TAG],
}

impl Frame {
    /// Reads the frame in a cookie's value. Checks the length first, and allocates nothing.
    pub(super) fn from_text(text: &[u8]) -> Option<Self> {
        let text: &[u8; TEXT] = text.try_into().ok()?;
        let mut bytes = Zeroizing::new([0; FRAME]);
        BASE64URL_NOPAD.decode_mut(text, &mut *bytes).ok()?;
        Self::from_bytes(&*bytes)
    }

    /// Reads the frame in these bytes, if they have the length and the version of one.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&[version], rest) = bytes.split_first_chunk()?;
        let (&key_id, rest) = rest.split_first_chunk()?;
        let (&nonce, rest) = rest.split_first_chunk()?;
        let (&body, rest) = rest.split_first_chunk()?;
        let &tag = rest.try_into().ok()?;
        let frame = Self { key_id: KeyId::from_bytes(key_id), nonce, body: Zeroizing::new(body), tag };
        (version == VERSION).then_some(frame)
    }

    /// The frame as its 81 bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        [&[VERSION][..], self.key_id.as_bytes(), &self.nonce, &*self.body, &self.tag].concat()
    }

    /// The frame as its 108 characters.
    pub(super) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64URL_NOPAD.encode(&Zeroizing::new(self.to_bytes())))
    }
}
