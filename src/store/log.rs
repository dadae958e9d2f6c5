//! Reading the log.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::connection::Connection;
use super::error::Error;
use super::projection::hash;
use super::statement::Sql;
use crate::session::{ChainHash, Client, Entry, Event, EventId, Recorded, SessionId, Unknown, UserId};

static HISTORY: Sql = Sql::new(include_str!("sql/history.sql"), &[Type::UUID, Type::INT8]);

/// The events of one session after a version, in order.
pub(crate) async fn history(
    connection: &Connection,
    id: SessionId,
    after: i64,
) -> Result<Vec<Recorded>, Error> {
    HISTORY.query(connection, &[&id.as_uuid(), &after]).await?.iter().map(recorded).collect()
}

/// One event, from a row with all columns of the log; `transaction_id` as text.
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
        Ok::<_, Error>(Event::Unknown(Unknown { kind: kind.to_owned(), shape, payload: payload.to_vec() }))
    })?;
    in_place(row, event)
}

fn session(row: &Row) -> Result<SessionId, Error> {
    Ok(SessionId::from(row.try_get::<_, Uuid>("session_id")?))
}

fn fact(row: &Row) -> Result<(&str, i16, &[u8]), Error> {
    Ok((row.try_get("kind")?, row.try_get("shape")?, row.try_get("payload")?))
}

fn in_place(row: &Row, event: Event) -> Result<Recorded, Error> {
    let entry = entry(row, event)?;
    Ok(Recorded {
        session_id: session(row)?,
        entry,
        recorded_at: row.try_get("recorded_at")?,
        transaction_id: row.try_get::<_, &str>("transaction_id")?.parse().unwrap_or_default(),
        position: row.try_get("position")?,
    })
}

/// What the library wrote of an event that is already read.
pub(super) fn entry(row: &Row, event: Event) -> Result<Entry, Error> {
    let user = |column| Ok::<_, Error>(row.try_get::<_, Option<String>>(column)?.map(UserId::from));
    Ok(Entry {
        version: row.try_get("version")?,
        event_id: EventId::from(row.try_get::<_, Uuid>("event_id")?),
        event,
        user: user("user_id")?,
        actor: user("actor")?,
        client: Client { ip: row.try_get("client_ip")?, user_agent: row.try_get("user_agent")? },
        occurred_at: row.try_get("occurred_at")?,
        hash: ChainHash::from_bytes(hash(row, "hash")?.unwrap_or_default()),
    })
}
