//! Reading the whole log, stream after stream.

use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::cursor::Cursor;
use super::error::Error;
use super::log::entry;
use crate::session::{DecodeError, Entry, Event, SessionId, Unknown};

const BEGIN_VERIFICATION: &str = include_str!("sql/begin_verification.sql");
const DECLARE_LOG: &str = include_str!("sql/declare_log.sql");
const FETCH_LOG: &str = include_str!("sql/fetch_log.sql");
const COUNT_ESTIMATE: &str = include_str!("sql/count_estimate.sql");

/// The log, in the order of sessions and their versions, in the transaction that is open on a connection.
pub(crate) struct Streams(Cursor);

/// One event as it is stored.
pub(crate) struct Stored {
    pub(crate) session: SessionId,
    /// Its event is [`Event::Unknown`] whatever its kind: the very bytes that the chain was made of.
    pub(crate) raw: Entry,
}

impl Streams {
    pub(crate) async fn open(client: &Client) -> Result<Self, Error> {
        Ok(Self(Cursor::open(client, DECLARE_LOG, FETCH_LOG).await?))
    }

    /// The next event: the next of the same session, or the first of another.
    pub(crate) async fn next(&mut self, client: &Client) -> Result<Option<Stored>, Error> {
        self.0.next(client).await?.map(|row| stored(&row)).transpose()
    }
}

impl Stored {
    /// The entry with its payload read.
    pub(crate) fn decode(self) -> Result<Entry, DecodeError> {
        match &self.raw.event {
            Event::Unknown(Unknown { kind, shape, payload }) => {
                Ok(Entry { event: Event::decode(kind, *shape, payload)?, ..self.raw })
            }
            _ => Ok(self.raw),
        }
    }
}

/// Begins a transaction that sees one moment and changes nothing.
pub(crate) async fn begin_verification(client: &Client) -> Result<(), Error> {
    Ok(client.batch_execute(BEGIN_VERIFICATION).await?)
}

/// About how many events the log holds; none if the server has not counted them yet.
pub(crate) async fn count_estimate(client: &Client) -> Result<Option<u64>, Error> {
    let row = client.query_one(COUNT_ESTIMATE, &[]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>("events")?).ok().filter(|events| *events > 0))
}

fn stored(row: &Row) -> Result<Stored, Error> {
    let event = Event::Unknown(Unknown {
        kind: row.try_get("kind")?,
        shape: row.try_get("shape")?,
        payload: row.try_get("payload")?,
    });
    Ok(Stored { session: SessionId::from(row.try_get::<_, Uuid>("session_id")?), raw: entry(row, event)? })
}
