//! Comparing the projection with the log, and the log with itself.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use super::finding::Finding;
use super::logins::Logins;
use super::neighbours::Neighbours;
use super::side_by_side::{STRETCHES, read};
use super::surroundings::{Surroundings, Tally};
use super::verification::Verification;
use super::{Error, Ledger, Progress};
use crate::session::{ChainHash, Entry, SessionId, SessionState};
use crate::store::connection::reading::Stretch;
use crate::store::projection::difference::ColumnDifference;
use crate::store::projection::inspection::Inspection;
use crate::store::projection::row::ProjectedRow;
use crate::store::projection::stored_rows::{Rows, StoredRow};
use crate::token::is_resend;

const LIVE: &str = "session";
const ENDED: &str = "ended_session";

impl Ledger {
    /// Compares the projection with the rows that the log makes, and the log with itself: the versions of
    /// each session are 1..n, nothing follows an end, the hash chain holds, and the columns that the database
    /// has filled in agree with their neighbours. It also looks at what stands around the log: guards,
    /// counters, cursors. It sees one moment, may run while the application does, and keeps a bounded number
    /// of rows in memory. It needs the rights of `session_ledger_auditor`. See
    /// [`Verification::LIMITS`] for what it cannot show.
    ///
    /// `activity` is not derived from the log: only a time in the future is found there. Of `resend`, a token
    /// that is kept to be sent again, only the form and the occasion are checked.
    ///
    /// An event that cannot be read is a difference, not an error. `progress` is called now and then and at
    /// the end.
    ///
    /// # Errors
    ///
    /// The database is away, or the role may not read the log.
    pub async fn verify(&self, mut progress: impl FnMut(Progress) + Send) -> Result<Verification, Error> {
        let lead = Inspection::begin(self.own_connection().await?).await?;
        let told = Progress { events_estimated: lead.count_estimate().await?, ..Progress::default() };
        progress(told);
        let surroundings = Arc::new(Surroundings::read(&lead).await?);
        let stretches = lead.stretches(STRETCHES).await?;
        let (mut report, tally) = self.compare(&lead, &surroundings, stretches, told, &mut progress).await?;
        for (session, last_seen) in lead.seen_ahead().await? {
            report.add(session, Finding::SeenAhead { last_seen });
        }
        report.irregularities = surroundings.irregularities(&tally);
        lead.end().await?;
        Ok(report)
    }

    /// As [`verify`](Self::verify), of about so many sessions only, which are picked at random: for every
    /// hour, where the whole takes too long. Of the surroundings it looks at the guards alone, and a row
    /// whose session the log does not hold is not found.
    ///
    /// # Errors
    ///
    /// As for the whole.
    pub async fn verify_sample(
        &self,
        sessions: u32,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Verification, Error> {
        let lead = Inspection::begin(self.own_connection().await?).await?;
        let surroundings = Arc::new(Surroundings::read(&lead).await?);
        let mut picked = lead.sample().await?;
        picked.dedup();
        picked.sort_by_cached_key(|_| rand::random::<u64>());
        picked.truncate(sessions as usize);
        let stretches = picked.into_iter().map(Stretch::one).collect();
        let compared = self.compare(&lead, &surroundings, stretches, Progress::default(), &mut progress);
        let (mut report, _) = compared.await?;
        report.irregularities = surroundings.guards();
        lead.end().await?;
        Ok(report)
    }

    /// Compares the sessions of these stretches.
    async fn compare(
        &self,
        lead: &Inspection,
        surroundings: &Arc<Surroundings>,
        stretches: Vec<Stretch>,
        mut told: Progress,
        progress: &mut (impl FnMut(Progress) + Send),
    ) -> Result<(Verification, Tally), Error> {
        let around = surroundings.clone();
        let comparing = read(self, lead, stretches, move |inspection, stretch, tell| {
            let surroundings = around.clone();
            async move { Part::begin(&surroundings).compare(&surroundings, &inspection, stretch, &tell).await }
        });
        let mut parts = comparing.await?;
        let (mut report, mut tally) = (Verification::default(), surroundings.tally());
        while let Some(part) = parts.next().await? {
            told.sessions += part.report.sessions;
            told.count_events(part.report.events, progress);
            tally.add(&part.tally);
            report.merge(part.report);
        }
        progress(Progress { is_read: true, ..told });
        Ok((report, tally))
    }
}

/// What was found since it was last told.
struct Part {
    report: Verification,
    tally: Tally,
}

impl Part {
    /// After how many events a part is told.
    const EVENTS_MAX: u64 = 1000;

    fn begin(surroundings: &Surroundings) -> Self {
        Self { report: Verification::default(), tally: surroundings.tally() }
    }

    /// Compares a stretch, and tells what it finds. Whoever listens may go away: then this ends.
    async fn compare(
        mut self,
        surroundings: &Surroundings,
        inspection: &Inspection,
        stretch: Stretch,
        tell: &Sender<Result<Self, Error>>,
    ) -> Result<(), Error> {
        let mut log = inspection.log(stretch).await?;
        let mut comparison = Comparison::open(inspection, stretch).await?;
        let mut logins = Logins::open(inspection, stretch).await?;
        while let Some(session) = log.next_session().await? {
            let mut stream = Stream::begin(session);
            let mut neighbours = Neighbours::of(session, &surroundings.counters);
            while let Some(logged) = log.next_event().await? {
                // Nothing follows an end, not even in a log that holds more.
                if stream.state.ended.is_none() {
                    logins.see(session, &logged.entry, &mut comparison.report).await?;
                }
                stream.extend(&logged.entry, &mut comparison.report);
                neighbours.findings(&logged).into_iter().for_each(|one| comparison.report.add(session, one));
                self.tally.see(surroundings, &logged.witness);
                comparison.report.events += 1;
            }
            comparison.report.sessions += 1;
            comparison.compare(&stream).await?;
            logins.end_session(session, stream.state.version, &mut comparison.report).await?;
            if comparison.report.events >= Self::EVENTS_MAX {
                self.report = std::mem::take(&mut comparison.report);
                let part = std::mem::replace(&mut self, Self::begin(surroundings));
                if tell.send(Ok(part)).await.is_err() {
                    return Ok(());
                }
            }
        }
        logins.finish(&mut comparison.report).await?;
        self.report = comparison.finish().await?;
        tell.send(Ok(self)).await.ok();
        Ok(())
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
    async fn open(inspection: &Inspection, stretch: Stretch) -> Result<Self, Error> {
        let (live, ended) = (inspection.live_rows(stretch).await?, inspection.ended_rows(stretch).await?);
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
        if let (table, Some(stored)) = unwanted {
            let ahead = stored.row.and_then(|row| row_ahead(table, &row, &derived));
            let finding = ahead.unwrap_or(Finding::RowTooMany { table });
            self.report.add(stream.session, finding);
        }
        self.compare_row(wanted.0, wanted.1, &derived, stream);
        Ok(())
    }

    fn compare_row(
        &mut self,
        table: &'static str,
        stored: Option<StoredRow>,
        derived: &ProjectedRow,
        stream: &Stream,
    ) {
        let session = stream.session;
        match stored {
            None => self.report.add(session, Finding::RowMissing { table }),
            Some(StoredRow { row: None, .. }) => self.report.add(session, Finding::RowUnreadable { table }),
            Some(StoredRow { row: Some(row), resend, .. }) => {
                let mut ahead = row_ahead(table, &row, derived);
                for ColumnDifference { column, stored, derived } in row.differences(derived) {
                    let differs = Finding::ColumnDiffers { table, column, stored, derived };
                    // The first column is the version.
                    self.report.add(session, ahead.take().unwrap_or(differs));
                }
                // A secret is kept for an offered token alone, until a browser has shown it.
                let is_offered = stream.state.content.offered.is_some();
                if resend.is_some_and(|bytes| !is_offered || !is_resend(&bytes)) {
                    self.report.add(session, Finding::ResendWrong);
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
            self.report.add(row.session, Finding::EventsMissing { table });
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

/// Whether a row knows of events that the log has lost.
fn row_ahead(table: &'static str, stored: &ProjectedRow, derived: &ProjectedRow) -> Option<Finding> {
    let (row, log) = (stored.version(), derived.version());
    (row > log).then_some(Finding::RowAhead { table, row, log })
}

#[derive(Clone, Copy)]
enum Table {
    Live,
    Ended,
}
