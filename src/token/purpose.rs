//! The purposes of keys. A key for one purpose opens nothing that was sealed for another.

use hkdf::{Hkdf, InvalidLength};
use sha2::Sha256;

use super::secret::Secret;
use super::secret_bytes::SecretBytes;

/// A use of the key ring. Each has keys of its own, derived from the masters (OWASP ASVS 9.2.2).
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// The token in the browser's cookie.
    Cookie,
    /// The secret of an offered token in the session's row, kept there until a browser shows the token. Its
    /// key is derived once more, with the secret of the token that the browser holds: see
    /// [`key_for_holder`](Self::key_for_holder).
    Resend,
    /// The proof in a form's token. It seals nothing.
    Form,
    /// The cookie of a browser that was signed in before.
    Device,
}

impl Purpose {
    /// The name of the purpose: the `info` of HKDF, and a part of the associated data.
    pub(super) const fn label(self) -> &'static [u8] {
        match self {
            Self::Cookie => b"session-ledger/v1/cookie",
            Self::Resend => b"session-ledger/v1/resend",
            Self::Form => b"session-ledger/v1/form",
            Self::Device => b"session-ledger/v1/device",
        }
    }

    /// Derives the key for this purpose with HKDF-SHA256 (RFC 5869), without a salt, as the master is
    /// uniform.
    pub(super) fn key_of(self, master: &SecretBytes) -> Result<SecretBytes, InvalidLength> {
        let hkdf = Hkdf::<Sha256>::new(None, master.expose());
        SecretBytes::written_by(|key| hkdf.expand(self.label(), key))
    }

    /// Derives the key for one holder from `key`, this purpose's key, with the holder's secret. So a copy of
    /// what it seals opens only with the key ring *and* that secret, wherever the copy lies.
    pub(super) fn key_for_holder(
        self,
        key: &SecretBytes,
        secret: &Secret,
    ) -> Result<SecretBytes, InvalidLength> {
        let hkdf = Hkdf::<Sha256>::new(Some(key.expose()), secret.expose());
        SecretBytes::written_by(|key| hkdf.expand(self.label(), key))
    }
}
