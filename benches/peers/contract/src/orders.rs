//! The orders: a table of the application's own in PostgreSQL, also for peers whose sessions are elsewhere.

use deadpool_postgres::{Manager, Pool};
use tokio_postgres::{Config, IsolationLevel, NoTls};

use crate::{CONNECTIONS_MAX, Failure, Pace};

/// The table of orders, made when a peer starts.
pub const PURCHASE_TABLE: &str = "create table if not exists purchase (
    purchase_id bigint generated always as identity primary key,
    who text not null,
    item text not null,
    ordered_at timestamptz not null default now())";

/// One order, of the user `$1`.
pub const INSERT_PURCHASE: &str = "insert into purchase (who, item) values ($1, 'teapot')";

/// Begins a transaction, for drivers that take the statement as text.
pub const SERIALIZABLE: &str = "begin isolation level serializable";

/// The orders of an application whose sessions are elsewhere.
#[derive(Clone)]
pub struct Orders(Pool);

impl Orders {
    /// Makes the table, and a pool.
    ///
    /// # Errors
    ///
    /// PostgreSQL is away, or refuses.
    pub async fn open(database: Config) -> Result<Self, Failure> {
        let pool = Pool::builder(Manager::new(database, NoTls)).max_size(CONNECTIONS_MAX).build()?;
        pool.get().await?.batch_execute(PURCHASE_TABLE).await?;
        Ok(Self(pool))
    }

    /// Takes an order in a SERIALIZABLE transaction that lasts as long as the handler's work.
    ///
    /// # Errors
    ///
    /// PostgreSQL is away, or the transaction has lost a race; nothing is retried.
    pub async fn place(&self, who: &str, pace: Pace) -> Result<(), Failure> {
        let mut connection = self.0.get().await?;
        let begin = connection.build_transaction().isolation_level(IsolationLevel::Serializable);
        let transaction = begin.start().await?;
        let insert = transaction.prepare_cached(INSERT_PURCHASE).await?;
        transaction.execute(&insert, &[&who]).await?;
        pace.work().await;
        Ok(transaction.commit().await?)
    }
}
