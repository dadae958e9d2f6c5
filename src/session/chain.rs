//! Linking events to a chain of hashes: an edited, reordered or missing event is found.
//!
//! `hash = SHA-256(previous ‖ every column that the library writes, as stored)`. Each field is prefixed with
//! its length, so that no two different rows give the same input. Of the client it is a digest with a salt
//! (`client_proof.rs`), so that the client may leave the log and the chain still holds.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::microseconds::microseconds;
use super::{ChainHash, Client, Entry, UserId};

/// Room for the columns of most events, the payload left out.
const USUAL_BYTES: usize = 384;

impl ChainHash {
    /// The hash after `entry`. The entry's own `hash` plays no part.
    ///
    /// ```
    /// # use session_ledger::session::*;
    /// # use time::OffsetDateTime;
    /// let id = SessionId::new(OffsetDateTime::UNIX_EPOCH, [7; 10]);
    /// let event = Event::ValueRemoved(ValueRemoved::new("cart".to_owned()));
    /// let (name, at) = (EventId::from_random([1; 16]), OffsetDateTime::UNIX_EPOCH);
    /// let mut entry = Entry::new(1, name, event.encode(), at);
    /// let before = ChainHash::genesis(id).then(&entry);
    /// entry.user = Some(UserId::from("mallory"));
    /// assert_ne!(ChainHash::genesis(id).then(&entry), before);
    /// ```
    pub fn then(&self, entry: &Entry) -> Self {
        let said = entry.client.as_ref();
        let (client_ip, user_agent) = Client::columns(said);
        let payload = entry.encoded.payload();
        let mut columns = Vec::with_capacity(USUAL_BYTES);
        let mut field = |parts: &[&[u8]]| {
            columns.extend(length(parts.iter().map(|part| part.len()).sum()));
            parts.iter().for_each(|part| columns.extend_from_slice(part));
        };
        field(&[&entry.version.to_be_bytes()]);
        field(&[entry.event_id.as_uuid().as_bytes()]);
        field(&[entry.encoded.kind().as_bytes()]);
        field(&[&entry.encoded.shape().to_be_bytes()]);
        field(&optional(entry.user.as_ref().map(UserId::as_str)));
        field(&optional(entry.actor.as_ref().map(UserId::as_str)));
        // No address has the length of a digest, so the two forms cannot be taken for each other.
        match entry.client_proof.map(|proof| proof.digest(said)) {
            Some(digest) => field(&[&digest]),
            None => {
                match client_ip {
                    None => field(&[]),
                    Some(IpAddr::V4(ip)) => field(&[&ip.octets()]),
                    Some(IpAddr::V6(ip)) => field(&[&ip.octets()]),
                }
                field(&optional(user_agent));
            }
        }
        field(&[&microseconds(entry.occurred_at).to_be_bytes()]);
        // The payload may be large, and is not copied.
        columns.extend(length(payload.len()));
        let hash = Sha256::new().chain_update(self.as_bytes()).chain_update(columns).chain_update(payload);
        Self::from_bytes(hash.finalize().into())
    }
}

/// The length that stands before a field.
fn length(bytes: usize) -> [u8; 8] {
    (bytes as u64).to_be_bytes()
}

/// The parts of a text's field. A missing text and an empty one differ.
fn optional(text: Option<&str>) -> [&[u8]; 2] {
    text.map_or([&[], &[]], |text| [b"=", text.as_bytes()])
}
