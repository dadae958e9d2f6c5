//! A session that somebody is signed in to.

use std::ops::Deref;
use std::str::FromStr;

use super::{Session, SessionError, StepUpRequired};
use crate::plain_debug::plain_debug;
use crate::session::{DeviceId, EndReason, Holding, StepUp, UserId};

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
///
/// Where the request came with the cookie of a session that is over, it says why, so that the login page can
/// tell its user. Only whoever holds a token of that session learns it.
///
/// ```
/// use poem::{IntoResponse, Response};
/// use session_ledger::session::EndReason;
/// use session_ledger::web::NotSignedIn;
///
/// // For `catch_error`.
/// async fn to_login(refused: NotSignedIn) -> Response {
///     match refused.ended {
///         Some(EndReason::IdleTimeout) => "You were away for long. Please sign in again.".into_response(),
///         Some(EndReason::Revoked) => "You were signed out from another device.".into_response(),
///         _ => "Please sign in.".into_response(),
///     }
/// }
/// # let _ = to_login;
/// ```
#[derive(Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("please sign in")]
#[non_exhaustive]
pub struct NotSignedIn {
    /// Why the session of the request's cookie is over, if it is.
    pub ended: Option<EndReason>,
}

plain_debug!(NotSignedIn);

/// Why a session is refused to a handler that wants a signed-in user.
pub(crate) enum Refused {
    /// Nobody is signed in.
    NotSignedIn(NotSignedIn),
    /// Somebody is, and must prove again who they are.
    StepUp(StepUpRequired),
}

impl SignedIn {
    /// A session as its handler sees it, if somebody is signed in to it.
    pub(crate) fn of(session: Session) -> Result<Self, Refused> {
        let Some(user) = session.user() else {
            return Err(Refused::NotSignedIn(NotSignedIn { ended: session.why_ended() }));
        };
        if session.needs_step_up() {
            // Only a proof from here on counts: those before came from the clients that it knew.
            return Err(Refused::StepUp(StepUpRequired { demanded: StepUp::within(0) }));
        }
        Ok(Self { session, user })
    }

    /// The user who was signed in when the handler was called.
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// The user who was signed in when the handler was called, by an id of the application's own type.
    ///
    /// ```
    /// use poem::{Result, handler};
    /// use session_ledger::web::SignedIn;
    ///
    /// #[handler]
    /// fn number(session: SignedIn) -> Result<String> {
    ///     let user: i64 = session.user_as()?;
    ///     Ok(format!("account number {user}"))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The id is none of that type: see [`UserId::to`].
    pub fn user_as<T: FromStr + Clone + Into<UserId>>(&self) -> Result<T, SessionError> {
        Ok(self.user.to()?)
    }
}

impl Session {
    /// Whether the user must prove again who they are, as the session was used from a client that it does not
    /// know. Meanwhile [`SignedIn`] refuses it, and [`user`](Self::user) tells whose proof is asked for.
    pub fn needs_step_up(&self) -> bool {
        self.look(Holding::needs_step_up)
    }

    /// The browser of the last login; none where device cookies are not in use
    /// ([`known_devices`](crate::web::SessionsBuilder::known_devices)).
    pub fn device(&self) -> Option<DeviceId> {
        self.look(|holding| holding.state().content.extras.device)
    }
}

impl Deref for SignedIn {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}
