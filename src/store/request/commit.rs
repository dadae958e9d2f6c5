//! Committing: append, fence and COMMIT in one trip, and the truth about how it went.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tracing::Instrument;

use super::append::Append;
use super::append_group::{APPEND_GROUP, append_group};
use super::outcome::Trace;
use super::transaction::{State, Transaction};
use crate::session::SessionId;
use crate::store::connection::deadline::answered;
use crate::store::connection::pipeline::{Step, pipelined};
use crate::store::connection::pool::Pool;
use crate::store::connection::statement::{Ready, Sql};
use crate::store::error::Error;
use crate::telemetry;

static FENCE: Sql = Sql::new(include_str!("../sql/fence.sql"), &[Type::UUID, Type::INT8]);

/// For a transaction that is over in the same trip. If only half of that trip arrives, the row must not stay locked
/// until the server finds out that nobody is there. For NOT DEFERRABLE see `sql/begin.sql`.
const BEGIN: &str = "begin isolation level serializable, not deferrable; set local idle_in_transaction_session_timeout = '2s'";
/// The same for the changes of several requests, each of which is to be looked up by its index: joined in another way, a
/// small table would be read as a whole, and then this transaction and every change of any session conflict.
const BEGIN_TOGETHER: &str = "begin isolation level serializable, not deferrable; set local idle_in_transaction_session_timeout = '2s'; \
    set local lock_timeout = '20ms'; set local enable_seqscan = off; set local enable_hashjoin = off; \
    set local enable_mergejoin = off";

/// What the last statement before COMMIT makes sure of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fence {
    /// The session that must not have ended, if the request has one.
    pub(crate) session: Option<SessionId>,
    /// The version it must be at: that of its load, as a transaction that appends to it needs no fence.
    pub(crate) version: i64,
}

/// How long to ask how a transaction ended before giving up.
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
    /// The connection was lost on the way; this tells how to find out.
    Unknown(Box<Trace>, Error),
}

impl Transaction {
    /// Appends, fences and commits in one trip; begins in the same trip if that has not been done. If the
    /// connection is lost on the way, finds out on another of `pool` whether the commit arrived.
    ///
    /// # Errors
    ///
    /// Nothing was written, unless it is [`Error::OutcomeUnknown`].
    pub(crate) async fn commit(
        self,
        pool: &Pool,
        appends: &[&Append],
        fence: Option<Fence>,
    ) -> Result<(), Error> {
        let span = tracing::debug_span!("session_ledger.commit", appends = appends.len());
        match self.try_commit(appends, fence).instrument(span).await {
            Ok(()) => Ok(()),
            Err(CommitError::Failed(error)) => Err(error),
            Err(CommitError::Unknown(trace, error)) => find_out(&trace, pool, error).await,
        }
    }

    /// The changes of several requests, none of which has begun a transaction of its own. One that is held up by
    /// another transaction must not hold up the others, nor one that it waits for.
    pub(super) async fn try_commit_together(mut self, appends: &[&Append]) -> Result<(), CommitError> {
        let span = tracing::debug_span!("session_ledger.commit", appends = appends.len());
        self.state = State::Open;
        let statement = APPEND_GROUP.ready(self.client()).instrument(span.clone()).await;
        let statement =
            statement.map_err(|error| CommitError::Failed(Error::from(error).outside_transaction()))?;
        let client = self.client();
        let steps = vec![
            begin(client, BEGIN_TOGETHER),
            Box::pin(append_group(client, &statement, appends)),
            commit(client),
        ];
        let outcome = answered(pipelined(steps)).instrument(span).await;
        self.finish(outcome, appends)
    }

    /// As [`commit`](Self::commit), but if the connection is lost on the way, leaves it to the caller to find out.
    pub(super) async fn try_commit(
        mut self,
        appends: &[&Append],
        fence: Option<Fence>,
    ) -> Result<(), CommitError> {
        let begins = self.state == State::Reserved;
        self.state = State::Open;
        let prepared = self.prepare(appends).await;
        let prepared = if begins { prepared.map_err(Error::outside_transaction) } else { prepared };
        let (statements, fence_statement) = prepared.map_err(CommitError::Failed)?;
        let client = self.client();
        let mut steps: Vec<Step> = Vec::with_capacity(appends.len() + 3);
        if begins {
            steps.push(begin(client, BEGIN));
        }
        for (append, statements) in appends.iter().zip(&statements) {
            steps.extend(append.steps(client, statements));
        }
        if let Some(fence) = fence {
            steps.push(Box::pin(fence.run(client, &fence_statement)));
        }
        steps.push(commit(client));
        let outcome = answered(pipelined(steps)).await;
        self.finish(outcome, appends)
    }

    /// Statements must be ready before the pipeline: the trip that prepares one would let COMMIT overtake it.
    async fn prepare(&self, appends: &[&Append]) -> Result<(Vec<Vec<Ready>>, Ready), Error> {
        let mut statements = Vec::with_capacity(appends.len());
        for append in appends {
            statements.push(append.ready(self.client()).await?);
        }
        Ok((statements, FENCE.ready(self.client()).await?))
    }

    /// After a COMMIT the connection goes back to the pool. So it does after one that the server refused: it has rolled
    /// back, and the connection is clean; but one to a server that takes no writes is of no use, and after a failure that
    /// the handler kept to itself that may be so. When the connection is gone, nobody knows whether the COMMIT behind the
    /// error arrived.
    fn finish(mut self, outcome: Result<(), Error>, appends: &[&Append]) -> Result<(), CommitError> {
        match outcome {
            Err(error @ Error::Disconnected(_)) => {
                return Err(CommitError::Unknown(Box::new(Trace::of(self.id.get(), appends)), error));
            }
            Err(Error::Unusable(_) | Error::Aborted) => {}
            _ => drop(self.client.take()),
        }
        outcome.map_err(CommitError::Failed)
    }
}

/// tokio-postgres answers a COMMIT that the server turned into a ROLLBACK with success, so it is the statements before it
/// that tell: the first error among them is the outcome.
fn commit(client: &ClientWrapper) -> Step<'_> {
    Box::pin(async { Ok(client.batch_execute("commit").await?) })
}

fn begin<'a>(client: &'a ClientWrapper, text: &'static str) -> Step<'a> {
    Box::pin(async { client.batch_execute(text).await.map_err(Error::of_begin) })
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        let (CommitError::Failed(error) | CommitError::Unknown(_, error)) = error;
        error
    }
}

impl Fence {
    /// Of a transaction without a session: it makes sure that no statement has failed.
    pub(crate) const NONE: Self = Self { session: None, version: 0 };

    async fn run(self, client: &ClientWrapper, statement: &Ready) -> Result<(), Error> {
        let id = self.session.map(|session| session.as_uuid());
        match statement.query_one(client, &[&id, &self.version]).await {
            Ok(_) => Ok(()),
            Err(error) => Err(match (error.code(), self.session) {
                (Some(&SqlState::DIVISION_BY_ZERO), Some(session)) => Error::Stale { session },
                _ => error.into(),
            }),
        }
    }
}
