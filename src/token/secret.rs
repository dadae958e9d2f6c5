//! The secret that proves a browser holds a session.

use rand::TryRng;
use sha2::{Digest, Sha256};
use zeroize::ZeroizeOnDrop;

use super::randomness::{self, RandomnessError};
use super::secret_bytes::SecretBytes;
use crate::session::TokenHash;

/// 32 random bytes that prove that a browser holds a session: 256 bits, where OWASP ASVS 7.2.3 asks for 128.
///
/// A secret exists only sealed in the cookie and for a moment in memory. It cannot be cloned, shown, compared
/// or serialized, and is overwritten when dropped. Only its [`hash`](Self::hash) can be learned.
#[expect(missing_debug_implementations, reason = "a secret is never shown")]
pub struct Secret(SecretBytes);

impl Secret {
    /// A new secret from `rng`, which must be cryptographically secure: [`rand::rngs::SysRng`].
    ///
    /// # Errors
    /// When the generator fails.
    pub fn generate(rng: &mut impl TryRng) -> Result<Self, RandomnessError> {
        SecretBytes::written_by(|bytes| randomness::fill(rng, bytes)).map(Self)
    }

    /// SHA-256 of the secret, for the database to store. A plain hash suffices, because the secret has far
    /// more than 112 bits of entropy (OWASP ASVS 6.5.2).
    pub fn hash(&self) -> TokenHash {
        TokenHash::from_bytes(Sha256::digest(self.0.expose()).into())
    }

    pub(super) fn copied_from(bytes: &[u8; 32]) -> Self {
        Self(SecretBytes::copied_from(bytes))
    }

    pub(super) fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

impl ZeroizeOnDrop for Secret {}
