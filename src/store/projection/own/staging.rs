//! Deriving the tables of a projection anew, beside themselves: see `schema/V31__projection_staging.sql`.

use tokio_postgres::Client;

use super::DerivedTable;
use crate::store::bare::bare;
use crate::store::error::Error;

const STAGE: &str = bare(include_str!("../../sql/stage_projection.sql"));
const SEARCH_TEMPORARY: &str = bare(include_str!("../../sql/search_temporary.sql"));
const DIFFERENCES: &str = bare(include_str!("../../sql/projection_differences.sql"));
const REPLACE: &str = bare(include_str!("../../sql/replace_projection.sql"));
const LOCK: &str = bare(include_str!("../../sql/lock_projection.sql"));

/// A table that is derived anew into a temporary one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Staged {
    pub(crate) table: DerivedTable,
    /// Which table of the database it is.
    stored: u32,
}

/// A row that is not as the log says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowDifference {
    /// The table.
    pub table: &'static str,
    /// The columns of the row's key, as a JSON object.
    pub key: String,
    /// The row as it is stored, as a JSON object; none if it is missing.
    pub stored: Option<String>,
    /// The row that the log makes, as a JSON object; none if it makes none.
    pub derived: Option<String>,
}

/// Makes the temporary tables, which the connection finds first from then on. Returns the name of a table
/// that is not there.
pub(crate) async fn stage(
    client: &Client,
    tables: &[DerivedTable],
) -> Result<Result<Vec<Staged>, &'static str>, Error> {
    let mut staged = Vec::with_capacity(tables.len());
    for table in tables {
        match client.query_one(STAGE, &[&table.name]).await?.try_get("stored")? {
            Some(stored) => staged.push(Staged { table: *table, stored }),
            None => return Ok(Err(table.name)),
        }
    }
    client.query_one(SEARCH_TEMPORARY, &[]).await?;
    Ok(Ok(staged))
}

impl Staged {
    /// In what the table differs from what was derived: at most `most` rows.
    pub(crate) async fn differences(&self, client: &Client, most: i64) -> Result<Vec<RowDifference>, Error> {
        let rows = client.query(DIFFERENCES, &[&self.stored, &self.table.key, &most]).await?;
        let difference = |row: &tokio_postgres::Row| {
            Ok(RowDifference {
                table: self.table.name,
                key: row.try_get("row_key")?,
                stored: row.try_get("stored_row")?,
                derived: row.try_get("derived_row")?,
            })
        };
        rows.iter().map(difference).collect()
    }

    /// Puts what was derived in the place of what is stored. Returns how many rows went or came.
    pub(crate) async fn replace(&self, client: &Client) -> Result<u64, Error> {
        let row = client.query_one(REPLACE, &[&self.stored, &self.table.key]).await?;
        Ok(row.try_get::<_, i64>("rows")?.unsigned_abs())
    }

    /// Keeps writers out of the table until the transaction ends.
    pub(crate) async fn lock(&self, client: &Client) -> Result<(), Error> {
        client.query_one(LOCK, &[&self.stored]).await?;
        Ok(())
    }
}
