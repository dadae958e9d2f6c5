//! Connections for statements of our own whose futures may be dropped while the server still works on them.

use std::time::Duration;

use tokio::runtime::Handle;

use super::deadline::answered;
use super::pool::{Connection, Pool};
use crate::store::error::Error;

/// How long a connection may take to finish a statement that nobody waits for any more.
const REST: Duration = Duration::from_millis(100);

/// Begins a transaction that only reads. NOT DEFERRABLE is explained in `sql/begin.sql`.
const BEGIN_READING: &str = "begin isolation level read committed, read only, not deferrable";

/// Does `work` on a connection, if the server answers it in time. If it does not, or if the future is dropped
/// before the end, the connection goes back to the pool when it has finished its statement. If that takes
/// long, it is closed.
pub(crate) async fn lend<T>(
    pool: &Pool,
    work: impl AsyncFnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    answered(lend_unbounded(pool, work)).await
}

/// Does `work`, one statement that is sent when it is first polled, as [`lend`] does, in a transaction that
/// only reads and is never SERIALIZABLE, whatever the database's default is: so it conflicts with nobody's,
/// and a standby can answer it. All travel together, so that a dropped future leaves no transaction open.
pub(crate) async fn lend_to_read<T>(
    pool: &Pool,
    work: impl AsyncFnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    lend(pool, async move |connection: &Connection| {
        let (begun, read, committed) = tokio::join!(biased;
            connection.batch_execute(BEGIN_READING),
            work(connection),
            connection.batch_execute("commit"),
        );
        begun.map_err(Error::of_begin)?;
        let read = read?;
        committed?;
        Ok(read)
    })
    .await
}

async fn lend_unbounded<T>(
    pool: &Pool,
    work: impl AsyncFnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut lent = Lent::of(pool.get().await?);
    let done = work(lent.client()).await;
    match (lent.0.take(), &done) {
        (Some(connection), Err(Error::Unusable(_))) => drop(connection.detach()),
        (connection, _) => drop(connection),
    }
    done
}

/// A connection on which a statement may be running when it is dropped.
#[derive(Debug)]
pub(crate) struct Lent(Option<Connection>);

impl Lent {
    pub(crate) fn of(connection: Connection) -> Self {
        Self(Some(connection))
    }

    #[expect(clippy::expect_used, reason = "it is taken out when the work is done, and when this is dropped")]
    pub(crate) fn client(&self) -> &Connection {
        self.0.as_ref().expect("a lent connection")
    }
}

impl Lent {
    /// Closes the connection: a transaction may be open on it. There is none from then on.
    pub(crate) fn discard(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.0.take() else { return };
        // When the database is slow, many clients hang up at once. That must not cost as many new
        // connections.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(rest(connection))),
            Err(_) => drop(connection.detach()),
        }
    }
}

/// Waits for the answer to an empty statement: it comes when the statements before it are done.
async fn rest(connection: Connection) {
    let rested = tokio::time::timeout(REST, connection.batch_execute("")).await;
    if !matches!(rested, Ok(Ok(()))) {
        drop(connection.detach());
    }
}
