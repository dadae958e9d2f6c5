//! One key for one purpose, and the names to which it binds a token.

use std::sync::Arc;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use rand::TryRng;
use zeroize::Zeroizing;

use super::budget::{Overdrawn, SealBudget, SealCount};
use super::error::{SealError, TokenRejected};
use super::frame::{Frame, NONCE, VERSION};
use super::key_ring::KeyId;
use super::purpose::Purpose;
use super::randomness;
use super::secret_bytes::SecretBytes;

/// The names to which every token of a sealer is bound. The same token is refused under another cookie name
/// or by another audience (OWASP ASVS 9.2.3).
#[derive(Clone)]
pub(super) struct Binding {
    pub(super) cookie_name: String,
    pub(super) audience: String,
}

impl Binding {
    /// The bytes that are authenticated but not sent. The length of each field comes before it (8 bytes,
    /// big-endian), so that two different lists of fields never give the same bytes.
    pub(super) fn associated_data(&self, key_id: KeyId, purpose: Purpose) -> Vec<u8> {
        let (name, audience) = (self.cookie_name.as_bytes(), self.audience.as_bytes());
        let fields: [&[u8]; 5] = [&[VERSION], key_id.as_bytes(), name, purpose.label(), audience];
        fields.iter().flat_map(|field| [&(field.len() as u64).to_be_bytes(), *field].concat()).collect()
    }
}

/// One key for one purpose.
pub(super) struct SealingKey {
    id: KeyId,
    cipher: Aes256Gcm,
    associated_data: Vec<u8>,
    count: Arc<SealCount>,
}

impl SealingKey {
    pub(super) fn new(
        id: KeyId,
        purpose: Purpose,
        key: &SecretBytes,
        binding: &Binding,
        count: Arc<SealCount>,
    ) -> Self {
        let cipher = Aes256Gcm::new(key.expose().into());
        Self { id, cipher, associated_data: binding.associated_data(id, purpose), count }
    }

    pub(super) fn count(&self) -> &Arc<SealCount> {
        &self.count
    }

    /// Seals a body under a fresh random nonce.
    pub(super) fn seal<const BODY: usize>(
        &self,
        mut body: Zeroizing<[u8; BODY]>,
        budget: SealBudget,
        rng: &mut impl TryRng,
    ) -> Result<Frame<BODY>, SealError> {
        self.count.take(budget, self.id).map_err(|overdrawn| match overdrawn {
            Overdrawn::Spent => SealError::BudgetSpent { key_id: self.id },
            Overdrawn::Unrecorded => SealError::Unrecorded { key_id: self.id },
        })?;
        let mut nonce = [0; NONCE];
        randomness::fill(rng, &mut nonce)?;
        let tag = self
            .cipher
            .encrypt_inout_detached(&nonce.into(), &self.associated_data, body.as_mut_slice().into())
            .map_err(|aes_gcm::Error| SealError::TooLong)?;
        Ok(Frame { key_id: self.id, nonce, body, tag: tag.into() })
    }

    /// Opens a frame of [`seal`](Self::seal). The tag is checked before anything is decrypted.
    pub(super) fn open<const BODY: usize>(
        &self,
        mut frame: Frame<BODY>,
    ) -> Result<Zeroizing<[u8; BODY]>, TokenRejected> {
        let Frame { nonce, body, tag, .. } = &mut frame;
        self.cipher
            .decrypt_inout_detached(
                &(*nonce).into(),
                &self.associated_data,
                body.as_mut_slice().into(),
                &(*tag).into(),
            )
            .map_err(|aes_gcm::Error| TokenRejected)?;
        Ok(frame.body)
    }
}
