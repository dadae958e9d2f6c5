//! A run that is served from what the process knows, and owes a proof that this was current.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::Visit;
use crate::ledger::Error;
use crate::ledger::desk::{Append, Basis, LiveSession, Transaction, answered};
use crate::request::cookie::Cookie;
use crate::request::failure::CommitFailed;
use crate::request::knowing::Unchecked;
use crate::request::known::{Known, Told};
use crate::request::opened::{Opened, Plan};
use crate::request::running::{Running, Undone, roll_back_and_load};
use crate::session::{Holding, KnownSession, SessionId};
use crate::telemetry;
use crate::token::Contents;

/// Using what is known.
impl Visit {
    /// Whether no run of the request before this one has seen the session in the database: whatever is
    /// noticed now is news.
    pub(in crate::request) fn is_first(&self) -> bool {
        self.attempt() == 1 || self.knowing.follows_first()
    }

    /// Has the run load its session from now on.
    pub(in crate::request) fn bar_memory(&self) {
        self.knowing.bar();
    }

    /// On this route a handler that only reads may see the session as it was up to `bound` ago.
    pub(crate) fn may_be_stale_by(&self, bound: Duration) {
        self.knowing.may_be_stale_by(bound);
    }

    /// The handler does more than read: its answer leaves only if what it saw was current.
    pub(in crate::request) fn insist_on_present(&self) {
        self.knowing.waive(false);
    }

    /// The request's session, if the process knows it, and if the run may be in vain. To whoever only reads,
    /// memory would spare no trip, unless their route lets them see what is old.
    pub(super) fn recall(&self, shown: Contents) -> Result<Opened, Contents> {
        let Some(known) = self.known().filter(|_| self.may_be_in_vain()) else { return Err(shown) };
        let now = self.shared.ledger.uptime();
        let (is_waived, memory) = match self.knowing.stale_max() {
            _ if self.arrival.writes() => (false, known.recall(shown.session, now)),
            Some(bound) => (true, known.recall_stale(shown.session, now, bound)),
            None => return Err(shown),
        };
        let Some(memory) = memory else { return Err(shown) };
        let watched = self.shared.ledger.policy().watches_clients().then(|| self.arrival.client());
        let opened = Opened::known(&self.shared, shown, &memory, watched.as_ref(), now);
        let hit = if is_waived { "stale_read" } else { "hit" };
        telemetry::known_session(if opened.is_ok() { hit } else { "skipped" });
        if opened.is_ok() {
            let KnownSession { id: session, state, .. } = &memory.session;
            let (version, head, epoch) = (state.version, state.head, memory.told.at.epoch);
            let unchecked = Unchecked { session: *session, version, head, epoch, is_stale: false };
            self.knowing.set_unchecked(Some(unchecked));
            self.knowing.waive(is_waived);
            self.knowing.was_told(memory.told);
        }
        opened
    }

    /// Begins a transaction for a session that the process knows. BEGIN travels with the application's first
    /// statement.
    pub(super) async fn begin_known(&self, cookie: Cookie) -> Result<Result<Transaction, Cookie>, Error> {
        let shown = match cookie {
            Cookie::Token(shown) if self.arrival.writes() => shown,
            cookie => return Ok(Err(cookie)),
        };
        match self.recall(shown) {
            Ok(opened) => {
                self.stage().open(opened);
                Ok(Ok(self.transaction_of_known().await?))
            }
            Err(shown) => Ok(Err(Cookie::Token(shown))),
        }
    }

    /// Begins a transaction beside what is known. One that may append nothing asks for its id ahead.
    pub(super) async fn transaction_of_known(&self) -> Result<Transaction, Error> {
        let is_left_alone =
            |seen: Unchecked| self.known().is_some_and(|known| known.is_left_alone(seen.session));
        let asks_for_id = self.knowing.unchecked().is_some_and(is_left_alone);
        self.shared.ledger.begin_known(asks_for_id).await
    }

    /// Whether the run can be done again, and whether nothing goes with its load.
    fn may_be_in_vain(&self) -> bool {
        let is_barred = self.knowing.is_barred();
        let needs_load = self.shared.provenance || self.shared.also.is_some();
        !self.runs_once() && !is_barred && !needs_load
    }

    fn known(&self) -> Option<&Known> {
        self.shared.known.as_ref()
    }
}

/// Learning.
impl Visit {
    /// Knows a session that was loaded, and forgets one that is not there or may not be known.
    pub(in crate::request) fn learn(&self, opened: &Opened, told: Told) {
        let Some(known) = self.known() else { return };
        self.knowing.was_told(told);
        match opened.to_know() {
            Some(session) => known.learn(session, told, self.shared.ledger.uptime()),
            None => self.session().into_iter().for_each(|session| known.forget(session)),
        }
    }

    /// Knows sessions as this request has committed them.
    pub(in crate::request) fn remember(&self, appends: &[Arc<Append>]) {
        let Some(known) = self.known() else { return };
        let told = self.knowing.told();
        for Append { written, resend, .. } in appends.iter().map(Arc::as_ref) {
            let is_plain = written.state.ended.is_none() && resend.is_none();
            match told.filter(|_| is_plain && written.expected_version > 0) {
                Some(told) => {
                    let state = Arc::new(written.state.clone());
                    let last_seen = state.changed_at;
                    let session = KnownSession { id: written.id, state, last_seen, told_at: told.at };
                    known.learn(session, told, self.shared.ledger.uptime());
                }
                None => known.forget(written.id),
            }
        }
    }

    /// Knows a session no more: something was written to it beside the request.
    pub(in crate::request) fn forget(&self, session: SessionId) {
        self.known().into_iter().for_each(|known| known.forget(session));
    }
}

/// Proving.
impl Visit {
    /// Whether nobody knows yet that the session as the handler sees it was current.
    pub(in crate::request) fn is_unchecked(&self) -> bool {
        self.knowing.unchecked().is_some()
    }

    /// Where the session has come from that this request changes.
    pub(in crate::request) fn basis(&self) -> Basis {
        if self.is_unchecked() { Basis::Known } else { Basis::Loaded }
    }

    /// Whether that must be known before the answer leaves.
    pub(super) fn owes_proof(&self) -> bool {
        self.knowing.owes_proof()
    }

    /// Whether the session as the handler saw it, from memory, was found to be old.
    pub(crate) fn is_stale(&self) -> bool {
        self.knowing.unchecked().is_some_and(|seen| seen.is_stale)
    }

    /// The session and the time of this visit, if it is time to note it: see [`Holding::to_touch`]. A run in
    /// vain notes nothing, as the next one will know better when the session was last seen.
    pub(in crate::request) fn to_touch(&self, holding: &Holding) -> Option<(SessionId, OffsetDateTime)> {
        let draw = || rand::random_range(1..=100);
        match self.knowing.last_seen() {
            _ if self.is_stale() => None,
            Some(last_seen) => holding.to_touch_since(last_seen, draw),
            None => holding.to_touch(draw),
        }
    }

    /// Makes sure that the session as the handler has seen it was current, if that is yet to be proved. The
    /// statement that looks begins after the request has asked for its session.
    ///
    /// # Errors
    ///
    /// It was not, or the database is away.
    pub(crate) async fn check_known(&self) -> Result<(), Error> {
        let Some(seen) = self.knowing.unchecked() else { return Ok(()) };
        let loaded = answered(self.shared.ledger.load(seen.session)).await?;
        self.judge(seen, loaded.now.epoch, loaded.session.as_ref())
    }

    /// Makes sure of the same after a commit: that has proved it, if it has looked at the session.
    ///
    /// # Errors
    ///
    /// Those of the commit. If it has failed for a reason that lies in what the handler has seen, and that
    /// was not current, the error is that.
    pub(in crate::request) async fn proved(
        &self,
        has_transaction: bool,
        committed: Result<Plan, CommitFailed>,
    ) -> Result<Plan, CommitFailed> {
        let Some(seen) = self.knowing.unchecked() else { return committed };
        match committed {
            Ok(plan) if has_transaction || !plan.appends.is_empty() => {
                if let Some(known) = self.known().filter(|_| has_transaction) {
                    known.note_left_alone(seen.session, plan.appends.is_empty());
                }
                self.was_current(seen);
                Ok(plan)
            }
            Err(CommitFailed::Ledger(error)) if error.is_retryable() || error.is_unavailable() => {
                if let Error::Stale { .. } = error {
                    self.was_stale(seen);
                }
                Err(error.into())
            }
            committed => {
                self.check_known().await?;
                committed
            }
        }
    }

    /// Rolls back, and makes sure of the same in the same trip.
    pub(in crate::request) async fn roll_back_known(
        &self,
        running: Option<Running>,
    ) -> (Undone, Result<(), Error>) {
        let seen = self.knowing.unchecked();
        let (undone, loaded) = match running {
            Some(running) => Box::pin(roll_back_and_load(running, seen.map(|seen| seen.session))).await,
            None => (Undone::NOTHING, None),
        };
        let checked = match (seen, loaded) {
            (Some(seen), Some(loaded)) => self.judge(seen, loaded.now.epoch, loaded.session.as_ref()),
            _ => self.check_known().await,
        };
        (undone, checked)
    }

    fn judge(&self, seen: Unchecked, epoch: u16, found: Option<&LiveSession>) -> Result<(), Error> {
        let is_seen = |live: &LiveSession| live.state.version == seen.version && live.state.head == seen.head;
        if let Some(live) = found.filter(|live| epoch == seen.epoch && is_seen(live)) {
            self.knowing.was_last_seen(live.last_seen);
            self.was_current(seen);
            return Ok(());
        }
        self.was_stale(seen);
        Err(Error::Stale { session: seen.session })
    }

    fn was_current(&self, seen: Unchecked) {
        self.knowing.set_unchecked(None);
        self.known().into_iter().for_each(|known| known.was_current(seen.session));
    }

    fn was_stale(&self, seen: Unchecked) {
        if seen.is_stale {
            return;
        }
        self.knowing.set_unchecked(Some(Unchecked { is_stale: true, ..seen }));
        self.known().into_iter().for_each(|known| known.was_stale(seen.session));
    }
}
