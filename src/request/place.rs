//! A request's place among the writers of its session, and its room for a connection.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::writer_queue::{Turn, WriterQueue};
use crate::ledger::Error;
use crate::session::SessionId;

/// A request's place in the line of those who write to its session.
#[derive(Default)]
pub(super) struct Place(Mutex<Standing>);

#[derive(Default)]
enum Standing {
    /// It has not stood in line yet.
    #[default]
    Outside,
    /// It has had its turn, which may be over.
    Turn(#[expect(dead_code, reason = "it is kept until the request leaves")] Turn),
    /// It has waited its time, and goes ahead without a turn.
    Waited,
    /// It is settled, or was dropped. A handle that somebody keeps never stands in line.
    Gone,
}

impl Place {
    /// Waits for a turn, for a bounded time and once only.
    pub(super) async fn stand(&self, queue: &WriterQueue, session: SessionId) {
        if !self.is_outside() {
            return;
        }
        let turn = queue.turn(session).await;
        let mut standing = self.standing();
        if matches!(*standing, Standing::Outside) {
            *standing = turn.map_or(Standing::Waited, Standing::Turn);
        }
    }

    /// Before a commit: takes the turn if nobody has it.
    ///
    /// A request that has not stood in line yet, and `runs_again`, is refused if somebody has the turn: it
    /// would only abort the other one. Its next run stands in line. Any other request goes ahead.
    ///
    /// # Errors
    ///
    /// It is refused.
    pub(super) fn claim(
        &self,
        queue: &WriterQueue,
        session: SessionId,
        runs_again: bool,
    ) -> Result<(), Error> {
        if !self.is_outside() {
            return Ok(());
        }
        match queue.turn_if_free(session) {
            Some(turn) => *self.standing() = Standing::Turn(turn),
            None if runs_again => return Err(Error::Stale { session }),
            None => {}
        }
        Ok(())
    }

    /// Lets the next one have its turn. The request may come back.
    pub(super) fn step_aside(&self) {
        let mut standing = self.standing();
        if !matches!(*standing, Standing::Gone) {
            *standing = Standing::Outside;
        }
    }

    /// Lets the next one have its turn, for good.
    pub(super) fn leave(&self) {
        *self.standing() = Standing::Gone;
    }

    fn is_outside(&self) -> bool {
        matches!(*self.standing(), Standing::Outside)
    }

    /// Never held across an await. Each change of it is whole.
    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
