//! The pool of connections.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::{
    ClientWrapper, Manager, ManagerConfig, Object, PoolConfig, PoolError, QueueMode, RecyclingMethod,
    Runtime, TimeoutType, Timeouts,
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{timeout, timeout_at};
use tokio_postgres::error::SqlState;

use super::connector::Connector;
use super::deadline::ANSWER;
use super::idle_ends::IdleEnds;
use super::prepared::{Prepared, PreparedByPool};
use crate::store::error::Error;
use crate::store::projection::own::inline::Inline;
use crate::telemetry;

/// The most connections that a pool of ours opens, unless the application says otherwise.
pub(crate) const CONNECTIONS_MAX: usize = 16;

/// How long a request waits for a connection before it is answered 503.
const WAIT: Duration = Duration::from_millis(250);

/// After the server has refused a connection because it has too many, how long none is opened while others
/// are open. Each attempt would cost the server a process and a line in its log.
const FULL: Duration = Duration::from_secs(1);

/// A ledger's connections.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: deadpool_postgres::Pool,
    /// Opens the connections of a pool of ours.
    connector: Option<Connector>,
    /// The slots of a pool of ours, one for each connection that may be open. An application's own pool
    /// counts by itself.
    slots: Option<Arc<Semaphore>>,
    connections_max: usize,
    statements: Statements,
    prepared: PreparedByPool,
    limit: Arc<Limit>,
    idle_ends: IdleEnds,
    inline: Inline,
}

/// A limit of the server's that is lower than the pool's own, such as that of a role's connections.
#[derive(Debug, Default)]
struct Limit {
    /// When the server last refused a connection because it had too many.
    refused: Mutex<Option<Instant>>,
    /// Wakes one who waits when a connection has come back.
    returned: Notify,
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
    prepared: Arc<Prepared>,
    /// Given back after the object, which the next one then finds.
    slot: Slot,
    idle_ends: IdleEnds,
    inline: Inline,
    /// Behind the object, so that it is dropped after it.
    _return: Return,
}

impl Limit {
    fn reach(&self, now: Instant) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    fn is_reached(&self, now: Instant) -> bool {
        let refused = *self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.is_some_and(|refused| now.duration_since(refused) < FULL)
    }
}

/// Tells when a connection has come back.
#[derive(Debug)]
struct Return(Arc<Limit>);

impl Drop for Return {
    fn drop(&mut self) {
        self.0.returned.notify_one();
    }
}

/// A connection's slot of the pool.
#[derive(Debug)]
struct Slot(Mutex<Option<OwnedSemaphorePermit>>);

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
pub(crate) fn build(
    connector: Connector,
    connections_max: usize,
    statements: Statements,
) -> Result<Pool, Error> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let (create, idle_ends) = (connector.patience(), connector.idle_ends());
    let timeouts = Timeouts { wait: Some(WAIT), create: Some(create), recycle: Some(create) };
    // The connector has a configuration of its own for each host.
    let manager = Manager::from_connect(tokio_postgres::Config::new(), connector.clone(), recycling);
    let connections = deadpool_postgres::Pool::builder(manager)
        .config(PoolConfig { max_size: connections_max, timeouts, queue_mode: QueueMode::Lifo })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| Error::Unavailable(error.to_string()))?;
    let slots = Some(Arc::new(Semaphore::new(connections_max)));
    let (connector, limit, prepared) = (Some(connector), Arc::default(), PreparedByPool::default());
    let inline = Inline::default();
    Ok(Pool {
        connections,
        connector,
        slots,
        connections_max,
        statements,
        prepared,
        limit,
        idle_ends,
        inline,
    })
}

impl Pool {
    /// A pool of the application's own.
    pub(crate) fn foreign(connections: deadpool_postgres::Pool, statements: Statements) -> Self {
        let connections_max = connections.status().max_size;
        let idle_ends = IdleEnds::default();
        let (connector, slots, limit) = (None, None, Arc::default());
        let (prepared, inline) = (PreparedByPool::default(), Inline::default());
        Self {
            connections,
            connector,
            slots,
            connections_max,
            statements,
            prepared,
            limit,
            idle_ends,
            inline,
        }
    }

    /// The same pool, on whose connections each append also writes these projections.
    pub(crate) fn with_inline(self, inline: Inline) -> Self {
        Self { inline, ..self }
    }

    /// The projections that each append also writes.
    pub(crate) fn inline(&self) -> &Inline {
        &self.inline
    }

    /// How many connections it opens at the most.
    pub(crate) fn connections_max(&self) -> usize {
        self.connections_max
    }

    /// Takes a connection that nobody uses. Waits for one as long as the pool allows. If the server allows
    /// fewer connections than the pool has, this waits for one of those that are open.
    pub(crate) async fn get(&self) -> Result<Connection, Error> {
        let asked = Instant::now();
        let taken = self.take(asked).await;
        telemetry::pool_wait(asked.elapsed());
        taken
    }

    async fn take(&self, asked: Instant) -> Result<Connection, Error> {
        let slot = match &self.slots {
            Some(slots) => Some(free(slots).await?),
            None => None,
        };
        let object = self.object(asked).await?;
        Ok(Connection {
            prepared: self.prepared.of(&object),
            object,
            statements: self.statements,
            idle_ends: self.idle_ends.clone(),
            inline: self.inline.clone(),
            slot: Slot(Mutex::new(slot)),
            _return: Return(Arc::clone(&self.limit)),
        })
    }

    async fn object(&self, asked: Instant) -> Result<Object, PoolError> {
        let late = |_| PoolError::Timeout(TimeoutType::Wait);
        loop {
            if let Some(object) = self.try_object().await? {
                return Ok(object);
            }
            timeout_at((asked + WAIT).into(), self.limit.returned.notified()).await.map_err(late)?;
        }
    }

    /// Takes a connection or opens one. None if the server has refused one because it has too many, or has
    /// done so a moment ago.
    async fn try_object(&self) -> Result<Option<Object>, PoolError> {
        if self.limit.is_reached(Instant::now()) {
            let status = self.connections.status();
            if status.size > 0 && status.available == 0 {
                return Ok(None);
            }
        }
        match self.connections.get().await {
            Err(PoolError::Backend(error)) if error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS) => {
                self.limit.reach(Instant::now());
                let (open, error) = (self.connections.status().size, Error::unreachable(&error));
                tracing::warn!(open, %error, "the server allows fewer connections than the pool has");
                Ok(None)
            }
            got => got.map(Some),
        }
    }

    /// Whether the server answers on another connection: on a new one, or on one of the application's pool. A
    /// pool that has none to spare says nothing against it.
    pub(crate) async fn is_server_there(&self) -> bool {
        if let Some(connector) = &self.connector {
            return connector.is_server_there().await;
        }
        let asking = async {
            match self.connections.get().await {
                Ok(object) => is_answered(object).await,
                Err(PoolError::Timeout(timeout)) => matches!(timeout, TimeoutType::Wait),
                Err(PoolError::Backend(error)) => error.code().is_some(),
                Err(_) => true,
            }
        };
        timeout(2 * ANSWER, asking).await.unwrap_or(false)
    }

    /// Closes the connections that nobody uses.
    pub(crate) fn close_idle(&self) {
        self.connections.retain(|_, _| false);
    }

    /// Has every connection prepare its statements anew: the tables that they were prepared for have changed.
    pub(crate) fn forget_statements(&self) {
        self.connections.manager().statement_caches.clear();
        self.prepared.forget();
    }
}

impl Connection {
    /// How the library's statements are to be sent.
    pub(crate) fn statements(&self) -> Statements {
        self.statements
    }

    /// The projections that each append also writes.
    pub(crate) fn inline(&self) -> &Inline {
        &self.inline
    }

    /// The statements that it has prepared.
    pub(super) fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// Has every connection of this one's pool prepare its statements anew.
    pub(crate) fn forget_statements(&self) {
        match Object::pool(&self.object) {
            Some(pool) => pool.manager().statement_caches.clear(),
            None => self.object.statement_cache.clear(),
        }
        self.prepared.forget_all();
    }

    /// Has this connection prepare its statements anew. Called when a statement has failed and nobody knows
    /// which one: it may have been prepared for a table that has changed since, and would fail each time.
    pub(crate) fn forget_own_statements(&self) {
        self.object.statement_cache.clear();
        self.prepared.forget();
    }

    /// Whether the server has ended a transaction that began here at `begun` because it was idle. Asked of a
    /// connection that is lost.
    pub(crate) fn was_idle_too_long(&self, begun: Instant) -> bool {
        self.idle_ends.claim(begun)
    }

    /// Takes the connection out of its pool for good: it is closed when it is dropped.
    pub(crate) fn detach(self) -> ClientWrapper {
        Object::take(self.object)
    }

    /// Gives the connection's slot of the pool to others, as it has ended or is about to. Its holder
    /// may take their time.
    pub(crate) fn give_up_slot(&self) {
        let slot = lock(&self.slot.0).take();
        if let (Some(_), Some(pool)) = (&slot, Object::pool(&self.object)) {
            // deadpool counts the connection as long as somebody holds it. It never lowers the number of
            // those it may open without miscounting, so it is left at the higher number: the slots bound
            // them.
            static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
            let _one = lock(&ONE_AT_A_TIME);
            pool.resize(pool.status().max_size + 1);
        }
        drop(slot);
    }
}

/// No panic leaves the contents half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the server answers on this connection, or closes it. One without an answer is not kept.
async fn is_answered(object: Object) -> bool {
    let is_answered = timeout(ANSWER, object.batch_execute("")).await.is_ok();
    if !is_answered {
        drop(Object::take(object));
    }
    is_answered
}

/// Waits for a free slot.
async fn free(slots: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Error> {
    if let Ok(slot) = Arc::clone(slots).try_acquire_owned() {
        return Ok(slot);
    }
    match timeout(WAIT, Arc::clone(slots).acquire_owned()).await {
        Ok(Ok(slot)) => Ok(slot),
        _ => Err(Error::Unavailable("no connection became free in time".to_owned())),
    }
}

/// The application's own statements may use it as deadpool's.
impl Deref for Connection {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.object
    }
}
