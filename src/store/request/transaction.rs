//! One SERIALIZABLE transaction on one pooled connection.
//!
//! tokio-postgres' own `Transaction` borrows its client and cannot live in a request's extensions. So BEGIN
//! and ROLLBACK are sent here, and COMMIT in `commit.rs`. [`Drop`] is the guard: a transaction that is left
//! unfinished takes its connection out of the pool.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use futures_util::{FutureExt, TryStreamExt};
use tokio::runtime::Handle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error as DriverError, SimpleQueryMessage};

use super::append::Append;
use super::load::{LOAD, Load, Loaded, loaded};
use super::mark::Marker;
use crate::session::{Mark, Marking, SessionId};
use crate::store::bare::bare;
use crate::store::connection::deadline::answered;
use crate::store::connection::pipeline::Step;
use crate::store::connection::pool::{Connection, Pool};
use crate::store::connection::statement::Sql;
use crate::store::error::Error;
use crate::telemetry::Active;

const BEGIN: &str = bare(include_str!("../sql/begin.sql"));
/// Begins a transaction with the limits that a load sets otherwise.
const BEGIN_WITH_LIMITS: &str = "begin isolation level serializable, not deferrable; set local statement_timeout = '5s'; \
    set local idle_in_transaction_session_timeout = '5s'";
/// The same, and asks for the transaction's id.
const BEGIN_WITH_ID: &str = bare(include_str!("../sql/begin_with_id.sql"));
const TAKES_WRITES: &str = bare(include_str!("../sql/takes_writes.sql"));
const TERMINATE: &str = bare(include_str!("../sql/terminate.sql"));

/// A transaction that will be committed, rolled back, or thrown away with its connection.
pub(crate) struct Transaction {
    /// `None` only once the transaction is finished.
    pub(super) client: Option<Connection>,
    pub(super) state: State,
    /// When its connection was taken, which was before it began.
    reserved: Instant,
    /// Whether it has begun before its commit, so that the server may have ended it for being idle.
    pub(super) may_be_idle: bool,
    /// Its outcome can be asked for by this id. A transaction that begins with its commit has none, and one
    /// that knows its session asks for it only if it appends nothing.
    pub(super) id: Arc<OnceLock<TransactionId>>,
    /// Whether the id comes with the answer to its BEGIN.
    pub(super) has_asked_for_id: bool,
    /// The answer to a BEGIN that was sent ahead, until somebody has looked at it.
    beginning: Mutex<Option<Step<'static>>>,
    savepoints: AtomicU32,
    /// None where the transaction is not to know its session.
    marker: Option<Box<Marker>>,
    /// The sessions that the application has ended in it, for those who watch them.
    ends: Mutex<Vec<Append>>,
    _active: Active,
}

/// A transaction's id, and the run of the server in which the id belongs to this transaction.
#[derive(Clone, Debug)]
pub(super) struct TransactionId {
    pub(super) id: String,
    pub(super) life: String,
}

/// How a transaction was found when it was rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RolledBack {
    /// As far as is known, all its statements had succeeded.
    Sound,
    /// A statement had failed. The handler may not have passed its error on.
    Failed,
    /// Its connection was lost, or its server takes no writes. The connection is discarded.
    Lost,
    /// The server had ended it, as it was idle for too long. The connection is discarded.
    Idle,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A connection is held, and nothing was sent.
    Reserved,
    /// BEGIN was sent.
    Open,
}

/// The answer to a BEGIN and a load that were sent without waiting for it.
pub(crate) type Begun = Pin<Box<dyn Future<Output = Result<Loaded, Error>> + Send>>;

impl Transaction {
    /// Takes a connection for a transaction that begins with its commit.
    pub(crate) async fn reserve(pool: &Pool) -> Result<Self, Error> {
        Ok(Self {
            client: Some(pool.get().await?),
            state: State::Reserved,
            reserved: Instant::now(),
            may_be_idle: false,
            id: Arc::default(),
            has_asked_for_id: false,
            beginning: Mutex::default(),
            savepoints: AtomicU32::new(0),
            marker: None,
            ends: Mutex::default(),
            _active: Active::begin(),
        })
    }

    /// Begins, and loads a session in the same trip, which the transaction then knows if that is asked for.
    pub(crate) async fn begin(
        pool: &Pool,
        session: Option<SessionId>,
        also: Option<&'static Sql>,
        marking: Marking,
    ) -> Result<(Self, Loaded), Error> {
        let (transaction, load) = Self::ready(pool, session, also, marking).await?;
        let loaded = transaction.send(&load).await?;
        if let Some(marker) = transaction.marker.as_ref().filter(|_| session.is_none()) {
            marker.was_told(Mark::default());
        }
        Ok((transaction, loaded))
    }

    /// Begins for a request that knows its session, without waiting for the answer: BEGIN travels with the
    /// application's first statement, or with the commit.
    ///
    /// A BEGIN that the server refuses leaves no statement behind it an effect. In a transaction that other
    /// code has left open, that transaction has failed with it. On a server that takes no writes there is
    /// nothing to be written. A connection that is lost is lost for both. What the application is told
    /// outside of the transaction is not believed either: the answer is looked at before anything is
    /// committed or rolled back, and an append outside of a transaction fails by itself. A cancel request
    /// that comes late and strikes the BEGIN is not guarded against.
    pub(crate) async fn begin_known(pool: &Pool, asks_for_id: bool) -> Result<Self, Error> {
        let mut transaction = Self::reserve(pool).await?;
        (transaction.state, transaction.may_be_idle) = (State::Open, true);
        transaction.has_asked_for_id = asks_for_id;
        let begin = if asks_for_id { BEGIN_WITH_ID } else { BEGIN_WITH_LIMITS };
        // This waits for nothing: what it gives is the answer that is yet to come.
        let answer = transaction.client().simple_query_raw(begin).await.map_err(Error::of_begin)?;
        let id = Arc::clone(&transaction.id);
        let beginning: Step<'static> = Box::pin(async move {
            let mut answer = pin!(answer);
            while let Some(message) = answer.try_next().await.map_err(Error::of_begin)? {
                if let SimpleQueryMessage::Row(row) = message {
                    let (asked, life) = (row.try_get("transaction_id")?, row.try_get("life")?);
                    let told =
                        asked.zip(life).map(|(id, life)| TransactionId { id: id.into(), life: life.into() });
                    told.into_iter().for_each(|told| drop(id.set(told)));
                }
            }
            Ok(())
        });
        transaction.beginning = Mutex::new(Some(beginning));
        Ok(transaction)
    }

    /// Makes sure that it has begun, if that was sent ahead.
    pub(crate) async fn begun(&self) -> Result<(), Error> {
        match self.take_beginning() {
            Some(beginning) => answered(beginning).await,
            None => Ok(()),
        }
    }

    /// The answer to a BEGIN that nobody has looked at.
    pub(super) fn take_beginning(&self) -> Option<Step<'static>> {
        self.beginning.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Begins and loads a session again, without waiting for the answer. Both are sent when this returns, and
    /// travel with the application's first statement. The answer must be awaited before the commit. `mark` is
    /// what the transaction is to know of its session.
    pub(crate) async fn begin_ahead(
        pool: &Pool,
        session: Option<SessionId>,
        mark: Option<Mark>,
    ) -> Result<(Arc<Self>, Begun), Error> {
        let marking = if mark.is_some() { Marking::Visitor } else { Marking::Off };
        let (transaction, load) = Self::ready(pool, session, None, marking).await?;
        let transaction = Arc::new(transaction);
        let sender = Arc::clone(&transaction);
        let mut begun: Begun = Box::pin(async move { sender.send(&load).await });
        // The first poll hands the messages to the connection; nothing can answer before that.
        if let Some(early) = begun.as_mut().now_or_never() {
            begun = Box::pin(std::future::ready(early));
        }
        mark.into_iter().for_each(|mark| transaction.mark(mark));
        Ok((transaction, begun))
    }

    /// The connection.
    #[expect(
        clippy::expect_used,
        reason = "only the methods that consume the transaction take its connection"
    )]
    pub(crate) fn client(&self) -> &Connection {
        self.client.as_ref().expect("a transaction holds its connection until it is finished")
    }

    /// Lets the statements that are sent from now on know their session, if they are to. Nobody waits.
    pub(crate) fn mark(&self, mark: Mark) {
        if let Some(marker) = &self.marker {
            marker.tell(self.client(), mark);
        }
    }

    /// The same once more, after a savepoint has undone it.
    pub(super) fn mark_again(&self) {
        if let Some(marker) = &self.marker {
            marker.tell_again(self.client());
        }
    }

    /// A number that no other savepoint of this transaction has.
    pub(crate) fn next_savepoint(&self) -> u32 {
        self.savepoints.fetch_add(1, Ordering::Relaxed)
    }

    /// Notes that a session has ended in it, if it is committed.
    pub(crate) fn note_end(&self, end: Append) {
        self.ends().push(end);
    }

    /// The ends of sessions in it, to be told of once it is committed.
    pub(crate) fn ended_within(&self) -> Vec<Append> {
        std::mem::take(&mut *self.ends())
    }

    /// How many sessions have ended in it so far.
    pub(super) fn ends_so_far(&self) -> usize {
        self.ends().len()
    }

    /// Forgets the ends that came after so many: they are undone.
    pub(super) fn undo_ends(&self, kept: usize) {
        self.ends().truncate(kept);
    }

    fn ends(&self) -> MutexGuard<'_, Vec<Append>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rolls back, and asks in the same trip whether the connection can serve the next request.
    pub(crate) async fn rollback(self) -> RolledBack {
        self.rollback_and_load(None).await.0
    }

    /// Rolls back, and loads a session behind that in the same trip. Without an answer to the load the
    /// session must be loaded by itself.
    pub(crate) async fn rollback_and_load(
        mut self,
        session: Option<SessionId>,
    ) -> (RolledBack, Option<Loaded>) {
        if self.state == State::Reserved {
            drop(self.client.take());
            return (RolledBack::Sound, None);
        }
        let client = self.client();
        let rolling_back = async {
            // Prepared long ago, most often. In a transaction that has failed it cannot be.
            let load = match session {
                Some(id) => LOAD.ready(client).await.ok().map(|load| (load, id.as_uuid())),
                None => None,
            };
            let loading = async {
                let (load, id) = load.as_ref()?;
                loaded(&load.query_one(client, &[id, &false]).await.ok()?).ok()
            };
            Ok(tokio::join!(biased;
                client.batch_execute("savepoint alive"),
                client.batch_execute("rollback"),
                client.simple_query(TAKES_WRITES),
                loading,
            ))
        };
        let Ok((probed, ended, read_only, loaded)) = answered(rolling_back).await else {
            return (RolledBack::Lost, None);
        };
        let found = self.found(probed, ended, read_only);
        if !matches!(found, RolledBack::Sound | RolledBack::Failed) {
            return (found, None);
        }
        drop(self.client.take());
        (found, loaded)
    }

    /// How it was found, by the answers to its rollback.
    fn found(
        &self,
        probed: Result<(), DriverError>,
        ended: Result<(), DriverError>,
        read_only: Result<Vec<SimpleQueryMessage>, DriverError>,
    ) -> RolledBack {
        let is_read_only = |message: &SimpleQueryMessage| matches!(message, SimpleQueryMessage::Row(row) if row.get(0) == Some("on"));
        if ended.is_err() && self.was_idle_too_long() {
            return RolledBack::Idle;
        }
        if ended.is_err() || read_only.map_or(true, |messages| messages.iter().any(is_read_only)) {
            return RolledBack::Lost;
        }
        let failed = probed.is_err_and(|error| error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION));
        if failed {
            self.client().forget_own_statements();
        }
        if failed { RolledBack::Failed } else { RolledBack::Sound }
    }

    /// Whether the server has ended it because it was idle, once its connection is lost.
    pub(super) fn was_idle_too_long(&self) -> bool {
        self.client().was_idle_too_long(self.reserved)
    }

    /// Ends the connection of a transaction that the application has kept: each later statement on it fails.
    pub(crate) fn terminate(self: Arc<Self>) {
        let mut ending = Box::pin(async move { self.client().batch_execute(TERMINATE).await });
        // The first poll sends it, ahead of any later statement. Its answer is an error, as it ends its own
        // connection.
        if ending.as_mut().now_or_never().is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            drop(runtime.spawn(ending));
        }
    }

    /// Takes a connection and makes the load ready. BEGIN must be sent next.
    async fn ready(
        pool: &Pool,
        session: Option<SessionId>,
        also: Option<&'static Sql>,
        marking: Marking,
    ) -> Result<(Self, Load), Error> {
        let mut transaction = Self::reserve(pool).await?;
        (transaction.state, transaction.may_be_idle) = (State::Open, true);
        if marking != Marking::Off {
            let marker = Marker::ready(transaction.client()).await.map_err(Error::from);
            transaction.marker = Some(Box::new(marker.map_err(Error::outside_transaction)?));
        }
        let load = Load::beginning(transaction.client(), session, also, marking).await;
        Ok((transaction, load.map_err(Error::outside_transaction)?))
    }

    async fn send(&self, load: &Load) -> Result<Loaded, Error> {
        let client = self.client();
        let (begun, found) = tokio::join!(biased; client.batch_execute(BEGIN), load.run(client));
        begun.map_err(Error::of_begin)?;
        let (row, also) = found?;
        let id = TransactionId { id: row.try_get("transaction_id")?, life: row.try_get("life")? };
        self.id.set(id).ok();
        if let (Some(marker), Some(mark)) = (&self.marker, load.mark(&row)?) {
            marker.was_told(mark);
        }
        load.loaded(&row, also)
    }
}

/// The guard: a connection never goes back to the pool while it is in a transaction, or while a statement
/// runs on it that nobody waits for.
impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(client.detach());
        }
    }
}
