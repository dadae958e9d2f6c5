//! A part of a transaction that may fail by itself.

use std::fmt;

use super::transaction::Transaction;
use crate::store::connection::deadline::answered;
use crate::store::error::Error;

/// A point in a [`Tx`](crate::web::Tx) to go back to. Dropped without either of its methods it does nothing:
/// the statements after it stay a part of the transaction.
#[must_use = "a savepoint does nothing until it is released or rolled back to"]
pub struct Savepoint<'a> {
    transaction: &'a Transaction,
    name: String,
    /// How many sessions had ended in the transaction before.
    ends: usize,
}

impl fmt::Debug for Savepoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Savepoint").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<'a> Savepoint<'a> {
    pub(crate) async fn mark(transaction: &'a Transaction) -> Result<Self, Error> {
        let name = format!("session_ledger_{}", transaction.next_savepoint());
        send(transaction, &format!("savepoint {name}")).await?;
        Ok(Self { transaction, name, ends: transaction.ends_so_far() })
    }

    /// Keeps the changes that were made after this point.
    ///
    /// # Errors
    ///
    /// A statement after this point has failed: only [`rollback`](Self::rollback) helps then.
    pub async fn release(self) -> Result<(), Error> {
        send(self.transaction, &format!("release savepoint {}", self.name)).await
    }

    /// Undoes the changes that were made after this point. The transaction goes on, even if a statement has
    /// failed. After a serialization failure it does not: the whole transaction has failed, and the request
    /// runs again.
    ///
    /// # Errors
    ///
    /// The statement fails.
    pub async fn rollback(self) -> Result<(), Error> {
        send(self.transaction, &format!("rollback to savepoint {}", self.name)).await?;
        self.transaction.undo_ends(self.ends);
        self.transaction.mark_again();
        Ok(())
    }
}

async fn send(transaction: &Transaction, statement: &str) -> Result<(), Error> {
    answered(async { Ok(transaction.client().batch_execute(statement).await?) }).await
}
