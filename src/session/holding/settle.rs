//! The end of a request: its writes, their guard, and the order to the browser.

use time::{Duration, OffsetDateTime};

use super::{Holding, Live, Start};
use crate::session::{
    Admission, Client, CookiePlan, Guard, Origin, Resend, SessionId, SessionState, TokenHash, Writes, Written,
};

/// How far the time of an event may be ahead of the database's clock, which a process may know from a moment
/// ago.
const SKEW_MAX: Duration = Duration::SECOND;

impl Holding {
    /// Whether a session starts, whose first secret the caller must make.
    pub fn starts(&self) -> bool {
        self.draft.is_new() && self.draft.is_changed()
    }

    /// The events to be written. `token` is the hash of the first token of a session that starts.
    pub fn writes(
        &mut self,
        token: TokenHash,
        client: Client,
        mut random: impl FnMut() -> [u8; 16],
    ) -> Writes {
        if self.draft.is_changed() {
            // Its own fact is small, and its wish is granted at any time.
            self.take_offer().ok();
            self.record_client_change();
            self.record_kept_token();
        }
        let origin = Origin { at: self.written_at(), client, actor: None };
        let ended = self.ended.as_ref();
        let end = ended.and_then(|ended| ended.write(TokenHash::default(), &origin, &mut random));
        let session = self.draft.write(token, &origin, random);
        let resend = session.as_ref().map_or(Resend::Drop, |written| self.resend(&written.state));
        let is_idle = end.is_none() && session.is_none();
        let guard = if is_idle { Some(self.guard()) } else { self.login_guard() };
        Writes { end, session, resend, guard }
    }

    /// The response's order to the browser once everything is written.
    pub fn cookie(&self) -> CookiePlan {
        let is_offered = self.draft.state().content.offered.is_some();
        if self.starts() || self.has_minted {
            CookiePlan::Mint
        } else if is_offered && self.admission == Some(Admission::Admitted) {
            self.resend_plan()
        } else if self.ended.is_some() || self.start == Start::LongGone {
            CookiePlan::Remove
        } else {
            CookiePlan::Leave
        }
    }

    /// The session once everything is committed, for a request that goes on. `last` is the last that was
    /// written; `fresh` names the next session if that one has ended.
    #[must_use]
    pub fn after(self, last: &Written, fresh: impl FnOnce() -> SessionId) -> Self {
        let admission = self.admission_after(last);
        let (now, overdue) = (self.now, self.overdue);
        let next = if last.state.ended.is_some() {
            Self::anonymous(self.policy, fresh(), now)
        } else {
            let last_seen = self.last_seen.unwrap_or(now.at()).max(last.state.changed_at);
            let live = Live { id: last.id, state: last.state.clone(), last_seen };
            Self { admission, ..Self::stored(self.policy, now, live) }
        };
        Self { overdue, ..next }
    }

    /// How the request's token fares with the session that was written. If it has given way to a new one,
    /// which the answer brings, the request is late from now on: it is no sign that the new one was shown.
    fn admission_after(&self, last: &Written) -> Option<Admission> {
        if !self.is_stored(last.id) {
            return None;
        }
        match &self.admission {
            _ if self.has_minted && last.state.content.offered.is_none() => Some(Admission::Latecomer),
            Some(Admission::Taken | Admission::Kept) => Some(Admission::Admitted),
            admission => admission.clone(),
        }
    }

    /// Notes that the browser has yet to get the token by which the request goes on.
    pub fn note_that_token_is_unshown(&mut self) {
        self.admission = self.admission.take().map(|admission| match admission {
            Admission::Admitted => Admission::Latecomer,
            other => other,
        });
    }

    /// The session as it was loaded, for a request whose wishes came to nothing.
    #[must_use]
    pub fn undone(self) -> Self {
        let draft = self.ended.unwrap_or(self.draft).undone();
        Self { draft, ended: None, has_minted: false, instead_of: Vec::new(), ..self }
    }

    /// When the request's events take place: now. An old token's holder leaves no sign that the present one
    /// was shown, so their events have the time of those before. A token that they get for a proof of
    /// identity makes the present one old, and is made now.
    pub(super) fn written_at(&self) -> OffsetDateTime {
        let last_seen = self.last_seen.unwrap_or(self.now.at());
        let holds_old_token = self.admission == Some(Admission::Latecomer) && !self.has_minted;
        let is_late = holds_old_token && self.ended.is_none() && !self.state().is_token_shown(last_seen);
        let (now, changed_at) = (self.now.at(), self.state().changed_at);
        // Another process may have told the time by a clock of its own, which is a little ahead.
        let is_behind = now < changed_at && changed_at - now <= SKEW_MAX;
        if is_late || is_behind { changed_at } else { now }
    }

    fn resend(&self, after: &SessionState) -> Resend {
        match after.content.offered {
            None => Resend::Drop,
            Some(_) if self.has_minted => Resend::Seal,
            Some(_) => Resend::Keep,
        }
    }

    fn guard(&self) -> Guard {
        if self.draft.is_new() {
            return Guard::Unfailed;
        }
        let (session, state) = (self.draft.id(), self.draft.state());
        Guard::Fence { session, version: state.version, head: state.head, epoch: self.now.epoch() }
    }
}
