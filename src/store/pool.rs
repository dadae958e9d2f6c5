//! Connections.

use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Pool, PoolConfig, QueueMode, RecyclingMethod, Runtime, Timeouts,
};
use tokio_postgres::NoTls;

use super::error::Error;

/// The most connections a pool of ours holds unless told otherwise.
pub(crate) const CONNECTIONS_MAX: usize = 16;

/// How long a request waits for a connection before it is answered 503.
const WAIT: Duration = Duration::from_millis(250);

/// How long a new connection may take.
const CREATE: Duration = Duration::from_secs(3);

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
