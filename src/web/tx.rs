//! The transaction that a handler's own statements share with the session.

use std::ops::Deref;
use std::sync::Arc;

use deadpool_postgres::Object;
use poem::{FromRequest, Request, RequestBody, Result};

use super::visit::Visit;
use crate::store::transaction::Transaction;

/// The request's SERIALIZABLE transaction. It begins in the same trip that loads the session, and is committed
/// after the handler has returned, together with what the handler changed in the session, in one trip: both
/// take effect, or neither.
///
/// It derefs to deadpool's client and, through that, to tokio-postgres' own, so anything written against their
/// `GenericClient` takes `&**tx`. Do not send BEGIN, COMMIT or ROLLBACK yourself; savepoints are fine.
/// Behind a transaction pooler use `query_typed` or a statement's text instead of `prepare_cached`: see
/// [`unnamed_statements`](crate::ledger::Builder::unnamed_statements).
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
/// async fn order(session: SignedIn, tx: Tx) -> Result<&'static str> {
///     let cart = session.get(&CART)?.unwrap_or_default();
///     let insert = "insert into orders (user_id, items) values ($1, $2)";
///     tx.execute(insert, &[&session.user().as_str(), &cart]).await.map_err(InternalServerError)?;
///     session.remove(&CART)?;
///     Ok("thank you")
/// }
/// ```
#[derive(Clone)]
pub struct Tx {
    transaction: Arc<Transaction>,
}

impl<'a> FromRequest<'a> for Tx {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        let visit = Visit::of(request)?;
        Ok(Self { transaction: visit.transaction().await? })
    }
}

impl Deref for Tx {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.transaction.client()
    }
}
