//! Transactions outside any request.

use std::time::Instant;

use deadpool_postgres::Client;

use super::retry::{backoff, may_try_again};
use super::{Error, Ledger};
use crate::store::error::{Prospect, cause};
use crate::store::transaction::Transaction;

impl Ledger {
    /// Does `work` in a SERIALIZABLE transaction on a connection of the ledger's pool, and again when it loses a
    /// race, so it should do nothing outside the database. An error of `work` rolls back.
    ///
    /// For use outside HTTP, say in a job. Inside a request there is [`Tx`](crate::web::Tx), or
    /// [`Session::transaction`](crate::web::Session::transaction).
    ///
    /// ```no_run
    /// # async fn example(ledger: session_ledger::Ledger) -> Result<(), session_ledger::Error> {
    /// let purged = ledger
    ///     .transaction(async |client| {
    ///         Ok::<_, session_ledger::Error>(client.execute("delete from cart where abandoned", &[]).await?)
    ///     })
    ///     .await?;
    /// # let _: u64 = purged; Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of `work`, if doing it again would not help; or that the database is away, that too many races
    /// were lost, or that nobody can tell how the COMMIT ended ([`Error::OutcomeUnknown`]).
    pub async fn transaction<T, E>(&self, work: impl AsyncFn(&Client) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error> + std::error::Error + 'static,
    {
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            let error = match self.attempt(&work).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let prospect = cause(&error).map_or(Prospect::None, |cause| cause.prospect());
            if !may_try_again(prospect, attempt, started) {
                return Err(error);
            }
            tokio::time::sleep(backoff(attempt)).await;
            attempt += 1;
        }
    }

    async fn attempt<T, E>(&self, work: &impl AsyncFn(&Client) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        let (transaction, _) = Transaction::begin(self.pool(), None).await?;
        match work(transaction.client()).await {
            Ok(done) => {
                transaction.commit(self.pool(), &[], Some(crate::store::commit::Fence::NONE)).await?;
                Ok(done)
            }
            Err(error) => {
                if let Err(error) = transaction.rollback().await {
                    tracing::warn!(%error, "a rollback failed, so that its connection is discarded");
                }
                Err(error)
            }
        }
    }
}
