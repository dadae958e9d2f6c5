//! Reading the whole log, stream after stream.

use std::sync::Arc;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::{Client, Row};

use super::history;
use crate::session::{DecodeError, Entry, Event, SessionId, Unknown};
use crate::store::connection::cursor::Cursor;
use crate::store::error::Error;

const BEGIN_VERIFICATION: &str = include_str!("../sql/begin_verification.sql");
const DECLARE_LOG: &str = include_str!("../sql/declare_log.sql");
const FETCH_LOG: &str = include_str!("../sql/fetch_log.sql");
const COUNT_ESTIMATE: &str = include_str!("../sql/count_estimate.sql");

/// The log, in the order of sessions and their versions, in the transaction that is open on a connection.
pub(crate) struct Streams(Cursor);

/// One event as it is stored.
pub(crate) struct Stored {
    pub(crate) session: SessionId,
    row: Row,
}

impl Streams {
    pub(crate) async fn open(client: &Arc<ClientWrapper>) -> Result<Self, Error> {
        Ok(Self(Cursor::open(client, DECLARE_LOG, FETCH_LOG).await?))
    }

    /// The next event: the next of the same session, or the first of another.
    pub(crate) async fn next(&mut self) -> Result<Option<Stored>, Error> {
        let Some(row) = self.0.next().await? else { return Ok(None) };
        Ok(Some(Stored { session: history::session(&row)?, row }))
    }
}

impl Stored {
    /// The entry with its payload read.
    pub(crate) fn entry(&self) -> Result<Result<Entry, Unreadable>, Error> {
        let (kind, shape, payload) = history::fact(&self.row)?;
        match Event::decode(kind, shape, payload) {
            Ok(event) => Ok(Ok(history::entry(&self.row, event)?)),
            Err(error) => Ok(Err(Unreadable { version: self.raw()?.version, error })),
        }
    }

    /// The entry with an event that is [`Event::Unknown`] whatever its kind: the very bytes that the chain was made
    /// of.
    pub(crate) fn raw(&self) -> Result<Entry, Error> {
        history::entry(&self.row, history::raw(&self.row)?)
    }
}

/// An event whose payload cannot be read.
pub(crate) struct Unreadable {
    pub(crate) version: i64,
    pub(crate) error: DecodeError,
}

/// Reads the payload of a raw entry.
pub(crate) fn read(raw: Entry) -> Result<Entry, DecodeError> {
    match &raw.event {
        Event::Unknown(Unknown { kind, shape, payload }) => {
            Ok(Entry { event: Event::decode(kind, *shape, payload)?, ..raw })
        }
        _ => Ok(raw),
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
