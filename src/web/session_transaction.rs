//! A part of a request that is a transaction by itself, and runs again by itself.

use std::sync::Arc;
use std::time::Instant;

use poem::Result;

use super::outcome::Outcome;
use crate::ledger::Error;
use crate::ledger::retry::{backoff, may_try_again};
use crate::request::failure::CommitFailed;
use crate::request::part::{Part, commit_part, give_up_part, roll_back_part};
use crate::request::{Session, SessionError, Tx};
use crate::telemetry;

impl Session {
    /// Does `work` in a SERIALIZABLE transaction, and commits it together with the changes that `work` makes
    /// to the session. If it loses a race, `work` is done again with the session loaded afresh.
    ///
    /// It is for handlers that must not run again as a whole: inside of a middleware that keeps its own
    /// things, with a large or streaming body, or with effects outside the database before or after. Once
    /// this has returned `Ok`, the changes stay, whatever the handler answers, and the request as a whole
    /// does not run again.
    ///
    /// ```
    /// # use poem::{Result, handler, error::InternalServerError};
    /// # use session_ledger::{Key, web::Session};
    /// # const CART: Key<Vec<i32>> = Key::new("cart");
    /// #[handler]
    /// async fn order(session: Session) -> Result<()> {
    ///     session
    ///         .transaction(async |session, tx| {
    ///             let cart = session.get(&CART)?.unwrap_or_default();
    ///             let insert = "insert into orders (items) values ($1)";
    ///             tx.execute(insert, &[&cart]).await.map_err(InternalServerError)?;
    ///             Ok(session.remove(&CART)?)
    ///         })
    ///         .await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of `work`, whose changes are rolled back;
    /// [`SessionError::TransactionOpen`](crate::web::SessionError::TransactionOpen) if the request has a
    /// [`Tx`] or has changed the session before; if the session that the request came with has ended
    /// meanwhile, [`NotSignedIn`](crate::web::NotSignedIn), or
    /// [`SessionError::Ended`](crate::web::SessionError::Ended) where nobody was signed in; 503 if the
    /// database is away or too many races were lost.
    pub async fn transaction<T, F>(&self, work: impl Fn(Self, Tx) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let visit = &self.visit;
        let mut part = Part::of(visit).await?;
        // What the handler has seen so far is as good as what the part will see.
        visit.check_known().await?;
        let started = Instant::now();
        loop {
            part.start_over(visit);
            let again = match self.attempt_part(&part, &work).await {
                Ok(done) => return Ok(done),
                Err(Outcome::Again(again)) => again,
                Err(Outcome::Done(result)) => return self.give_up(result.err()).await,
                Err(Outcome::SendAgain(_)) => {
                    return self.give_up(Some(SessionError::Superseded.into())).await;
                }
            };
            if !may_try_again(again.failure.prospect, visit.attempt(), started, visit.waited()) {
                return self.give_up(again.last_answer().err()).await;
            }
            telemetry::abort(&again.failure.reason);
            again.failure.prepare_next(&visit.shared);
            tokio::time::sleep(backoff(visit.attempt())).await;
            visit.try_again();
        }
    }

    async fn attempt_part<T, F>(
        &self,
        part: &Part,
        work: &impl Fn(Self, Tx) -> F,
    ) -> std::result::Result<T, Outcome>
    where
        F: Future<Output = Result<T>>,
    {
        let visit = &self.visit;
        let tx = Tx::of(Arc::clone(visit)).await.map_err(CommitFailed::from)?;
        let result = match part.lost(visit) {
            Some(lost) => {
                drop(tx);
                Err(lost.into())
            }
            None => work(self.clone(), tx).await,
        };
        match result {
            Ok(done) => Ok(commit_part(visit).await.map(|()| done)?),
            Err(error) => Err(Outcome::of_error(&visit.shared, error, roll_back_part(visit).await)),
        }
    }

    /// Leaves the session as it is stored, for what the handler does after a failure.
    async fn give_up<T>(&self, error: Option<poem::Error>) -> Result<T> {
        give_up_part(&self.visit).await?;
        Err(error.unwrap_or_else(|| Error::TransactionKept.into()))
    }
}
