//! Applying delivered events to the tables of a projection, in the transaction that is open on a connection.

use std::collections::HashMap;

use deadpool_postgres::ClientWrapper;

use super::Projection;
use super::inline::project;
use super::ready::ReadyStatement;
use crate::session::{Recorded, SessionId};
use crate::store::connection::pipeline::pipelined;
use crate::store::connection::pool::Statements;
use crate::store::error::Error;
use crate::store::log::checkpoint::Refusal;

/// The point to which a transaction goes back when an event is refused.
const MARK: &str = "savepoint session_ledger_event";
const KEEP: &str = "release savepoint session_ledger_event";
const UNDO: &str = "rollback to savepoint session_ledger_event";

/// A projection, and the connection on which it is written.
#[derive(Clone, Copy)]
pub(crate) struct Applying<'a> {
    pub(crate) client: &'a ClientWrapper,
    pub(crate) statements: Statements,
    pub(crate) projection: &'a dyn Projection,
}

/// A delivered event, and whether it is told again.
#[derive(Clone, Copy)]
pub(crate) struct Delivered<'a> {
    pub(crate) recorded: &'a Recorded,
    pub(crate) is_replayed: bool,
}

/// What has become of events that do not all take effect.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub(crate) refused: Vec<Refusal>,
    /// How many wait behind a refused one of their session.
    pub(crate) waiting: u64,
}

/// The sessions whose events wait, and from which version on.
pub(crate) type Waiting = HashMap<SessionId, i64>;

/// Whether an event waits behind one that was refused.
pub(crate) fn waits(waiting: &Waiting, recorded: &Recorded) -> bool {
    waiting.get(&recorded.session_id).is_some_and(|from| recorded.entry.version >= *from)
}

impl Applying<'_> {
    /// Applies events, all in one trip. After a failure the transaction has failed.
    pub(crate) async fn together(self, events: &[Delivered<'_>]) -> Result<(), Error> {
        let mut ready = Vec::new();
        for Delivered { recorded, is_replayed } in events {
            let made = project(self.projection, recorded.session_id, &recorded.entry, *is_replayed)?;
            for statement in made {
                let statement = (self.projection.name(), statement);
                ready.push(ReadyStatement::of(statement, self.client, self.statements).await?);
            }
        }
        pipelined(ready.iter().map(|statement| statement.step(self.client)).collect()).await
    }

    /// Applies events one by one, so that a refused one takes no other along. Its session's later events wait
    /// from then on.
    pub(crate) async fn apart(
        self,
        events: &[Delivered<'_>],
        waiting: &mut Waiting,
    ) -> Result<Applied, Error> {
        let mut applied = Applied::default();
        for one in events {
            if waits(waiting, one.recorded) {
                applied.waiting += 1;
            } else if let Some(reason) = self.refusal(std::slice::from_ref(one)).await? {
                waiting.insert(one.recorded.session_id, one.recorded.entry.version);
                applied.refused.push(Refusal::of(one.recorded, reason));
            }
        }
        Ok(applied)
    }

    /// Applies events together, and one by one if that fails.
    pub(crate) async fn somehow(
        self,
        events: &[Delivered<'_>],
        waiting: &mut Waiting,
    ) -> Result<Applied, Error> {
        let (late, due): (Vec<_>, Vec<_>) = events.iter().partition(|one| waits(waiting, one.recorded));
        let mut applied = match self.refusal(&due).await? {
            None => Applied::default(),
            Some(_) => self.apart(&due, waiting).await?,
        };
        applied.waiting += late.len() as u64;
        Ok(applied)
    }

    /// Applies events together. If one is refused, none has taken effect, and this says why.
    async fn refusal(self, events: &[Delivered<'_>]) -> Result<Option<String>, Error> {
        self.client.batch_execute(MARK).await?;
        let reason = match self.together(events).await {
            Ok(()) => None,
            Err(Error::Projection { reason, .. }) => {
                self.client.batch_execute(UNDO).await?;
                Some(reason)
            }
            Err(error) => return Err(error),
        };
        self.client.batch_execute(KEEP).await?;
        Ok(reason)
    }
}
