//! Connections that know how the library's statements are to be sent over them.

use std::ops::Deref;
use std::time::Instant;

use deadpool_postgres::{ClientWrapper, Object};

use super::error::Error;

/// What a statement of the application's finds.
pub(crate) use tokio_postgres::Row;

use super::statement::Statements;
use crate::telemetry;

/// A ledger's connections.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: deadpool_postgres::Pool,
    statements: Statements,
}

/// One connection, whether it is in a transaction or not. Goes back to the pool when it is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    object: Object,
    statements: Statements,
}

impl Pool {
    pub(crate) fn new(connections: deadpool_postgres::Pool, statements: Statements) -> Self {
        Self { connections, statements }
    }

    /// Waits for a connection that nobody uses, as long as the pool allows.
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

    /// As [`Pool::forget_statements`], of the pool that this is of.
    pub(crate) fn forget_statements(&self) {
        match Object::pool(&self.object) {
            Some(pool) => pool.manager().statement_caches.clear(),
            None => self.object.statement_cache.clear(),
        }
    }

    /// Has this connection prepare its statements anew. For when one has failed and nobody knows which: it may have
    /// been prepared for a table that has changed since, and then would fail for ever.
    pub(crate) fn forget_own_statements(&self) {
        self.object.statement_cache.clear();
    }

    /// Takes it out of its pool for good: it is closed when it is dropped.
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
