//! A session in the hands of one request: what the request may do with it, and what follows when it is over.
//!
//! Every rule about a request's session is decided here: who is let in, what a log-in, a renewal and an end
//! do, what is written and guarded, what the browser is told. A [`Holding`] knows hashes of tokens and no
//! secret; it reads no clock, so time and the ids of new sessions are arguments.

mod change;
mod client;
mod form;
mod known;
mod proving;
mod renewal;
mod settle;

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use super::start::Start;
use super::{
    Admission, ChainHash, ClientChanged, DatabaseTime, Draft, EndReason, Ending, Moment, Policy, SessionId,
    SessionState, Shown, TokenHash, UserId, Witness,
};

pub(crate) use known::{Elapsed, KnownSession};

/// How long a browser is asked to wait at the least before it sends a request again.
const WAIT_MIN: Duration = Duration::milliseconds(100);

/// How many of the longest waits fill the grace.
const WAITS: i32 = 12;

/// A request's session.
#[derive(Clone, Debug)]
pub struct Holding {
    policy: Arc<Policy>,
    now: Moment,
    /// The session as the request sees and changes it.
    draft: Draft,
    /// The stored session, once the request has ended it. `draft` is then a new one.
    ended: Option<Draft>,
    /// When the stored session was last seen; none for a visitor.
    last_seen: Option<OffsetDateTime>,
    /// How the request's token fared; none if there was none, or if its session is no longer live.
    admission: Option<Admission>,
    /// The request's token, which is yet to be made the session's own again.
    kept_token: Option<TokenHash>,
    /// The live session whose token a login has superseded a moment ago.
    joinable: Option<Box<Live>>,
    start: Start,
    /// Whether this request has made a secret that the response must carry.
    has_minted: bool,
    /// Whether this request has asked for a new token while one was on offer.
    has_asked_again: bool,
    /// Why the session of the request's cookie is over, if it is.
    why_ended: Option<EndReason>,
    /// A session that must end whatever becomes of the request.
    overdue: Option<Box<Ending>>,
    /// The request's client is new to its session, which is yet to be recorded.
    client_change: Option<Box<ClientChanged>>,
    /// Other sessions that the user has chosen to be ended by a login.
    instead_of: Vec<SessionId>,
}

/// A live session as it was loaded.
#[derive(Clone, Debug)]
pub struct Live {
    /// The session.
    pub id: SessionId,
    /// Its state.
    pub state: SessionState,
    /// When it was last seen.
    pub last_seen: OffsetDateTime,
}

/// How a request comes by its session.
impl Holding {
    /// A visitor without a session. `fresh` names the session that starts if something is kept.
    pub fn anonymous(policy: Arc<Policy>, fresh: SessionId, now: Moment) -> Self {
        let draft = Draft::anonymous(fresh, policy.timeouts(), policy.state_bytes_max);
        Self::of(policy, now, draft)
    }

    /// A visitor with several cookies of the name, none of which is to be believed.
    pub fn with_several_cookies(policy: Arc<Policy>, fresh: SessionId, now: Moment) -> Self {
        Self { start: Start::Never, ..Self::anonymous(policy, fresh, now) }
    }

    /// The holder of an authentic token for a live session, if the token is let in; else a visitor.
    pub fn admitted(
        policy: Arc<Policy>,
        now: DatabaseTime,
        shown: &Shown,
        live: Live,
        fresh: impl FnOnce() -> SessionId,
    ) -> Self {
        let admission = live.state.admit(shown, policy.timeouts(), live.last_seen, now);
        let (end, start) = match &admission {
            Admission::Admitted | Admission::Taken | Admission::Latecomer | Admission::Kept => {
                let kept_token = (admission == Admission::Kept).then_some(shown.token_hash);
                let stored = Self::stored(policy, Moment::Database(now), live);
                return Self { admission: Some(admission), kept_token, ..stored };
            }
            Admission::Superseded { .. } | Admission::Outdated => (None, Start::LogInOnly),
            Admission::Replayed => (Some((EndReason::TokenReplayed, now.at)), Start::LogInOnly),
            Admission::RolledBack | Admission::OfEarlierEpoch => {
                (Some((EndReason::DatabaseRolledBack, now.at)), Start::LogInOnly)
            }
            Admission::Expired(expiry) => {
                let seconds_ago = (now.at - expiry.deadline).as_seconds_f64();
                let start = Start::after_end(seconds_ago, policy.renewal_grace);
                (Some((expiry.reason.clone(), expiry.deadline)), start)
            }
        };
        let visitor = Self { start, ..Self::anonymous(policy, fresh(), Moment::Database(now)) };
        match end {
            Some((reason, at)) => {
                let overdue =
                    Ending::new(live.id, live.state, live.last_seen, reason, at, visitor.policy.timeouts());
                let why_ended = Some(overdue.reason.clone());
                Self { admission: Some(admission), why_ended, overdue: Some(Box::new(overdue)), ..visitor }
            }
            None => Self { admission: Some(admission), joinable: Some(Box::new(live)), ..visitor },
        }
    }

    /// A visitor whose authentic token names a session that is not live: why it `ended` and how many seconds
    /// ago, if that is known.
    pub fn of_ended(
        policy: Arc<Policy>,
        now: DatabaseTime,
        ended: Option<(EndReason, f64)>,
        fresh: SessionId,
    ) -> Self {
        let grace = policy.renewal_grace;
        let start = ended.as_ref().map_or(Start::LongGone, |(_, ago)| Start::after_end(*ago, grace));
        let why_ended = ended.map(|(reason, _)| reason);
        Self { start, why_ended, ..Self::anonymous(policy, fresh, Moment::Database(now)) }
    }

    fn stored(policy: Arc<Policy>, now: Moment, live: Live) -> Self {
        let draft = Draft::stored(live.id, live.state, policy.state_bytes_max);
        Self { last_seen: Some(live.last_seen), ..Self::of(policy, now, draft) }
    }

    fn of(policy: Arc<Policy>, now: Moment, draft: Draft) -> Self {
        Self {
            policy,
            now,
            draft,
            ended: None,
            last_seen: None,
            admission: None,
            kept_token: None,
            joinable: None,
            start: Start::Free,
            has_minted: false,
            has_asked_again: false,
            why_ended: None,
            overdue: None,
            client_change: None,
            instead_of: Vec::new(),
        }
    }
}

/// Reading.
impl Holding {
    /// The session with all that was wished so far.
    pub fn state(&self) -> &SessionState {
        self.draft.state()
    }

    /// The same, to be kept by others.
    pub fn shared_state(&self) -> Arc<SessionState> {
        self.draft.shared_state()
    }

    /// The session's id; of no meaning to others until the session is written.
    pub fn id(&self) -> SessionId {
        self.draft.id()
    }

    /// Whether the session is yet to be started.
    pub fn is_new(&self) -> bool {
        self.draft.is_new()
    }

    /// Whether the session is stored, or will be.
    pub fn exists(&self) -> bool {
        !self.draft.is_new() || self.draft.is_changed()
    }

    /// Whether the request holds this stored session.
    pub fn is_stored(&self, session: SessionId) -> bool {
        !self.draft.is_new() && self.draft.id() == session
    }

    /// The user of the stored session, if somebody is signed in to it.
    pub fn signed_in_user(&self) -> Option<&UserId> {
        self.draft.state().user.as_ref().filter(|_| !self.draft.is_new())
    }

    /// How the request's token fared; none if there was none, or if its session is no longer live.
    pub fn admission(&self) -> Option<&Admission> {
        self.admission.as_ref()
    }

    /// Why the session of the request's cookie is over, if it is.
    pub fn why_ended(&self) -> Option<&EndReason> {
        self.why_ended.as_ref()
    }

    /// Tells why the session that the request began with has ended meanwhile.
    pub fn tell_end(&mut self, reason: Option<EndReason>) {
        self.why_ended = reason;
    }

    /// The stored session, also one that the request has ended, and its version when it was loaded.
    pub fn loaded_version(&self) -> Option<(SessionId, i64)> {
        let draft = self.ended.as_ref().unwrap_or(&self.draft);
        (!draft.is_new()).then(|| (draft.id(), draft.base_version()))
    }

    /// Whether something is to be written.
    pub fn is_changed(&self) -> bool {
        self.ended.is_some() || self.draft.is_changed()
    }

    /// Whether there is something to do once the request is answered, whatever becomes of it.
    pub fn leaves_work(&self) -> bool {
        let is_due = self.overdue.is_some() || self.client_change.is_some() || self.renewal_is_due();
        let takes_token = self.takes_offer() || self.kept_token.is_some();
        self.is_changed() || is_due || takes_token || self.wait().is_some()
    }

    /// Whether a session must end because of the time, so that a wrong clock would end it in vain.
    pub fn ends_by_time(&self) -> bool {
        self.overdue.is_some() && matches!(self.admission, Some(Admission::Expired(_) | Admission::Replayed))
    }

    /// The token counts as replayed, but the log does not know the moment at which it was minted: the
    /// database has gone back, and the token proves no theft.
    pub fn acquit_of_replay(&mut self) {
        if let (Some(Admission::Replayed), Some(overdue)) = (&self.admission, &mut self.overdue) {
            overdue.reason = EndReason::DatabaseRolledBack;
            self.why_ended = Some(EndReason::DatabaseRolledBack);
            self.admission = Some(Admission::RolledBack);
        }
    }

    /// The epoch of the database, and the chain of the stored session as it was loaded; none without one.
    pub fn base(&self) -> Option<(u16, ChainHash)> {
        let draft = self.ended.as_ref().unwrap_or(&self.draft);
        Some((self.now.epoch()?, draft.base_head()?))
    }

    /// The witness for a token of the session in this state; none before the database has been asked.
    pub fn witness(&self, state: &SessionState) -> Option<Witness> {
        self.now.epoch().map(|epoch| Witness::of(state, epoch))
    }

    /// The session that must end whatever becomes of the request, to be ended by the caller.
    pub fn take_overdue(&mut self) -> Option<Box<Ending>> {
        self.overdue.take()
    }

    /// The time by which the request judges.
    pub fn now(&self) -> OffsetDateTime {
        self.now.at()
    }

    /// Whether the time is the database's, so that facts can be written at it.
    pub fn has_database_time(&self) -> bool {
        matches!(self.now, Moment::Database(_))
    }

    /// The database's clock, read after the holding was made.
    pub fn set_database_time(&mut self, now: DatabaseTime) {
        self.now = Moment::Database(now);
    }

    /// The session and the time of this visit, if it is time to note it: the policy's rules on extension say
    /// so, or its present token is shown for the first time. A visit with an old token is no sign of the
    /// present one. `draw` draws a number from 1 to 100.
    pub fn to_touch(&self, draw: impl FnOnce() -> u8) -> Option<(SessionId, OffsetDateTime)> {
        self.to_touch_since(self.last_seen?, draw)
    }

    /// The same for a session of which it was found out later that it was last seen then.
    pub(crate) fn to_touch_since(
        &self,
        last_seen: OffsetDateTime,
        draw: impl FnOnce() -> u8,
    ) -> Option<(SessionId, OffsetDateTime)> {
        let (Some(_), Moment::Database(now)) = (self.last_seen, self.now) else { return None };
        let is_old_token = matches!(self.admission, Some(Admission::Latecomer | Admission::Kept));
        if self.ended.is_some() || is_old_token {
            return None;
        }
        let unseen = (now.at - last_seen).whole_seconds();
        let state = self.draft.state();
        let idle = state.content.timeouts.or(self.policy.timeouts()).idle;
        let is_due = !state.is_token_shown(last_seen) || self.policy.extends(idle, unseen, draw);
        is_due.then(|| (self.draft.id(), now.at))
    }

    /// Whether the browser has shown an offered token that is not yet the session's.
    fn takes_offer(&self) -> bool {
        let is_open = self.draft.state().content.offered.is_some() && !self.has_minted;
        self.admission == Some(Admission::Taken) && self.ended.is_none() && is_open
    }

    /// How long the browser should wait before it sends the request again, if it should: its token was
    /// superseded by a login a moment ago, and an honest browser is about to get the new one. The request
    /// must do nothing.
    ///
    /// The wait is as long as the login is ago, within bounds. So a browser that never gets the new token
    /// asks fewer times, until the grace is over, than the 20 redirects after which it would give up.
    pub fn wait(&self) -> Option<Duration> {
        match self.admission {
            Some(Admission::Superseded { since }) if !self.exists() => {
                let wait_max = Duration::seconds(self.policy.renewal_grace.into()) / WAITS;
                Some((self.now.at() - since).min(wait_max).max(WAIT_MIN))
            }
            _ => None,
        }
    }
}
