//! The place of an event's client in the chain: the client may leave the log, and the chain still holds.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::Client;

/// The part of an event by which the chain covers its client without holding it.
///
/// While the client is there, this is the salt, and the chain covers `SHA-256(salt ‖ client)`. Once the
/// client has been taken out, the digest itself is left. Without the salt nobody finds it by trying: there
/// are only 2^32 addresses (IPv4), but 2^128 salts. An event that an older version wrote has neither: its
/// client stands in the chain as it is, and leaves the log with its month.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ClientProof {
    /// The client is there. These bytes are forgotten with it.
    Salt([u8; Self::SALT_BYTES]),
    /// The client has been taken out.
    Digest([u8; Self::DIGEST_BYTES]),
}

impl ClientProof {
    /// How many random bytes a salt has.
    pub const SALT_BYTES: usize = 16;
    /// How many bytes a SHA-256 has.
    const DIGEST_BYTES: usize = 32;

    /// The proof that the column `client_proof` holds. Bytes of another length can prove nothing, and read as
    /// a digest of zeros.
    #[doc(hidden)]
    pub fn from_column(stored: &[u8]) -> Self {
        match stored.try_into() {
            Ok(salt) => Self::Salt(salt),
            Err(_) => Self::Digest(stored.try_into().unwrap_or_default()),
        }
    }

    /// The column `client_proof`.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Salt(salt) => salt,
            Self::Digest(digest) => digest,
        }
    }

    /// The digest that the chain covers of an event that says this client. One that is stored stands for
    /// itself only where the client is gone, so that the chain breaks if somebody puts an address back.
    pub(super) fn digest(&self, said: Option<&Client>) -> [u8; Self::DIGEST_BYTES] {
        match (self, said) {
            (Self::Digest(digest), None) => *digest,
            (proof, said) => digest(proof.as_bytes(), said),
        }
    }
}

/// `SHA-256(salt ‖ length of the address ‖ address ‖ "=" ‖ browser)`, the last two where there is a browser.
/// `session_ledger.client_digest` computes the same in the database.
fn digest(salt: &[u8], said: Option<&Client>) -> [u8; ClientProof::DIGEST_BYTES] {
    let (ip, user_agent) = Client::columns(said);
    let hash = Sha256::new().chain_update(salt);
    let hash = match ip {
        None => hash.chain_update([0]),
        Some(IpAddr::V4(ip)) => hash.chain_update([4]).chain_update(ip.octets()),
        Some(IpAddr::V6(ip)) => hash.chain_update([16]).chain_update(ip.octets()),
    };
    let hash = match user_agent {
        None => hash,
        Some(user_agent) => hash.chain_update(b"=").chain_update(user_agent),
    };
    hash.finalize().into()
}

/// Does not show a salt, with which one could try out clients.
impl std::fmt::Debug for ClientProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Salt(_) => "Salt(…)",
            Self::Digest(_) => "Digest(…)",
        })
    }
}
