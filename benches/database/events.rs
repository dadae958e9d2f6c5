//! Events as the columns that are appended, with what a request of a browser has in them.

use std::net::IpAddr;

use time::OffsetDateTime;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// What is appended: so many events, each with a payload, a hash and a kind.
pub(crate) struct Events {
    ids: Vec<Uuid>,
    kinds: Vec<&'static str>,
    shapes: Vec<i16>,
    users: Vec<Option<String>>,
    actors: Vec<Option<String>>,
    payloads: Vec<Vec<u8>>,
    hashes: Vec<Vec<u8>>,
    ip: IpAddr,
    user_agent: &'static str,
}

impl Events {
    pub(crate) fn new(count: usize, user: Option<&str>) -> Self {
        Self {
            ids: (0..count).map(|_| Uuid::new_v4()).collect(),
            kinds: vec!["value_set"; count],
            shapes: vec![1; count],
            users: vec![user.map(str::to_owned); count],
            actors: vec![None; count],
            payloads: vec![b"\x05count\x01\x01\x07".to_vec(); count],
            hashes: vec![vec![7; 32]; count],
            ip: [192, 0, 2, 1].into(),
            user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0",
        }
    }

    pub(crate) fn add_to<'a>(
        &'a self,
        parameters: &mut Vec<&'a (dyn ToSql + Sync)>,
        now: &'a OffsetDateTime,
    ) {
        parameters.extend([
            &self.ids as &(dyn ToSql + Sync),
            &self.kinds,
            &self.shapes,
            &self.users,
            &self.actors,
            &self.payloads,
            &self.hashes,
            now,
            &self.ip,
            &self.user_agent,
        ]);
    }
}
