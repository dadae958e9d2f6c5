//! Getting a [`Ledger`].

mod failed_logins;
mod projections;
mod purpose;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::{Client, Config};

use super::committed::{Committed, Teller};
use super::recorder::{self, FailedLoginHook, Recorder};
use super::timekeeper::{self, Timekeeper, Uptime};
use super::watch::{self, Watch};
use super::{Address, EncryptionError, Error, Ledger, Migrated, Parts, SchemaError};
use crate::plain_debug::plain_debug;
use crate::session::{Policy, PolicyError};
use crate::store::connection::connector::Connector;
use crate::store::connection::deadline::answered;
use crate::store::connection::pool::{self, Connection, Pool, Statements};
use crate::store::connection::tls::Authorities;
use crate::store::connection::watched::watched;
use crate::store::projection::activity::Activity;
use crate::store::projection::own::Projection;
use crate::store::projection::own::inline::Inline;
use crate::store::request::group_commit::GroupCommit;
use crate::store::request::group_load::GroupLoad;
use crate::store::request::load;
use crate::store::{epoch, schema};

/// Collects the settings of a [`Ledger`]. [`connect`](Self::connect) checks them.
///
/// # The way to the database
///
/// | `sslmode` | to this machine (unix socket, loopback) | to another |
/// |---|---|---|
/// | `require`, `verify-ca`, `verify-full` | verified; a unix socket: not encrypted | verified |
/// | `prefer` (the default), `allow` | not encrypted | refused |
/// | `disable` | not encrypted | not encrypted |
///
/// Verified means encrypted, to a server whose certificate is valid and names the host: the three strict
/// modes are one. The driver's own text form knows `disable`, `prefer` and `require` only; [`Address`] takes
/// all of them.
///
/// Settings that the configuration leaves open get these values:
///
/// | setting | value |
/// |---|---|
/// | `connect_timeout` | 3 s, for each host and until it has let us in |
/// | `tcp_user_timeout` | 5 s |
/// | `keepalives_idle`, `keepalives_interval`, `keepalives_retries` | 10 s, 5 s, 3 |
/// | `target_session_attrs` | `read-write`; for a ledger that only reads from a standby say `read-only` |
/// | `application_name` | `session-ledger` |
///
/// Several hosts (`host=a,b`) are tried in their order for each new connection. So after a failover requests
/// find the server that takes writes by themselves.
///
/// ```no_run
/// use session_ledger::Ledger;
/// use session_ledger::session::Policy;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let database = "host=db1.example,db2.example user=shop dbname=shop sslmode=require".parse()?;
/// let ledger = Ledger::builder(database)
///     .root_certificate(std::fs::read("authority.pem")?)
///     .policy(Policy::default().idle_timeout(1_800))
///     .connections_max(32)
///     .connect()
///     .await?;
/// # drop(ledger);
/// # Ok(()) }
/// ```
#[must_use = "a builder does nothing until `connect`"]
pub struct Builder {
    database: Config,
    authorities: Authorities,
    pool: Option<deadpool_postgres::Pool>,
    policy: Policy,
    connections_max: usize,
    statements: Statements,
    watch_interval: Duration,
    uptime: Uptime,
    serves_requests: bool,
    checks_schema: bool,
    teller: Teller,
    failed_logins_per_minute: u32,
    on_login_failed: Option<FailedLoginHook>,
    inline: Vec<Arc<dyn Projection>>,
}

/// Why a [`Ledger`] could not start.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting cannot be followed.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The pool would have no connection.
    #[error("setting `connections_max` must be at least 1")]
    NoConnections,
    /// Connections cannot be encrypted as demanded.
    #[error(transparent)]
    Encryption(#[from] EncryptionError),
    /// The database does not fit this version of the library.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The database cannot be reached.
    #[error(transparent)]
    Store(#[from] Error),
}

plain_debug!(StartError);

impl Ledger {
    /// How to get one.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use session_ledger::Ledger;
    /// let ledger = Ledger::builder("host=localhost user=shop dbname=shop".parse()?).connect().await?;
    /// # Ok(()) }
    /// ```
    pub fn builder(database: Config) -> Builder {
        Builder {
            database,
            authorities: Authorities::default(),
            pool: None,
            policy: Policy::default(),
            connections_max: pool::CONNECTIONS_MAX,
            statements: Statements::default(),
            watch_interval: watch::INTERVAL,
            uptime: timekeeper::of_process(),
            serves_requests: true,
            checks_schema: true,
            teller: Teller::default(),
            failed_logins_per_minute: recorder::PER_MINUTE,
            on_login_failed: None,
            inline: Vec::new(),
        }
    }

    /// How to get one in the database at `address`, which may also name who vouches for its server.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use session_ledger::Ledger;
    /// use session_ledger::ledger::Address;
    /// let address = Address::read("postgres://shop@db.example/shop?sslmode=verify-full", |_| None)?;
    /// let ledger = Ledger::at(address).connect().await?;
    /// # drop(ledger);
    /// # Ok(()) }
    /// ```
    pub fn at(address: Address) -> Builder {
        let (config, root_file) = address.into_parts();
        let mut builder = Self::builder(config);
        builder.authorities.file = root_file;
        builder
    }

    /// Applies the migrations that a database is missing, and makes the log's partitions for the coming year.
    /// It also makes sure that PostgreSQL searches the tables of sessions by their indexes, as a restored
    /// dump or VACUUM FULL may have made them too small for that. `projector migrate` calls it.
    ///
    /// It needs the rights of a role that may create a schema and roles. Encryption is as in [`Builder`];
    /// name a private authority in the environment's `SSL_CERT_FILE`, or use [`Builder::root_certificate`]
    /// and [`Builder::migrate`].
    ///
    /// # Errors
    ///
    /// The database is newer than this version, has another history of migrations, or refuses.
    pub async fn migrate(database: &Config) -> Result<Migrated, SchemaError> {
        Self::builder(database.clone()).migrate().await
    }

    /// Begins the next epoch of a database that was restored, and returns its number, counted from 1.
    /// `projector epoch raise` calls it. It needs the rights of the schema's owner.
    ///
    /// A restored database is an older one: it takes sessions for live that have ended since, and does not
    /// know the tokens of others. A token from an earlier epoch opens nothing, and its session ends when the
    /// token is shown ([`EndReason::DatabaseRolledBack`](crate::session::EndReason)). So all users sign in
    /// again. The feed goes on behind the events of earlier epochs, even if transaction ids have started
    /// again (a dump that was restored into a new cluster).
    ///
    /// # Errors
    ///
    /// The schema is not that of this version, others keep a lock on the log, or the database is away.
    pub async fn raise_epoch(database: &Config) -> Result<u16, SchemaError> {
        Self::builder(database.clone()).raise_epoch().await
    }

    /// The present epoch of the database, counted from 1: see [`raise_epoch`](Self::raise_epoch).
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn epoch(&self) -> Result<u16, Error> {
        Ok(self.now().await?.epoch)
    }
}

/// Shows no password: the driver's configuration leaves it out.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut builder = f.debug_struct("Builder");
        builder.field("database", &self.database).field("policy", &self.policy);
        builder.field("connections_max", &self.connections_max).finish_non_exhaustive()
    }
}

/// Makes sure that the database has our schema, and that requests can work with it, if there will be any.
async fn ready(connection: &Connection, serves_requests: bool) -> Result<(), SchemaError> {
    // The rights first: without any, the schema cannot be looked at.
    if serves_requests {
        schema::check_readiness(connection).await?;
    }
    schema::check(connection).await
}

impl Builder {
    /// Uses the application's own pool instead of one of ours, with its own encryption and timeouts. The
    /// settings of connections in this builder then have no effect. The pool should have a wait limit: a
    /// request that finds no connection in time is answered 503.
    ///
    /// Such a pool counts its connections by itself: one that the server has ended keeps its place until its
    /// handler gives it back.
    ///
    /// If other code has given a connection back in the middle of a transaction, that is noticed before it
    /// can do harm. The connection is discarded, and the request goes on with another. So
    /// `RecyclingMethod::Fast` is enough.
    pub fn pool(mut self, pool: deadpool_postgres::Pool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Adds certificate authorities in PEM. Then only these, and those of an [`Address`]'s `sslrootcert`, may
    /// vouch for the server, and the system's may not. Without any, the system's are used: the files named in
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR`, or the usual ones.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities.certificates.push(pem.into());
        self
    }

    /// The rules of the sessions.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The most connections that our pool opens; 16 unless set. A connection serves one request or one batch,
    /// and a request never holds two. A request that finds all of them busy for 250 ms is answered 503 with
    /// Retry-After, and has done nothing.
    ///
    /// Transactions of one session hold at most a quarter of them, or two if that is more, and leave one to
    /// the others. Further ones wait for a second without a connection, and are then answered 503 too.
    pub fn connections_max(mut self, connections: usize) -> Self {
        self.connections_max = connections;
        self
    }

    /// Sends each statement with its text instead of preparing it once for each connection. It is for a
    /// pooler that gives a connection another server with each transaction and does not carry prepared
    /// statements along: PgBouncer with `pool_mode = transaction`, before 1.21 or with
    /// `max_prepared_statements = 0`. It costs no trip, but the server parses and plans each statement again.
    /// Without it, statements fail behind such a pooler ([`Error::Misplaced`]), or a statement of another
    /// process runs that happens to have the same name.
    ///
    /// Nothing else has to be set: no statement of a request relies on the state of a server connection.
    /// PgBouncer refuses `options` in a connection string unless its `ignore_startup_parameters` lists them.
    ///
    /// Behind such a pooler the application's own statements in a [`Tx`](crate::web::Tx) must not outlive its
    /// transaction either: use `query_typed` (one trip) or `query` with a text, not `prepare_cached`. A
    /// [`subscription`](Ledger::subscription), [`verify`](Ledger::verify), [`rebuild`](Ledger::rebuild) and
    /// [`migrate`](Ledger::migrate) need a connection to the server itself, and so does the `projector`.
    pub fn unnamed_statements(mut self) -> Self {
        self.statements = Statements::Unnamed;
        self
    }

    /// How often sessions that somebody watches for their ends are looked at ([`Ledger::ended`]): within this
    /// time an end in another process is noticed. 5 s unless set, and 10 ms at the least.
    pub fn watch_interval(mut self, interval: Duration) -> Self {
        self.watch_interval = interval;
        self
    }

    /// Called for each event that this process has committed, right after the commit and never before: a
    /// login, a renewal, an end, by a request or by [`Ledger::end`]. It must not block.
    ///
    /// If the process is killed in between, or nobody can tell how a COMMIT ended, it is not called. What
    /// must hear of every event reads the feed, as `projector relay` does.
    ///
    /// ```no_run
    /// # use session_ledger::Ledger;
    /// use session_ledger::ledger::Builder;
    /// use session_ledger::session::Event;
    ///
    /// # fn with_hook(ledger: Builder, mails: std::sync::mpsc::Sender<String>) -> Builder {
    /// // Sign-ins from a new device are mailed, by a task of their own.
    /// ledger.on_committed(move |committed| {
    ///     if let Ok(Event::DeviceSeen(seen)) = committed.entry.event()
    ///         && seen.is_new
    ///         && let Some(user) = &committed.entry.user
    ///     {
    ///         mails.send(user.to_string()).ok();
    ///     }
    /// })
    /// # }
    /// ```
    pub fn on_committed(mut self, hook: impl Fn(&Committed<'_>) + Send + Sync + 'static) -> Self {
        self.teller.hook = Some(Arc::new(hook));
        self
    }

    /// The clock of the process, which only goes forward, for tests that move the database's.
    #[doc(hidden)]
    pub fn uptime(mut self, uptime: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.uptime = Box::new(uptime);
        self
    }

    /// Connects, and makes sure that the database has the schema that this version needs, and for requests
    /// also the encoding UTF8 and the rights for its user.
    ///
    /// # Errors
    ///
    /// A setting cannot be followed, the database is away, or it is not as it should be; the message says
    /// what to run.
    pub async fn connect(self) -> Result<Ledger, StartError> {
        self.policy.validate()?;
        if self.connections_max == 0 {
            return Err(StartError::NoConnections);
        }
        let pool = match self.pool {
            None => {
                let connector = Connector::new(self.database, &self.authorities)?;
                pool::build(connector, self.connections_max, self.statements)?
            }
            Some(pool) => Pool::foreign(pool, self.statements),
        };
        let pool = pool.with_inline(Inline::of(self.inline));
        let connection = pool.get().await?;
        if self.checks_schema {
            answered(async { Ok(ready(&connection, self.serves_requests).await) }).await??;
        }
        let timekeeper = Timekeeper::new(self.uptime, answered(load::first_now(&connection)).await?.at);
        drop(connection);
        let (loads, commits) = (GroupLoad::new(pool.clone()), GroupCommit::new(pool.clone()));
        let activity = Activity::new(pool.clone());
        let (policy, watch) = (Arc::new(self.policy), Watch::new(self.watch_interval));
        let teller = self.teller;
        let recorder = Recorder::new(pool.clone(), self.failed_logins_per_minute, self.on_login_failed);
        let parts = Parts { pool, loads, commits, activity, timekeeper, policy, watch, teller, recorder };
        Ok(Ledger(Arc::new(parts)))
    }

    /// Migrates the database on a connection of its own, as [`Ledger::migrate`] does.
    ///
    /// # Errors
    ///
    /// As [`Ledger::migrate`].
    pub async fn migrate(self) -> Result<Migrated, SchemaError> {
        self.alone(async |client, pool| schema::migrate(client, pool).await).await
    }

    /// Raises the database's epoch on a connection of its own, as [`Ledger::raise_epoch`] does.
    ///
    /// # Errors
    ///
    /// As [`Ledger::raise_epoch`].
    pub async fn raise_epoch(self) -> Result<u16, SchemaError> {
        self.alone(async |client, pool| {
            schema::check(client).await?;
            watched(pool, epoch::raise(client)).await
        })
        .await
    }

    /// Does work on a connection of its own. The pool leads to the same server, and has no connection yet.
    async fn alone<T>(
        self,
        work: impl AsyncFnOnce(&mut Client, &Pool) -> Result<T, SchemaError>,
    ) -> Result<T, SchemaError> {
        let connector = Connector::new(self.database, &self.authorities)?;
        let pool = pool::build(connector.clone(), 1, self.statements)?;
        let (mut client, connection) = connector.client().await?;
        let done = work(&mut client, &pool).await;
        drop(client);
        if matches!(done, Err(SchemaError::Store(Error::Disconnected(_)))) {
            // What the server still owes it may never come.
            connection.abort();
        }
        connection.await.ok();
        done
    }
}
