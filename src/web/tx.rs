//! The transaction that a handler's own statements share with the session.

use std::ops::Deref;
use std::sync::Arc;

use deadpool_postgres::Object;
use poem::{FromRequest, Request, RequestBody};
use time::OffsetDateTime;

use super::savepoint::Savepoint;
use super::visit::Visit;
use crate::ledger::{Error, SessionSummary};
use crate::session::{Draft, EndReason, Origin, Recorded, SessionId, UserId};
use crate::store::request::transaction::Transaction;

/// The request's SERIALIZABLE transaction. It begins in the same trip that loads the session, and is committed
/// after the handler has returned, together with what the handler changed in the session, in one trip: both
/// take effect, or neither.
///
/// It derefs to deadpool's client and, through that, to tokio-postgres' own, so anything written against their
/// `GenericClient` takes `&*tx` or `&***tx`, COPY and cached statements included. Do not send BEGIN, COMMIT or
/// ROLLBACK yourself; for a part that may fail there is [`savepoint`](Self::savepoint). Behind a transaction
/// pooler use `query_typed` or a statement's text instead of `prepare_cached`: see
/// [`unnamed_statements`](crate::ledger::Builder::unnamed_statements).
///
/// Ask for it before the session, that is, name it first among a handler's arguments: then the session is loaded as the
/// transaction begins. The other way round the database loads it twice, though in no more trips.
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

impl<'a> FromRequest<'a> for Tx {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self::of(Visit::of(request)?).await?)
    }
}

impl Tx {
    /// The transaction of a visit, begun if it is not yet.
    pub(super) async fn of(visit: Arc<Visit>) -> Result<Self, Error> {
        let transaction = visit.transaction().await?;
        Ok(Self { visit, transaction })
    }

    /// The events of a session, as this transaction sees them and as [`Ledger::history`](crate::Ledger::history) gives
    /// them.
    ///
    /// # Errors
    ///
    /// The statement fails.
    pub async fn history(&self, session: SessionId) -> Result<Vec<Recorded>, Error> {
        crate::store::log::history::history(self.transaction.client(), session).await
    }

    /// A user's sessions, live and ended, the latest first, as this transaction sees them.
    ///
    /// # Errors
    ///
    /// The statement fails.
    pub async fn sessions(&self, user: &UserId) -> Result<Vec<SessionSummary>, Error> {
        crate::store::sessions::sessions_of(self.transaction.client(), user).await
    }

    /// Ends a session together with what this transaction does, say a user's other sessions with the change of
    /// their password. The user of the request's session is noted as who did it. Says whether there was a live
    /// session to end.
    ///
    /// # Errors
    ///
    /// The statement fails; if it lost a race, pass the error on and the request runs again.
    pub async fn end(&self, session: SessionId, reason: EndReason) -> Result<bool, Error> {
        let ledger = &self.visit.shared.ledger;
        let (own, actor) = {
            let opened = self.visit.opened();
            let draft = opened.as_ref().map(|opened| &opened.draft).filter(|draft| !draft.is_new());
            (draft.map(Draft::id), draft.and_then(|draft| draft.state().user.clone()))
        };
        if own == Some(session) {
            if let Some(opened) = self.visit.opened().as_mut() {
                opened.end(ledger.policy(), reason);
            }
            return Ok(true);
        }
        let origin = Origin { at: OffsetDateTime::UNIX_EPOCH, client: self.visit.arrival.client(), actor };
        ledger.end_within(self.transaction.client(), session, reason, origin).await
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
