//! A session that somebody is signed in to.

use std::ops::Deref;

use super::Session;
use crate::plain_debug::plain_debug;
use crate::session::UserId;

/// The session of a signed-in user.
///
/// A handler that asks for it is never called for a visitor: the answer is 401, as a [`NotSignedIn`] error.
/// The application can turn the error into a redirect with `catch_error`:
///
/// ```
/// use poem::http::{StatusCode, header};
/// use poem::{EndpointExt, Response, Route, get, handler};
/// use session_ledger::web::{NotSignedIn, SignedIn};
///
/// #[handler]
/// fn account(session: SignedIn) -> String {
///     format!("signed in as {}", session.user())
/// }
///
/// let to_login = |_: NotSignedIn| async {
///     Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, "/login").finish()
/// };
/// let app = Route::new().at("/account", get(account)).catch_error(to_login);
/// # let _ = app;
/// ```
#[derive(Clone, Debug)]
pub struct SignedIn {
    session: Session,
    user: UserId,
}

/// Nobody is signed in.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("please sign in")]
pub struct NotSignedIn;

plain_debug!(NotSignedIn);

impl SignedIn {
    /// A session as its handler sees it, if somebody is signed in to it.
    pub(crate) fn of(session: Session) -> Result<Self, NotSignedIn> {
        let user = session.user().ok_or(NotSignedIn)?;
        Ok(Self { session, user })
    }

    /// The user who was signed in when the handler was called.
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
