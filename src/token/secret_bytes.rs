//! The memory in which secrets and keys live.

use zeroize::{ZeroizeOnDrop, Zeroizing};

/// 32 bytes that are overwritten when they are dropped.
///
/// They live on the heap and are written in place, because a move copies the value: an array on the stack or
/// in a growing `Vec` would leave copies behind that nobody overwrites.
pub(super) struct SecretBytes(Box<Zeroizing<[u8; 32]>>);

impl SecretBytes {
    /// Lets `write` fill 32 bytes of zero, and returns them or its error.
    pub(super) fn written_by<E>(write: impl FnOnce(&mut [u8; 32]) -> Result<(), E>) -> Result<Self, E> {
        let mut bytes = Box::new(Zeroizing::new([0; 32]));
        write(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Copies `source`.
    pub(super) fn copied_from(source: &[u8; 32]) -> Self {
        let mut bytes = Box::new(Zeroizing::new([0; 32]));
        bytes.copy_from_slice(source);
        Self(bytes)
    }

    pub(super) fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl ZeroizeOnDrop for SecretBytes {}
