//! Connections.

use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Pool, PoolConfig, QueueMode, RecyclingMethod, Runtime, Timeouts,
};

use super::connect::Connector;
use super::error::Error;

/// The most connections a pool of ours holds unless told otherwise.
pub(crate) const CONNECTIONS_MAX: usize = 16;

/// How long a request waits for a connection before it is answered 503.
const WAIT: Duration = Duration::from_millis(250);

/// How long the server may take to answer what a request asks of it in one trip. It may be stopped, or cut off
/// without a word; a request must not wait for that.
const ANSWER: Duration = Duration::from_secs(5);

/// A pool of at most `connections_max` connections (ASVS 13.1.2, 13.2.6). A request that finds all of them busy for
/// 250 ms is answered 503; one that has to open a connection waits as long as `connector` does.
///
/// Recycling is `Fast`, which asks nothing of the server, and needs not to: only this library takes connections from
/// the pool, what it leaves inside a transaction is discarded by [`Transaction`](super::transaction::Transaction), and
/// its statements outside of one cannot open one. Any other method costs each request a round trip. What an
/// application sets for the whole connection (`set` without `local`) stays set, as in most pools.
///
/// The connection that was given back last is taken first: its server process has what it needs at hand. Taken in turn,
/// all of them ran cold, and a read cost the server 19 µs where it costs 11.
///
/// Connections have no maximal age: a dead one is found by keepalive, and one to a server that takes no more writes
/// by the first refusal.
pub(crate) fn build(connector: Connector, connections_max: usize) -> Result<Pool, Error> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let create = connector.patience();
    let timeouts = Timeouts { wait: Some(WAIT), create: Some(create), recycle: Some(create) };
    // The connector has a configuration of its own for each host.
    Pool::builder(Manager::from_connect(tokio_postgres::Config::new(), connector, recycling))
        .config(PoolConfig { max_size: connections_max, timeouts, queue_mode: QueueMode::Lifo })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| Error::Unavailable(error.to_string()))
}

/// The answer, unless it takes too long. What was asked is dropped then, and with it its connection.
pub(crate) async fn answered<T>(asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = |_| Error::Disconnected("the server did not answer in time".to_owned());
    tokio::time::timeout(ANSWER, asked).await.map_err(late)?
}
