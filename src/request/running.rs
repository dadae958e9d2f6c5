//! The transaction that a handler has asked for, until it is finished.

use std::sync::Arc;

use super::opened::Opened;
use super::room::Room;
use crate::ledger::desk::{Begun, Loaded, RolledBack, Transaction};
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
            tracing::warn!("{error}");
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

    /// Why a beginning that was sent ahead has failed, if it has. If a table has been altered, all
    /// connections must prepare their statements anew.
    async fn look_back(&mut self) -> Option<Error> {
        let error = match self.ahead.take() {
            Some((_, begun)) => Ledger::begun(begun).await.err(),
            None => self.transaction.begun().await.err(),
        }?;
        if matches!(error, Error::Outdated(_)) {
            self.transaction.client().forget_statements();
        }
        Some(error)
    }
}

/// How a request's transaction was found when it was rolled back.
#[derive(Debug)]
pub(crate) struct Undone {
    pub(crate) found: RolledBack,
    /// Why the transaction has not begun or was ended, if that is known: the handler has only seen that its
    /// own statements were refused.
    pub(crate) cause: Option<Error>,
}

impl Undone {
    /// There was nothing to roll back.
    pub(crate) const NOTHING: Self = Self { found: RolledBack::Sound, cause: None };

    /// The connection was lost, with the transaction.
    pub(super) const LOST: Self = Self { found: RolledBack::Lost, cause: None };

    /// Whether the transaction would have gone on.
    pub(crate) fn is_sound(&self) -> bool {
        self.found == RolledBack::Sound && self.cause.is_none()
    }
}

/// Rolls back, and says how the transaction was found. It does so on the heap: whoever commits may have to
/// roll back instead, and need not have room for it.
pub(super) async fn roll_back(running: Option<Running>) -> Undone {
    match running {
        Some(running) => Box::pin(roll_back_and_load(running, None)).await.0,
        None => Undone::NOTHING,
    }
}

/// Rolls back, and loads a session in the same trip. Without an answer to the load the session must be loaded
/// by itself.
pub(super) async fn roll_back_and_load(
    mut running: Running,
    session: Option<SessionId>,
) -> (Undone, Option<Loaded>) {
    let beginning = running.look_back().await;
    let _room = running.room.take();
    let Ok(transaction) = running.take_back() else {
        return (Undone { cause: beginning, ..Undone::NOTHING }, None);
    };
    let (found, loaded) = transaction.rollback_and_load(session).await;
    if found == RolledBack::Lost {
        tracing::warn!(
            "a connection was lost before its transaction was committed, or takes no writes: it is discarded"
        );
    }
    let idle = (found == RolledBack::Idle).then_some(Error::IdleTooLong);
    (Undone { found, cause: beginning.or(idle) }, loaded)
}
