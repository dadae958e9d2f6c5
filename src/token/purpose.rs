//! The purposes of keys. A key for one purpose opens nothing that was sealed for another.

use hkdf::{Hkdf, InvalidLength};
use sha2::Sha256;

use super::secret_bytes::SecretBytes;

/// A use of the key ring. Each has keys of its own, derived from the masters (OWASP ASVS 9.2.2).
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// The token in the browser's cookie.
    Cookie,
    /// The secret in the session's row, kept there until a renewal is acknowledged.
    Resend,
}

impl Purpose {
    /// The name of the purpose: the `info` of HKDF, and a part of the associated data.
    pub(super) const fn label(self) -> &'static [u8] {
        match self {
            Self::Cookie => b"session-ledger/v1/cookie",
            Self::Resend => b"session-ledger/v1/resend",
        }
    }

    /// Derives the key for this purpose with HKDF-SHA256 (RFC 5869), without a salt, as the master is
    /// uniform.
    pub(super) fn key_of(self, master: &SecretBytes) -> Result<SecretBytes, InvalidLength> {
        let hkdf = Hkdf::<Sha256>::new(None, master.expose());
        SecretBytes::written_by(|key| hkdf.expand(self.label(), key))
    }
}
