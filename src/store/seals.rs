//! The record of how many tokens each key has sealed.

use tokio_postgres::types::Type;

use super::connection::pool::Connection;
use super::connection::statement::Sql;
use super::error::Error;

static RECORD_SEALS: Sql =
    Sql::new(include_str!("sql/record_seals.sql"), &[Type::TEXT, Type::INT8, Type::INT8]);

/// Records seals of a key, and returns how many are recorded in all; none if they would be more than `most`,
/// and then nothing is recorded.
pub(crate) async fn record(
    connection: &Connection,
    key: &str,
    seals: i64,
    most: i64,
) -> Result<Option<i64>, Error> {
    let row = RECORD_SEALS.query_opt(connection, &[&key, &seals, &most]).await?;
    Ok(row.map(|row| row.try_get("sealed")).transpose()?)
}
