//! The session as one request sees it, and what is to be done once the handler has returned.

use std::sync::Arc;

use rand::rngs::SysRng;
use time::OffsetDateTime;

use super::SessionError;
use super::middleware::Shared;
use crate::session::{
    Assurance, Client, Draft, EndReason, EventId, Guard, Origin, Policy, SessionId, SessionState, TokenHash,
    UserId, Wish, WishError,
};
use crate::store::request::append::Append;
use crate::store::request::load::{LiveSession, Row};
use crate::token::{Secret, Token};

/// A request's session.
pub(super) struct Opened {
    /// The database's clock as the load returned it; none until something was loaded.
    pub(super) now: Option<OffsetDateTime>,
    pub(super) draft: Draft,
    /// The stored session that `draft` changes, or that the request has ended.
    stored: Option<Stored>,
    /// The stored session, once the request has ended it.
    ended: Option<Draft>,
    /// The secret of the token that the response will carry.
    secret: Option<Secret>,
    /// The request's cookie names a session that is long gone.
    pub(super) stale_cookie: bool,
    /// Why that session ended, or one whose time is over now.
    pub(super) why_ended: Option<EndReason>,
    /// A session that must end whatever becomes of the request.
    pub(super) overdue: Option<Box<Overdue>>,
    /// What the application's own statement found beside the session.
    pub(super) also: Arc<[Row]>,
}

/// What a request needs to know of a stored session besides its state.
struct Stored {
    last_seen: OffsetDateTime,
    resend: Option<Vec<u8>>,
    /// The request came with the superseded token, so the browser may not have the new one.
    latecomer: bool,
}

/// A session whose time is over, or whose tokens two parties hold.
pub(super) struct Overdue {
    pub(super) id: SessionId,
    pub(super) live: LiveSession,
    pub(super) reason: EndReason,
    pub(super) at: OffsetDateTime,
}

/// What to write, and which cookie to send once it is written.
pub(super) struct Plan {
    pub(super) appends: Vec<Arc<Append>>,
    /// None if the appends make sure of it.
    pub(super) fence: Option<Guard>,
    pub(super) cookie: Option<CookieChange>,
}

/// What the response tells the browser.
pub(super) enum CookieChange {
    /// Keep this token.
    Set(Token),
    /// Forget the token.
    Remove,
}

impl Opened {
    /// A visitor without a session.
    pub(super) fn anonymous(policy: &Policy, now: Option<OffsetDateTime>) -> Self {
        Self {
            now,
            draft: fresh(policy),
            stored: None,
            ended: None,
            secret: None,
            stale_cookie: false,
            why_ended: None,
            overdue: None,
            also: Arc::new([]),
        }
    }

    /// The holder of a live session.
    pub(super) fn stored(
        policy: &Policy,
        now: OffsetDateTime,
        id: SessionId,
        live: LiveSession,
        latecomer: bool,
    ) -> Self {
        let stored = Stored { last_seen: live.last_seen, resend: live.resend, latecomer };
        let draft = Draft::stored(id, live.state, policy.state_bytes_max);
        Self { draft, stored: Some(stored), ..Self::anonymous(policy, Some(now)) }
    }

    /// With what the application's own statement found beside the session.
    pub(super) fn beside(self, also: Arc<[Row]>) -> Self {
        Self { also, ..self }
    }

    /// Grants a wish of the handler.
    pub(super) fn wish(&mut self, wish: Wish) -> Result<(), WishError> {
        let at = self.provisional_now();
        self.draft.wish(wish, at)
    }

    /// Binds a user and replaces the token (ASVS 7.2.4). A session of another user ends first: what it holds
    /// is not for the new one.
    pub(super) fn log_in(
        &mut self,
        policy: &Policy,
        user: UserId,
        methods: Vec<String>,
        assurance: Assurance,
    ) -> Result<(), SessionError> {
        if self.draft.state().user.as_ref().is_some_and(|present| *present != user) {
            self.end(policy, EndReason::UserSwitched);
        }
        self.wish(Wish::LogIn { user, methods, assurance })?;
        self.renew(policy, false)
    }

    /// Replaces the token. A session that is yet to be started gets its first one when it is.
    pub(super) fn renew(&mut self, policy: &Policy, accepts_superseded: bool) -> Result<(), SessionError> {
        if self.draft.is_new() {
            return Ok(());
        }
        let secret = Secret::generate(&mut SysRng)?;
        let grace = policy.renewal_grace;
        self.wish(Wish::Renew { token_hash: secret.hash(), grace, accepts_superseded })?;
        self.secret = Some(secret);
        Ok(())
    }

    /// Ends the session. What is wished afterwards goes to a new one.
    pub(super) fn end(&mut self, policy: &Policy, reason: EndReason) {
        let last_seen =
            self.stored.as_ref().map_or_else(|| self.provisional_now(), |stored| stored.last_seen);
        // An end is always granted.
        self.wish(Wish::End { reason, last_seen }).ok();
        let ended = std::mem::replace(&mut self.draft, fresh(policy));
        if !ended.is_new() {
            self.ended = Some(ended);
        }
        self.secret = None;
    }

    /// The version that the stored session had when it was loaded.
    pub(super) fn loaded_version(&self) -> Option<(SessionId, i64)> {
        let draft = self.ended.as_ref().unwrap_or(&self.draft);
        (!draft.is_new()).then(|| (draft.id(), draft.base_version()))
    }

    /// Whether something is to be written.
    pub(super) fn is_changed(&self) -> bool {
        self.ended.is_some() || self.draft.is_changed()
    }

    /// The session, if it was not ended and it is time to note that it was seen.
    pub(super) fn to_touch(&self, policy: &Policy) -> Option<SessionId> {
        let (stored, now) = (self.stored.as_ref()?, self.now?);
        let unseen = (now - stored.last_seen).whole_seconds();
        (unseen >= i64::from(policy.extension_delay) && self.ended.is_none()).then(|| self.draft.id())
    }

    /// What to write, and which cookie follows.
    pub(super) fn plan(&mut self, shared: &Shared, client: &Client) -> Result<Plan, SessionError> {
        let now = self.provisional_now();
        let origin = Origin { at: now, client: client.clone(), actor: None };
        let mut appends = Vec::new();
        if let Some(written) =
            self.ended.as_ref().and_then(|ended| ended.write(TokenHash::default(), &origin, event_id))
        {
            appends.push(Arc::new(Append { written, resend: None }));
        }
        if self.draft.is_new() && self.draft.is_changed() {
            self.secret = Some(Secret::generate(&mut SysRng)?);
        }
        let hash = self.secret.as_ref().map(Secret::hash).unwrap_or_default();
        if let Some(written) = self.draft.write(hash, &origin, event_id) {
            let resend = self.resend(shared, &written.state, now)?;
            appends.push(Arc::new(Append { written, resend }));
        }
        let fence = appends.is_empty().then(|| self.fence());
        Ok(Plan { appends, fence, cookie: self.cookie(shared)? })
    }

    /// The session once the plan is carried out, for a request that goes on.
    pub(super) fn after(self, policy: &Policy, plan: &Plan) -> Self {
        let now = self.provisional_now();
        let next = match plan.appends.last().map(Arc::as_ref) {
            None => return Self { secret: None, ..self },
            Some(append) if append.written.state.ended.is_some() => Self::anonymous(policy, Some(now)),
            Some(Append { written, resend }) => {
                let (state, resend) = (written.state.clone(), resend.clone());
                Self::stored(policy, now, written.id, LiveSession { state, resend, last_seen: now }, false)
            }
        };
        Self { overdue: self.overdue, ..next }
    }

    fn fence(&self) -> Guard {
        if self.draft.is_new() {
            return Guard::Unfailed;
        }
        Guard::Fence { session: self.draft.id(), version: self.draft.state().version }
    }

    /// The new secret for requests that come late, sealed, for as long as they are let in.
    fn resend(
        &self,
        shared: &Shared,
        after: &SessionState,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<u8>>, SessionError> {
        let open = after.superseded.is_some_and(|superseded| superseded.accepted && now < superseded.until);
        match &self.secret {
            _ if !open => Ok(None),
            Some(secret) => Ok(Some(shared.sealer.seal_resend(self.draft.id(), secret, &mut SysRng)?)),
            None => Ok(self.stored.as_ref().and_then(|stored| stored.resend.clone())),
        }
    }

    fn cookie(&self, shared: &Shared) -> Result<Option<CookieChange>, SessionError> {
        let token = match &self.secret {
            Some(secret) => Some(shared.sealer.mint(self.draft.id(), secret, &mut SysRng)?),
            None => self.token_for_latecomer(shared),
        };
        let removed = self.ended.is_some() || self.stale_cookie;
        Ok(token.map(CookieChange::Set).or(removed.then_some(CookieChange::Remove)))
    }

    /// A renewed token may have been lost on its way, and is sent again while its secret is kept.
    fn token_for_latecomer(&self, shared: &Shared) -> Option<Token> {
        let stored = self.stored.as_ref().filter(|stored| stored.latecomer && self.ended.is_none())?;
        let id = self.draft.id();
        let secret = shared.sealer.open_resend(id, stored.resend.as_deref()?).ok()?;
        shared.sealer.mint(id, &secret, &mut SysRng).ok()
    }

    /// The time as far as it is known: facts get the database's when they are written.
    fn provisional_now(&self) -> OffsetDateTime {
        self.now.unwrap_or_else(OffsetDateTime::now_utc)
    }
}

/// A draft of a session that does not exist. The application's clock makes its id sortable, no more.
fn fresh(policy: &Policy) -> Draft {
    let id = SessionId::new(OffsetDateTime::now_utc(), rand::random());
    Draft::anonymous(id, policy.timeouts(), policy.state_bytes_max)
}

fn event_id() -> EventId {
    EventId::from_random(rand::random())
}
