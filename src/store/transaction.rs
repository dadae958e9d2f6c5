//! One SERIALIZABLE transaction on one pooled connection.
//!
//! tokio-postgres' own `Transaction` borrows its client and cannot live in a request's extensions, so BEGIN
//! and COMMIT are sent here, and [`Drop`] is the guard: a transaction that is left unfinished takes its
//! connection out of the pool.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use deadpool_postgres::{Object, Pool};
use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio_postgres::error::SqlState;

use super::append::Append;
use super::error::Error;
use super::load::{Load, Loaded};
use crate::session::SessionId;

const FENCE: &str = include_str!("sql/fence.sql");
const BEGIN: &str = "begin isolation level serializable";

/// A transaction that will be committed, rolled back, or thrown away with its connection.
pub(crate) struct Transaction {
    /// Always there until the transaction is finished.
    client: Option<Object>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A connection is held; nothing was sent.
    Reserved,
    /// BEGIN was sent.
    Open,
}

/// What the last statement before COMMIT makes sure of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fence {
    /// The session that must not have ended, if the request has one and did not end it itself.
    pub(crate) session: Option<SessionId>,
    /// The version it must be at, with what this transaction appends.
    pub(crate) version: i64,
}

/// The answer to a BEGIN and a load that were sent ahead.
pub(crate) type Begun = Pin<Box<dyn Future<Output = Result<Loaded, Error>> + Send>>;

type Step<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

impl Transaction {
    /// Takes a connection for a transaction that begins with its commit.
    pub(crate) async fn reserve(pool: &Pool) -> Result<Self, Error> {
        Ok(Self { client: Some(pool.get().await?), state: State::Reserved })
    }

    /// Begins, and loads a session in the same trip.
    pub(crate) async fn begin(pool: &Pool, session: Option<SessionId>) -> Result<(Self, Loaded), Error> {
        let (transaction, load) = Self::ready(pool, session).await?;
        let loaded = transaction.send_begin(&load).await?;
        Ok((transaction, loaded))
    }

    /// Begins, and loads a session again, without waiting for the answer: both are sent when this returns, and
    /// travel with the application's first statement. The answer must be awaited before the commit.
    pub(crate) async fn begin_ahead(
        pool: &Pool,
        session: Option<SessionId>,
    ) -> Result<(Arc<Self>, Begun), Error> {
        let (transaction, load) = Self::ready(pool, session).await?;
        let transaction = Arc::new(transaction);
        let sender = Arc::clone(&transaction);
        let mut begun: Begun = Box::pin(async move { sender.send_begin(&load).await });
        // The first poll hands the messages to the connection; nothing can answer before that.
        if let Some(early) = begun.as_mut().now_or_never() {
            begun = Box::pin(std::future::ready(early));
        }
        Ok((transaction, begun))
    }

    /// Takes a connection on which BEGIN is the next thing to be sent.
    async fn ready(pool: &Pool, session: Option<SessionId>) -> Result<(Self, Load), Error> {
        let mut transaction = Self::reserve(pool).await?;
        let load = Load::prepare(transaction.client(), session).await?;
        transaction.state = State::Open;
        Ok((transaction, load))
    }

    async fn send_begin(&self, load: &Load) -> Result<Loaded, Error> {
        let client = self.client();
        let (begun, loaded) = tokio::join!(biased; client.batch_execute(BEGIN), load.run(client));
        begun?;
        loaded
    }

    /// The connection.
    #[expect(
        clippy::expect_used,
        reason = "only the methods that consume the transaction take its connection"
    )]
    pub(crate) fn client(&self) -> &Object {
        self.client.as_ref().expect("a transaction holds its connection until it is finished")
    }

    /// Appends, fences and commits in one trip; begins in the same trip if that has not been done. When this
    /// is an error, nothing was written, unless it is [`Error::OutcomeUnknown`].
    ///
    /// tokio-postgres answers a COMMIT that the server turned into a ROLLBACK with success, so it is the
    /// statements before it that tell: the first error among them is the outcome.
    pub(crate) async fn commit(mut self, appends: &[Append], fence: Option<Fence>) -> Result<(), Error> {
        let client = self.client();
        let mut statements = Vec::with_capacity(appends.len());
        for append in appends {
            statements.push(append.prepare(client).await?);
        }
        let fence_statement = client.prepare_cached(FENCE).await?;

        let begin = self.state == State::Reserved;
        self.state = State::Open;
        let client = self.client();
        let mut steps: Vec<Step> = Vec::with_capacity(appends.len() + 3);
        if begin {
            steps.push(Box::pin(async { Ok(client.batch_execute(BEGIN).await?) }));
        }
        for (append, statement) in appends.iter().zip(&statements) {
            steps.push(Box::pin(append.run(client, statement)));
        }
        if let Some(fence) = fence {
            steps.push(Box::pin(fence.run(client, &fence_statement)));
        }
        steps.push(Box::pin(async { client.batch_execute("commit").await.map_err(lost_in_commit) }));

        // The futures are polled, and so sent, in this order.
        for outcome in join_all(steps).await {
            if let Err(error) = outcome {
                return Err(self.failed(error));
            }
        }
        // Committed: the connection goes back to the pool.
        drop(self.client.take());
        Ok(())
    }

    /// Rolls back, so that the connection can serve the next request.
    pub(crate) async fn rollback(mut self) -> Result<(), Error> {
        if self.state == State::Open {
            self.client().batch_execute("rollback").await?;
        }
        drop(self.client.take());
        Ok(())
    }

    /// After a failed COMMIT the server has rolled back and the connection is clean, unless it is gone. An
    /// error of the connection leaves open whether the COMMIT behind it arrived.
    fn failed(&mut self, error: Error) -> Error {
        match error {
            Error::Unavailable(_) | Error::OutcomeUnknown => Error::OutcomeUnknown,
            error => {
                drop(self.client.take());
                error
            }
        }
    }
}

impl Fence {
    async fn run(self, client: &Object, statement: &tokio_postgres::Statement) -> Result<(), Error> {
        let id = self.session.map(|session| session.as_uuid());
        match client.query_one(statement, &[&id, &self.version]).await {
            Ok(_) => Ok(()),
            Err(error) => Err(match (error.code(), self.session) {
                (Some(&SqlState::DIVISION_BY_ZERO), Some(session)) => Error::Stale { session },
                _ => error.into(),
            }),
        }
    }
}

/// A COMMIT that the server refuses was not done; one whose answer is lost may have been.
fn lost_in_commit(error: tokio_postgres::Error) -> Error {
    match error.code() {
        Some(_) => error.into(),
        None => Error::OutcomeUnknown,
    }
}

/// The guard: an unfinished transaction never goes back to the pool.
impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(client) = self.client.take()
            && self.state == State::Open
        {
            drop(Object::take(client));
        }
    }
}
