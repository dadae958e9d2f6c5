//! Committing: append, guard and COMMIT in one trip, and the truth about the outcome.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Error as DriverError;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tracing::Instrument;

use super::append::{Append, ReadyAppend, ReadyDerived};
use super::append_group::{APPEND_GROUP, append_group};
use super::gate::{self, ADMIT_LOGIN};
use super::outcome::Trace;
use super::transaction::{State, Transaction, TransactionId};
use crate::session::{ChainHash, Guard, SessionId};
use crate::store::connection::deadline::{answered, committed};
use crate::store::connection::pipeline::{Step, pipelined};
use crate::store::connection::pool::Pool;
use crate::store::connection::statement::{Parameters, Ready, Sql};
use crate::store::error::Error;
use crate::telemetry;

static FENCE_KNOWN: Sql =
    Sql::new(include_str!("../sql/fence_known.sql"), &[Type::UUID, Type::INT8, Type::INT2, Type::BYTEA]);
static FENCE: Sql = Sql::new(include_str!("../sql/fence.sql"), &[Type::UUID, Type::INT8]);

/// Begins a transaction that is over in the same trip. If only half of that trip arrives, its locks must not
/// last until the server finds out that the client is gone. NOT DEFERRABLE is explained in `sql/begin.sql`.
const BEGIN: &str = "begin isolation level serializable, not deferrable; set local idle_in_transaction_session_timeout = '2s'";
/// Begins a transaction for the changes of several requests. Each session must be looked up by its index.
/// With another join the planner would read a small table as a whole, and then this transaction conflicts
/// with every change of any session.
const BEGIN_GROUP: &str = "begin isolation level serializable, not deferrable; set local idle_in_transaction_session_timeout = '2s'; \
    set local lock_timeout = '20ms'; set local enable_seqscan = off; set local enable_hashjoin = off; \
    set local enable_mergejoin = off";

/// How long to ask for the outcome of a transaction before giving up. Its request may have been answered
/// before that.
const PATIENCE: Duration = Duration::from_secs(5);

/// Finds out on another connection of `pool` whether a commit arrived whose connection was lost with `error`.
pub(super) async fn find_out(trace: &Trace, pool: &Pool, error: Error) -> Result<(), Error> {
    // On the heap, so that not every commit makes room for it.
    let committed = Box::pin(trace.resolve(pool, PATIENCE)).await;
    telemetry::unknown_outcome(committed.as_ref().ok().copied());
    tracing::warn!(?committed, "a connection was lost during COMMIT");
    if committed? { Ok(()) } else { Err(error) }
}

/// A commit that did not succeed.
pub(super) enum CommitError {
    /// Nothing was written.
    Failed(Error),
    /// The connection was lost on the way. The trace tells how to find out.
    Unknown(Box<Trace>, Error),
}

impl Transaction {
    /// Appends, checks the guard and commits in one trip. Begins in the same trip if that has not been done.
    /// If the connection is lost on the way, finds out on another connection of `pool` whether the commit
    /// arrived.
    ///
    /// # Errors
    ///
    /// Nothing was written, unless it is [`Error::OutcomeUnknown`].
    pub(crate) async fn commit(
        self,
        pool: &Pool,
        appends: &[&Append],
        guard: Option<Guard>,
    ) -> Result<(), Error> {
        let span = tracing::debug_span!("session_ledger.commit", appends = appends.len());
        match self.try_commit(appends, guard).instrument(span).await {
            Ok(()) => Ok(()),
            Err(CommitError::Failed(error)) => Err(error),
            Err(CommitError::Unknown(trace, error)) => find_out(&trace, pool, error).await,
        }
    }

    /// Commits the changes of several requests, none of which has begun a transaction of its own. A short
    /// lock timeout makes this fail early if another transaction holds one of the sessions, so that the other
    /// changes need not wait.
    pub(super) async fn try_commit_group(mut self, appends: &[&Append]) -> Result<(), CommitError> {
        let span = tracing::debug_span!("session_ledger.commit", appends = appends.len());
        self.state = State::Open;
        let prepared = answered(self.prepare_group(appends)).instrument(span.clone()).await;
        let (statement, derived) =
            prepared.map_err(|error| CommitError::Failed(error.outside_transaction()))?;
        let client = self.client();
        let mut steps: Vec<Step> =
            vec![begin(client, BEGIN_GROUP), Box::pin(append_group(client, &statement, appends))];
        for (append, derived) in appends.iter().zip(&derived) {
            steps.extend(append.steps_derived(client, derived));
        }
        steps.push(commit(client));
        let outcome = committed(pipelined(steps)).instrument(span).await;
        self.finish(outcome, appends)
    }

    /// Does the same as [`commit`](Self::commit), but if the connection is lost on the way, it is the caller
    /// who has to find out.
    pub(super) async fn try_commit(
        mut self,
        appends: &[&Append],
        guard: Option<Guard>,
    ) -> Result<(), CommitError> {
        let begins = self.state == State::Reserved;
        self.state = State::Open;
        // Only a transaction that appends nothing needs an id that it does not have.
        let needs_id = !begins && matches!(guard, Some(Guard::Fence { .. } | Guard::Unfailed));
        let guard = match answered(self.guard_with_id(guard, needs_id)).await {
            Ok(guard) => guard,
            Err(error) => {
                let error = self.explained(error);
                // On the heap, as it is rare, and larger than the commit.
                Box::pin(self.rollback()).await;
                return Err(CommitError::Failed(error));
            }
        };
        let prepared = answered(self.prepare(appends, guard.as_ref())).await;
        let prepared = if begins { prepared.map_err(Error::outside_transaction) } else { prepared };
        let prepared = prepared.map_err(|error| CommitError::Failed(self.explained(error)));
        let (statements, checking) = prepared?;
        let client = self.client();
        let mut steps: Vec<Step> = Vec::with_capacity(appends.len() + 3);
        steps.extend(self.take_beginning());
        if begins {
            steps.push(begin(client, BEGIN));
        }
        if let Some(Guard::Login { user }) = &guard {
            steps.push(Box::pin(gate::pass(client, &checking, user)));
        }
        for (append, statements) in appends.iter().zip(&statements) {
            steps.extend(append.steps(client, statements));
        }
        match guard {
            Some(Guard::Fence { .. }) if self.has_asked_for_id => {
                steps.push(Box::pin(async { fence_known(client, &checking, guard.as_ref()).await.map(drop) }))
            }
            Some(Guard::Fence { session, version, .. }) => {
                steps.push(Box::pin(fence(client, &checking, Some(session), version)));
            }
            Some(Guard::Unfailed) => steps.push(Box::pin(fence(client, &checking, None, 0))),
            Some(Guard::Login { .. }) | None => {}
        }
        steps.push(commit(client));
        let outcome = committed(pipelined(steps)).await;
        self.finish(outcome, appends)
    }

    /// The guard that is yet to be set. If the transaction does not know its id, but needs it, its fence is
    /// set a trip ahead of the COMMIT. An id that was asked for with the BEGIN has come by now, as answers
    /// come in their order: only if the application has sent nothing else, this waits for it.
    async fn guard_with_id(&self, guard: Option<Guard>, needs_id: bool) -> Result<Option<Guard>, Error> {
        if needs_id && self.has_asked_for_id {
            self.begun().await?;
        }
        if !needs_id || self.id.get().is_some() {
            return Ok(guard);
        }
        let statement = FENCE_KNOWN.ready(self.client()).await?;
        let (begun, fenced) =
            tokio::join!(biased; self.begun(), fence_known(self.client(), &statement, guard.as_ref()));
        begun?;
        let row = fenced?;
        if let Some(id) = row.try_get("transaction_id")? {
            self.id.set(TransactionId { id, life: row.try_get("life")? }).ok();
        }
        Ok(None)
    }

    /// Makes the statements ready. It must be done before the pipeline: the trip that prepares a statement
    /// would let COMMIT overtake it.
    async fn prepare(
        &self,
        appends: &[&Append],
        guard: Option<&Guard>,
    ) -> Result<(Vec<ReadyAppend>, Ready), Error> {
        let mut statements = Vec::with_capacity(appends.len());
        for append in appends {
            statements.push(append.ready(self.client()).await?);
        }
        let checking = match guard {
            Some(Guard::Login { .. }) => &ADMIT_LOGIN,
            Some(Guard::Fence { .. }) if self.has_asked_for_id => &FENCE_KNOWN,
            _ => &FENCE,
        };
        Ok((statements, checking.ready(self.client()).await?))
    }

    /// The same for a group: its one statement, and for each change what is derived from it.
    async fn prepare_group(&self, appends: &[&Append]) -> Result<(Ready, Vec<ReadyDerived>), Error> {
        let mut derived = Vec::with_capacity(appends.len());
        for append in appends {
            derived.push(append.ready_derived(self.client()).await?);
        }
        Ok((APPEND_GROUP.ready(self.client()).await?, derived))
    }

    /// Gives the connection back to the pool, or discards it.
    ///
    /// After a COMMIT it goes back, also after one that the server has refused: that has rolled back, and the
    /// connection is clean. A connection to a server that takes no writes is of no use and is discarded. The
    /// same may be true after a failure that the handler has not passed on. If the connection is lost, nobody
    /// knows whether the COMMIT behind the error arrived.
    pub(super) fn finish(
        mut self,
        outcome: Result<(), Error>,
        appends: &[&Append],
    ) -> Result<(), CommitError> {
        match outcome {
            Err(error @ Error::Disconnected(_)) => {
                let error = self.explained(error);
                return Err(CommitError::Unknown(Box::new(Trace::of(self.id.get(), appends)), error));
            }
            Err(Error::Unusable(_) | Error::Aborted) => {}
            _ => drop(self.client.take()),
        }
        outcome.map_err(CommitError::Failed)
    }
}

impl Transaction {
    /// The error of a lost connection, with its reason where the server has told that.
    fn explained(&self, error: Error) -> Error {
        let is_lost = matches!(error, Error::Disconnected(_));
        if is_lost && self.may_be_idle && self.was_idle_too_long() { Error::IdleTooLong } else { error }
    }
}

/// tokio-postgres reports success for a COMMIT that the server has turned into a ROLLBACK. So the outcome is
/// the first error among the statements before it.
pub(super) fn commit(client: &ClientWrapper) -> Step<'_> {
    Box::pin(async { Ok(client.batch_execute("commit").await?) })
}

pub(super) fn begin<'a>(client: &'a ClientWrapper, text: &'static str) -> Step<'a> {
    Box::pin(async { client.batch_execute(text).await.map_err(Error::of_begin) })
}

/// Makes sure that a session is live and at a version. The statement fails if an earlier one of the
/// transaction has failed, with a session or without.
async fn fence(
    client: &ClientWrapper,
    statement: &Ready,
    session: Option<SessionId>,
    version: i64,
) -> Result<(), Error> {
    let id = session.map(|session| session.as_uuid());
    match statement.query_one(client, &[&id, &version]).await {
        Ok(_) => Ok(()),
        Err(error) => Err(fence_failed(error, session)),
    }
}

/// Does the same for a session that the process knew, without a load: its epoch and its head hash must be as
/// they were known, too.
async fn fence_known(client: &ClientWrapper, statement: &Ready, guard: Option<&Guard>) -> Result<Row, Error> {
    let (id, version, head, epoch) = match guard {
        Some(Guard::Fence { session, version, head, epoch }) => (Some(*session), *version, *head, *epoch),
        _ => (None, 0, ChainHash::default(), None),
    };
    let (uuid, epoch) = (id.map(|session| session.as_uuid()), epoch.map(u16::cast_signed));
    let parameters: Parameters = &[&uuid, &version, &epoch, &&head.as_bytes()[..]];
    statement.query_one(client, parameters).await.map_err(|error| fence_failed(error, id))
}

fn fence_failed(error: DriverError, session: Option<SessionId>) -> Error {
    match (error.code(), session) {
        (Some(&SqlState::DIVISION_BY_ZERO), Some(session)) => Error::Stale { session },
        _ => error.into(),
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        let (CommitError::Failed(error) | CommitError::Unknown(_, error)) = error;
        error
    }
}
