//! The log, range after range of sessions. Of each the rows are summed up, here and by the server. Where the
//! sums differ, the rows are fetched and compared.

use tokio::sync::mpsc::Sender;

use super::found::{Found, Scope};
use super::rows::Comparison;
use super::stream::Stream;
use crate::ledger::Error;
use crate::ledger::surroundings::Tally;
use crate::ledger::verification::Verification;
use crate::session::SessionId;
use crate::store::connection::reading::Stretch;
use crate::store::log::streams::Streams;
use crate::store::projection::inspection::Inspection;
use crate::store::projection::sums::Sums;

/// How many rows a range has: few enough that one wrong row makes few be fetched, enough that few statements
/// ask for sums. The last session of a range may exceed it, and rows without an event come on top.
const ROWS_MAX: i64 = 1000;

/// How many events a range has. They are read again where the sums differ.
const EVENTS_MAX: u64 = 10_000;

/// After how many events a part is told, if a range ends there.
const TOLD_AT: u64 = 1000;

/// What was found since it was last told.
pub(super) struct Part {
    pub(super) report: Verification,
    /// The log's own figures, if what stands around the log is asked for.
    pub(super) tally: Option<Tally>,
}

/// A range of sessions, as far as it was read.
struct Range<'a> {
    found: Found<'a>,
    sums: Sums,
}

impl Part {
    pub(super) fn begin(scope: &Scope) -> Self {
        Self { report: Verification::default(), tally: scope.surroundings().map(|around| around.tally()) }
    }

    /// Compares a stretch, and tells what it finds. Whoever listens may go away: then this ends.
    pub(super) async fn compare(
        mut self,
        scope: &Scope,
        inspection: &Inspection,
        stretch: Stretch,
        tell: &Sender<Result<Self, Error>>,
    ) -> Result<(), Error> {
        let mut log = inspection.log(stretch).await?;
        let (mut rest, mut range) = (Some(stretch), Range::begin(scope));
        while let Some(session) = log.next_session().await? {
            self.read(session, scope, &mut log, &mut range).await?;
            if !range.is_full() {
                continue;
            }
            if let Some(unread) = rest {
                let (read, behind) = unread.split_behind(session.as_uuid());
                let range = std::mem::replace(&mut range, Range::begin(scope));
                self.report.merge(range.compare(scope, inspection, read).await?);
                rest = behind;
            }
            if self.report.events >= TOLD_AT {
                let part = std::mem::replace(&mut self, Self::begin(scope));
                if tell.send(Ok(part)).await.is_err() {
                    return Ok(());
                }
            }
        }
        if let Some(unread) = rest {
            self.report.merge(range.compare(scope, inspection, unread).await?);
        }
        tell.send(Ok(self)).await.ok();
        Ok(())
    }

    /// Reads the events of a session, which the log has come to.
    async fn read(
        &mut self,
        session: SessionId,
        scope: &Scope,
        log: &mut Streams,
        range: &mut Range<'_>,
    ) -> Result<(), Error> {
        let mut stream = Stream::begin(session, scope);
        while let Some(logged) = log.next_event().await? {
            if stream.is_live() {
                range.sums.add_event(session, &logged.entry);
            }
            stream.extend(&logged, &mut range.found);
            if let (Some(tally), Some(around)) = (&mut self.tally, scope.surroundings()) {
                tally.see(around, &logged.witness);
            }
        }
        range.add(&stream);
        Ok(())
    }
}

impl<'a> Range<'a> {
    fn begin(scope: &'a Scope) -> Self {
        Self { found: Found::nothing(scope), sums: Sums::new() }
    }

    fn add(&mut self, stream: &Stream<'_>) {
        self.found.report.sessions += 1;
        match stream.is_readable {
            true => self.sums.add_session(stream.session, &stream.state),
            false => self.sums.add_unknown(),
        }
    }

    fn is_full(&self) -> bool {
        self.sums.rows() >= ROWS_MAX || self.found.report.events >= EVENTS_MAX
    }

    /// What there is to report of the sessions in `stretch`, all of which were read.
    async fn compare(
        self,
        scope: &Scope,
        inspection: &Inspection,
        stretch: Stretch,
    ) -> Result<Verification, Error> {
        if inspection.are_stored(self.sums, stretch).await? {
            return Ok(self.found.report);
        }
        compare_rows(scope, inspection, stretch).await
    }
}

/// Reads a range again, with its rows beside it.
async fn compare_rows(scope: &Scope, inspection: &Inspection, range: Stretch) -> Result<Verification, Error> {
    let mut found = Found::nothing(scope);
    let mut log = inspection.log(range).await?;
    let mut rows = Comparison::open(inspection, range).await?;
    while let Some(session) = log.next_session().await? {
        let mut stream = Stream::begin(session, scope);
        while let Some(logged) = log.next_event().await? {
            if stream.is_live() {
                rows.see(session, &logged.entry, &mut found).await?;
            }
            stream.extend(&logged, &mut found);
        }
        found.report.sessions += 1;
        rows.compare(&stream, &mut found).await?;
    }
    rows.finish(&mut found).await?;
    Ok(found.report)
}
