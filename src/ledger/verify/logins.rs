//! Comparing the steps of logins with the log. Each follows from one event, so they are compared one by one,
//! also in a session of which other events cannot be read.

use super::found::Found;
use crate::ledger::Error;
use crate::ledger::finding::Finding;
use crate::session::login_step::is_step;
use crate::session::{Entry, LoginStep, SessionId};
use crate::store::connection::reading::Stretch;
use crate::store::projection::columns::LoginRow;
use crate::store::projection::difference::ColumnDifference;
use crate::store::projection::inspection::Inspection;
use crate::store::projection::stored_rows::{StoredLogin, StoredLogins};

const TABLE: &str = "login_step";

/// The steps of logins beside the log.
pub(super) struct Logins {
    stored: StoredLogins,
    /// The last session that was reported as one of which the log holds no event.
    unlogged: Option<SessionId>,
}

impl Logins {
    pub(super) async fn open(inspection: &Inspection, stretch: Stretch) -> Result<Self, Error> {
        Ok(Self { stored: inspection.login_steps(stretch).await?, unlogged: None })
    }

    /// Compares the step that an event of a session makes, before the session has ended.
    pub(super) async fn see(
        &mut self,
        session: SessionId,
        entry: &Entry,
        found: &mut Found<'_>,
    ) -> Result<(), Error> {
        if !is_step(entry) {
            return Ok(());
        }
        let (version, mut stored) = (entry.version, None);
        while let Some(step) = self.stored.up_to(Some((session, version))).await? {
            if (step.session, step.version) == (session, version) {
                stored = Some(step);
                break;
            }
            self.report_surplus(&step, session, version, found);
        }
        // Of an event that cannot be read, which is a finding already, nobody knows the step.
        let Ok(derived) = LoginStep::of(entry) else { return Ok(()) };
        match (derived.map(LoginRow::of), stored) {
            (None, None) => {}
            (None, Some(_)) => found.add(session, Finding::LoginTooMany { version }),
            (Some(_), None) => found.add(session, Finding::LoginMissing { version }),
            (Some(derived), Some(StoredLogin { row: Some(row), .. })) => {
                for ColumnDifference { column, stored, derived } in row.differences(&derived) {
                    found.add(session, Finding::LoginDiffers { version, column, stored, derived });
                }
            }
            (Some(_), Some(StoredLogin { row: None, .. })) => {
                found.add(session, Finding::LoginUnreadable { version });
            }
        }
        Ok(())
    }

    /// Reports the steps of a session behind the last that its events make. `log` is its last version there.
    pub(super) async fn end_session(
        &mut self,
        session: SessionId,
        log: i64,
        found: &mut Found<'_>,
    ) -> Result<(), Error> {
        while let Some(step) = self.stored.up_to(Some((session, i64::MAX))).await? {
            self.report_surplus(&step, session, log, found);
        }
        Ok(())
    }

    /// Reports the steps of sessions behind the log's last one. Returns how many steps were fetched in all.
    pub(super) async fn finish(&mut self, found: &mut Found<'_>) -> Result<u64, Error> {
        while let Some(step) = self.stored.up_to(None).await? {
            self.report_unlogged(step.session, found);
        }
        Ok(self.stored.fetched())
    }

    /// Reports a step that no event makes. The log has been read to the version `log` of `session`.
    fn report_surplus(&mut self, step: &StoredLogin, session: SessionId, log: i64, found: &mut Found<'_>) {
        if step.session != session {
            self.report_unlogged(step.session, found);
        } else if step.version > log {
            found.add(session, Finding::RowAhead { table: TABLE, row: step.version, log });
        } else {
            found.add(session, Finding::LoginTooMany { version: step.version });
        }
    }

    fn report_unlogged(&mut self, session: SessionId, found: &mut Found<'_>) {
        if self.unlogged.replace(session) != Some(session) {
            found.add(session, Finding::EventsMissing { table: TABLE });
        }
    }
}
