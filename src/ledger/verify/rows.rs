//! Comparing the rows of sessions with those that the log makes, column by column.

use super::found::Found;
use super::logins::Logins;
use super::stream::Stream;
use crate::ledger::Error;
use crate::ledger::finding::Finding;
use crate::session::{Entry, SessionId};
use crate::store::connection::reading::Stretch;
use crate::store::projection::difference::ColumnDifference;
use crate::store::projection::inspection::Inspection;
use crate::store::projection::row::ProjectedRow;
use crate::store::projection::stored_rows::{Rows, StoredRow};
use crate::token::is_resend;

const LIVE: &str = "session";
const ENDED: &str = "ended_session";

/// The rows of a range of sessions, fetched beside the log.
pub(super) struct Comparison {
    live: Rows,
    ended: Rows,
    logins: Logins,
}

#[derive(Clone, Copy)]
enum Table {
    Live,
    Ended,
}

impl Comparison {
    pub(super) async fn open(inspection: &Inspection, range: Stretch) -> Result<Self, Error> {
        let (live, ended) = (inspection.live_rows(range).await?, inspection.ended_rows(range).await?);
        Ok(Self { live, ended, logins: Logins::open(inspection, range).await? })
    }

    /// Compares the step of a login that an event makes, before its session has ended.
    pub(super) async fn see(
        &mut self,
        session: SessionId,
        entry: &Entry,
        found: &mut Found<'_>,
    ) -> Result<(), Error> {
        self.logins.see(session, entry, found).await
    }

    /// Compares the rows of a session whose events were read, and reports those of sessions before it that
    /// the log does not hold.
    pub(super) async fn compare(&mut self, stream: &Stream<'_>, found: &mut Found<'_>) -> Result<(), Error> {
        let live = self.row(Table::Live, Some(stream.session), found).await?;
        let ended = self.row(Table::Ended, Some(stream.session), found).await?;
        if stream.is_readable {
            compare_rows(live, ended, stream, found);
        }
        self.logins.end_session(stream.session, stream.state.version, found).await
    }

    /// Reports the rows behind the log's last session.
    pub(super) async fn finish(mut self, found: &mut Found<'_>) -> Result<(), Error> {
        found.report.rows_compared += self.logins.finish(found).await?;
        self.row(Table::Live, None, found).await?;
        self.row(Table::Ended, None, found).await?;
        found.report.rows_compared += self.live.fetched() + self.ended.fetched();
        Ok(())
    }

    /// The row of `session`, if it is there. Rows before it belong to sessions that the log does not hold.
    async fn row(
        &mut self,
        table: Table,
        session: Option<SessionId>,
        found: &mut Found<'_>,
    ) -> Result<Option<StoredRow>, Error> {
        let (rows, table) = match table {
            Table::Live => (&mut self.live, LIVE),
            Table::Ended => (&mut self.ended, ENDED),
        };
        while let Some(row) = rows.up_to(session).await? {
            if Some(row.session) == session {
                return Ok(Some(row));
            }
            found.add(row.session, Finding::EventsMissing { table });
        }
        Ok(None)
    }
}

fn compare_rows(
    live: Option<StoredRow>,
    ended: Option<StoredRow>,
    stream: &Stream<'_>,
    found: &mut Found<'_>,
) {
    let derived = ProjectedRow::of(&stream.state);
    let (wanted, unwanted) = match derived {
        ProjectedRow::Live(_) => ((LIVE, live), (ENDED, ended)),
        ProjectedRow::Ended(_) => ((ENDED, ended), (LIVE, live)),
    };
    if let (table, Some(stored)) = unwanted {
        let ahead = stored.row.and_then(|row| row_ahead(table, &row, &derived));
        found.add(stream.session, ahead.unwrap_or(Finding::RowTooMany { table }));
    }
    compare_row(wanted.0, wanted.1, &derived, stream, found);
}

fn compare_row(
    table: &'static str,
    stored: Option<StoredRow>,
    derived: &ProjectedRow,
    stream: &Stream<'_>,
    found: &mut Found<'_>,
) {
    let session = stream.session;
    match stored {
        None => found.add(session, Finding::RowMissing { table }),
        Some(StoredRow { row: None, .. }) => found.add(session, Finding::RowUnreadable { table }),
        Some(StoredRow { row: Some(row), resend, .. }) => {
            let mut ahead = row_ahead(table, &row, derived);
            for ColumnDifference { column, stored, derived } in row.differences(derived) {
                let differs = Finding::ColumnDiffers { table, column, stored, derived };
                // The first column is the version.
                found.add(session, ahead.take().unwrap_or(differs));
            }
            // A secret is kept for an offered token alone, until a browser has shown it.
            let is_offered = stream.state.content.offered.is_some();
            if resend.is_some_and(|bytes| !is_offered || !is_resend(&bytes)) {
                found.add(session, Finding::ResendWrong);
            }
        }
    }
}

/// Whether a row knows of events that the log has lost.
fn row_ahead(table: &'static str, stored: &ProjectedRow, derived: &ProjectedRow) -> Option<Finding> {
    let (row, log) = (stored.version(), derived.version());
    (row > log).then_some(Finding::RowAhead { table, row, log })
}
