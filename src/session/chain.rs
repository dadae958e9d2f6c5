//! The hash chain through a session's events: an edited, reordered or missing event is found.
//!
//! `hash = SHA-256(previous ‖ every column that the library writes, as stored)`, each field prefixed with
//! its length so that no two different rows give the same input. The chain begins at a hash of the session
//! id, so that a whole stream cannot be passed off as another's.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::entry::microseconds;
use super::{Client, Entry, SessionId, UserId};

/// The hash of a stream up to and including one event.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// What stands before the first event of a session.
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

    /// The hash after `entry`; the entry's own `hash` plays no part.
    ///
    /// ```
    /// # use session_ledger::session::*;
    /// # use time::OffsetDateTime;
    /// let id = SessionId::new(OffsetDateTime::UNIX_EPOCH, [7; 10]);
    /// let mut entry = Entry {
    ///     version: 1,
    ///     event_id: EventId::from_random([1; 16]),
    ///     event: Event::Cleared(Cleared {}),
    ///     user: None,
    ///     actor: None,
    ///     client: None,
    ///     occurred_at: OffsetDateTime::UNIX_EPOCH,
    ///     hash: ChainHash::default(),
    /// };
    /// let before = ChainHash::genesis(id).then(&entry);
    /// entry.user = Some(UserId::from("mallory"));
    /// assert_ne!(ChainHash::genesis(id).then(&entry), before);
    /// ```
    pub fn then(&self, entry: &Entry) -> Self {
        let mut hash = Sha256::new().chain_update(self.0);
        let mut field = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        let (client_ip, user_agent) = Client::columns(entry.client.as_ref());
        field(&entry.version.to_be_bytes());
        field(entry.event_id.as_uuid().as_bytes());
        field(entry.event.kind().as_bytes());
        field(&entry.event.shape().to_be_bytes());
        field(&optional(entry.user.as_ref().map(UserId::as_str)));
        field(&optional(entry.actor.as_ref().map(UserId::as_str)));
        field(&address(client_ip));
        field(&optional(user_agent));
        field(&microseconds(entry.occurred_at).to_be_bytes());
        field(&entry.event.payload());
        Self(hash.finalize().into())
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

/// A missing text and an empty one differ.
fn optional(text: Option<&str>) -> Vec<u8> {
    text.map_or_else(Vec::new, |text| [b"=", text.as_bytes()].concat())
}

fn address(ip: Option<IpAddr>) -> Vec<u8> {
    match ip {
        None => Vec::new(),
        Some(IpAddr::V4(ip)) => ip.octets().to_vec(),
        Some(IpAddr::V6(ip)) => ip.octets().to_vec(),
    }
}
