//! Linking events to a chain of hashes: an edited, reordered or missing event is found.
//!
//! `hash = SHA-256(previous ‖ every column that the library writes, as stored)`. Each field is prefixed with
//! its length, so that no two different rows give the same input.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::microseconds::microseconds;
use super::{ChainHash, Client, Entry, UserId};

impl ChainHash {
    /// The hash after `entry`. The entry's own `hash` plays no part.
    ///
    /// ```
    /// # use session_ledger::session::*;
    /// # use time::OffsetDateTime;
    /// let id = SessionId::new(OffsetDateTime::UNIX_EPOCH, [7; 10]);
    /// let mut entry = Entry {
    ///     version: 1,
    ///     event_id: EventId::from_random([1; 16]),
    ///     encoded: Event::Cleared(Cleared {}).encode(),
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
        let mut hash = Sha256::new().chain_update(self.as_bytes());
        let mut field = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        let (client_ip, user_agent) = Client::columns(entry.client.as_ref());
        field(&entry.version.to_be_bytes());
        field(entry.event_id.as_uuid().as_bytes());
        field(entry.encoded.kind().as_bytes());
        field(&entry.encoded.shape().to_be_bytes());
        field(&optional(entry.user.as_ref().map(UserId::as_str)));
        field(&optional(entry.actor.as_ref().map(UserId::as_str)));
        field(&address(client_ip));
        field(&optional(user_agent));
        field(&microseconds(entry.occurred_at).to_be_bytes());
        field(entry.encoded.payload());
        Self::from_bytes(hash.finalize().into())
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
