//! The transaction that a handler has asked for, until it is finished.

use std::sync::Arc;

use super::opened::Opened;
use super::room::Room;
use crate::ledger::desk::{Begun, RolledBack, Transaction};
use crate::ledger::{Error, Ledger};
use crate::session::SessionId;

/// A transaction under way.
pub(super) struct Running {
    pub(super) transaction: Arc<Transaction>,
    /// The answer to its beginning, if that was sent ahead, and the session that it must find.
    pub(super) ahead: Option<(Option<(SessionId, i64)>, Begun)>,
    /// None once its connection is lost.
    pub(super) room: Option<Room>,
}

impl Running {
    /// The transaction, to be finished. If somebody keeps it, it is ended under them.
    ///
    /// # Errors
    ///
    /// Somebody keeps it.
    pub(super) fn take_back(self) -> Result<Transaction, Error> {
        drop(self.ahead);
        Arc::try_unwrap(self.transaction).map_err(|kept| {
            let error = Error::TransactionKept;
            tracing::error!("{error}");
            kept.client().give_up_slot();
            kept.terminate();
            error
        })
    }

    /// Lets others have the connection's place in the pool, if the server has ended it. Says whether it has.
    pub(super) fn give_up_if_lost(&mut self) -> bool {
        let is_lost = self.transaction.client().is_closed();
        if is_lost {
            self.transaction.client().give_up_slot();
            self.room = None;
        }
        is_lost
    }

    /// Makes sure that the transaction has begun, and that it sees the session as the handler has seen it.
    ///
    /// # Errors
    ///
    /// It has not begun, or another request has changed the session since.
    pub(super) async fn begun(&mut self, opened: &mut Opened) -> Result<(), Error> {
        let Some((known, begun)) = self.ahead.take() else { return Ok(()) };
        let loaded = Ledger::begun(begun).await?;
        opened.holding.set_database_time(loaded.now);
        let found = loaded.session.as_ref().map(|live| live.state.version);
        match known {
            Some((session, version)) if found != Some(version) => Err(Error::Stale { session }),
            _ => Ok(()),
        }
    }

    /// Of a beginning that was sent ahead and failed, the handler has only seen that its own statement was
    /// refused. If a table has been altered, all connections must prepare their statements anew.
    async fn look_back(&mut self) {
        if let Some((_, begun)) = self.ahead.take()
            && let Err(Error::Outdated(_)) = Ledger::begun(begun).await
        {
            self.transaction.client().forget_statements();
        }
    }
}

/// Rolls back, and says how the transaction was found.
pub(super) async fn roll_back(running: Option<Running>) -> RolledBack {
    let Some(mut running) = running else { return RolledBack::Sound };
    running.look_back().await;
    let _room = running.room.take();
    let Ok(transaction) = running.take_back() else { return RolledBack::Sound };
    let found = transaction.rollback().await;
    if found == RolledBack::Lost {
        tracing::warn!(
            "a connection was lost before its transaction was committed, or takes no writes: it is discarded"
        );
    }
    found
}
