//! What a run of a request leaves: to be settled, or let go.

use std::sync::atomic::Ordering;

use super::{CommittedPart, Visit, lock};
use crate::request::completion::CookieChange;
use crate::request::opened::{Opened, Plan};
use crate::request::running::Running;
use crate::token::Contents;

/// The work that a request leaves when its handler has returned.
#[expect(clippy::large_enum_variant, reason = "it is looked at once, where it is made")]
pub(in crate::request) enum Left {
    /// Nothing to commit, to roll back or to end. The session, if one was loaded.
    Nothing(Option<Opened>),
    /// Something, or somebody is still at it.
    Work,
}

impl Visit {
    /// Notes that a part of the request is committed, and which cookies must follow.
    pub(in crate::request) fn keep_part(&self, plan: Plan) {
        let mut part = lock(&self.part);
        let (cookie, device, is_current) =
            part.take().map_or((None, None, false), |part| (part.cookie, part.device, part.is_current));
        let is_current = match (plan.appends.last().map(|last| &last.written.state), &plan.cookie) {
            (Some(state), _) if state.ended.is_some() => false,
            // The browser keeps its token while another is only on offer.
            (Some(state), Some(_)) => state.content.offered.is_none(),
            _ => is_current,
        };
        let (cookie, device) = (plan.cookie.or(cookie), plan.device.or(device));
        *part = Some(CommittedPart { cookie, device, is_current });
    }

    /// The token that the request has made by a part of it, and goes by from now on.
    pub(in crate::request) fn goes_by(&self) -> Option<Contents> {
        let part = lock(&self.part);
        match part.as_ref().filter(|part| part.is_current)?.cookie.as_ref()? {
            CookieChange::Set { token, .. } => self.shared.sealer.open(token.expose().as_bytes()).ok(),
            CookieChange::Remove => None,
        }
    }

    /// The part that is committed already, if any.
    pub(in crate::request) fn take_part(&self) -> Option<CommittedPart> {
        lock(&self.part).take()
    }

    /// Takes the session if nothing is left to commit, to roll back or to end. `is_kept`: somebody keeps a
    /// handle of it.
    pub(in crate::request) fn leave(&self, is_kept: bool) -> Left {
        let Ok(running) = self.running.try_lock() else { return Left::Work };
        let mut stage = self.stage();
        let leaves_work = |opened: &Opened| opened.holding.leaves_work() || opened.check().is_err();
        if running.is_some() || self.owes_proof() || stage.opened().is_some_and(leaves_work) {
            return Left::Work;
        }
        Left::Nothing(stage.close(is_kept))
    }

    /// Whether there is a transaction to look after while the handler runs.
    pub(in crate::request) fn is_attended(&self) -> bool {
        self.is_attended.load(Ordering::Relaxed)
    }

    /// Gives the pool's slot of the transaction to others, if the server has ended its connection.
    pub(in crate::request) fn give_up_lost_connection(&self) {
        let Ok(mut running) = self.running.try_lock() else { return };
        let is_over = running.as_mut().is_none_or(Running::give_up_if_lost);
        self.is_attended.store(!is_over, Ordering::Relaxed);
    }

    /// Takes all that is to be finished, for good.
    pub(in crate::request) async fn take(&self, is_kept: bool) -> (Option<Opened>, Option<Running>) {
        let running = self.running.lock().await.take();
        (self.stage().close(is_kept), running)
    }

    /// Takes all that a part of the request leaves to be finished.
    pub(in crate::request) async fn take_of_part(&self) -> (Option<Opened>, Option<Running>) {
        let running = self.running.lock().await.take();
        (self.stage().pause(), running)
    }

    /// Lets go of the line and of the transaction of a handler that was dropped on its way, or has panicked.
    pub(crate) fn abandon(&self) {
        self.leave_line();
        {
            let mut stage = self.stage();
            if let Some(opened) = stage.close(false) {
                stage.show(opened.seen().undone());
            }
        }
        if let Some(running) = self.running.try_lock().ok().and_then(|mut place| place.take()) {
            drop(running.take_back());
        }
    }
}
