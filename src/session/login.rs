//! A login as an application describes it.

use time::OffsetDateTime;

use super::{Assurance, SessionId, UserId};

/// A login: who, by which proof, and in place of which other sessions. A user's id alone is one by password.
///
/// ```
/// use session_ledger::session::{Assurance, Login};
///
/// let login = Login::of("alice").by(&["pwd", "otp"]).assurance(Assurance::Aal2);
/// let by_password = Login::from("alice");
/// # assert_ne!(login, by_password);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a login does nothing until a session is given it"]
pub struct Login {
    pub(super) user: UserId,
    pub(super) methods: Vec<String>,
    pub(super) assurance: Assurance,
    pub(super) auth_time: Option<OffsetDateTime>,
    pub(super) instead_of: Vec<SessionId>,
}

impl Login {
    /// A login by password, at AAL1, unless said otherwise.
    pub fn of(user: impl Into<UserId>) -> Self {
        Self {
            user: user.into(),
            methods: vec!["pwd".to_owned()],
            assurance: Assurance::Aal1,
            auth_time: None,
            instead_of: Vec::new(),
        }
    }

    /// Says how the user proved who they are, in the words of RFC 8176 where they fit.
    pub fn by(mut self, methods: &[&str]) -> Self {
        self.methods = methods.iter().map(ToString::to_string).collect();
        self
    }

    /// Says how much that proves.
    pub fn assurance(mut self, assurance: Assurance) -> Self {
        self.assurance = assurance;
        self
    }

    /// Says when an identity provider had the user prove who they are: the claim `auth_time` of OpenID
    /// Connect. A [`StepUp`](super::StepUp) counts from it, so a login by a session at the provider that is
    /// hours old is no recent proof (ASVS 7.6.1). Ask the provider with `max_age` for a new one.
    ///
    /// A time that is later than the login counts as the login's own.
    pub fn auth_time(mut self, at: OffsetDateTime) -> Self {
        self.auth_time = Some(at);
        self
    }

    /// Ends these sessions of the same user with the login, as the user has chosen to: see
    /// [`SessionsExcess::Ask`](super::SessionsExcess::Ask). A session of somebody else, or one that has
    /// ended, is left alone.
    pub fn instead_of(mut self, sessions: impl IntoIterator<Item = SessionId>) -> Self {
        self.instead_of = sessions.into_iter().collect();
        self
    }

    /// The user.
    pub(crate) fn user(&self) -> &UserId {
        &self.user
    }
}

impl<T: Into<UserId>> From<T> for Login {
    fn from(user: T) -> Self {
        Self::of(user)
    }
}
