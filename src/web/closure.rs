//! A part of a request that is a transaction by itself, and runs again by itself.

use std::sync::Arc;
use std::time::Instant;

use poem::Result;

use super::attempt::Outcome;
use super::settle::{commit_in_turn, roll_back};
use super::visit::Visit;
use super::{Session, SessionError, Tx};
use crate::ledger::retry::{backoff, may_try_again};

impl Session {
    /// Does `work` in a SERIALIZABLE transaction together with what it changes in the session, commits both, and
    /// does it again when it loses a race, with the session loaded afresh.
    ///
    /// For handlers that must not run again as a whole: inside a `Route` that is itself inside the middleware's
    /// endpoint with path parameters, with a large or streaming body, or with effects outside the database before
    /// or after. Once this has returned `Ok`, its changes stay, whatever the handler answers, and the request as a
    /// whole does not run again.
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
    /// The error of `work`, whose changes are rolled back; [`SessionError::TransactionOpen`] if the request has a
    /// [`Tx`] or has changed the session before; 503 if the database is away or too many races were lost.
    pub async fn transaction<T>(&self, work: impl AsyncFn(&Self, &Tx) -> Result<T>) -> Result<T> {
        let visit = &self.visit;
        if visit.has_work().await {
            return Err(SessionError::TransactionOpen.into());
        }
        let started = Instant::now();
        loop {
            // Loaded again with the transaction's beginning.
            visit.opened().take();
            let again = match self.attempt_part(&work).await {
                Ok(done) => return Ok(done),
                Err(Outcome::Again(again)) => again,
                Err(Outcome::Done(result)) => return self.give_up(result.err()).await,
            };
            if !may_try_again(again.prospect, visit.attempt(), started) {
                return self.give_up(again.last_answer().map_or_else(Some, |_| None)).await;
            }
            tokio::time::sleep(backoff(visit.attempt())).await;
            visit.try_again();
        }
    }

    async fn attempt_part<T>(
        &self,
        work: &impl AsyncFn(&Self, &Tx) -> Result<T>,
    ) -> std::result::Result<T, Outcome> {
        let tx = Tx::of(Arc::clone(&self.visit)).await?;
        let result = work(self, &tx).await;
        drop(tx);
        match result {
            Ok(done) => commit_part(Arc::clone(&self.visit)).await.map(|()| done),
            Err(error) => {
                let (_, running) = self.visit.take().await;
                Err(Outcome::of_error(&self.visit.shared, error, roll_back(running).await))
            }
        }
    }
}

impl Session {
    /// Leaves the session as it is stored, for what the handler does after a failure.
    async fn give_up<T>(&self, error: Option<poem::Error>) -> Result<T> {
        self.visit.opened().take();
        self.visit.leave_line();
        self.visit.open().await?;
        Err(error.unwrap_or_else(|| SessionError::TransactionKept.into()))
    }
}

/// In a task of its own: a client that hangs up must not stop a commit halfway.
async fn commit_part(visit: Arc<Visit>) -> std::result::Result<(), Outcome> {
    // Taken before anybody can drop the request, which would roll back what is left in the visit.
    let (opened, running) = visit.take().await;
    let committing = async move {
        let Some(mut opened) = opened else {
            roll_back(running).await;
            return Err(SessionError::TransactionKept.into());
        };
        let plan = commit_in_turn(&visit, &mut opened, running).await?;
        *visit.opened() = Some(opened.after(visit.shared.ledger.policy(), &plan));
        visit.keep(plan.cookie);
        visit.leave_line();
        Ok(())
    };
    match tokio::spawn(committing).await {
        Ok(outcome) => outcome,
        Err(error) => Err(Outcome::Done(Err(poem::error::InternalServerError(error)))),
    }
}
