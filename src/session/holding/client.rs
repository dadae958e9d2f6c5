//! What a request from another client makes of its session.

use std::sync::Arc;

use super::{Holding, Start};
use crate::session::{Client, EndReason, Ending, Event, Origin, Reaction, SessionId, TokenHash, Written};

impl Holding {
    /// Compares the request's client with those that its session knows. Where the policy ends a session whose
    /// client has changed, the request goes on as that of a visitor, whose session `fresh` names. Else the
    /// change is recorded once the request is over, whatever becomes of it. Says whether the session ends.
    pub fn meet(&mut self, client: &Client, fresh: impl FnOnce() -> SessionId) -> bool {
        let (false, Some(last_seen)) = (self.is_new(), self.last_seen) else { return false };
        let Some((reaction, fact)) = self.state().client_change(client, &self.policy) else { return false };
        if reaction == Reaction::End {
            let (id, state, now) = (self.id(), self.state().clone(), self.now.at());
            let (reason, limits) = (EndReason::ClientChanged, self.policy.timeouts());
            let ending = Ending::new(id, state, last_seen, reason, now, limits);
            let visitor = Self::anonymous(Arc::clone(&self.policy), fresh(), self.now);
            let why_ended = Some(ending.reason.clone());
            *self = Self { start: Start::LogInOnly, why_ended, overdue: Some(Box::new(ending)), ..visitor };
            return true;
        }
        if fact.step_up {
            self.draft.demand_step_up();
        }
        self.client_change = Some(Box::new(fact));
        false
    }

    /// Whether the user must prove again who they are before they count as signed in.
    pub fn needs_step_up(&self) -> bool {
        !self.is_new() && self.state().content.extras.step_up
    }

    /// Records the change of the client before whatever else the request has changed.
    pub(super) fn record_client_change(&mut self) {
        if let Some(fact) = self.client_change.take_if(|_| !self.draft.is_new()) {
            self.draft.precede(Event::ClientChanged(*fact));
        }
    }

    /// The events that are written whatever became of the request's own: the change of the client, and the
    /// one that makes an offered or a kept token the session's own, as the browser has shown it. None if they
    /// were written with the request's own, or if a request that comes later will write them.
    pub fn aside(
        &mut self,
        is_rolled_back: bool,
        client: Client,
        random: impl FnMut() -> [u8; 16],
    ) -> Option<Written> {
        if self.is_changed() {
            let is_due = is_rolled_back && self.client_change.is_some();
            return is_due.then(|| self.clone().undone())?.aside(false, client, random);
        }
        self.take_offer().ok()?;
        let at = self.written_at();
        self.record_client_change();
        self.record_kept_token();
        self.draft.write(TokenHash::default(), &Origin { at, client, actor: None }, random)
    }
}
