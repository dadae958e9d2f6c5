//! Comparing the projection with the log, and the log with itself.

use super::verification::{Finding, Verification};
use super::{Error, Ledger, Progress};
use crate::session::{ChainHash, Entry, SessionId, SessionState};
use crate::store::projection::inspection::Inspection;
use crate::store::projection::row::ProjectedRow;
use crate::store::projection::stored_rows::{Rows, StoredRow};

const LIVE: &str = "session";
const ENDED: &str = "ended_session";

impl Ledger {
    /// Compares the projection with the rows that the log makes, and checks that the log is whole: that the
    /// versions of each session are 1..n, that nothing follows an end, and that the hash chain holds. It sees
    /// one moment, may run while the application does, and keeps a bounded number of rows in memory. `resend`
    /// (a token that is kept to be sent again) and `activity` are not derived from the log, and not compared.
    ///
    /// An event that cannot be read is a difference, not an error. `progress` is called now and then and at
    /// the end.
    ///
    /// # Errors
    ///
    /// The database is away, or the role may not read the log.
    pub async fn verify(&self, mut progress: impl FnMut(Progress) + Send) -> Result<Verification, Error> {
        let inspection = Inspection::begin(self.own_connection().await?).await?;
        let events_estimated = inspection.count_estimate().await?;
        let mut told = Progress { events_estimated, ..Progress::default() };
        progress(told);

        let report = {
            let mut log = inspection.log().await?;
            let mut comparison = Comparison::open(&inspection).await?;
            while let Some(session) = log.next_session().await? {
                let mut stream = Stream::begin(session);
                while let Some(entry) = log.next_event().await? {
                    stream.extend(&entry, &mut comparison.report);
                    told.count_event(&mut progress);
                }
                told.sessions += 1;
                comparison.compare(&stream).await?;
            }
            comparison.finish().await?
        };
        inspection.end().await?;
        progress(Progress { is_read: true, ..told });
        Ok(Verification { sessions: told.sessions, events: told.events, ..report })
    }
}

/// One session, folded as far as its events were read.
struct Stream {
    session: SessionId,
    state: SessionState,
    /// The stored hash of the event before the next one.
    head: ChainHash,
    is_readable: bool,
}

/// The projection beside the log.
struct Comparison {
    live: Rows,
    ended: Rows,
    report: Verification,
}

impl Stream {
    fn begin(session: SessionId) -> Self {
        let head = ChainHash::genesis(session);
        Self { session, state: SessionState::default(), head, is_readable: true }
    }

    fn extend(&mut self, entry: &Entry, report: &mut Verification) {
        self.check_place(entry, report);
        report.unknown_events += u64::from(!entry.encoded.is_known());
        if let Err(error) = self.state.advance(entry) {
            let version = entry.version;
            self.is_readable = false;
            // The next event is still expected behind this one.
            self.state.version = version;
            report.add(self.session, Finding::Undecodable { version, error });
        }
    }

    /// Checks the event's version and hash. The events after a break are judged by the stored hash, so that
    /// one break is one difference.
    fn check_place(&mut self, entry: &Entry, report: &mut Verification) {
        let (expected, found) = (self.state.version + 1, entry.version);
        if found != expected {
            report.add(self.session, Finding::VersionGap { expected, found });
        }
        if self.state.ended.is_some() {
            report.add(self.session, Finding::EventAfterEnd { version: found });
        }
        if self.head.then(entry) != entry.hash {
            report.add(self.session, Finding::ChainBroken { version: found });
        }
        self.head = entry.hash;
    }
}

impl Comparison {
    async fn open(inspection: &Inspection) -> Result<Self, Error> {
        let (live, ended) = (inspection.live_rows().await?, inspection.ended_rows().await?);
        Ok(Self { live, ended, report: Verification::default() })
    }

    /// Compares the rows of a session, and reports those of sessions before it that the log does not hold.
    async fn compare(&mut self, stream: &Stream) -> Result<(), Error> {
        let live = self.row(Table::Live, Some(stream.session)).await?;
        let ended = self.row(Table::Ended, Some(stream.session)).await?;
        if !stream.is_readable {
            return Ok(());
        }
        let derived = ProjectedRow::of(&stream.state);
        let (wanted, unwanted) = match derived {
            ProjectedRow::Live(_) => ((LIVE, live), (ENDED, ended)),
            ProjectedRow::Ended(_) => ((ENDED, ended), (LIVE, live)),
        };
        if unwanted.1.is_some() {
            self.report.add(stream.session, Finding::RowTooMany { table: unwanted.0 });
        }
        self.compare_row(wanted.0, wanted.1, &derived, stream.session);
        Ok(())
    }

    fn compare_row(
        &mut self,
        table: &'static str,
        stored: Option<StoredRow>,
        derived: &ProjectedRow,
        session: SessionId,
    ) {
        match stored {
            None => self.report.add(session, Finding::RowMissing { table }),
            Some(StoredRow { row: None, .. }) => self.report.add(session, Finding::RowUnreadable { table }),
            Some(StoredRow { row: Some(row), .. }) => {
                for difference in row.differences(derived) {
                    let (column, stored, derived) =
                        (difference.column, difference.stored, difference.derived);
                    self.report.add(session, Finding::ColumnDiffers { table, column, stored, derived });
                }
            }
        }
    }

    /// The row of `session`, if it is there. Rows before it belong to sessions that the log does not hold.
    async fn row(&mut self, table: Table, session: Option<SessionId>) -> Result<Option<StoredRow>, Error> {
        let (rows, table) = match table {
            Table::Live => (&mut self.live, LIVE),
            Table::Ended => (&mut self.ended, ENDED),
        };
        while let Some(row) = rows.up_to(session).await? {
            if Some(row.session) == session {
                return Ok(Some(row));
            }
            self.report.add(row.session, Finding::RowTooMany { table });
        }
        Ok(None)
    }

    /// Reports the rows behind the log's last session.
    async fn finish(mut self) -> Result<Verification, Error> {
        self.row(Table::Live, None).await?;
        self.row(Table::Ended, None).await?;
        Ok(self.report)
    }
}

#[derive(Clone, Copy)]
enum Table {
    Live,
    Ended,
}
