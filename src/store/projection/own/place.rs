//! How far a projection has come, and which events are told again.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Row;

use crate::store::bare::bare;
use crate::store::error::Error;
use crate::store::log::feed::Cursor;

const OPEN: &str = bare(include_str!("../../sql/open_projection.sql"));
const LIST: &str = bare(include_str!("../../sql/list_projections.sql"));
const CURSOR: &str = bare(include_str!("../../sql/projection_cursor.sql"));

/// The end of what is told again: what had happened when the projection was first followed.
pub(crate) async fn mark(client: &ClientWrapper, name: &str) -> Result<Cursor, Error> {
    let row = client.query_one(OPEN, &[&name]).await?;
    cursor(&row, "replays_until")
}

/// How far a projection has followed the feed. None if it never did.
pub(crate) async fn followed(client: &ClientWrapper, name: &str) -> Result<Option<Cursor>, Error> {
    let row = client.query_opt(CURSOR, &[&name]).await?;
    row.map(|row| cursor(&row, "cursor")).transpose()
}

/// The names of all projections that follow the feed.
pub(crate) async fn names(client: &ClientWrapper) -> Result<Vec<String>, Error> {
    let statement = client.prepare_cached(LIST).await?;
    client.query(&statement, &[]).await?.iter().map(|row| Ok(row.try_get("name")?)).collect()
}

fn cursor(row: &Row, snapshot: &str) -> Result<Cursor, Error> {
    Ok(Cursor::at(row.try_get("epoch")?, row.try_get(snapshot)?))
}
