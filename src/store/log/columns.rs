//! The columns of an event.

use std::net::IpAddr;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::session::{ChainHash, Client, ClientProof, Encoded, Entry, EventId, UserId};
use crate::store::table::table;

table! {
    /// An event's columns that the library writes, without its session and version. Every statement that
    /// reads or writes events has them in this order.
    pub(crate) struct EventRow<'a> {
        event_id: Uuid => UUID,
        kind: &'a str => TEXT,
        shape: i16 => INT2,
        user_id: Option<&'a str> => TEXT,
        actor: Option<&'a str> => TEXT,
        client_ip: Option<IpAddr> => INET,
        user_agent: Option<&'a str> => TEXT,
        occurred_at: OffsetDateTime => TIMESTAMPTZ,
        payload: &'a [u8] => BYTEA,
        hash: &'a [u8] => BYTEA,
        client_proof: Option<&'a [u8]> => BYTEA,
    }
}

impl<'a> EventRow<'a> {
    /// The columns that an entry is written to.
    pub(crate) fn of(entry: &'a Entry) -> Self {
        let (client_ip, user_agent) = Client::columns(entry.client.as_ref());
        Self {
            event_id: entry.event_id.as_uuid(),
            kind: entry.encoded.kind(),
            shape: entry.encoded.shape(),
            user_id: entry.user.as_ref().map(UserId::as_str),
            actor: entry.actor.as_ref().map(UserId::as_str),
            client_ip,
            user_agent,
            occurred_at: entry.occurred_at,
            payload: entry.encoded.payload(),
            hash: entry.hash.as_bytes(),
            client_proof: entry.client_proof.as_ref().map(ClientProof::as_bytes),
        }
    }

    /// The entry that these columns hold.
    pub(super) fn entry(self, version: i64) -> Entry {
        Entry {
            version,
            event_id: EventId::from(self.event_id),
            encoded: Encoded::stored(self.kind, self.shape, self.payload),
            user: self.user_id.map(UserId::from),
            actor: self.actor.map(UserId::from),
            client: Client::from_columns(self.client_ip, self.user_agent),
            client_proof: self.client_proof.map(ClientProof::from_column),
            occurred_at: self.occurred_at,
            // A hash of another length cannot match anything, and reads as zeros.
            hash: ChainHash::from_bytes(self.hash.try_into().unwrap_or_default()),
        }
    }
}
