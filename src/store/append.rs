//! Appending: one statement that writes the events and the row that they make, or fails by itself.

use std::net::IpAddr;

use deadpool_postgres::ClientWrapper;
use time::OffsetDateTime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::connection::Connection;
use super::error::Error;
use super::projection::{EndedRow, LiveRow, ProjectedRow};
use super::statement::{Ready, Sql};
use crate::session::{Entry, SessionId, UserId, Written};

static CREATE: Sql = Sql::new(include_str!("sql/create.sql"), &LIVE);
static APPEND: Sql = Sql::new(include_str!("sql/append.sql"), &LIVE);
static END: Sql = Sql::new(include_str!("sql/end.sql"), &ENDED);

/// What [`CREATE`] and [`APPEND`] are given.
static LIVE: [Type; 26] = [
    Type::UUID,
    Type::INT8,
    // The row, as `LiveRow::add_to` lists it.
    Type::INT8,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::INT4,
    Type::BOOL,
    Type::BYTEA,
    Type::BYTEA,
    Type::BYTEA,
    Type::TEXT,
    Type::BYTEA,
    Type::BYTEA,
    Type::TIMESTAMPTZ,
    // The events: ids, kinds, shapes, users, actors, payloads, hashes.
    Type::UUID_ARRAY,
    Type::TEXT_ARRAY,
    Type::INT2_ARRAY,
    Type::TEXT_ARRAY,
    Type::TEXT_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BYTEA_ARRAY,
    // What they share: time, address, browser.
    Type::TIMESTAMPTZ,
    Type::INET,
    Type::TEXT,
];

/// What [`END`] is given.
static ENDED: [Type; 19] = [
    Type::UUID,
    Type::INT8,
    // The row, as `EndedRow::add_to` lists it.
    Type::INT8,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TEXT,
    Type::TEXT,
    Type::BYTEA,
    // The events: ids, kinds, shapes, users, actors, payloads, hashes.
    Type::UUID_ARRAY,
    Type::TEXT_ARRAY,
    Type::INT2_ARRAY,
    Type::TEXT_ARRAY,
    Type::TEXT_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BYTEA_ARRAY,
    // What they share: time, address, browser.
    Type::TIMESTAMPTZ,
    Type::INET,
    Type::TEXT,
];

/// What a statement is given.
type Parameters<'a> = Vec<&'a (dyn ToSql + Sync)>;

/// One session's events, ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Append {
    pub(crate) written: Written,
    /// The new secret, sealed, while a late request may need it.
    pub(crate) resend: Option<Vec<u8>>,
}

/// The events as columns. All that one request appends shares its time and client.
struct Columns {
    event_ids: Vec<Uuid>,
    kinds: Vec<String>,
    shapes: Vec<i16>,
    users: Vec<Option<String>>,
    actors: Vec<Option<String>>,
    payloads: Vec<Vec<u8>>,
    hashes: Vec<Vec<u8>>,
    occurred_at: OffsetDateTime,
    client_ip: Option<IpAddr>,
    user_agent: Option<String>,
}

impl Append {
    /// Makes the statement ready that writes this, so that it can be pipelined.
    pub(crate) async fn ready(&self, connection: &Connection) -> Result<Ready, Error> {
        let statement = match (self.written.expected_version, &self.written.state.ended) {
            (_, Some(_)) => &END,
            (0, None) => &CREATE,
            (_, None) => &APPEND,
        };
        Ok(statement.ready(connection).await?)
    }

    /// Sends it. Its parameters cannot fail to encode; that it matched nothing is an error of the server's,
    /// so that a COMMIT sent behind it cannot succeed.
    pub(crate) async fn run(&self, client: &ClientWrapper, statement: &Ready) -> Result<(), Error> {
        let Written { id, expected_version, entries, state } = &self.written;
        let columns = Columns::of(entries);
        let (uuid, row) = (id.as_uuid(), ProjectedRow::of(*id, state));
        let mut parameters: Parameters = vec![&uuid, expected_version];
        match &row {
            ProjectedRow::Live(row) => row.add_to(&mut parameters, &self.resend),
            ProjectedRow::Ended(row) => row.add_to(&mut parameters),
        }
        columns.add_to(&mut parameters);
        match statement.query(client, &parameters).await {
            Ok(_) => Ok(()),
            Err(error) => Err(refused(*id, error)),
        }
    }
}

/// A division by zero is the statement's way to say that it appended nothing; a broken primary key of ours
/// says the same of a race.
fn refused(session: SessionId, error: tokio_postgres::Error) -> Error {
    match error.code() {
        Some(&SqlState::DIVISION_BY_ZERO) => Error::Stale { session },
        Some(&SqlState::UNIQUE_VIOLATION) => Error::Conflict(error),
        _ => error.into(),
    }
}

impl LiveRow {
    fn add_to<'a>(&'a self, parameters: &mut Parameters<'a>, resend: &'a Option<Vec<u8>>) {
        parameters.extend([
            &self.version as &(dyn ToSql + Sync),
            &self.changed_at,
            &self.authenticated_at,
            &self.absolute_deadline,
            &self.superseded_until,
            &self.idle_timeout,
            &self.superseded_accepted,
            &self.token_hash,
            &self.superseded_hash,
            &self.head_hash,
            &self.user_id,
            &self.state,
            resend,
            &self.started_at,
        ]);
    }
}

impl EndedRow {
    fn add_to<'a>(&'a self, parameters: &mut Parameters<'a>) {
        parameters.extend([
            &self.version as &(dyn ToSql + Sync),
            &self.ended_at,
            &self.last_seen,
            &self.authenticated_at,
            &self.reason,
            &self.user_id,
            &self.head_hash,
        ]);
    }
}

impl Columns {
    fn of(entries: &[Entry]) -> Self {
        let text = |user: &UserId| user.as_str().to_owned();
        let shared = entries.last();
        Self {
            event_ids: entries.iter().map(|entry| entry.event_id.as_uuid()).collect(),
            kinds: entries.iter().map(|entry| entry.event.kind().to_owned()).collect(),
            shapes: entries.iter().map(|entry| entry.event.shape()).collect(),
            users: entries.iter().map(|entry| entry.user.as_ref().map(text)).collect(),
            actors: entries.iter().map(|entry| entry.actor.as_ref().map(text)).collect(),
            payloads: entries.iter().map(|entry| entry.event.payload()).collect(),
            hashes: entries.iter().map(|entry| entry.hash.as_bytes().to_vec()).collect(),
            occurred_at: shared.map_or(OffsetDateTime::UNIX_EPOCH, |entry| entry.occurred_at),
            client_ip: shared.and_then(|entry| entry.client.ip),
            user_agent: shared.and_then(|entry| entry.client.user_agent.clone()),
        }
    }

    fn add_to<'a>(&'a self, parameters: &mut Parameters<'a>) {
        parameters.extend([
            &self.event_ids as &(dyn ToSql + Sync),
            &self.kinds,
            &self.shapes,
            &self.users,
            &self.actors,
            &self.payloads,
            &self.hashes,
            &self.occurred_at,
            &self.client_ip,
            &self.user_agent,
        ]);
    }
}
