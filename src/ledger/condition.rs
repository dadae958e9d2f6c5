//! How the database is, for those who watch over it.

use super::{Error, Ledger};
use crate::store::condition::{self, Condition};

impl Ledger {
    /// The condition of the tables that requests change, and of the server's oldest transaction: what a
    /// dashboard shows. Without `pg_read_all_stats` other users' transactions are not seen.
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn condition(&self) -> Result<Condition, Error> {
        self.lend(async |connection| condition::condition(connection).await).await
    }
}
