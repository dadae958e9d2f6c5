//! A session that somebody is signed in to.

use std::ops::Deref;

use super::Session;
use crate::session::UserId;

/// The session of a signed-in user. A handler that takes it is never called without one: the answer is 401,
/// as a [`NotSignedIn`] error that the application can turn into a redirect with `catch_error`.
#[derive(Clone)]
pub struct SignedIn {
    session: Session,
    user: UserId,
}

/// Nobody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("please sign in")]
pub struct NotSignedIn;

impl SignedIn {
    /// A session as its handler sees it, if somebody is signed in to it.
    pub(crate) fn of(session: Session) -> Result<Self, NotSignedIn> {
        let user = session.user().ok_or(NotSignedIn)?;
        Ok(Self { session, user })
    }

    /// Who was signed in when the handler was called.
    pub fn user(&self) -> &UserId {
        &self.user
    }
}

impl Deref for SignedIn {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}
