//! A part of a request that is a transaction by itself, and runs again by itself.

use std::sync::Arc;

use super::commit::commit_in_turn;
use super::failure::CommitFailed;
use super::opened::Opened;
use super::running::{Running, Undone, roll_back};
use super::visit::Visit;
use super::{NotSignedIn, SessionError};
use crate::ledger::Error;
use crate::session::{Holding, SessionId};

/// The session that the handler has seen before a part of it begins. The part is for the holder of that
/// session: if the session has ended since, the work must not be done for a visitor who is nobody.
pub(crate) struct Part {
    held: Option<Held>,
    /// How many logins had failed before.
    failed_logins: usize,
}

struct Held {
    session: SessionId,
    is_signed_in: bool,
}

/// The session that a part was for has ended.
pub(crate) enum Lost {
    /// Somebody was signed in to it.
    SignedIn(NotSignedIn),
    /// Nobody was.
    Anonymous(SessionError),
}

impl Part {
    /// A part of a request that has done nothing yet.
    ///
    /// # Errors
    ///
    /// The request has a transaction, or has changed its session: [`SessionError::TransactionOpen`]. It is
    /// settled: [`SessionError::Over`].
    pub(crate) async fn of(visit: &Visit) -> Result<Self, SessionError> {
        visit.go_on()?;
        if visit.has_work().await {
            return Err(SessionError::TransactionOpen);
        }
        Ok(Self { held: None, failed_logins: visit.failed_logins.len() })
    }

    /// Forgets the session as it was loaded, so that it is loaded again with the transaction's beginning.
    pub(crate) fn start_over(&mut self, visit: &Visit) {
        visit.failed_logins.forget_from(self.failed_logins);
        visit.bar_memory();
        let opened = visit.stage().pause();
        self.held = opened.as_ref().and_then(Held::of).or(self.held.take());
    }

    /// Whether the session that the part is for, loaded again, is no longer there.
    pub(crate) fn lost(&self, visit: &Visit) -> Option<Lost> {
        let held = self.held.as_ref()?;
        let (present, reason) = {
            let stage = visit.stage();
            let holding = stage.opened().map(|opened| &opened.holding);
            (holding.and_then(Holding::loaded_version), holding.and_then(Holding::why_ended).cloned())
        };
        if present.map(|(session, _)| session) == Some(held.session) {
            return None;
        }
        Some(if held.is_signed_in {
            Lost::SignedIn(NotSignedIn { ended: reason })
        } else {
            Lost::Anonymous(SessionError::Ended { reason })
        })
    }
}

impl Held {
    fn of(opened: &Opened) -> Option<Self> {
        let (session, _) = opened.holding.loaded_version()?;
        Some(Self { session, is_signed_in: opened.holding.state().user.is_some() })
    }
}

/// Commits a part, in a task of its own: a client that hangs up must not stop a commit halfway, and neither
/// must a request that waits no longer.
pub(crate) async fn commit_part(visit: &Arc<Visit>) -> Result<(), CommitFailed> {
    // Taken before anybody can drop the request, which would roll back what is left in the visit.
    let (opened, running) = visit.take_of_part().await;
    let committing = tokio::spawn(commit_taken(Arc::clone(visit), opened, running));
    match visit.waits.bounded(committing).await {
        Some(committed) => committed??,
        None => return Err(Error::OutcomeUnknown.into()),
    }
    visit.waits.start_over();
    Ok(())
}

async fn commit_taken(
    visit: Arc<Visit>,
    opened: Option<Opened>,
    running: Option<Running>,
) -> Result<(), CommitFailed> {
    let Some(mut opened) = opened else {
        roll_back(running).await;
        return Err(Error::TransactionKept.into());
    };
    if opened.holding.wait().is_some() {
        roll_back(running).await;
        return Err(SessionError::Superseded.into());
    }
    let plan = commit_in_turn(&visit, &mut opened, running).await?;
    visit.stage().open(opened.after(&plan));
    visit.keep_part(plan);
    visit.step_aside();
    Ok(())
}

/// Rolls a part back, and says how its transaction was found.
pub(crate) async fn roll_back_part(visit: &Visit) -> Undone {
    let (_, running) = visit.take_of_part().await;
    visit.waits.bounded(roll_back(running)).await.unwrap_or(Undone::LOST)
}

/// Leaves the session as it is stored, for what the handler does after a part has failed.
///
/// # Errors
///
/// The database is away.
pub(crate) async fn give_up_part(visit: &Visit) -> Result<(), Error> {
    visit.stage().pause();
    visit.step_aside();
    visit.open().await
}
