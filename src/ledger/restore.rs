//! Writing the events of an archive back into an empty database.

use tokio_postgres::types::ToSql;

use super::{Error, Ledger};
use crate::plain_debug::plain_debug;
use crate::session::{Archived, SessionId};
use crate::store::connection::watched::Watched;
use crate::store::log::restoring::{self, BEGIN_RESTORE};

/// An archive was not restored: nothing was written.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The log holds something.
    #[error(
        "this ledger holds events, sessions or archived partitions already, and an archive is restored into an empty one \
         alone: make a new database, and run `projector migrate` there"
    )]
    NotEmpty,
    /// Somebody writes to the log.
    #[error("somebody else uses the log: stop the application first")]
    InUse,
    /// The database is away or refuses.
    #[error(transparent)]
    Store(#[from] Error),
}

plain_debug!(RestoreError);

/// A restore under way: one transaction, which [`commit`](Self::commit) ends. Dropped before, it has written
/// nothing.
pub struct Restore {
    client: Watched,
    position_max: i64,
    epoch_max: i16,
    events: u64,
}

impl std::fmt::Debug for Restore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Restore").field("events", &self.events).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Begins to write the events of an archive into an empty log. `projector archive restore` does.
    ///
    /// # Errors
    ///
    /// See [`RestoreError`]. It needs the role that owns the schema.
    pub async fn restore(&self) -> Result<Restore, RestoreError> {
        let client = self.own_connection().await?;
        if let Err(error) = client.run(BEGIN_RESTORE).await {
            return Err(if crate::store::patience::is_locked(&error) {
                RestoreError::InUse
            } else {
                error.into()
            });
        }
        if !client.step(restoring::is_empty(&client)).await? {
            client.run("rollback").await.ok();
            return Err(RestoreError::NotEmpty);
        }
        Ok(Restore { client, position_max: 0, epoch_max: 0, events: 0 })
    }
}

impl Restore {
    /// Makes the partition of the month in which this session started, if there is none.
    ///
    /// # Errors
    ///
    /// The database is away or refuses.
    pub async fn month(&mut self, session: SessionId) -> Result<(), RestoreError> {
        let making = restoring::make_month(&self.client, session.started_at());
        Ok(self.client.step(making).await?)
    }

    /// Writes events, with all that the log held of them.
    ///
    /// # Errors
    ///
    /// The database is away or refuses.
    pub async fn add(&mut self, events: &[Archived]) -> Result<(), RestoreError> {
        self.client.step(restoring::add(&self.client, events)).await?;
        for Archived { recorded, epoch } in events {
            self.position_max = self.position_max.max(recorded.position);
            self.epoch_max = self.epoch_max.max(*epoch);
            self.events += 1;
        }
        Ok(())
    }

    /// Ends the restore: the log holds the events from then on. The database begins an epoch of its own, as
    /// the transaction ids of the events are those of another server. The projection is still empty:
    /// [`Ledger::rebuild`] derives it.
    ///
    /// # Errors
    ///
    /// The database is away or refuses: nothing was written, unless its answer was lost.
    pub async fn commit(self) -> Result<(), RestoreError> {
        let parameters: [&(dyn ToSql + Sync); 2] = [&self.position_max, &self.epoch_max];
        self.client.step(restoring::settle(&self.client, &parameters)).await?;
        Ok(self.client.run("commit").await?)
    }
}
