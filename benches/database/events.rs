//! An event as the columns that are appended, of the size that a browser's request gives them.

use std::net::{IpAddr, Ipv4Addr};

use time::OffsetDateTime;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// The client of the browser's requests, for the row and for events that must name it.
pub(crate) const CLIENT: (Option<IpAddr>, Option<&str>) = (
    Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
    Some("Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0"),
);

/// The columns of an event.
pub(crate) struct Event<'a> {
    id: Uuid,
    kind: &'static str,
    shape: i16,
    user: Option<&'a str>,
    actor: Option<&'a str>,
    payload: &'static [u8],
    hash: &'static [u8],
    client: (Option<IpAddr>, Option<&'static str>),
    client_proof: Option<&'static [u8]>,
}

impl<'a> Event<'a> {
    pub(crate) fn new(user: Option<&'a str>) -> Self {
        Self {
            id: Uuid::new_v4(),
            kind: "value_set",
            shape: 1,
            user,
            actor: None,
            payload: b"\x05count\x01\x01\x07",
            hash: &[7; 32],
            client: (None, None),
            client_proof: None,
        }
    }

    /// The same event, naming its client.
    pub(crate) fn saying_client(user: Option<&'a str>) -> Self {
        Self { client: CLIENT, client_proof: Some(&[7; 16]), ..Self::new(user) }
    }

    pub(crate) fn add_to<'b>(
        &'b self,
        parameters: &mut Vec<&'b (dyn ToSql + Sync)>,
        now: &'b OffsetDateTime,
    ) {
        parameters.extend([
            &self.id as &(dyn ToSql + Sync),
            &self.kind,
            &self.shape,
            &self.user,
            &self.actor,
            &self.client.0,
            &self.client.1,
            now,
            &self.payload,
            &self.hash,
            &self.client_proof,
        ]);
    }
}
