//! Reading the log.

use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type, accepts};
use uuid::Uuid;

use crate::session::{ChainHash, Client, Entry, Event, EventId, Recorded, SessionId, Unknown, UserId};
use crate::store::connection::pool::Connection;
use crate::store::connection::statement::Sql;
use crate::store::error::Error;

static HISTORY: Sql = Sql::new(include_str!("../sql/history.sql"), &[Type::UUID]);

/// Where the columns stand in every statement that reads events, of which one may stop after [`HASH`](column::HASH):
/// to look each up by its name takes longer than to read it. A test holds the statements to it.
mod column {
    pub(super) const SESSION_ID: usize = 0;
    pub(super) const VERSION: usize = 1;
    pub(super) const EVENT_ID: usize = 2;
    pub(super) const KIND: usize = 3;
    pub(super) const SHAPE: usize = 4;
    pub(super) const USER_ID: usize = 5;
    pub(super) const ACTOR: usize = 6;
    pub(super) const CLIENT_IP: usize = 7;
    pub(super) const USER_AGENT: usize = 8;
    pub(super) const OCCURRED_AT: usize = 9;
    pub(super) const PAYLOAD: usize = 10;
    pub(super) const HASH: usize = 11;
    pub(super) const RECORDED_AT: usize = 12;
    pub(super) const TRANSACTION_ID: usize = 13;
    pub(super) const POSITION: usize = 14;
}

/// The events of one session in order, each with from where it came.
pub(crate) async fn history(connection: &Connection, id: SessionId) -> Result<Vec<Recorded>, Error> {
    let rows = HISTORY.query(connection, &[&id.as_uuid()]).await?;
    let mut events: Vec<Recorded> = rows.iter().map(recorded).collect::<Result<_, _>>()?;
    let entries = events.iter().map(|recorded| &recorded.entry);
    let clients: Vec<_> = Client::of_each(entries).map(Option::<&Client>::cloned).collect();
    for (recorded, client) in events.iter_mut().zip(clients) {
        recorded.client = client;
    }
    Ok(events)
}

/// One event, from a row with all columns of the log.
pub(crate) fn recorded(row: &Row) -> Result<Recorded, Error> {
    let session = session(row)?;
    let (kind, shape, payload) = fact(row)?;
    let event = Event::decode(kind, shape, payload).map_err(|error| Error::Undecodable { session, error })?;
    if matches!(event, Event::Unknown(_)) {
        tracing::warn!(%session, kind, shape, "event of unknown kind or shape: a fold skips it");
    }
    in_place(row, event)
}

/// As [`recorded`], but a damaged payload is handed on as it is stored.
pub(crate) fn recorded_or_unknown(row: &Row) -> Result<Recorded, Error> {
    let (kind, shape, payload) = fact(row)?;
    let event = Event::decode(kind, shape, payload).or_else(|error| {
        tracing::warn!(session = %session(row)?, %error, "event delivered with its payload unread");
        raw(row)
    })?;
    in_place(row, event)
}

/// The session that an event belongs to.
pub(super) fn session(row: &Row) -> Result<SessionId, Error> {
    Ok(SessionId::from(row.try_get::<_, Uuid>(column::SESSION_ID)?))
}

/// What an event says: kind, shape and payload.
pub(super) fn fact(row: &Row) -> Result<(&str, i16, &[u8]), Error> {
    Ok((row.try_get(column::KIND)?, row.try_get(column::SHAPE)?, row.try_get(column::PAYLOAD)?))
}

/// An event as it is stored, of whatever kind it is.
pub(super) fn raw(row: &Row) -> Result<Event, Error> {
    let (kind, shape, payload) = fact(row)?;
    Ok(Event::Unknown(Unknown { kind: kind.to_owned(), shape, payload: payload.to_vec() }))
}

/// What the library wrote of an event that is already read.
pub(super) fn entry(row: &Row, event: Event) -> Result<Entry, Error> {
    let user = |column: usize| Ok::<_, Error>(row.try_get::<_, Option<String>>(column)?.map(UserId::from));
    // A hash of another length cannot match anything, and reads as zeros.
    let hash: &[u8] = row.try_get(column::HASH)?;
    Ok(Entry {
        version: row.try_get(column::VERSION)?,
        event_id: EventId::from(row.try_get::<_, Uuid>(column::EVENT_ID)?),
        event,
        user: user(column::USER_ID)?,
        actor: user(column::ACTOR)?,
        client: Client::from_columns(row.try_get(column::CLIENT_IP)?, row.try_get(column::USER_AGENT)?),
        occurred_at: row.try_get(column::OCCURRED_AT)?,
        hash: ChainHash::from_bytes(hash.try_into().unwrap_or_default()),
    })
}

fn in_place(row: &Row, event: Event) -> Result<Recorded, Error> {
    let entry = entry(row, event)?;
    Ok(Recorded {
        session_id: session(row)?,
        client: entry.client.clone(),
        entry,
        recorded_at: row.try_get(column::RECORDED_AT)?,
        transaction_id: row.try_get::<_, TransactionNumber>(column::TRANSACTION_ID)?.0,
        position: row.try_get(column::POSITION)?,
    })
}

/// A transaction id as PostgreSQL sends it: tokio-postgres knows the type, but has no number for it.
struct TransactionNumber(u64);

impl<'a> FromSql<'a> for TransactionNumber {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(u64::from_be_bytes(bytes.try_into()?)))
    }

    accepts!(XID8);
}

#[test]
fn the_statements_that_read_events_name_their_columns_in_one_order() {
    let columns = [
        "session_id",
        "version",
        "event_id",
        "kind",
        "shape",
        "user_id",
        "actor",
        "client_ip",
        "user_agent",
        "occurred_at",
        "payload",
        "hash",
        "recorded_at",
        "transaction_id",
        "position",
    ];
    let statements = [
        ("history.sql", column::POSITION),
        ("feed_events.sql", column::POSITION),
        ("declare_log.sql", column::HASH),
    ];
    for (file, last) in statements {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/sql");
        let statement = std::fs::read_to_string(directory.join(file)).unwrap();
        let after = statement.split_once("\nselect ").or(statement.split_once("\n select ")).unwrap().1;
        let named: Vec<_> = after.split_once("from ").unwrap().0.split(',').map(str::trim).collect();
        assert_eq!(named, columns[..=last], "{file}");
    }
}
