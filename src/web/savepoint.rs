//! A part of a transaction that may fail by itself.

use crate::ledger::Error;
use crate::store::request::transaction::Transaction;

/// A point in a [`Tx`](super::Tx) to go back to. Dropped without either of its methods it does nothing: what
/// came after it stays a part of the transaction.
#[must_use = "a savepoint does nothing until it is released or rolled back to"]
pub struct Savepoint<'a> {
    transaction: &'a Transaction,
    name: String,
}

impl<'a> Savepoint<'a> {
    pub(super) async fn mark(transaction: &'a Transaction) -> Result<Self, Error> {
        let name = format!("session_ledger_{}", transaction.next_savepoint());
        transaction.client().batch_execute(&format!("savepoint {name}")).await?;
        Ok(Self { transaction, name })
    }

    /// Keeps what came after it.
    ///
    /// # Errors
    ///
    /// A statement after it has failed: only [`rollback`](Self::rollback) helps then.
    pub async fn release(self) -> Result<(), Error> {
        Ok(self.transaction.client().batch_execute(&format!("release savepoint {}", self.name)).await?)
    }

    /// Undoes what came after it. The transaction goes on, even if a statement had failed, but not after a
    /// serialization failure, which dooms the whole of it: the request runs again.
    ///
    /// # Errors
    ///
    /// The statement fails.
    pub async fn rollback(self) -> Result<(), Error> {
        Ok(self.transaction.client().batch_execute(&format!("rollback to savepoint {}", self.name)).await?)
    }
}
