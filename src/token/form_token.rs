//! The token that a form carries, as proof that a page of the application has made it.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use rand::TryRng;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::randomness::{self, RandomnessError};

/// Bytes of the proof, and of the mask over it.
const PROOF: usize = 32;

/// The name of a form's field with the token.
pub(crate) const FIELD: &str = "csrf_token";

/// A token for the forms of one session: 86 characters of base64url, which need no escaping in HTML.
///
/// It is a proof that only the application can make, of the session and the cookie's present token, under a
/// random mask. So two pages never show the same text, and a page that is compressed leaks nothing of the
/// proof (BREACH). It tells nothing of the cookie, and opens no session.
pub struct FormToken(Zeroizing<String>);

impl FormToken {
    /// The text, for the field `csrf_token` of a form, or for the header `X-CSRF-Token`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hidden field of a form, as HTML.
    pub fn field(&self) -> String {
        format!(r#"<input type="hidden" name="{FIELD}" value="{}">"#, self.as_str())
    }

    /// A proof under a new mask.
    pub(super) fn masked(proof: &[u8; PROOF], rng: &mut impl TryRng) -> Result<Self, RandomnessError> {
        let mut bytes = Zeroizing::new([0; 2 * PROOF]);
        let (mask, masked) = bytes.split_at_mut(PROOF);
        randomness::fill(rng, mask)?;
        for (place, (mask, proof)) in masked.iter_mut().zip(mask.iter().zip(proof)) {
            *place = mask ^ proof;
        }
        Ok(Self(Zeroizing::new(BASE64URL_NOPAD.encode(&*bytes))))
    }
}

/// The proof in the text of a token, if it is one.
pub(super) fn unmasked(text: &[u8]) -> Option<Zeroizing<[u8; PROOF]>> {
    let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(text).ok()?);
    let (mask, masked) = bytes.split_at_checked(PROOF)?;
    let mut proof = Zeroizing::new(<[u8; PROOF]>::try_from(masked).ok()?);
    for (place, mask) in proof.iter_mut().zip(mask) {
        *place ^= mask;
    }
    Some(proof)
}

impl ZeroizeOnDrop for FormToken {}

impl fmt::Debug for FormToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormToken(..)")
    }
}
