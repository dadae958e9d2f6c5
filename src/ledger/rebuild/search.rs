//! Looking for sessions whose rows are not those that the log makes.

use std::mem;

use tokio::sync::mpsc::Sender;

use super::error::RebuildError;
use super::fold::{Folded, fold};
use super::outcome::Undecodable;
use crate::session::SessionId;
use crate::store::connection::reading::Stretch;
use crate::store::error::Error;
use crate::store::log::streams::Streams;
use crate::store::projection::columns::LoginRow;
use crate::store::projection::inspection::Inspection;
use crate::store::projection::replacement::UnrecordedRow;
use crate::store::projection::row::ProjectedRow;
use crate::store::projection::staging::RebuiltSession;
use crate::store::projection::stored_rows::{Rows, StoredLogin, StoredLogins, StoredRow};
use crate::token::is_resend;

const LIVE: &str = "session";
const ENDED: &str = "ended_session";
const LOGINS: &str = "login_step";

/// After how many events, or sessions that differ, a search tells what it has found.
const TOLD_AT: u64 = 1000;

/// What a search has found since it last told.
#[derive(Default)]
pub(super) struct Found {
    pub(super) sessions: u64,
    pub(super) events: u64,
    pub(super) unknown_events: u64,
    pub(super) differing: Vec<RebuiltSession>,
    /// Rows that know of events that the log lacks.
    pub(super) unrecorded: Vec<UnrecordedRow>,
    pub(super) undecodable: Vec<Undecodable>,
}

/// A stretch of the log, with the rows beside it.
pub(super) struct Search {
    log: Streams,
    live: Rows,
    ended: Rows,
    logins: StoredLogins,
    skips_undecodable: bool,
    found: Found,
}

/// The rows of a session as they are stored.
struct Stored {
    live: Option<StoredRow>,
    ended: Option<StoredRow>,
    logins: Vec<StoredLogin>,
}

impl Search {
    pub(super) async fn open(
        inspection: &Inspection,
        stretch: Stretch,
        skips_undecodable: bool,
    ) -> Result<Self, Error> {
        Ok(Self {
            log: inspection.log(stretch).await?,
            live: inspection.live_rows(stretch).await?,
            ended: inspection.ended_rows(stretch).await?,
            logins: inspection.login_steps(stretch).await?,
            skips_undecodable,
            found: Found::default(),
        })
    }

    /// Searches to the end, and tells what it finds. Whoever listens may go away: then this ends.
    pub(super) async fn run(
        mut self,
        tell: &Sender<Result<Found, RebuildError>>,
    ) -> Result<(), RebuildError> {
        while let Some(session) = self.log.next_session().await? {
            let mut folded = Folded::default();
            let outcome = fold(session, &mut self.log, &mut folded).await;
            self.found.sessions += 1;
            self.found.events += folded.events;
            self.found.unknown_events += folded.unknown_events;
            let stored = self.stored(Some(session)).await?;
            match outcome {
                Ok(()) => self.compare(session, folded, stored),
                Err(RebuildError::Undecodable { session, version, error }) if self.skips_undecodable => {
                    self.found.undecodable.push(Undecodable { session, version, error });
                }
                Err(error) => return Err(error),
            }
            if (self.found.events >= TOLD_AT || self.found.differing.len() as u64 >= TOLD_AT)
                && tell.send(Ok(mem::take(&mut self.found))).await.is_err()
            {
                return Ok(());
            }
        }
        self.stored(None).await?;
        tell.send(Ok(self.found)).await.ok();
        Ok(())
    }

    /// The rows of a session. Those of sessions before it, or of all that are left, have no event in the log.
    async fn stored(&mut self, session: Option<SessionId>) -> Result<Stored, Error> {
        let mut stored = Stored { live: None, ended: None, logins: Vec::new() };
        let mut unlogged = Vec::new();
        while let Some(row) = self.live.up_to(session).await? {
            if Some(row.session) == session { stored.live = Some(row) } else { unlogged.push((LIVE, row)) }
        }
        while let Some(row) = self.ended.up_to(session).await? {
            if Some(row.session) == session { stored.ended = Some(row) } else { unlogged.push((ENDED, row)) }
        }
        unlogged.sort_by_key(|(_, row)| row.session);
        let end = session.map(|session| (session, i64::MAX));
        while let Some(step) = self.logins.up_to(end).await? {
            if Some(step.session) == session {
                stored.logins.push(step);
            } else if unlogged.binary_search_by_key(&step.session, |(_, row)| row.session).is_err() {
                self.found.unrecorded.push(unrecorded(step.session, step.version, LOGINS));
            }
        }
        let rows = unlogged.into_iter();
        self.found.unrecorded.extend(rows.map(|(table, row)| {
            let version = row.row.as_ref().map_or(0, ProjectedRow::version);
            unrecorded(row.session, version, table)
        }));
        Ok(stored)
    }

    /// Takes note of a session whose rows differ, or know more than the log.
    fn compare(&mut self, session: SessionId, folded: Folded, stored: Stored) {
        let last = folded.state.version;
        let ahead = self.found.unrecorded.len();
        for (table, row) in [(LIVE, &stored.live), (ENDED, &stored.ended)] {
            let version = row.as_ref().and_then(|row| row.row.as_ref()).map(ProjectedRow::version);
            let ahead = version.filter(|version| *version > last);
            self.found.unrecorded.extend(ahead.map(|version| unrecorded(session, version, table)));
        }
        if stored.live.is_none() && stored.ended.is_none() {
            let steps = stored.logins.iter().filter(|step| step.version > last);
            self.found.unrecorded.extend(steps.map(|step| unrecorded(session, step.version, LOGINS)));
        }
        if self.found.unrecorded.len() > ahead {
            return;
        }
        let row = ProjectedRow::of(&folded.state);
        let is_offered = folded.state.content.offered.is_some();
        let resend = stored.live.as_ref().and_then(|row| row.resend.as_ref());
        let wrong_resend = resend.filter(|bytes| !is_offered || !is_resend(bytes)).cloned();
        if wrong_resend.is_some() || !stored.holds(&row, &folded.logins) {
            self.found.differing.push(RebuiltSession { session, row, logins: folded.logins, wrong_resend });
        }
    }
}

impl Stored {
    /// Whether these rows are stored, and no others.
    fn holds(&self, row: &ProjectedRow, logins: &[LoginRow]) -> bool {
        let (wanted, unwanted) = match row {
            ProjectedRow::Live(_) => (&self.live, &self.ended),
            ProjectedRow::Ended(_) => (&self.ended, &self.live),
        };
        let is_row_right = wanted.as_ref().is_some_and(|stored| stored.row.as_ref() == Some(row));
        is_row_right
            && unwanted.is_none()
            && self.logins.len() == logins.len()
            && self.logins.iter().zip(logins).all(|(stored, step)| stored.row.as_ref() == Some(step))
    }
}

fn unrecorded(session: SessionId, version: i64, table: &str) -> UnrecordedRow {
    UnrecordedRow { session, version, table: table.to_owned() }
}
