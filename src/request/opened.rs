//! The session as one request has opened it: the holding, and what only this process may know.

use std::sync::Arc;

use rand::rngs::SysRng;
use time::OffsetDateTime;

use super::SessionError;
use super::completion::CookieChange;
use super::shared::{Shared, fresh_id};
use crate::ledger::desk::{Append, FoundSession, Lookup, Row};
use crate::session::{
    Assurance, Client, CookiePlan, EndReason, EventId, Guard, Holding, Moment, Resend, SessionId, TokenHash,
    UserId,
};
use crate::token::{Secret, Token};

/// A request's session.
pub(super) struct Opened {
    pub(super) holding: Holding,
    /// The secret of the token that the response will carry.
    secret: Option<Secret>,
    /// The secret that the stored row keeps for latecomers, sealed.
    resend: Option<Vec<u8>>,
    /// The rows that the application's own statement found beside the session.
    pub(super) also: Arc<[Row]>,
}

/// The appends of a request, their guard, and the cookie to send once they are committed.
pub(super) struct Plan {
    pub(super) appends: Vec<Arc<Append>>,
    /// None if the appends make sure of it.
    pub(super) guard: Option<Guard>,
    pub(super) cookie: Option<CookieChange>,
}

impl Opened {
    /// A visitor without a session, at the database's time if that is known.
    pub(super) fn visitor(shared: &Shared, now: Option<OffsetDateTime>) -> Self {
        let now = now.map_or_else(|| Moment::Process(OffsetDateTime::now_utc()), Moment::Database);
        Self::of(Holding::anonymous(shared.policy(), fresh_id(), now))
    }

    /// The holder of an authentic token, who meets what was found under its id.
    pub(super) fn admitted(shared: &Shared, id: SessionId, secret: &Secret, found: Lookup) -> Self {
        let policy = shared.policy();
        match found.session {
            FoundSession::Live(live) => {
                let session = (id, live.state, live.last_seen);
                let holding = Holding::admitted(policy, found.now, &secret.hash(), session, fresh_id);
                if holding.is_new() {
                    return Self::of(holding);
                }
                Self { resend: live.resend, also: found.also.into(), ..Self::of(holding) }
            }
            FoundSession::Gone(ended) => Self::of(Holding::of_ended(policy, found.now, ended, fresh_id())),
        }
    }

    fn of(holding: Holding) -> Self {
        Self { holding, secret: None, resend: None, also: Arc::new([]) }
    }
}

/// Changes that need a new token or end the session.
impl Opened {
    /// Binds a user and replaces the token.
    pub(super) fn log_in(
        &mut self,
        user: UserId,
        methods: Vec<String>,
        assurance: Assurance,
    ) -> Result<(), SessionError> {
        let Self { holding, secret, .. } = self;
        holding.log_in(user, methods, assurance, fresh_id, || generated(secret))
    }

    /// Records that the user proved again who they are, and replaces the token.
    pub(super) fn reauthenticate(
        &mut self,
        methods: Vec<String>,
        assurance: Assurance,
    ) -> Result<(), SessionError> {
        let Self { holding, secret, .. } = self;
        holding.reauthenticate(methods, assurance, || generated(secret))
    }

    /// Replaces the token; the old one is let in for a while.
    pub(super) fn renew(&mut self) -> Result<(), SessionError> {
        let Self { holding, secret, .. } = self;
        holding.renew(true, || generated(secret))
    }

    /// Ends the session. What is wished afterwards goes to a new one.
    pub(super) fn end(&mut self, reason: EndReason) {
        self.holding.end(reason, fresh_id());
    }
}

/// Settling.
impl Opened {
    /// Whether a session is to start that nobody is signed in to. One that follows another's end is not
    /// meant: nothing may stand in the way of an end.
    pub(super) fn is_visitors_start(&self) -> bool {
        let holding = &self.holding;
        holding.starts() && holding.state().user.is_none() && holding.loaded_version().is_none()
    }

    /// The stored session, if it is to be changed and not to be ended.
    pub(super) fn changed_session(&self) -> Option<SessionId> {
        let (session, _) = self.holding.loaded_version()?;
        let is_changed = self.holding.is_changed() && self.holding.is_stored(session);
        is_changed.then_some(session)
    }

    /// Plans what to write, and which cookie follows.
    pub(super) fn plan(&mut self, shared: &Shared, client: Client) -> Result<Plan, SessionError> {
        // A session that starts gets its first secret now, so that a handler that keeps nothing costs
        // nothing.
        if self.holding.starts() {
            generated(&mut self.secret)?;
        }
        let hash = self.secret.as_ref().map(Secret::hash).unwrap_or_default();
        let writes = self.holding.writes(hash, client, event_id);

        // The end of one session goes before the events of the next.
        let mut appends = Vec::new();
        if let Some(written) = writes.end {
            appends.push(Arc::new(Append { written, resend: None }));
        }
        if let Some(written) = writes.session {
            let resend = self.resent(shared, writes.resend)?;
            appends.push(Arc::new(Append { written, resend }));
        }

        // The token is minted before the commit: if that fails, nothing is written.
        Ok(Plan { appends, guard: writes.guard, cookie: self.cookie(shared)? })
    }

    /// Which cookie follows where there is nothing to write.
    pub(super) fn cookie(&self, shared: &Shared) -> Result<Option<CookieChange>, SessionError> {
        let token = match (self.holding.cookie(), &self.secret) {
            (CookiePlan::Mint, Some(secret)) => {
                Some(shared.sealer.mint(self.holding.id(), secret, &mut SysRng)?)
            }
            (CookiePlan::Resend, _) => self.resent_token(shared),
            (CookiePlan::Remove, _) => return Ok(Some(CookieChange::Remove)),
            (CookiePlan::Mint | CookiePlan::Leave, _) => None,
        };
        Ok(token.map(CookieChange::Set))
    }

    /// The session once the plan is carried out, for a request that goes on.
    pub(super) fn after(self, plan: &Plan) -> Self {
        let Some(last) = plan.appends.last() else { return Self { secret: None, ..self } };
        let holding = self.holding.after(&last.written, fresh_id);
        let resend = last.resend.clone().filter(|_| !holding.is_new());
        Self { resend, ..Self::of(holding) }
    }

    /// The sealed secret that the session's row keeps for latecomers.
    fn resent(&self, shared: &Shared, resend: Resend) -> Result<Option<Vec<u8>>, SessionError> {
        match (resend, &self.secret) {
            (Resend::Seal, Some(secret)) => {
                Ok(Some(shared.sealer.seal_resend(self.holding.id(), secret, &mut SysRng)?))
            }
            (Resend::Keep, _) => Ok(self.resend.clone()),
            (Resend::Seal | Resend::Drop, _) => Ok(None),
        }
    }

    /// A renewed token may have been lost on its way, and is sent again while its secret is kept.
    fn resent_token(&self, shared: &Shared) -> Option<Token> {
        let id = self.holding.id();
        let secret = shared.sealer.open_resend(id, self.resend.as_deref()?).ok()?;
        shared.sealer.mint(id, &secret, &mut SysRng).ok()
    }
}

impl Plan {
    /// Nothing to write, and maybe a cookie.
    pub(super) fn of_cookie(cookie: Option<CookieChange>) -> Self {
        Self { appends: Vec::new(), guard: None, cookie }
    }
}

/// Makes a secret, keeps it, and gives its hash.
fn generated(secret: &mut Option<Secret>) -> Result<TokenHash, SessionError> {
    Ok(secret.insert(Secret::generate(&mut SysRng)?).hash())
}

fn event_id() -> EventId {
    EventId::from_random(rand::random())
}
