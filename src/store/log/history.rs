//! The events of one session, and how an event is read from a row.

use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type, accepts};

use super::columns::EventRow;
use crate::session::{Client, Recorded, SessionId};
use crate::store::connection::pool::Connection;
use crate::store::connection::statement::Sql;
use crate::store::error::Error;
use crate::store::table::Cells;

static HISTORY: Sql = Sql::new(include_str!("../sql/history.sql"), &[Type::UUID]);
static HISTORY_PAGE: Sql =
    Sql::new(include_str!("../sql/history_page.sql"), &[Type::UUID, Type::INT8, Type::INT8, Type::BOOL]);

/// Where a page of a history begins.
#[derive(Clone, Debug)]
pub(crate) struct PageStart {
    /// The version of the event before the page.
    pub(crate) after_version: i64,
    pub(crate) client: ClientBefore,
}

/// The client of the event before a page: an event of the page that names no client came from there.
#[derive(Clone, Debug)]
pub(crate) enum ClientBefore {
    Known(Option<Client>),
    /// It is looked up with the page.
    Wanted,
}

impl PageStart {
    /// The start of the first page.
    pub(crate) fn first() -> Self {
        Self { after_version: 0, client: ClientBefore::Known(None) }
    }

    /// The start of the page behind an event.
    pub(crate) fn behind(last: &Recorded) -> Self {
        Self { after_version: last.entry.version, client: ClientBefore::Known(last.client.clone()) }
    }
}

/// The events of one session in order, each with the client that sent it.
pub(crate) async fn history(connection: &Connection, id: SessionId) -> Result<Vec<Recorded>, Error> {
    let rows = HISTORY.query(connection, &[&id.as_uuid()]).await?;
    events(&rows, id, None)
}

/// At most `limit` events of one session in order, each with the client that sent it.
pub(crate) async fn history_page(
    connection: &Connection,
    id: SessionId,
    start: PageStart,
    limit: u32,
) -> Result<Vec<Recorded>, Error> {
    let is_wanted = matches!(start.client, ClientBefore::Wanted);
    let (session, limit) = (id.as_uuid(), i64::from(limit));
    let rows = HISTORY_PAGE.query(connection, &[&session, &start.after_version, &limit, &is_wanted]).await?;
    let before = match (start.client, rows.first()) {
        (ClientBefore::Known(client), _) => client,
        (ClientBefore::Wanted, Some(row)) => {
            Client::from_columns(row.try_get("known_ip")?, row.try_get("known_agent")?)
        }
        (ClientBefore::Wanted, None) => None,
    };
    events(&rows, id, before.as_ref())
}

/// The events in consecutive rows of one session. `before` is the client of the event before them.
fn events(rows: &[Row], id: SessionId, before: Option<&Client>) -> Result<Vec<Recorded>, Error> {
    let mut events: Vec<Recorded> = rows.iter().map(recorded).collect::<Result<_, _>>()?;
    for encoded in events.iter().map(|recorded| &recorded.entry.encoded).filter(|encoded| !encoded.is_known())
    {
        let (kind, shape) = (encoded.kind(), encoded.shape());
        tracing::warn!(session = %id, kind, shape, "event of unknown kind or shape: a fold skips it");
    }
    let entries = events.iter().map(|recorded| &recorded.entry);
    let clients: Vec<_> = Client::of_each(before, entries).map(Option::<&Client>::cloned).collect();
    for (recorded, client) in events.iter_mut().zip(clients) {
        recorded.client = client;
    }
    Ok(events)
}

/// One event, from a row with all columns of the log.
pub(in crate::store) fn recorded(row: &Row) -> Result<Recorded, Error> {
    let mut cells = Cells::of(row);
    let (session_id, version) = (SessionId::from(cells.next::<uuid::Uuid>()?), cells.next()?);
    let entry = EventRow::read(&mut cells)?.entry(version);
    Ok(Recorded {
        session_id,
        client: entry.client.clone(),
        entry,
        recorded_at: cells.next()?,
        transaction_id: cells.next::<TransactionNumber>()?.0,
        position: cells.next()?,
    })
}

/// A transaction id as PostgreSQL sends it. The driver knows the type, but has no number for it.
pub(super) struct TransactionNumber(pub(super) u64);

impl<'a> FromSql<'a> for TransactionNumber {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(u64::from_be_bytes(bytes.try_into()?)))
    }

    accepts!(XID8);
}
