//! The condition of the database, as its own statistics tell it.

use tokio_postgres::Client;

use super::error::Error;
use crate::store::bare::bare;

const CONDITION: &str = bare(include_str!("sql/condition.sql"));

/// The condition of the tables that requests change.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Condition {
    /// `activity` and `session`.
    pub tables: Vec<TableCondition>,
    /// For how many seconds the oldest transaction of the server has been open, as far as the role may see;
    /// none if there is none.
    pub oldest_transaction_seconds: Option<f64>,
}

/// The condition of one table, since its statistics began.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableCondition {
    /// The table.
    pub table: String,
    /// About how many rows it has.
    pub live: u64,
    /// About how many dead rows wait for a vacuum.
    pub dead: u64,
    /// How many updates there were.
    pub updates: u64,
    /// How many of them were heap-only. It should be nearly all.
    pub hot_updates: u64,
}

pub(crate) async fn condition(client: &Client) -> Result<Condition, Error> {
    let mut condition = Condition::default();
    for row in client.query(CONDITION, &[]).await? {
        let count = |column| row.try_get::<_, i64>(column).map(i64::unsigned_abs);
        condition.oldest_transaction_seconds = row.try_get("oldest_seconds")?;
        condition.tables.push(TableCondition {
            table: row.try_get("table_name")?,
            live: count("live")?,
            dead: count("dead")?,
            updates: count("updates")?,
            hot_updates: count("hot_updates")?,
        });
    }
    Ok(condition)
}
