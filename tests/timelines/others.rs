//! What the model knows of a user's other sessions: how many there may be, and which of them end.

use session_ledger::session::SessionsExcess;

use crate::model::Model;
use crate::session::End;

impl Model {
    /// The session that a user chooses to end for a login: the first of those that are in the way, beside the
    /// login's own.
    pub(crate) fn chosen(&self, user: &str, instead: bool, own: Option<usize>) -> Option<usize> {
        let max = self.rules.sessions_max.filter(|_| instead)?;
        let found = self.live_of(user, own);
        found.first().copied().filter(|_| found.len() >= max)
    }

    /// Whether a login is refused, as there is no room for it. One in the user's own session takes none.
    pub(crate) fn is_crowded(&self, user: &str, own: Option<usize>, chosen: Option<usize>) -> bool {
        let (Some(max), excess) = (self.rules.sessions_max, self.rules.excess) else { return false };
        let is_at_home = own.is_some_and(|own| self.sessions[own].user.as_deref() == Some(user));
        if is_at_home || excess == SessionsExcess::EndOldest {
            return false;
        }
        let goes = chosen.filter(|_| excess == SessionsExcess::Ask);
        self.live_of(user, own).into_iter().filter(|other| Some(*other) != goes).count() >= max
    }

    /// Ends the session that the user has chosen, unless it is the one that the login is in. Where logins are
    /// denied a user chooses nothing, and there is none in the way of a login that is not.
    pub(crate) fn end_chosen(&mut self, nth: usize, chosen: Option<usize>) {
        if let Some(chosen) = chosen.filter(|chosen| *chosen != nth) {
            self.end_at_once(chosen, "limit_exceeded");
        }
    }

    /// Ends the sessions of the user of this one that are too many with it, the oldest login first.
    pub(crate) fn end_oldest(&mut self, nth: usize) {
        let Some(max) = self.rules.sessions_max else { return };
        let user = self.sessions[nth].user.clone().unwrap_or_default();
        let others = self.live_of(&user, Some(nth));
        let surplus = (others.len() + 1).saturating_sub(max);
        others[..surplus].iter().for_each(|other| self.end_at_once(*other, "limit_exceeded"));
    }

    /// Ends all other sessions of the user, for a factor has changed. Those whose time was over end for that.
    pub(crate) fn end_others(&mut self, nth: usize) {
        let (user, now) = (self.sessions[nth].user.clone(), self.now);
        for other in 0..self.sessions.len() {
            let session = &mut self.sessions[other];
            if other != nth && session.user == user && session.end.is_none() {
                let over = session.over(&self.rules, now);
                let (reason, at) = over.unwrap_or(("credential_changed", now));
                session.end = Some(End { reason, at, noticed: now });
            }
        }
    }

    fn end_at_once(&mut self, nth: usize, reason: &'static str) {
        self.sessions[nth].end = Some(End { reason, at: self.now, noticed: self.now });
    }

    /// The live sessions of a user but this one, the oldest login first.
    fn live_of(&self, user: &str, but: Option<usize>) -> Vec<usize> {
        let is_live = |other: &usize| {
            let session = &self.sessions[*other];
            let is_live = session.end.is_none() && session.over(&self.rules, self.now).is_none();
            Some(*other) != but && is_live && session.user.as_deref() == Some(user)
        };
        let mut found: Vec<usize> = (0..self.sessions.len()).filter(is_live).collect();
        found.sort_by_key(|other| self.sessions[*other].proved);
        found
    }
}
