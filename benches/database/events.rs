//! An event as the columns that are appended, with what a request of a browser has in them.

use std::net::IpAddr;

use time::OffsetDateTime;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// What is appended.
pub(crate) struct Event<'a> {
    id: Uuid,
    kind: &'static str,
    shape: i16,
    user: Option<&'a str>,
    actor: Option<&'a str>,
    payload: &'static [u8],
    hash: &'static [u8],
    ip: IpAddr,
    user_agent: &'static str,
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
            ip: [192, 0, 2, 1].into(),
            user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0",
        }
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
            &self.payload,
            &self.hash,
            now,
            &self.ip,
            &self.user_agent,
        ]);
    }
}
