//! Connections for statements of our own, which may be dropped while the server is at them.

use std::time::Duration;

use tokio::runtime::Handle;

use super::pool::{Connection, Pool};
use crate::store::error::Error;

/// How long a connection may go on with a statement that nobody waits for any more before it is given up.
const REST: Duration = Duration::from_millis(100);

/// Does `work` on a connection. When it is dropped on its way, the connection goes back to the pool once it has
/// finished its statement; if that takes long it is closed, so that nobody waits for it.
pub(crate) async fn lend<T>(
    pool: &Pool,
    work: impl AsyncFnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut lent = Lent(Some(pool.get().await?));
    let done = work(lent.client()).await;
    match (lent.0.take(), &done) {
        (Some(connection), Err(Error::Unusable(_))) => drop(connection.detach()),
        (connection, _) => drop(connection),
    }
    done
}

/// A connection that may be at a statement as long as it is in here.
struct Lent(Option<Connection>);

impl Lent {
    #[expect(clippy::expect_used, reason = "it is taken out when the work is done, and when this is dropped")]
    fn client(&self) -> &Connection {
        self.0.as_ref().expect("a lent connection")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.0.take() else { return };
        // Many clients that hang up at once, as they do when the database is slow, must not cost as many new connections.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(rest(connection))),
            Err(_) => drop(connection.detach()),
        }
    }
}

/// The answer to an empty statement says that those before it are done.
async fn rest(connection: Connection) {
    let rested = tokio::time::timeout(REST, connection.batch_execute("")).await;
    if !matches!(rested, Ok(Ok(()))) {
        drop(connection.detach());
    }
}
