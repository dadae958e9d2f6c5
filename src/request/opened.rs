//! The session as one request has opened it: the holding, and what only this process may know.

mod knowing;
mod proving;

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::SysRng;
use time::OffsetDateTime;

use super::SessionError;
use super::completion::CookieChange;
use super::shared::{Shared, fresh_id};
use crate::ledger::desk::{Append, Base, FoundSession, LiveSession, Lookup, Row};
use crate::session::{
    Client, CookiePlan, DatabaseTime, DecodeError, Device, EndReason, Guard, Holding, Live, Login, Moment,
    Resend, SessionId, SessionState, Shown, TokenHash, Wish, WishError,
};
use crate::token::{Contents, Secret, Token};

/// Why a session has ended that could not be read when somebody logged in.
const UNREADABLE: &str = "unreadable";

/// A request's session.
pub(super) struct Opened {
    pub(super) holding: Holding,
    /// The secret of the token that the request came with, if that was authentic.
    held: Option<Secret>,
    /// The secret of the token that the response will carry.
    secret: Option<Secret>,
    /// The secret of an offered token that the stored row keeps, sealed.
    resend: Option<Vec<u8>>,
    /// The rows that the application's own statement found beside the session.
    pub(super) also: Arc<[Row]>,
    /// Why the stored session cannot be read, if it cannot, until the handler has ended it.
    damage: Option<DecodeError>,
    /// The browser of the request's login, where device cookies are in use.
    device: Option<Box<Device>>,
    /// Why the session was not ended, though the handler has asked for it.
    refused_end: Option<WishError>,
}

/// The appends of a request, their guard, and the cookie to send once they are committed.
pub(super) struct Plan {
    pub(super) appends: Vec<Arc<Append>>,
    /// None if the appends make sure of it.
    pub(super) guard: Option<Guard>,
    pub(super) cookie: Option<CookieChange>,
    /// The device cookie that goes with it.
    pub(super) device: Option<Token>,
}

impl Opened {
    /// A visitor without a session, at the database's time if that is known.
    pub(super) fn visitor(shared: &Shared, now: Option<DatabaseTime>) -> Self {
        Self::of(Holding::anonymous(shared.policy(), fresh_id(), moment(now)))
    }

    /// A visitor with several cookies of the name.
    pub(super) fn visitor_with_several_cookies(shared: &Shared, now: Option<DatabaseTime>) -> Self {
        Self::of(Holding::with_several_cookies(shared.policy(), fresh_id(), moment(now)))
    }

    /// The holder of an authentic token, who meets what was found under its id.
    ///
    /// If the token was let in when the request came, and its session has ended since, the request goes on as
    /// that of a visitor without a cookie.
    pub(super) fn admitted(
        shared: &Shared,
        Contents { session: id, secret: held, witness }: Contents,
        found: Lookup,
        was_let_in: bool,
    ) -> Self {
        let policy = shared.policy();
        match found.session {
            FoundSession::Live(LiveSession { state, damage, resend, last_seen }) => {
                let (live, shown) =
                    (Live { id, state, last_seen }, Shown { token_hash: held.hash(), witness });
                let mut holding = Holding::admitted(policy, found.now, &shown, live, fresh_id);
                if damage.is_some() {
                    holding.join_nothing();
                }
                if holding.is_new() {
                    return Self::of(holding);
                }
                Self { held: Some(held), resend, also: found.also.into(), damage, ..Self::of(holding) }
            }
            FoundSession::Gone(ended) if was_let_in => {
                let mut visitor = Self::visitor(shared, Some(found.now));
                visitor.holding.tell_end(ended.map(|(reason, _)| reason));
                visitor
            }
            FoundSession::Gone(ended) => Self::of(Holding::of_ended(policy, found.now, ended, fresh_id())),
        }
    }

    /// Compares the request's client with those that the session knows, and says whether the session ends.
    /// One that cannot be read knows none.
    pub(super) fn meet(&mut self, client: &Client) -> bool {
        self.damage.is_none() && self.holding.meet(client, fresh_id)
    }

    /// The session to be read and no more: without its secrets.
    pub(super) fn seen(&self) -> Self {
        let (also, damage) = (Arc::clone(&self.also), self.damage.clone());
        Self { also, damage, ..Self::of(self.holding.clone()) }
    }

    /// The session as it was loaded, without what the handler has wished.
    pub(super) fn undone(self) -> Self {
        Self { holding: self.holding.undone(), ..self }
    }

    fn of(holding: Holding) -> Self {
        let also = Arc::new([]);
        Self {
            holding,
            held: None,
            secret: None,
            resend: None,
            also,
            damage: None,
            device: None,
            refused_end: None,
        }
    }
}

/// Changes that need a new token or end the session.
impl Opened {
    /// Binds a user and replaces the token. A session that cannot be read ends first. `recognise` tells the
    /// browser, and whether it is new to the user, where device cookies are in use.
    pub(super) fn log_in(
        &mut self,
        login: Login,
        recognise: impl FnOnce(&SessionState) -> Option<(Device, bool)>,
    ) -> Result<(), SessionError> {
        login.user().check()?;
        if self.damage.is_some() {
            self.end(EndReason::Other(UNREADABLE.to_owned()))?;
        }
        let Self { holding, secret, .. } = self;
        holding.log_in(login, fresh_id, || generated(secret))?;
        if let Some((device, is_new)) = recognise(holding.state()) {
            holding.wish(Wish::SeeDevice { device: device.id, is_new })?;
            self.device = Some(Box::new(device));
        }
        Ok(())
    }

    /// Offers a new token.
    pub(super) fn renew(&mut self, shared: &Shared) -> Result<(), SessionError> {
        self.readable()?;
        let can_resend = self.offered_secret(shared).is_some();
        let Self { holding, secret, .. } = self;
        holding.renew(can_resend, || generated(secret))
    }

    /// Lets the browser keep the cookie for `span` after each use.
    pub(super) fn remember(&mut self, shared: &Shared, span: Duration) -> Result<(), SessionError> {
        self.readable()?;
        self.holding.remember(span)?;
        self.renew_stale(shared)
    }

    /// Lets the browser forget the cookie when it closes.
    pub(super) fn forget(&mut self, shared: &Shared) -> Result<(), SessionError> {
        self.readable()?;
        self.holding.forget()?;
        self.renew_stale(shared)
    }

    /// The cookie's time goes with a new token alone: the present one may be on its way in another answer.
    fn renew_stale(&mut self, shared: &Shared) -> Result<(), SessionError> {
        if self.holding.cookie_is_stale() { self.renew(shared) } else { Ok(()) }
    }

    /// Ends the session. What is wished afterwards goes to a new one.
    pub(super) fn end(&mut self, reason: EndReason) -> Result<(), WishError> {
        self.holding.end(reason, fresh_id())?;
        (self.damage, self.device) = (None, None);
        Ok(())
    }

    /// Grants a wish.
    pub(super) fn wish(&mut self, wish: Wish) -> Result<(), SessionError> {
        self.readable()?;
        Ok(self.holding.wish(wish)?)
    }

    /// Makes sure that the session can be read.
    pub(super) fn readable(&self) -> Result<(), SessionError> {
        match &self.damage {
            None => Ok(()),
            Some(error) => Err(SessionError::Unreadable { session: self.holding.id(), error: error.clone() }),
        }
    }

    /// Ends the session, also for a handler that does not look at the answer: if that is refused, nothing of
    /// the request may be committed.
    pub(super) fn end_or_fail(&mut self, reason: EndReason) -> Result<(), SessionError> {
        self.end(reason).map_err(|error| {
            self.refused_end = Some(error.clone());
            error.into()
        })
    }

    /// Makes sure that the request may be committed.
    ///
    /// # Errors
    ///
    /// The session cannot be read and was not ended, or an end that was asked for has been refused.
    pub(super) fn check(&self) -> Result<(), SessionError> {
        self.readable()?;
        self.refused_end.clone().map_or(Ok(()), |error| Err(error.into()))
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
        // Not into a transaction that leaves the session as it is: it might lose a race by that.
        if self.holding.is_changed() && self.renewal_is_due() {
            self.renew(shared)?;
        }
        // A session that starts gets its first secret now, so that a handler that keeps nothing costs
        // nothing.
        if self.holding.starts() {
            generated(&mut self.secret)?;
        }
        let hash = self.secret.as_ref().map(Secret::hash).unwrap_or_default();
        let writes = self.holding.writes(hash, client, rand::random);

        let base = self.holding.base();
        let base = base.map(|(epoch, head)| Base { epoch: epoch.cast_signed(), head });
        // The end of one session goes before the events of the next.
        let mut appends = Vec::new();
        if let Some(written) = writes.end {
            appends.push(Arc::new(Append { written, resend: None, base }));
        }
        if let Some(written) = writes.session {
            let resend = self.kept_secret(shared, writes.resend)?;
            let base = base.filter(|_| written.expected_version > 0);
            appends.push(Arc::new(Append { written, resend, base }));
        }

        // The token is minted before the commit: if that fails, nothing is written.
        let state = appends.last().map_or(self.holding.state(), |last| &last.written.state);
        let cookie = self.cookie_in(shared, state)?;
        let device = self.device.as_ref().map(|device| shared.sealer.mint_device(device, &mut SysRng));
        Ok(Plan { appends, guard: writes.guard, cookie, device: device.transpose()? })
    }

    /// Whether a new token is to be offered though the handler has not asked for one.
    pub(super) fn renewal_is_due(&self) -> bool {
        self.damage.is_none() && self.holding.renewal_is_due()
    }

    /// Which cookie follows where there is nothing to write.
    pub(super) fn cookie(&self, shared: &Shared) -> Result<Option<CookieChange>, SessionError> {
        self.cookie_in(shared, self.holding.state())
    }

    /// Which cookie follows, once the session is stored in this state.
    fn cookie_in(&self, shared: &Shared, state: &SessionState) -> Result<Option<CookieChange>, SessionError> {
        let token = match (self.holding.cookie(), &self.secret) {
            (CookiePlan::Mint, Some(secret)) => self.mint(shared, secret, state)?,
            (CookiePlan::Resend, _) => self.resent(shared, state)?,
            (CookiePlan::ResendEvery(seconds), _) => {
                let is_time = shared.tries.allow(self.holding.id(), seconds, self.holding.now());
                if is_time { self.resent(shared, state)? } else { None }
            }
            (CookiePlan::Remove, _) => return Ok(Some(CookieChange::Remove)),
            (CookiePlan::Mint | CookiePlan::Leave, _) => None,
        };
        let max_age = self.holding.max_age(state);
        Ok(token.map(|token| CookieChange::Set { token, max_age }))
    }

    /// The offered token, which may have been lost on its way. It is sent again until a browser shows it.
    fn resent(&self, shared: &Shared, state: &SessionState) -> Result<Option<Token>, SessionError> {
        match self.offered_secret(shared) {
            Some(secret) => self.mint(shared, &secret, state),
            None => Ok(None),
        }
    }

    /// A token that bears witness of this state. None without the database's time, by which all is written.
    fn mint(
        &self,
        shared: &Shared,
        secret: &Secret,
        state: &SessionState,
    ) -> Result<Option<Token>, SessionError> {
        let Some(witness) = self.holding.witness(state) else { return Ok(None) };
        Ok(Some(shared.sealer.mint(self.holding.id(), secret, witness, &mut SysRng)?))
    }

    /// The session once the plan is carried out, for a request that goes on.
    pub(super) fn after(self, plan: &Plan) -> Self {
        let Some(last) = plan.appends.last() else { return Self { secret: None, ..self } };
        let holding = self.holding.after(&last.written, fresh_id);
        let resend = last.resend.clone().filter(|_| !holding.is_new());
        // The browser keeps its token while another is only on offer.
        let is_offered = holding.state().content.offered.is_some();
        let held = if is_offered { self.held } else { self.secret.or(self.held) };
        Self { held, resend, ..Self::of(holding) }
    }

    /// The session to be read once its request is settled: as the plan has left it, or as it was loaded if
    /// nothing was committed.
    pub(super) fn left(&self, plan: Option<&Plan>) -> Self {
        let seen = self.seen();
        match plan {
            Some(plan) => Self { also: Arc::clone(&self.also), ..seen.after(plan) },
            None => seen.undone(),
        }
    }

    /// What is written whatever became of the request's own changes: see [`Holding::aside`].
    pub(super) fn aside(&mut self, is_rolled_back: bool, client: Client) -> Option<Append> {
        // What cannot be read is left as it is.
        self.readable().ok()?;
        let written = self.holding.aside(is_rolled_back, client, rand::random)?;
        Some(Append::of(written, None))
    }

    /// The sealed secret that the session's row keeps of an offered token.
    fn kept_secret(&self, shared: &Shared, resend: Resend) -> Result<Option<Vec<u8>>, SessionError> {
        match (resend, &self.secret, &self.held) {
            (Resend::Seal, Some(secret), Some(held)) => {
                Ok(Some(shared.sealer.seal_resend(self.holding.id(), secret, held, &mut SysRng)?))
            }
            (Resend::Keep, _, _) => Ok(self.resend.clone()),
            (Resend::Seal | Resend::Drop, _, _) => Ok(None),
        }
    }

    /// The secret of the token on offer, if the row keeps it for the holder of this request's token.
    fn offered_secret(&self, shared: &Shared) -> Option<Secret> {
        let (sealed, held) = (self.resend.as_deref()?, self.held.as_ref()?);
        shared.sealer.open_resend(self.holding.id(), sealed, held).ok()
    }
}

impl Plan {
    /// Nothing to write, and maybe a cookie.
    pub(super) fn of_cookie(cookie: Option<CookieChange>) -> Self {
        Self { appends: Vec::new(), guard: None, cookie, device: None }
    }
}

/// The database's time, or the process's if the database has not been asked.
fn moment(now: Option<DatabaseTime>) -> Moment {
    now.map_or_else(|| Moment::Process(OffsetDateTime::now_utc()), Moment::Database)
}

/// Makes a secret, keeps it, and gives its hash.
fn generated(secret: &mut Option<Secret>) -> Result<TokenHash, SessionError> {
    Ok(secret.insert(Secret::generate(&mut SysRng)?).hash())
}
