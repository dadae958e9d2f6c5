//! What hangs on the user's proof of who they are: proofs anew, changed factors, grants, acting as another.

use time::OffsetDateTime;

use super::{Session, SessionError};
use crate::ledger::{Error, SessionSummary};
use crate::session::{Assurance, UserId, Wish};

/// What becomes of the user's other sessions when one of their factors has changed (ASVS 7.4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherSessions {
    /// They end, as `credential_changed`, in the commit of the request.
    End,
    /// They go on.
    Keep,
}

/// Proofs.
impl Session {
    /// When the user last proved who they are by this method, as [`Login::by`](crate::session::Login::by) or
    /// [`reauthenticate`](Self::reauthenticate) named it; none if they did not in this session.
    pub fn proved_at(&self, method: &str) -> Option<OffsetDateTime> {
        self.look(|holding| holding.state().method_proved_at(method))
    }

    /// How much the user's latest proof proves.
    pub fn assurance(&self) -> Assurance {
        self.look(|holding| holding.state().content.assurance)
    }

    /// Records that the user proved again who they are, and replaces the token. Time limits start anew.
    ///
    /// From now on the session has the assurance of this proof and no higher one. So say what the proof
    /// amounts to together with what came before it: a code behind a password is AAL2.
    ///
    /// # Errors
    ///
    /// Nobody is signed in, or there is no randomness for a token.
    pub fn reauthenticate(&self, methods: &[&str], assurance: Assurance) -> Result<(), SessionError> {
        self.prove(methods, assurance, None)
    }

    /// [`reauthenticate`](Self::reauthenticate) through an identity provider, which says when the user proved
    /// who they are: see [`Login::auth_time`](crate::session::Login::auth_time).
    ///
    /// # Errors
    ///
    /// As [`reauthenticate`](Self::reauthenticate).
    pub fn reauthenticate_at(
        &self,
        methods: &[&str],
        assurance: Assurance,
        auth_time: OffsetDateTime,
    ) -> Result<(), SessionError> {
        self.prove(methods, assurance, Some(auth_time))
    }

    /// Records that a factor of the user was changed or taken away, such as `pwd` with a new password or
    /// `hwk` with a lost key, and replaces the token. What was proved by the factor proves nothing any more.
    ///
    /// What becomes of the user's other sessions must be said; ask the user (ASVS 7.4.3). They end with the
    /// commit of the request, together with what a [`Tx`](crate::web::Tx) has changed, or not at all. A login
    /// that is under way meanwhile runs again, and so looks at the new password.
    ///
    /// ```
    /// use poem::{Result, handler};
    /// use session_ledger::session::StepUp;
    /// use session_ledger::web::{OtherSessions, SignedIn, Tx};
    ///
    /// #[handler]
    /// async fn change_password(tx: Tx, session: SignedIn) -> Result<()> {
    ///     session.demand(&StepUp::within(300))?;
    ///     // … the new password is kept by a statement of `tx`
    /// #   drop(tx);
    ///     Ok(session.factor_changed("pwd", OtherSessions::End)?)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Nobody is signed in, the factor's name cannot be stored, or there is no randomness for a token.
    pub fn factor_changed(&self, factor: &str, others: OtherSessions) -> Result<(), SessionError> {
        let ends_others = others == OtherSessions::End;
        self.change(|opened| opened.change_factor(factor.to_owned(), ends_others))
    }

    fn prove(
        &self,
        methods: &[&str],
        assurance: Assurance,
        auth_time: Option<OffsetDateTime>,
    ) -> Result<(), SessionError> {
        let methods = methods.iter().map(ToString::to_string).collect();
        self.change(|opened| opened.reauthenticate(methods, assurance, auth_time))
    }
}

/// Doing something once.
impl Session {
    /// Lets the user do one operation once, for so many seconds: 1 to 3600. Give it when the user has proved
    /// who they are for this very operation (ASVS 7.5.3), and name what was agreed to: `transfer 4711`.
    ///
    /// At most four grants wait; one more takes the place of the oldest. A login, a changed factor and acting
    /// as another make them void.
    ///
    /// # Errors
    ///
    /// Nobody is signed in, the name cannot be stored, or the grant would live for too long.
    pub fn grant(&self, operation: &str, seconds: u32) -> Result<(), SessionError> {
        self.wish(Wish::Grant { operation: operation.to_owned(), seconds })
    }

    /// Takes the grant of an operation, in the request that does it. Both are committed, or neither. Of
    /// several tabs that take one grant, one does: the others run again, and find none.
    ///
    /// ```
    /// use poem::{Result, handler};
    /// use session_ledger::web::{SignedIn, Tx};
    ///
    /// #[handler]
    /// async fn transfer(tx: Tx, session: SignedIn) -> Result<()> {
    ///     session.take_grant("transfer 4711")?;
    ///     // … statements of `tx`
    /// #   drop(tx);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`WishError::NotGranted`](crate::session::WishError::NotGranted), which is answered 403: there is no
    /// such grant, or it was taken, or it is void by now.
    pub fn take_grant(&self, operation: &str) -> Result<(), SessionError> {
        self.change(|opened| opened.take_grant(operation))
    }
}

/// Acting as another.
impl Session {
    /// Lets the signed-in user act as another, for a reason that the history shows: a ticket, say. Each event
    /// meanwhile names both: the other as its user, the signed-in one as its actor. The token is replaced, as
    /// at each change of what its holder may do (SM13).
    ///
    /// # Errors
    ///
    /// Nobody is signed in, the user id cannot be stored, there is no reason, or no randomness for a token.
    pub fn impersonate(&self, user: impl Into<UserId>, reason: &str) -> Result<(), SessionError> {
        self.change(|opened| opened.act_as(Some((user.into(), reason.to_owned()))))
    }

    /// Lets the signed-in user act as themselves again, and replaces the token.
    ///
    /// # Errors
    ///
    /// There is no randomness for a token.
    pub fn end_impersonation(&self) -> Result<(), SessionError> {
        self.change(|opened| opened.act_as(None))
    }
}

/// The limit of a user's sessions.
impl Session {
    /// The live sessions of a user, the oldest login first, where there are so many that a login in this one
    /// needs room; else none. For a login that asks its user which of them to end
    /// ([`Login::instead_of`](crate::session::Login::instead_of)). The list is of this moment: another login
    /// may come between.
    ///
    /// # Errors
    ///
    /// The user's id cannot be stored, or the database is away.
    pub async fn sessions_in_the_way(&self, user: &UserId) -> Result<Vec<SessionSummary>, Error> {
        self.visit.shared.ledger.sessions_in_the_way(user, self.id()).await
    }
}
