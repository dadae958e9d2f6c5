//! What a key is for. A key of one purpose opens nothing that was sealed for another.

use hkdf::{Hkdf, InvalidLength};
use sha2::Sha256;

use super::secret_bytes::SecretBytes;

/// A use of the key ring. Each has keys of its own, derived from the masters (OWASP ASVS 9.2.2).
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// The token in the browser's cookie.
    Cookie,
    /// The secret that the session's row keeps while a renewal is not yet acknowledged.
    Resend,
}

impl Purpose {
    /// The `info` of HKDF, and a part of the associated data.
    pub(super) const fn label(self) -> &'static [u8] {
        match self {
            Self::Cookie => b"session-ledger/v1/cookie",
            Self::Resend => b"session-ledger/v1/resend",
        }
    }

    /// This purpose's key: HKDF-SHA256 (RFC 5869) of the master, without a salt, since the master is uniform.
    pub(super) fn key_of(self, master: &SecretBytes) -> Result<SecretBytes, InvalidLength> {
        let hkdf = Hkdf::<Sha256>::new(None, master.expose());
        SecretBytes::written_by(|key| hkdf.expand(self.label(), key))
    }
}
