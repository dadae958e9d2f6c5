//! Connections.

use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolConfig, QueueMode, RecyclingMethod, Runtime, Timeouts,
};
use tokio::runtime::Handle;
use tokio_postgres::NoTls;

use super::error::Error;

/// One connection, whether it is in a transaction or not.
pub(crate) use deadpool_postgres::ClientWrapper as Connection;

/// The most connections a pool of ours holds unless told otherwise.
pub(crate) const CONNECTIONS_MAX: usize = 16;

/// How long a request waits for a connection before it is answered 503.
const WAIT: Duration = Duration::from_millis(250);

/// How long a new connection may take.
const CREATE: Duration = Duration::from_secs(3);

/// How long a connection may go on with a statement that nobody waits for any more before it is given up.
const REST: Duration = Duration::from_millis(100);

/// A pool of at most `connections_max` connections to the database that `config` names.
///
/// Recycling is `Fast`, which asks nothing of the server: a [`Transaction`](super::transaction::Transaction)
/// that is left unfinished takes its connection out of the pool, so none comes back with work open.
pub(crate) fn build(mut config: tokio_postgres::Config, connections_max: usize) -> Result<Pool, Error> {
    if config.get_application_name().is_none() {
        config.application_name("session-ledger");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CREATE);
    }
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let timeouts = Timeouts { wait: Some(WAIT), create: Some(CREATE), recycle: Some(CREATE) };
    Pool::builder(Manager::from_config(config, NoTls, recycling))
        .config(PoolConfig { max_size: connections_max, timeouts, queue_mode: QueueMode::Fifo })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| Error::Unavailable(error.to_string()))
}

/// Does `work` on a connection. When it is dropped on its way, the connection goes back to the pool once it has
/// finished its statement; if that takes long it is closed, so that nobody waits for it.
pub(crate) async fn lend<T>(
    pool: &Pool,
    work: impl AsyncFnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut lent = Lent(Some(pool.get().await?));
    let done = work(lent.client()).await;
    drop(lent.0.take());
    done
}

/// A connection that may be at a statement as long as it is in here.
struct Lent(Option<Object>);

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
            Err(_) => drop(Object::take(connection)),
        }
    }
}

/// The answer to an empty statement says that those before it are done.
async fn rest(connection: Object) {
    let rested = tokio::time::timeout(REST, connection.batch_execute("")).await;
    if !matches!(rested, Ok(Ok(()))) {
        drop(Object::take(connection));
    }
}
