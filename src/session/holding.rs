//! A session in the hands of one request: what the request may do with it, and what follows when it is over.
//!
//! Every rule about a request's session is decided here: who is let in, what a log-in, a renewal and an end
//! do, what is written and guarded, what the browser is told. A [`Holding`] knows hashes of tokens and no
//! secret; it reads no clock, so time and the ids of new sessions are arguments.

use std::sync::Arc;

use time::OffsetDateTime;

use super::{
    Admission, Assurance, Client, Draft, EndReason, Ending, EventId, Guard, Origin, Policy, SessionId,
    SessionState, TokenHash, UserId, Wish, WishError, Written,
};

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
    /// The request's cookie names a session that is long gone.
    has_stale_cookie: bool,
    /// Why the session of the request's cookie is over, if it is.
    why_ended: Option<EndReason>,
    /// A session that must end whatever becomes of the request.
    overdue: Option<Box<Ending>>,
}

/// A time, and whose clock it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// By the database's clock, which judges sessions.
    Database(OffsetDateTime),
    /// By the clock of this process, until the database has been asked.
    Process(OffsetDateTime),
}

/// The writes of a holding, in this order, and the condition under which they may be committed.
#[derive(Clone, Debug)]
pub struct Writes {
    /// The end of the stored session.
    pub end: Option<Written>,
    /// The events of the session that the request holds now.
    pub session: Option<Written>,
    /// The secret that the session's row keeps for requests that come late.
    pub resend: Resend,
    /// None if the appends make sure of it.
    pub guard: Option<Guard>,
}

/// The secret of a new token that a session's row keeps for requests with the previous token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// Nothing: no latecomer is let in.
    Drop,
    /// The one that it keeps already.
    Keep,
    /// The secret that this request has made.
    Seal,
}

/// The response's order to the browser about its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookiePlan {
    /// Nothing.
    Leave,
    /// Keep the token of the secret that this request has made.
    Mint,
    /// Keep the token that the row keeps for latecomers, if it can still be read.
    Resend,
    /// Forget the token.
    Remove,
}

/// How a request comes by its session.
impl Holding {
    /// A visitor without a session. `fresh` names the session that starts if something is kept.
    pub fn anonymous(policy: Arc<Policy>, fresh: SessionId, now: Moment) -> Self {
        let draft = Draft::anonymous(fresh, policy.timeouts(), policy.state_bytes_max);
        Self::of(policy, now, draft)
    }

    /// The holder of an authentic token for the live session `id`, if the token is let in; else a visitor.
    pub fn admitted(
        policy: Arc<Policy>,
        now: OffsetDateTime,
        token: &TokenHash,
        (id, state, last_seen): (SessionId, SessionState, OffsetDateTime),
        fresh: impl FnOnce() -> SessionId,
    ) -> Self {
        let admission = state.admit(token, last_seen, now);
        let overdue = match &admission {
            Admission::Admitted | Admission::Latecomer => {
                return Self {
                    admission: Some(admission),
                    ..Self::stored(policy, now, id, state, last_seen)
                };
            }
            Admission::Superseded => None,
            Admission::Expired(expiry) => Some((expiry.reason.clone(), expiry.deadline)),
            Admission::Replayed => Some((EndReason::TokenReplayed, now)),
        };
        let overdue = overdue.map(|(reason, at)| Box::new(Ending::new(id, state, last_seen, reason, at)));
        let visitor = Self::anonymous(policy, fresh(), Moment::Database(now));
        let why_ended = overdue.as_ref().map(|overdue| overdue.reason.clone());
        Self { admission: Some(admission), why_ended, overdue, ..visitor }
    }

    /// A visitor whose authentic token names a session that is not live: why it `ended` and how many seconds
    /// ago, if that is known.
    pub fn of_ended(
        policy: Arc<Policy>,
        now: OffsetDateTime,
        ended: Option<(EndReason, f64)>,
        fresh: SessionId,
    ) -> Self {
        // Only a cookie that is long dead is cleared: another request of this browser may just have got a new
        // one, which a late removal would take away.
        let has_stale_cookie =
            ended.as_ref().is_none_or(|(_, seconds)| *seconds > f64::from(policy.renewal_grace));
        let why_ended = ended.map(|(reason, _)| reason);
        Self { has_stale_cookie, why_ended, ..Self::anonymous(policy, fresh, Moment::Database(now)) }
    }

    fn stored(
        policy: Arc<Policy>,
        now: OffsetDateTime,
        id: SessionId,
        state: SessionState,
        last_seen: OffsetDateTime,
    ) -> Self {
        let draft = Draft::stored(id, state, policy.state_bytes_max);
        Self { last_seen: Some(last_seen), ..Self::of(policy, Moment::Database(now), draft) }
    }

    fn of(policy: Arc<Policy>, now: Moment, draft: Draft) -> Self {
        Self {
            policy,
            now,
            draft,
            ended: None,
            last_seen: None,
            admission: None,
            has_stale_cookie: false,
            why_ended: None,
            overdue: None,
        }
    }
}

/// Reading.
impl Holding {
    /// The session with all that was wished so far.
    pub fn state(&self) -> &SessionState {
        self.draft.state()
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

    /// The stored session, also one that the request has ended, and its version when it was loaded.
    pub fn loaded_version(&self) -> Option<(SessionId, i64)> {
        let draft = self.ended.as_ref().unwrap_or(&self.draft);
        (!draft.is_new()).then(|| (draft.id(), draft.base_version()))
    }

    /// Whether something is to be written.
    pub fn is_changed(&self) -> bool {
        self.ended.is_some() || self.draft.is_changed()
    }

    /// Whether a session must end whatever becomes of the request.
    pub fn is_overdue(&self) -> bool {
        self.overdue.is_some()
    }

    /// The session that must end whatever becomes of the request, to be ended by the caller.
    pub fn take_overdue(&mut self) -> Option<Box<Ending>> {
        self.overdue.take()
    }

    /// Whether the time is the database's, so that facts can be written at it.
    pub fn has_database_time(&self) -> bool {
        matches!(self.now, Moment::Database(_))
    }

    /// The database's clock, read after the holding was made.
    pub fn set_database_time(&mut self, now: OffsetDateTime) {
        self.now = Moment::Database(now);
    }

    /// The session, if it is time to note that it was seen: it was not ended, and nobody has seen it for the
    /// policy's `extension_delay`.
    pub fn to_touch(&self) -> Option<SessionId> {
        let (Some(last_seen), Moment::Database(now)) = (self.last_seen, self.now) else { return None };
        let unseen = (now - last_seen).whole_seconds();
        let is_due = unseen >= i64::from(self.policy.extension_delay) && self.ended.is_none();
        is_due.then(|| self.draft.id())
    }
}

/// Changing.
impl Holding {
    /// Grants a wish of the handler.
    ///
    /// # Errors
    ///
    /// See [`WishError`]; the session is as it was.
    pub fn wish(&mut self, wish: Wish) -> Result<(), WishError> {
        self.draft.wish(wish, self.now.at())
    }

    /// Binds a user and replaces the token (ASVS 7.2.4). A session of another user ends first: what it holds
    /// is not for the new one, which `fresh` names. `token` makes a secret and gives its hash.
    ///
    /// # Errors
    ///
    /// The wish cannot be granted, or `token` fails.
    pub fn log_in<E: From<WishError>>(
        &mut self,
        user: UserId,
        methods: Vec<String>,
        assurance: Assurance,
        fresh: impl FnOnce() -> SessionId,
        token: impl FnOnce() -> Result<TokenHash, E>,
    ) -> Result<(), E> {
        if self.state().user.as_ref().is_some_and(|present| *present != user) {
            self.end(EndReason::UserSwitched, fresh());
        }
        self.wish(Wish::LogIn { user, methods, assurance })?;
        self.renew(false, token)
    }

    /// Records that the user proved again who they are, and replaces the token (ASVS 7.2.4).
    ///
    /// # Errors
    ///
    /// As [`log_in`](Self::log_in).
    pub fn reauthenticate<E: From<WishError>>(
        &mut self,
        methods: Vec<String>,
        assurance: Assurance,
        token: impl FnOnce() -> Result<TokenHash, E>,
    ) -> Result<(), E> {
        self.wish(Wish::Reauthenticate { methods, assurance })?;
        self.renew(false, token)
    }

    /// Replaces the token. A session that is yet to be started gets its first one when it is written.
    ///
    /// # Errors
    ///
    /// As [`log_in`](Self::log_in).
    pub fn renew<E: From<WishError>>(
        &mut self,
        accepts_superseded: bool,
        token: impl FnOnce() -> Result<TokenHash, E>,
    ) -> Result<(), E> {
        if self.draft.is_new() {
            return Ok(());
        }
        let (token_hash, grace) = (token()?, self.policy.renewal_grace);
        Ok(self.wish(Wish::Renew { token_hash, grace, accepts_superseded })?)
    }

    /// Ends the session. What is wished afterwards goes to a new one, which `fresh` names.
    pub fn end(&mut self, reason: EndReason, fresh: SessionId) {
        let last_seen = self.last_seen.unwrap_or(self.now.at());
        // An end is always granted.
        self.wish(Wish::End { reason, last_seen }).ok();
        let next = Draft::anonymous(fresh, self.policy.timeouts(), self.policy.state_bytes_max);
        let ended = std::mem::replace(&mut self.draft, next);
        if !ended.is_new() {
            self.ended = Some(ended);
        }
    }
}

/// Settling.
impl Holding {
    /// Whether a session starts, whose first secret the caller must make.
    pub fn starts(&self) -> bool {
        self.draft.is_new() && self.draft.is_changed()
    }

    /// The events to be written. `token` is the hash of the first token of a session that starts.
    pub fn writes(&self, token: TokenHash, client: Client, mut event_id: impl FnMut() -> EventId) -> Writes {
        let origin = Origin { at: self.now.at(), client, actor: None };
        let ended = self.ended.as_ref();
        let end = ended.and_then(|ended| ended.write(TokenHash::default(), &origin, &mut event_id));
        let session = self.draft.write(token, &origin, event_id);
        let resend = session.as_ref().map_or(Resend::Drop, |written| self.resend(&written.state));
        let guard = (end.is_none() && session.is_none()).then(|| self.guard());
        Writes { end, session, resend, guard }
    }

    /// The response's order to the browser once everything is written.
    pub fn cookie(&self) -> CookiePlan {
        let is_latecomer = self.admission == Some(Admission::Latecomer) && self.ended.is_none();
        if self.starts() || self.draft.renews() {
            CookiePlan::Mint
        } else if is_latecomer {
            CookiePlan::Resend
        } else if self.ended.is_some() || self.has_stale_cookie {
            CookiePlan::Remove
        } else {
            CookiePlan::Leave
        }
    }

    /// The session once everything is committed, for a request that goes on. `last` is the last that was
    /// written; `fresh` names the next session if that one has ended.
    #[must_use]
    pub fn after(self, last: &Written, fresh: impl FnOnce() -> SessionId) -> Self {
        let (now, overdue) = (self.now.at(), self.overdue);
        let next = if last.state.ended.is_some() {
            Self::anonymous(self.policy, fresh(), Moment::Database(now))
        } else {
            Self::stored(self.policy, now, last.id, last.state.clone(), now)
        };
        Self { overdue, ..next }
    }

    /// The new secret is kept for requests that come late, for as long as they are let in.
    fn resend(&self, after: &SessionState) -> Resend {
        let superseded = after.superseded;
        let is_open = superseded.is_some_and(|old| old.accepted && self.now.at() < old.until);
        match (is_open, self.draft.renews()) {
            (false, _) => Resend::Drop,
            (true, true) => Resend::Seal,
            (true, false) => Resend::Keep,
        }
    }

    fn guard(&self) -> Guard {
        if self.draft.is_new() {
            return Guard::Unfailed;
        }
        Guard::Fence { session: self.draft.id(), version: self.draft.state().version }
    }
}

impl Moment {
    /// The time.
    pub const fn at(self) -> OffsetDateTime {
        match self {
            Self::Database(at) | Self::Process(at) => at,
        }
    }
}
