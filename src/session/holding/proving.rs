//! What hangs on the user's proof of who they are: proofs anew, changed factors, what may be done once.

use time::OffsetDateTime;

use super::Holding;
use crate::session::{Assurance, Draft, Guard, Others, StepUp, TokenHash, UserId, Wish, WishError};

impl Holding {
    /// Records that the user proved again who they are, and replaces the token (ASVS 7.2.4).
    ///
    /// # Errors
    ///
    /// As [`log_in`](Self::log_in).
    pub fn reauthenticate<E: From<WishError>>(
        &mut self,
        methods: Vec<String>,
        assurance: Assurance,
        auth_time: Option<OffsetDateTime>,
        token: impl FnOnce() -> Result<TokenHash, E>,
    ) -> Result<(), E> {
        self.wish(Wish::Reauthenticate { methods, assurance, auth_time })?;
        self.replace_token(false, token)
    }

    /// Records that a factor of the user was changed or taken away, and replaces the token. With
    /// `ends_others`, all other sessions of the user end with the commit (ASVS 7.4.3).
    ///
    /// # Errors
    ///
    /// As [`log_in`](Self::log_in).
    pub fn change_factor<E: From<WishError>>(
        &mut self,
        factor: String,
        ends_others: bool,
        token: impl FnOnce() -> Result<TokenHash, E>,
    ) -> Result<(), E> {
        self.wish(Wish::ChangeFactor { factor, ends_others })?;
        self.replace_token(false, token)
    }

    /// Lets the user act as another, or as themselves again, and replaces the token: what its holder may do
    /// is not what it was (OWASP Session Management Cheat Sheet, "Renew the Session ID After Any Privilege
    /// Level Change"). Who acts as themselves already keeps the token.
    ///
    /// # Errors
    ///
    /// As [`log_in`](Self::log_in).
    pub fn act_as<E: From<WishError>>(
        &mut self,
        impersonated: Option<(UserId, String)>,
        token: impl FnOnce() -> Result<TokenHash, E>,
    ) -> Result<(), E> {
        let wish = match impersonated {
            Some((user, reason)) => Wish::Impersonate { user, reason },
            None if self.state().content.extras.impersonated.is_none() => return Ok(()),
            None => Wish::EndImpersonation,
        };
        self.wish(wish)?;
        self.replace_token(false, token)
    }

    /// Takes a grant: it must not be void yet.
    ///
    /// # Errors
    ///
    /// [`WishError::NotGranted`]: there is none.
    pub fn take_grant(&mut self, operation: String) -> Result<(), WishError> {
        self.wish(Wish::TakeGrant { operation, at: self.now.at() })
    }

    /// Whether the user's proofs meet what an operation demands.
    pub fn meets(&self, demanded: &StepUp) -> bool {
        self.state().meets(demanded, self.now.at())
    }

    /// What must be true of the user's account when the changes are committed.
    pub(super) fn login_guard(&self) -> Option<Guard> {
        let user = self.draft.state().user.as_ref().filter(|_| self.draft.logs_in())?;
        Some(Guard::Login { user: user.clone() })
    }

    /// What the commit may mean for the user's other sessions; none if it means nothing for them, so that
    /// nobody need look at them.
    pub fn others(&self) -> Option<Others> {
        let draft = &self.draft;
        let user = draft.state().user.as_ref().filter(|_| draft.is_changed())?;
        let (max, end_all) = (self.policy.sessions_per_user, draft.ends_others());
        let max = max.filter(|_| draft.gains_user());
        if max.is_none() && self.instead_of.is_empty() && !end_all {
            return None;
        }
        let ended = self.ended.iter().map(Draft::id);
        let overdue = self.overdue.iter().map(|overdue| overdue.id);
        Some(Others {
            user: user.clone(),
            by: draft.id(),
            leaving: ended.chain(overdue).collect(),
            instead_of: self.instead_of.clone(),
            room: max.map(|max| (max, self.policy.sessions_excess)),
            end_all,
        })
    }
}
