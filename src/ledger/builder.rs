//! Getting a [`Ledger`].

use std::sync::Arc;

use tokio_postgres::Config;

use super::{Error, Ledger, Parts, SchemaError};
use crate::session::{Policy, PolicyError};
use crate::store::connection::Pool;
use crate::store::statement::Statements;
use crate::store::{pool, schema};

/// Collects what a [`Ledger`] needs; [`connect`](Self::connect) checks it.
#[must_use = "a builder does nothing until `connect`"]
pub struct Builder {
    source: Source,
    policy: Policy,
    connections_max: usize,
    statements: Statements,
}

enum Source {
    Database(Box<Config>),
    Pool(deadpool_postgres::Pool),
}

/// Why a [`Ledger`] could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting cannot be followed.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The pool would have no connection.
    #[error("setting `connections_max` must be at least 1")]
    NoConnections,
    /// The database does not fit this version of the library.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The database cannot be reached.
    #[error(transparent)]
    Store(#[from] Error),
}

impl Builder {
    pub(super) fn new(database: Config) -> Self {
        let source = Source::Database(Box::new(database));
        Self {
            source,
            policy: Policy::default(),
            connections_max: pool::CONNECTIONS_MAX,
            statements: Statements::default(),
        }
    }

    /// Uses the application's own pool instead of one of ours. Its recycling must not leave a transaction
    /// open, and it should have a wait limit: a request that finds no connection in time is answered 503.
    pub fn pool(mut self, pool: deadpool_postgres::Pool) -> Self {
        self.source = Source::Pool(pool);
        self
    }

    /// The rules of the sessions.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The most connections that our pool opens; 16 unless set. One serves one request at a time.
    pub fn connections_max(mut self, connections: usize) -> Self {
        self.connections_max = connections;
        self
    }

    /// Sends each statement with its text instead of preparing it once for each connection: for a pooler that gives a
    /// connection another server with each transaction and does not carry prepared statements along, that is
    /// PgBouncer with `pool_mode = transaction` before 1.21 or with `max_prepared_statements = 0`. It costs no trip,
    /// but the server parses and plans each statement again. Without it statements fail behind such a pooler
    /// ([`Error::Misplaced`]), or another process's statement runs that happens to have the same name.
    ///
    /// Nothing else has to be said: no statement of a request relies on the state of a server connection. PgBouncer
    /// refuses `options` in a connection string unless its `ignore_startup_parameters` lists them.
    ///
    /// Behind such a pooler the application's own statements in a [`Tx`](crate::web::Tx) must not outlive its
    /// transaction either: use `query_typed` (one trip) or `query` with a text, not `prepare_cached`. A
    /// [`subscription`](Ledger::subscription), [`verify`](Ledger::verify), [`rebuild`](Ledger::rebuild) and
    /// [`migrate`](Ledger::migrate) need a connection to the server itself, and so does the `projector`.
    pub fn unnamed_statements(mut self) -> Self {
        self.statements = Statements::Unnamed;
        self
    }

    /// Connects, and makes sure that the database has the schema that this version needs.
    ///
    /// # Errors
    ///
    /// A setting cannot be followed, the database is away, or its schema is older or newer than this version;
    /// the message says what to run.
    pub async fn connect(self) -> Result<Ledger, StartError> {
        self.policy.validate()?;
        if self.connections_max == 0 {
            return Err(StartError::NoConnections);
        }
        let pool = match self.source {
            Source::Database(config) => pool::build(*config, self.connections_max)?,
            Source::Pool(pool) => pool,
        };
        let pool = Pool::new(pool, self.statements);
        let connection = pool.get().await?;
        schema::check(&connection).await?;
        drop(connection);
        Ok(Ledger(Arc::new(Parts { pool, policy: self.policy })))
    }
}
