//! The key that makes the proofs in the tokens of forms.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::secret_bytes::SecretBytes;
use crate::session::{SessionId, TokenHash};

/// A key for the tokens of forms, and the names to which they are bound.
pub(super) struct FormKey {
    key: SecretBytes,
    binding: Vec<u8>,
}

impl FormKey {
    /// `binding` names key, purpose, cookie and audience, so that no other list of names has the same bytes.
    pub(super) fn new(key: &SecretBytes, binding: Vec<u8>) -> Self {
        Self { key: SecretBytes::copied_from(key.expose()), binding }
    }

    /// The proof for a session and the hash of its cookie's token: HMAC-SHA256 of both, by way of HKDF's
    /// second step (RFC 5869, section 2.3). Whoever reads the database knows the hash, and lacks the key.
    pub(super) fn proof(&self, session: SessionId, hash: TokenHash) -> Option<Zeroizing<[u8; 32]>> {
        let hkdf = Hkdf::<Sha256>::from_prk(self.key.expose()).ok()?;
        let mut proof = Zeroizing::new([0; 32]);
        let info: [&[u8]; 3] = [&self.binding, session.as_bytes(), hash.as_bytes()];
        hkdf.expand_multi_info(&info, proof.as_mut_slice()).ok()?;
        Some(proof)
    }
}
