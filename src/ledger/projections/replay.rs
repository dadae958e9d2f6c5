//! Telling the log again: into temporary tables, on a connection of its own.
//!
//! The most of it happens in short transactions, so that no snapshot gets old. They are read-only, in which
//! PostgreSQL lets nothing but temporary tables be written: so a projection's side effects are off even if it
//! has not thought of it.

use super::super::{Ledger, Progress};
use super::error::ProjectionError;
use crate::store::connection::pool::Statements;
use crate::store::connection::watched::Watched;
use crate::store::error::Error;
use crate::store::log::checkpoint::Refusal;
use crate::store::log::feed::{self, Cursor};
use crate::store::log::reading;
use crate::store::log::streams::count_estimate;
use crate::store::projection::own::applying::{Applying, Delivered, Waiting};
use crate::store::projection::own::staging::{Staged, stage};
use crate::store::projection::own::{Projection, place};

/// How many events are told in a transaction.
const EVENTS_MAX: u32 = 1_000;

/// Begins a transaction in which events are told. NOT DEFERRABLE is explained in `sql/begin.sql`.
const BEGIN: &str = "begin isolation level read committed, read only, not deferrable";

/// A part of a transaction in which nothing but temporary tables can be written.
const BEGIN_PART: &str = "savepoint session_ledger_replay; set transaction read only";
const END_PART: &str = "release savepoint session_ledger_replay";

/// A projection that is derived anew.
pub(super) struct Replay<'a, T> {
    pub(super) client: Watched,
    pub(super) tables: Vec<Staged>,
    pub(super) refused: Vec<Refusal>,
    projection: &'a dyn Projection,
    is_inline: bool,
    from: Cursor,
    waiting: Waiting,
    progress: Progress,
    told: T,
}

impl<'a, T: FnMut(Progress) + Send> Replay<'a, T> {
    /// Begins, with empty tables.
    pub(super) async fn begin(
        ledger: &Ledger,
        projection: &'a dyn Projection,
        mut told: T,
    ) -> Result<Self, ProjectionError> {
        let name = projection.name();
        let is_inline = ledger.pool().inline().has(name);
        let months = ledger.archived_partitions().await?.len();
        if months > 0 {
            return Err(ProjectionError::Archived { name, months });
        }
        let client = ledger.own_connection().await?;
        let staged = client.step(stage(&client, projection.tables())).await?;
        let tables = staged.map_err(|table| ProjectionError::TableMissing { name, table })?;
        let events_estimated = client.step(count_estimate(&client)).await?;
        let progress = Progress { events_estimated, ..Progress::default() };
        told(progress);
        let (from, refused, waiting) = (Cursor::BEGINNING, Vec::new(), Waiting::new());
        let replay = Self { client, tables, refused, projection, is_inline, from, waiting, progress, told };
        // Before the log is read, and each batch in a transaction of its own, it says whether it can.
        replay.target().await?;
        Ok(replay)
    }

    pub(super) fn is_inline(&self) -> bool {
        self.is_inline
    }

    /// Tells what lies before the place that the projection has reached when this is called. `between` is
    /// called after each batch.
    pub(super) async fn tell(
        &mut self,
        mut between: impl AsyncFnMut() -> Result<(), ProjectionError>,
    ) -> Result<(), ProjectionError> {
        let target = self.target().await?;
        loop {
            self.client.run(BEGIN).await?;
            let is_done = self.batch(&target).await?;
            self.client.run("commit").await?;
            between().await?;
            if is_done {
                return Ok(());
            }
        }
    }

    /// Tells the rest, in the transaction that is open: up to the place that it sees.
    pub(super) async fn tell_rest(&mut self) -> Result<(), ProjectionError> {
        let target = self.target().await?;
        self.client.run(BEGIN_PART).await?;
        while !self.batch(&target).await? {}
        self.client.run(END_PART).await?;
        (self.told)(Progress { is_read: true, ..self.progress });
        Ok(())
    }

    /// Tells a batch. Says whether it was the last before `target`.
    async fn batch(&mut self, target: &Cursor) -> Result<bool, ProjectionError> {
        let reading = async { Ok(feed::between(&self.client, self.from.clone(), target, EVENTS_MAX).await) };
        let batch = self.client.step(reading).await??;
        let told = |recorded| Delivered { recorded, is_replayed: true };
        let events: Vec<_> = batch.events.iter().map(told).collect();
        let (client, projection) = (&*self.client, self.projection);
        let applying = Applying { client, statements: Statements::Prepared, projection };
        let applied = self.client.step(applying.somehow(&events, &mut self.waiting)).await;
        let applied = applied.map_err(|error| self.explained(error))?;
        self.refused.extend(applied.refused);
        if let (true, Some(first)) = (self.is_inline, self.refused.first()) {
            let (name, session, version) = (projection.name(), first.session, first.version);
            return Err(ProjectionError::Refused { name, session, version, reason: first.reason.clone() });
        }
        self.progress.count_events(batch.events.len() as u64, &mut self.told);
        let is_done = batch.is_up_to_date();
        self.from = batch.into_target();
        Ok(is_done)
    }

    /// The place that the projection has reached.
    async fn target(&self) -> Result<Cursor, ProjectionError> {
        if self.is_inline {
            return Ok(self.client.step(reading::now(&self.client, false)).await?);
        }
        let name = self.projection.name();
        let reached = self.client.step(place::followed(&self.client, name)).await?;
        reached.ok_or(ProjectionError::Unknown { name })
    }

    /// A read-only transaction refuses what is written elsewhere.
    fn explained(&self, error: Error) -> ProjectionError {
        match error {
            Error::Unusable(reason) => {
                ProjectionError::WritesElsewhere { name: self.projection.name(), reason }
            }
            other => other.into(),
        }
    }
}
