//! Getting a [`Ledger`].

use std::sync::Arc;

use deadpool_postgres::Pool;
use tokio_postgres::Config;

use super::{Error, Ledger, Parts, SchemaError};
use crate::session::{Policy, PolicyError};
use crate::store::{pool, schema};

/// Collects what a [`Ledger`] needs; [`connect`](Self::connect) checks it.
#[must_use = "a builder does nothing until `connect`"]
pub struct Builder {
    source: Source,
    policy: Policy,
    connections_max: usize,
}

enum Source {
    Database(Box<Config>),
    Pool(Pool),
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
        Self { source, policy: Policy::default(), connections_max: pool::CONNECTIONS_MAX }
    }

    /// Uses the application's own pool instead of one of ours. Its recycling must not leave a transaction
    /// open, and it should have a wait limit: a request that finds no connection in time is answered 503.
    pub fn pool(mut self, pool: Pool) -> Self {
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
        schema::check(&*pool.get().await.map_err(Error::from)?).await?;
        Ok(Ledger(Arc::new(Parts { pool, policy: self.policy })))
    }
}
