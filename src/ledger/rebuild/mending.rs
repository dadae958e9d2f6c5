//! Rebuilt rows take the places of the live ones.

use uuid::Uuid;

use super::error::RebuildError;
use super::fold::{Folded, fold};
use super::outcome::{RebuildOptions, Rebuilt, Undecodable};
use crate::ledger::Progress;
use crate::session::SessionId;
use crate::store::patience::Patience;
use crate::store::projection::row::ProjectedRow;
use crate::store::projection::staging::{RebuiltSession, Staging};

/// Gives all sessions that wait their rebuilt rows.
pub(super) async fn mend(
    staging: &mut Staging,
    options: RebuildOptions,
    rebuilt: &mut Rebuilt,
    told: Progress,
    progress: &mut (impl FnMut(Progress) + Send),
) -> Result<(), RebuildError> {
    let mut mending = Mending { staging, options, rebuilt, told };
    match mending.run(progress).await {
        Err(error) if mending.told.sessions_written > 0 => {
            let (written, found) = (mending.told.sessions_written, mending.told.sessions_found);
            Err(RebuildError::Halfway { written, found, error: Box::new(error) })
        }
        done => done,
    }
}

struct Mending<'a> {
    staging: &'a mut Staging,
    options: RebuildOptions,
    rebuilt: &'a mut Rebuilt,
    told: Progress,
}

/// What became of the sessions of a turn.
struct Done {
    written: usize,
    held: usize,
    last: Uuid,
}

impl Mending<'_> {
    /// Goes through the sessions that wait, again and again, until there are none. Those whose rows somebody
    /// else has locked are left for the next time.
    async fn run(&mut self, progress: &mut (impl FnMut(Progress) + Send)) -> Result<(), RebuildError> {
        let (mut patience, mut after, mut held) = (Patience::new(), Uuid::nil(), 0);
        loop {
            match self.turn(after).await {
                Ok(Some(done)) => {
                    if done.written > 0 {
                        patience = Patience::new();
                    }
                    held += done.held;
                    after = done.last;
                    self.told.sessions_written += done.written as u64;
                    progress(self.told);
                }
                Ok(None) if held == 0 => return Ok(()),
                Ok(None) if !patience.allows_another_try().await => return Err(RebuildError::Locked),
                Ok(None) => (after, held) = (Uuid::nil(), 0),
                Err(RebuildError::Store(error)) if error.is_retryable() => {
                    self.staging.rollback(&error).await;
                    if !patience.allows_another_try().await {
                        return Err(RebuildError::locked(error));
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Mends the next sessions behind `after`, in one transaction. `None` if there are none.
    async fn turn(&mut self, after: Uuid) -> Result<Option<Done>, RebuildError> {
        let Some(turn) = self.staging.begin(after).await? else { return Ok(None) };
        for session in self.staging.moved(&turn.free).await? {
            self.rebuild_again(session).await?;
        }
        if !turn.free.is_empty() {
            self.staging.mend(&turn.free).await?;
        }
        self.staging.commit().await?;
        Ok(Some(Done { written: turn.free.len(), held: turn.held, last: turn.last }))
    }

    /// Folds a session that somebody has written to since the search. Nobody can write to it now.
    async fn rebuild_again(&mut self, session: SessionId) -> Result<(), RebuildError> {
        let mut log = self.staging.log(session).await?;
        let mut folded = Folded::default();
        log.next_session().await?;
        match fold(session, &mut log, &mut folded).await {
            Ok(()) => {
                let row = ProjectedRow::of(&folded.state);
                let rebuilt = RebuiltSession { session, row, logins: folded.logins, wrong_resend: None };
                Ok(self.staging.replace(rebuilt).await?)
            }
            Err(RebuildError::Undecodable { session, version, error }) if self.options.skips_undecodable => {
                while log.next_event().await?.is_some() {}
                self.rebuilt.add_undecodable(vec![Undecodable { session, version, error }]);
                Ok(self.staging.give_up(session).await?)
            }
            Err(error) => Err(error),
        }
    }
}
