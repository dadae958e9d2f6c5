//! The chain hashes of events that are named by their places.

use std::collections::HashMap;

use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::session::{ChainHash, SessionId};
use crate::store::connection::pool::Connection;
use crate::store::connection::statement::Sql;
use crate::store::error::Error;

static HASHES: Sql =
    Sql::new(include_str!("../sql/hashes_of_events.sql"), &[Type::UUID_ARRAY, Type::INT8_ARRAY]);

/// An event's session and version.
pub(crate) type Place = (SessionId, i64);

/// The hashes at these places. A place without an event is left out.
pub(crate) async fn hashes(
    connection: &Connection,
    places: &[Place],
) -> Result<HashMap<Place, ChainHash>, Error> {
    let (sessions, versions): (Vec<Uuid>, Vec<i64>) =
        places.iter().map(|(session, version)| (session.as_uuid(), *version)).unzip();
    let rows = HASHES.query(connection, &[&sessions, &versions]).await?;
    let hash = |row: &tokio_postgres::Row| {
        let place = (SessionId::from(row.try_get::<_, Uuid>("session_id")?), row.try_get("version")?);
        // A hash of another length cannot match anything, and reads as zeros, as it does in the feed.
        let hash = row.try_get::<_, &[u8]>("hash")?.try_into().unwrap_or_default();
        Ok((place, ChainHash::from_bytes(hash)))
    };
    rows.iter().map(hash).collect()
}
