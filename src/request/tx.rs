//! The transaction that a handler's own statements share with the session.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use deadpool_postgres::Object;

use super::visit::Visit;
use crate::ledger::desk::{Savepoint, Transaction};
use crate::ledger::{Error, EventPage, LoginPage, QuestionError, SessionSummary};
use crate::session::{EndReason, EventFilter, LoginFilter, Recorded, SessionId, UserId};

/// The request's SERIALIZABLE transaction.
///
/// It begins in the trip that loads the session. After the handler has returned it is committed together with
/// the changes of the session, in one trip: both take effect, or neither.
///
/// It derefs to deadpool's client and, through that, to tokio-postgres' own. Code that is written against
/// their `GenericClient` takes `&*tx` or `&***tx`, COPY and cached statements included. Do not send BEGIN,
/// COMMIT or ROLLBACK yourself; for a part that may fail there is [`savepoint`](Self::savepoint). Behind a
/// transaction pooler use `query_typed` or a statement's text instead of `prepare_cached`: see
/// [`unnamed_statements`](crate::ledger::Builder::unnamed_statements).
///
/// The server ends a transaction in which nothing happens for 5 s. Its connection's place in the pool is then
/// given to others, also if the handler goes on. A handler that reads a large body reads it before.
///
/// Name it first among a handler's arguments, before the session: then the session is loaded as the
/// transaction begins. The other way round the database loads the session twice, though in no more trips.
///
/// ```
/// use poem::error::InternalServerError;
/// use poem::{Result, handler};
/// use session_ledger::Key;
/// use session_ledger::web::{SignedIn, Tx};
///
/// const CART: Key<Vec<i32>> = Key::new("cart");
///
/// #[handler]
/// async fn order(tx: Tx, session: SignedIn) -> Result<&'static str> {
///     let cart = session.get(&CART)?.unwrap_or_default();
///     let insert = "insert into orders (user_id, items) values ($1, $2)";
///     tx.execute(insert, &[&session.user().as_str(), &cart]).await.map_err(InternalServerError)?;
///     session.remove(&CART)?;
///     Ok("thank you")
/// }
/// ```
#[derive(Clone)]
pub struct Tx {
    visit: Arc<Visit>,
    transaction: Arc<Transaction>,
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}

impl Tx {
    /// The transaction of a visit, begun if it is not yet.
    pub(crate) async fn of(visit: Arc<Visit>) -> Result<Self, Error> {
        let transaction = visit.transaction().await?;
        Ok(Self { visit, transaction })
    }

    /// The events of a session, as this transaction sees them: see
    /// [`Ledger::history`](crate::Ledger::history).
    ///
    /// # Errors
    ///
    /// The statement fails, or a stored payload does not decode.
    pub async fn history(&self, session: SessionId) -> Result<Vec<Recorded>, Error> {
        self.transaction.history(session).await
    }

    /// A user's sessions, live and ended, the latest seen first, as this transaction sees them.
    ///
    /// # Errors
    ///
    /// The statement fails.
    pub async fn sessions(&self, user: &UserId) -> Result<Vec<SessionSummary>, Error> {
        self.transaction.sessions(user, self.visit.shared.ledger.policy().timeouts()).await
    }

    /// A page of logins, as this transaction sees them: see
    /// [`Ledger::logins_page`](crate::Ledger::logins_page). What it reads may make this transaction conflict
    /// with logins that happen meanwhile, and the request then runs again. A question that need not be
    /// answered together with the handler's own statements is better asked of the ledger.
    ///
    /// # Errors
    ///
    /// The question has no answer, or the statement fails.
    pub async fn logins_page(
        &self,
        filter: &LoginFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<LoginPage, QuestionError> {
        self.transaction.logins_page(filter, cursor, limit).await
    }

    /// A page of events, as this transaction sees them: see
    /// [`Ledger::events_page`](crate::Ledger::events_page), and [`logins_page`](Self::logins_page) for what
    /// the transaction pays for it.
    ///
    /// # Errors
    ///
    /// The question has no answer, or the statement fails.
    pub async fn events_page(
        &self,
        filter: &EventFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<EventPage, QuestionError> {
        self.transaction.events_page(filter, cursor, limit).await
    }

    /// Ends a session in this transaction, say a user's other sessions with the change of their password. The
    /// history names the user of the request's session as the actor. Says whether there was a live session to
    /// end.
    ///
    /// # Errors
    ///
    /// The reason cannot be stored, or the statement fails; if it lost a race, pass the error on and the
    /// request runs again.
    pub async fn end(&self, session: SessionId, reason: EndReason) -> Result<bool, Error> {
        if let Ok(opened) = self.visit.stage().changing()
            && opened.holding.is_stored(session)
        {
            opened.end(reason)?;
            self.visit.mark(opened);
            return Ok(true);
        }
        let actor = self.visit.stage().opened().and_then(|opened| opened.holding.signed_in_user().cloned());
        let client = self.visit.arrival.client();
        self.visit.shared.ledger.end_within(&self.transaction, session, reason, client, actor).await
    }

    /// Marks a point to which the transaction can go back when a part of it fails.
    ///
    /// # Errors
    ///
    /// The statement fails.
    pub async fn savepoint(&self) -> Result<Savepoint<'_>, Error> {
        Savepoint::mark(&self.transaction).await
    }
}

impl Deref for Tx {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.transaction.client()
    }
}
