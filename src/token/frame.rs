//! The bytes of what is sealed, and the text of a token.
//!
//! ```text
//! version(1) | key id(4) | nonce(12) | AES-256-GCM( body ) | tag(16)
//!
//! body of a token:  session id(16) | secret(32) | witness(24)    105 bytes in all
//! body of a resend: session id(16) | secret(32)                   81 bytes in all
//! body of a device: device id(16)  | marks of 7 users(56)        105 bytes in all
//! ```
//!
//! The 105 bytes of a token are written as 140 characters of base64url without padding. 140 is a multiple of
//! four, so no character carries spare bits: two different texts always mean different bytes.
//!
//! The layout is frozen: browsers keep their tokens longer than an application runs. Another layout is
//! another version.

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use super::key_ring::KeyId;
use crate::session::{Device, Witness};

/// The layout's number: the first byte of every frame.
pub(super) const VERSION: u8 = 1;
/// The length of a nonce in bytes.
pub(super) const NONCE: usize = 12;
/// The length of the body of a resend, in the clear or encrypted, in bytes: session id and secret.
pub(super) const RESEND: usize = 16 + 32;
/// The length of the body of a token, likewise: session id, secret and witness.
pub(super) const TOKEN: usize = RESEND + Witness::BYTES;
/// The length of an authentication tag in bytes.
pub(super) const TAG: usize = 16;

const AROUND: usize = 1 + 4 + NONCE + TAG;
const TOKEN_FRAME: usize = AROUND + TOKEN;
/// The length of a token in characters.
pub(super) const TEXT: usize = TOKEN_FRAME / 3 * 4;
const _: () = assert!(Device::BYTES == TOKEN);
const _: () = assert!(TOKEN_FRAME == 105 && TOKEN_FRAME.is_multiple_of(3) && TEXT == 140);

/// The fields of a frame, with a body of so many bytes.
pub(super) struct Frame<const BODY: usize> {
    pub(super) key_id: KeyId,
    pub(super) nonce: [u8; NONCE],
    /// Overwritten when dropped, because it is decrypted in place.
    pub(super) body: Zeroizing<[u8; BODY]>,
    pub(super) tag: [u8; TAG],
}

impl<const BODY: usize> Frame<BODY> {
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

    /// The frame as its bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        [&[VERSION][..], self.key_id.as_bytes(), &self.nonce, &*self.body, &self.tag].concat()
    }
}

impl Frame<TOKEN> {
    /// Reads the frame in a cookie's value. Checks the length first, and allocates nothing.
    pub(super) fn from_text(text: &[u8]) -> Option<Self> {
        let text: &[u8; TEXT] = text.try_into().ok()?;
        let mut bytes = Zeroizing::new([0; TOKEN_FRAME]);
        BASE64URL_NOPAD.decode_mut(text, &mut *bytes).ok()?;
        Self::from_bytes(&*bytes)
    }

    /// The frame as its 140 characters.
    pub(super) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64URL_NOPAD.encode(&Zeroizing::new(self.to_bytes())))
    }
}
