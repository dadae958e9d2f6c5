//! The fence for transactions of other drivers.

use crate::store::bare::bare;

/// The statement that lets a transaction of another driver, such as sqlx or diesel, commit only while a
/// session lives. Its one parameter is the session's id (`uuid`). It answers with one row, or with none if
/// the session has ended: then roll back. Where the transaction is SERIALIZABLE it may fail instead (40001).
///
/// Send it last, right before COMMIT, since it holds the session's row: an end that comes meanwhile waits,
/// and gives up after 5 s. The transaction and the session's own changes are still two commits, and either
/// may fail without the other. What must commit with the session belongs in [`Tx`](crate::web::Tx).
///
/// A session that begins in the same request is not stored yet, and has no row. `examples/beside` has a whole
/// application for either driver.
///
/// ```
/// # use session_ledger::SessionId;
/// # use session_ledger::ledger::{FENCE, tokio_postgres};
/// # use tokio_postgres::{Client, Error};
/// # async fn place(client: &mut Client, session: SessionId) -> Result<(), Error> {
/// let transaction = client.transaction().await?;
/// transaction.execute("insert into orders (item) values ('teapot')", &[]).await?;
/// match transaction.query_opt(FENCE, &[&session.as_uuid()]).await? {
///     Some(_) => transaction.commit().await,
///     None => transaction.rollback().await,
/// }
/// # }
/// ```
pub const FENCE: &str = bare(include_str!("../store/sql/hold.sql"));
