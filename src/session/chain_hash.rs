//! The hash of a session's events up to one of them.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::SessionId;

/// The hash of a session's events up to and including one of them. The chain begins at a hash of the
/// session's id, so that the events of one session cannot be passed off as another's.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// The hash before the first event of a session.
    pub fn genesis(session: SessionId) -> Self {
        Self(
            Sha256::new()
                .chain_update(b"session-ledger/v1/chain")
                .chain_update(session.as_bytes())
                .finalize()
                .into(),
        )
    }

    /// The hash with these 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}
