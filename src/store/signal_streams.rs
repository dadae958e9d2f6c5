//! The streams of receivers of Shared Signals: each is a subscription with a document beside it.

use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::connection::pool::Connection;
use super::connection::statement::{Parameters, Sql};
use super::error::Error;

static CREATE_SIGNAL_STREAM: Sql = Sql::new(
    include_str!("sql/create_signal_stream.sql"),
    &[Type::TEXT, Type::TEXT, Type::TEXT, Type::TEXT_ARRAY, Type::INT8],
);
static SIGNAL_STREAMS: Sql = Sql::new(include_str!("sql/signal_streams.sql"), &[Type::TEXT, Type::INT8]);
static SIGNAL_STREAM: Sql = Sql::new(include_str!("sql/signal_stream.sql"), &[Type::TEXT, Type::TEXT]);
static CHANGE_SIGNAL_STREAM: Sql = Sql::new(
    include_str!("sql/change_signal_stream.sql"),
    &[Type::TEXT, Type::INT8, Type::TEXT, Type::TEXT_ARRAY],
);
static SIGNAL_NEWS: Sql = Sql::new(include_str!("sql/signal_news.sql"), &[Type::TEXT]);
static DROP_SIGNAL_STREAM: Sql =
    Sql::new(include_str!("sql/drop_signal_stream.sql"), &[Type::TEXT, Type::TEXT]);

/// A subscription that a receiver of Shared Signals has made, with what was agreed on. Its Debug does not
/// show the document.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct SignalStream {
    /// The subscription's name.
    pub name: String,
    /// Whose it is.
    pub receiver: String,
    /// What was agreed on, as the transmitter keeps it.
    pub document: Value,
    /// It grows with each change.
    pub revision: i64,
}

impl std::fmt::Debug for SignalStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignalStream")
            .field("name", &self.name)
            .field("receiver", &self.receiver)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// Makes a stream at the end of the log. None if the name is taken, or the receiver has `most` already.
pub(crate) async fn create(
    connection: &Connection,
    (name, receiver): (&str, &str),
    document: &Value,
    kinds: &[String],
    most: u32,
) -> Result<bool, Error> {
    let (document, most) = (document.to_string(), i64::from(most));
    let parameters: Parameters = &[&name, &receiver, &document, &kinds, &most];
    Ok(CREATE_SIGNAL_STREAM.query_opt(connection, parameters).await?.is_some())
}

/// At most `limit` streams of a receiver, or of all.
pub(crate) async fn list(
    connection: &Connection,
    receiver: Option<&str>,
    limit: u32,
) -> Result<Vec<SignalStream>, Error> {
    let rows = SIGNAL_STREAMS.query(connection, &[&receiver, &i64::from(limit)]).await?;
    rows.iter().map(stream).collect()
}

/// A stream of a receiver.
pub(crate) async fn get(
    connection: &Connection,
    name: &str,
    receiver: &str,
) -> Result<Option<SignalStream>, Error> {
    SIGNAL_STREAM.query_opt(connection, &[&name, &receiver]).await?.as_ref().map(stream).transpose()
}

/// Changes a stream, if it still has the revision that it was read with. Says whether it had.
pub(crate) async fn change(
    connection: &Connection,
    stream: &SignalStream,
    kinds: &[String],
) -> Result<bool, Error> {
    let document = stream.document.to_string();
    let parameters: Parameters = &[&stream.name, &stream.revision, &document, &kinds];
    Ok(CHANGE_SIGNAL_STREAM.query_opt(connection, parameters).await?.is_some())
}

/// Whether something may lie behind a stream's cursor.
pub(crate) async fn has_news(connection: &Connection, name: &str) -> Result<bool, Error> {
    let row = SIGNAL_NEWS.query_opt(connection, &[&name]).await?;
    row.map_or(Ok(false), |row| Ok(row.try_get("has_news")?))
}

/// Drops a receiver's stream. Says whether there was one.
pub(crate) async fn remove(connection: &Connection, name: &str, receiver: &str) -> Result<bool, Error> {
    Ok(DROP_SIGNAL_STREAM.query_one(connection, &[&name, &receiver]).await?.try_get("was_there")?)
}

fn stream(row: &Row) -> Result<SignalStream, Error> {
    let document: String = row.try_get("document")?;
    // PostgreSQL keeps no other JSON than what it has read, so this fails for none of ours.
    let document = serde_json::from_str(&document).unwrap_or(Value::Null);
    Ok(SignalStream {
        name: row.try_get("name")?,
        receiver: row.try_get("receiver")?,
        document,
        revision: row.try_get("revision")?,
    })
}
