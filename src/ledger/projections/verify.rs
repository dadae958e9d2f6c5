//! Comparing a projection of an application's with the log.

use super::super::{Ledger, Progress};
use super::error::ProjectionError;
use super::replay::Replay;
use crate::store::projection::own::Projection;
use crate::store::projection::own::staging::RowDifference;

/// Begins the transaction that compares, at one moment. NOT DEFERRABLE is explained in `sql/begin.sql`.
const BEGIN: &str = "begin isolation level repeatable read, read only, not deferrable";

/// In what a projection differs from the rows that the log makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProjectionDifferences {
    /// The rows that differ, table by table and by their keys: of each table at most
    /// [`ROWS_MAX`](Self::ROWS_MAX).
    pub rows: Vec<RowDifference>,
    /// How many events the projection refuses. The later events of their sessions were left out.
    pub refused: u64,
}

impl ProjectionDifferences {
    /// How many rows of a table are told.
    pub const ROWS_MAX: usize = 1_000;

    /// Whether the tables are as the log says.
    pub fn is_equal(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Ledger {
    /// Compares the tables of a projection with those that the log makes, at one moment: an inline one (see
    /// [`Builder::inline`](crate::ledger::Builder::inline)) as of now, any other as of its checkpoint. It may
    /// run while the application and its follower do, and changes nothing.
    ///
    /// All events are told to the projection again, as [replayed](crate::ledger::Fact::is_replayed), and what
    /// it makes of them goes into temporary tables. The role needs to make these (`temporary` on the
    /// database), to read the log and the tables, and `session_ledger_runtime` or `_relay`.
    ///
    /// # Errors
    ///
    /// A part of the log is archived, the projection writes other tables than its own, or the database is
    /// away.
    pub async fn verify_projection(
        &self,
        projection: &dyn Projection,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<ProjectionDifferences, ProjectionError> {
        let mut replay = Replay::begin(self, projection, progress).await?;
        replay.tell(async || Ok(())).await?;
        replay.client.run(BEGIN).await?;
        replay.tell_rest().await?;
        let mut differences =
            ProjectionDifferences { refused: replay.refused.len() as u64, ..Default::default() };
        for table in &replay.tables {
            let most = ProjectionDifferences::ROWS_MAX as i64;
            let comparing = table.differences(&replay.client, most);
            differences.rows.extend(replay.client.step(comparing).await?);
        }
        replay.client.run("commit").await?;
        Ok(differences)
    }
}
