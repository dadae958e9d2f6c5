//! Transactions outside any request.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use deadpool_postgres::Client;

use super::retry::{backoff, may_try_again};
use super::{Error, Ledger};
use crate::session::{Guard, Marking};
use crate::store;
use crate::store::connection::deadline::answered;
use crate::store::error::{Prospect, cause};
use crate::store::request::transaction::RolledBack;

/// A SERIALIZABLE transaction outside any request. Derefs to deadpool's client, and through it to
/// tokio-postgres' own. Do not send BEGIN, COMMIT or ROLLBACK yourself.
pub struct Transaction(Arc<store::request::transaction::Transaction>);

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").finish_non_exhaustive()
    }
}

impl Deref for Transaction {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.0.client()
    }
}

impl Ledger {
    /// Does `work` in a SERIALIZABLE transaction on a connection of the ledger's pool, and again when it
    /// loses a race, so it should do nothing outside the database. An error of `work` rolls back.
    ///
    /// For use outside HTTP, say in a job. Inside a request there is [`Tx`](crate::web::Tx), or
    /// [`Session::transaction`](crate::web::Session::transaction).
    ///
    /// ```no_run
    /// # async fn example(ledger: session_ledger::Ledger) -> Result<(), session_ledger::Error> {
    /// let deleted = ledger
    ///     .transaction(async |tx| {
    ///         Ok::<_, session_ledger::Error>(tx.execute("delete from cart where abandoned", &[]).await?)
    ///     })
    ///     .await?;
    /// # let _: u64 = deleted; Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of `work`, if doing it again would not help; or that the database is away, that too many
    /// races were lost, or that nobody can tell how the COMMIT ended ([`Error::OutcomeUnknown`]).
    pub async fn transaction<T, E, F>(&self, work: impl Fn(Transaction) -> F) -> Result<T, E>
    where
        E: From<Error> + std::error::Error + 'static,
        F: Future<Output = Result<T, E>>,
    {
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            let error = match self.attempt(&work).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let prospect = cause(&error).map_or(Prospect::None, |cause| cause.prospect());
            if !may_try_again(prospect, attempt, started, started.elapsed()) {
                return Err(error);
            }
            tokio::time::sleep(backoff(attempt)).await;
            attempt += 1;
        }
    }

    async fn attempt<T, E, F>(&self, work: &impl Fn(Transaction) -> F) -> Result<T, E>
    where
        E: From<Error>,
        F: Future<Output = Result<T, E>>,
    {
        let beginning =
            store::request::transaction::Transaction::begin(self.pool(), None, None, Marking::Off);
        let (transaction, _) = answered(beginning).await?;
        let transaction = Arc::new(transaction);
        let result = work(Transaction(Arc::clone(&transaction))).await;
        // One that `work` has kept is rolled back when it is dropped, with its connection.
        let transaction = Arc::into_inner(transaction).ok_or(Error::TransactionKept)?;
        match result {
            Ok(done) => {
                transaction.commit(self.pool(), &[], Some(Guard::Unfailed)).await?;
                Ok(done)
            }
            // The work has only seen that its connection was closed.
            Err(error) => match transaction.rollback().await {
                RolledBack::Idle => Err(Error::IdleTooLong.into()),
                _ => Err(error),
            },
        }
    }
}
