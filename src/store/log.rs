//! Reading the log.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Row;
use uuid::Uuid;

use super::error::Error;
use super::projection::hash;
use crate::session::{ChainHash, Client, Entry, Event, EventId, Recorded, SessionId, UserId};

const HISTORY: &str = include_str!("sql/history.sql");

/// The events of one session after a version, in order.
pub(crate) async fn history(
    client: &ClientWrapper,
    id: SessionId,
    after: i64,
) -> Result<Vec<Recorded>, Error> {
    let statement = client.prepare_cached(HISTORY).await?;
    client.query(&statement, &[&id.as_uuid(), &after]).await?.iter().map(recorded).collect()
}

/// One event, from a row with all columns of the log; `transaction_id` as text.
pub(crate) fn recorded(row: &Row) -> Result<Recorded, Error> {
    let session_id = SessionId::from(row.try_get::<_, Uuid>("session_id")?);
    let (kind, shape): (&str, i16) = (row.try_get("kind")?, row.try_get("shape")?);
    let event = Event::decode(kind, shape, row.try_get("payload")?)
        .map_err(|error| Error::Undecodable { session: session_id, error })?;
    if matches!(event, Event::Unknown(_)) {
        tracing::warn!(session = %session_id, kind, shape, "event of unknown kind or shape: a fold skips it");
    }
    let entry = entry(row, event)?;
    Ok(Recorded {
        session_id,
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
