//! A part of a request that is a transaction by itself, and runs again by itself.

use std::sync::Arc;
use std::time::Instant;

use poem::Result;

use super::attempt::Outcome;
use super::opened::Opened;
use super::settle::{commit_in_turn, roll_back};
use super::visit::Visit;
use super::{NotSignedIn, Session, SessionError, Tx};
use crate::ledger::Error;
use crate::ledger::retry::{backoff, may_try_again};
use crate::session::SessionId;
use crate::telemetry;

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
    /// [`Tx`] or has changed the session before; if the session that the request came with has ended meanwhile,
    /// [`NotSignedIn`], or [`SessionError::Ended`] where nobody was signed in; 503 if the database is away or too
    /// many races were lost.
    pub async fn transaction<T, F>(&self, work: impl Fn(Self, Tx) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let visit = &self.visit;
        if visit.has_work().await {
            return Err(SessionError::TransactionOpen.into());
        }
        let started = Instant::now();
        let mut held = None;
        loop {
            // Loaded again with the transaction's beginning.
            held = visit.opened().take().as_ref().and_then(Held::of).or(held);
            let again = match self.attempt_part(held.as_ref(), &work).await {
                Ok(done) => return Ok(done),
                Err(Outcome::Again(again)) => again,
                Err(Outcome::Done(result)) => return self.give_up(result.err()).await,
            };
            if !may_try_again(again.prospect, visit.attempt(), started) {
                return self.give_up(again.last_answer().map_or_else(Some, |_| None)).await;
            }
            telemetry::abort(&again.reason);
            again.prepare(&visit.shared);
            tokio::time::sleep(backoff(visit.attempt())).await;
            visit.try_again();
        }
    }

    async fn attempt_part<T, F>(
        &self,
        held: Option<&Held>,
        work: &impl Fn(Self, Tx) -> F,
    ) -> std::result::Result<T, Outcome>
    where
        F: Future<Output = Result<T>>,
    {
        let tx = Tx::of(Arc::clone(&self.visit)).await?;
        let result = match held.and_then(|held| held.lost(self.visit.opened().as_ref())) {
            Some(error) => {
                drop(tx);
                Err(error)
            }
            None => work(self.clone(), tx).await,
        };
        match result {
            Ok(done) => commit_part(Arc::clone(&self.visit)).await.map(|()| done),
            Err(error) => {
                let (_, running) = self.visit.take().await;
                Err(Outcome::of_error(&self.visit.shared, error, roll_back(running).await))
            }
        }
    }
}

/// The session that the handler has seen. What it does is for the holder of that session: if that has ended since,
/// the work must not be done for a visitor who is nobody.
struct Held {
    session: SessionId,
    signed_in: bool,
}

impl Held {
    fn of(opened: &Opened) -> Option<Self> {
        let (session, _) = opened.loaded_version()?;
        Some(Self { session, signed_in: opened.draft.state().user.is_some() })
    }

    /// What to answer if the session, loaded again, is no longer there.
    fn lost(&self, opened: Option<&Opened>) -> Option<poem::Error> {
        let present = opened.and_then(Opened::loaded_version).map(|(session, _)| session);
        let error = if self.signed_in { NotSignedIn.into() } else { SessionError::Ended.into() };
        (present != Some(self.session)).then_some(error)
    }
}

impl Session {
    /// Leaves the session as it is stored, for what the handler does after a failure.
    async fn give_up<T>(&self, error: Option<poem::Error>) -> Result<T> {
        self.visit.opened().take();
        self.visit.leave_line();
        self.visit.open().await?;
        Err(error.unwrap_or_else(|| Error::TransactionKept.into()))
    }
}

/// In a task of its own: a client that hangs up must not stop a commit halfway.
async fn commit_part(visit: Arc<Visit>) -> std::result::Result<(), Outcome> {
    // Taken before anybody can drop the request, which would roll back what is left in the visit.
    let (opened, running) = visit.take().await;
    let committing = async move {
        let Some(mut opened) = opened else {
            roll_back(running).await;
            return Err(Error::TransactionKept.into());
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
