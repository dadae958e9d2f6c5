//! The pool of connections.

use std::ops::Deref;
use std::time::{Duration, Instant};

use deadpool_postgres::{
    ClientWrapper, Manager, ManagerConfig, Object, PoolConfig, QueueMode, RecyclingMethod, Runtime, Timeouts,
};

use super::connector::Connector;
use crate::store::error::Error;
use crate::telemetry;

/// The most connections that a pool of ours opens, unless the application says otherwise.
pub(crate) const CONNECTIONS_MAX: usize = 16;

/// How long a request waits for a connection before it is answered 503.
const WAIT: Duration = Duration::from_millis(250);

/// A ledger's connections.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: deadpool_postgres::Pool,
    statements: Statements,
}

/// How a ledger sends its statements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Statements {
    /// Each connection prepares a statement when it first needs it. Saves the server parsing and planning.
    #[default]
    Prepared,
    /// Text and values travel together, and the server keeps nothing of a statement.
    Unnamed,
}

/// One connection, whether it is in a transaction or not. Goes back to the pool when it is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    object: Object,
    statements: Statements,
}

/// Builds a pool of at most `connections_max` connections (ASVS 13.1.2, 13.2.6). A request that finds all of
/// them busy for 250 ms is answered 503. A request that has to open a connection waits as long as `connector`
/// does.
///
/// Recycling is `Fast`: it asks the server nothing. Only this library takes connections from the pool.
/// [`Transaction`](crate::store::request::transaction::Transaction) discards a connection that is still
/// inside a transaction, and a statement outside of one cannot open one. Any other method costs each request
/// a round trip. A setting that an application makes for the whole connection (`set` without `local`) stays,
/// as in most pools.
///
/// The connection that was given back last is taken first: the caches of its server process are warm.
///
/// Connections have no maximal age: keepalive finds a dead one, and the first refusal finds one to a server
/// that takes no more writes.
pub(crate) fn build(connector: Connector, connections_max: usize) -> Result<deadpool_postgres::Pool, Error> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let create = connector.patience();
    let timeouts = Timeouts { wait: Some(WAIT), create: Some(create), recycle: Some(create) };
    // The connector has a configuration of its own for each host.
    let manager = Manager::from_connect(tokio_postgres::Config::new(), connector, recycling);
    deadpool_postgres::Pool::builder(manager)
        .config(PoolConfig { max_size: connections_max, timeouts, queue_mode: QueueMode::Lifo })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| Error::Unavailable(error.to_string()))
}

impl Pool {
    pub(crate) fn new(connections: deadpool_postgres::Pool, statements: Statements) -> Self {
        Self { connections, statements }
    }

    /// Takes a connection that nobody uses. Waits for one as long as the pool allows.
    pub(crate) async fn get(&self) -> Result<Connection, Error> {
        let asked = Instant::now();
        let object = self.connections.get().await;
        telemetry::pool_wait(asked.elapsed());
        Ok(Connection { object: object?, statements: self.statements })
    }

    /// Closes the connections that nobody uses.
    pub(crate) fn close_idle(&self) {
        self.connections.retain(|_, _| false);
    }

    /// Has every connection prepare its statements anew: the tables that they were prepared for have changed.
    pub(crate) fn forget_statements(&self) {
        self.connections.manager().statement_caches.clear();
    }
}

impl Connection {
    /// How the library's statements are to be sent.
    pub(crate) fn statements(&self) -> Statements {
        self.statements
    }

    /// Has every connection of this one's pool prepare its statements anew.
    pub(crate) fn forget_statements(&self) {
        match Object::pool(&self.object) {
            Some(pool) => pool.manager().statement_caches.clear(),
            None => self.object.statement_cache.clear(),
        }
    }

    /// Has this connection prepare its statements anew. Called when a statement has failed and nobody knows
    /// which one: it may have been prepared for a table that has changed since, and would fail each time.
    pub(crate) fn forget_own_statements(&self) {
        self.object.statement_cache.clear();
    }

    /// Takes the connection out of its pool for good: it is closed when it is dropped.
    pub(crate) fn detach(self) -> ClientWrapper {
        Object::take(self.object)
    }
}

/// The application's own statements may use it as deadpool's.
impl Deref for Connection {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.object
    }
}
