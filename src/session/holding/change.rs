//! The wishes of a handler, and the changes of a session that need a new token or end it.

use std::sync::Arc;

use super::{Holding, Start};
use crate::session::{
    Admission, Draft, EndReason, Event, Login, Renewed, SessionId, TokenHash, UserId, Wish, WishError, decide,
};

impl Holding {
    /// Grants a wish of the handler.
    ///
    /// # Errors
    ///
    /// See [`WishError`]; the session is as it was. [`WishError::StaleCookie`] if the wish would start a
    /// session that the request must not start.
    pub fn wish(&mut self, wish: Wish) -> Result<(), WishError> {
        match &wish {
            Wish::ChangeTimeouts(own) => self.policy.permit(*own)?,
            Wish::ChangeRenewal { renewal_timeout } => self.policy.permit_renewal(*renewal_timeout)?,
            _ => {}
        }
        if self.draft.is_new() && !self.start.is_free() {
            let fact = decide(self.draft.state(), wish, self.policy.state_bytes_max)?;
            return if fact.is_some() { Err(WishError::StaleCookie) } else { Ok(()) };
        }
        self.draft.wish(wish, self.now.at())
    }

    /// Binds a user and replaces the token (ASVS 7.2.4). A session of another user ends first: what it holds
    /// is not for the new one, which `fresh` names. `token` makes a secret and gives its hash.
    ///
    /// A second login of the same user, with the token that the first has superseded a moment ago, joins the
    /// session of the first: the browser has sent both.
    ///
    /// # Errors
    ///
    /// The wish cannot be granted, or `token` fails.
    pub fn log_in<E: From<WishError>>(
        &mut self,
        login: Login,
        fresh: impl FnOnce() -> SessionId,
        token: impl FnOnce() -> Result<TokenHash, E>,
    ) -> Result<(), E> {
        let Login { user, methods, assurance, auth_time, instead_of } = login;
        let joins = self.join(&user);
        if self.state().user.as_ref().is_some_and(|present| *present != user) {
            self.end(EndReason::UserSwitched, fresh())?;
        }
        if self.start == Start::LogInOnly {
            self.start = Start::Free;
        }
        self.wish(Wish::LogIn { user, methods, assurance, auth_time })?;
        self.instead_of = instead_of;
        // The token of the first login may be the one that the browser keeps.
        self.replace_token(joins, token)
    }

    /// Offers a new token, which takes the place of the present one when a browser shows it. While a token is
    /// on offer, and after one was taken a moment ago, the wish is granted already. `can_resend` says whether
    /// the secret of the offered token can be sent again.
    ///
    /// # Errors
    ///
    /// As [`log_in`](Self::log_in).
    pub fn renew<E: From<WishError>>(
        &mut self,
        can_resend: bool,
        token: impl FnOnce() -> Result<TokenHash, E>,
    ) -> Result<(), E> {
        let is_offered = self.draft.state().content.offered.is_some() && !self.takes_offer();
        let is_granted = self.has_minted || (is_offered && can_resend);
        if self.draft.is_new() || is_granted || self.admission == Some(Admission::Latecomer) {
            self.has_asked_again = true;
            return Ok(());
        }
        self.take_offer()?;
        let token_hash = token()?;
        self.wish(Wish::OfferToken { token_hash })?;
        self.has_minted = true;
        Ok(())
    }

    /// Ends the session. What is wished afterwards goes to a new one, which `fresh` names.
    ///
    /// # Errors
    ///
    /// The reason cannot be stored; the session is as it was.
    pub fn end(&mut self, reason: EndReason, fresh: SessionId) -> Result<(), WishError> {
        reason.check()?;
        let next = Draft::anonymous(fresh, self.policy.timeouts(), self.policy.state_bytes_max);
        if !self.draft.is_new() {
            let last_seen = self.last_seen.unwrap_or(self.now.at());
            self.wish(Wish::End { reason, last_seen, by: None })?;
            self.ended = Some(std::mem::replace(&mut self.draft, next));
        } else {
            self.draft = next;
        }
        self.has_minted = false;
        Ok(())
    }

    /// Forgets the session that a second login might join: it cannot be read.
    pub fn join_nothing(&mut self) {
        self.joinable = None;
    }

    /// Takes the session of a login a moment ago, if it is of this user and nothing was kept so far.
    fn join(&mut self, user: &UserId) -> bool {
        let is_recent = matches!(self.admission, Some(Admission::Superseded { .. })) && !self.exists();
        let live = self.joinable.take_if(|live| is_recent && live.state.user.as_ref() == Some(user));
        let (Some(live), now) = (live, self.now) else { return false };
        let admission = self.admission.take();
        *self = Self { admission, ..Self::stored(Arc::clone(&self.policy), now, *live) };
        true
    }

    pub(super) fn replace_token<E: From<WishError>>(
        &mut self,
        accepts_superseded: bool,
        token: impl FnOnce() -> Result<TokenHash, E>,
    ) -> Result<(), E> {
        if self.draft.is_new() {
            return Ok(());
        }
        let (token_hash, grace) = (token()?, self.policy.renewal_grace);
        self.wish(Wish::Renew { token_hash, grace, accepts_superseded })?;
        self.has_minted = true;
        Ok(())
    }

    /// Makes the token that the browser has kept the session's own, before whatever else the request has
    /// changed. The one that it did not keep is let in for the grace: its answer may still be on its way.
    pub(super) fn record_kept_token(&mut self) {
        let (grace, is_stored) = (self.policy.renewal_grace, !self.draft.is_new());
        if let Some(token_hash) = self.kept_token.take_if(|_| is_stored) {
            self.draft.precede(Event::Renewed(Renewed { token_hash, grace, accepts_superseded: true }));
        }
    }

    /// Makes an offered token that the browser has shown the session's own. The token before is let in for
    /// the grace.
    pub(super) fn take_offer(&mut self) -> Result<(), WishError> {
        let Some(token_hash) = self.draft.state().content.offered.filter(|_| self.takes_offer()) else {
            return Ok(());
        };
        let grace = self.policy.renewal_grace;
        self.wish(Wish::Renew { token_hash, grace, accepts_superseded: true })
    }
}
