//! The session that a handler holds.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use super::opened::Opened;
use super::visit::Visit;
use super::{SessionError, SessionSnapshot};
use crate::ledger::desk::Row;
use crate::session::{Assurance, EndReason, Holding, Key, Login, SessionId, SessionState, UserId, Wish};

/// The request's session.
///
/// Asking for it loads the session in one trip, or in none for a visitor without a valid cookie and for a
/// request that writes to a [known session](crate::web::SessionsBuilder::known_sessions). Changes are written
/// after the handler has returned; [`web`](crate::web) says when they are not.
///
/// It is for the handler. In a stream, a WebSocket or a task that goes on after the answer it still reads as
/// the request has left it, and each change is refused ([`SessionError::Over`]). There use a
/// [`snapshot`](Self::snapshot), and [`Ledger::change`](crate::Ledger::change) to write.
///
/// ```
/// use poem::{Result, handler};
/// use session_ledger::Key;
/// use session_ledger::web::Session;
///
/// const VISITS: Key<u32> = Key::new("visits");
///
/// #[handler]
/// fn count(session: Session) -> Result<String> {
///     let visits = session.update(&VISITS, |visits| {
///         *visits += 1;
///         *visits
///     })?;
///     Ok(format!("visit {visits}"))
/// }
/// ```
#[derive(Clone)]
pub struct Session {
    pub(crate) visit: Arc<Visit>,
}

/// Shows no value: the values of a session are the application's business.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// Reading.
impl Session {
    /// The session's public name; none for a session that does not exist and in which nothing is kept.
    #[doc(alias("session_key", "session_id"))]
    pub fn id(&self) -> Option<SessionId> {
        self.look(|holding| holding.exists().then(|| holding.id()))
    }

    /// Whether the session does not exist yet. It will, if something is kept in it.
    #[doc(alias("new"))]
    pub fn is_new(&self) -> bool {
        self.look(Holding::is_new)
    }

    /// When the session started; none for a new one.
    #[doc(alias("created"))]
    pub fn started_at(&self) -> Option<OffsetDateTime> {
        self.look(|holding| (!holding.is_new()).then_some(holding.state().started_at))
    }

    /// The user the session acts as: the one who logged in, or the one they impersonate.
    #[doc(alias("userid", "authenticated_userid"))]
    pub fn user(&self) -> Option<UserId> {
        self.state(|state| state.acting_user().cloned())
    }

    /// The same by an id of the application's own type, such as a UUID or an integer.
    ///
    /// # Errors
    ///
    /// The id is none of that type: see [`UserId::to`].
    pub fn user_as<T: FromStr + Clone + Into<UserId>>(&self) -> Result<Option<T>, SessionError> {
        Ok(self.user().map(|user| user.to()).transpose()?)
    }

    /// The signed-in user while they act as another.
    pub fn impersonator(&self) -> Option<UserId> {
        self.state(|state| state.content.extras.impersonated.as_ref().and(state.user.clone()))
    }

    /// When the user last proved who they are.
    pub fn authenticated_at(&self) -> Option<OffsetDateTime> {
        self.state(|state| state.authenticated_at)
    }

    /// Why the session of the browser's cookie is over, for a page that tells the visitor so. None once the
    /// browser has forgotten the cookie, which it is soon told to do.
    pub fn why_ended(&self) -> Option<EndReason> {
        self.look(|holding| holding.why_ended().cloned())
    }

    /// The value of a key.
    ///
    /// # Errors
    ///
    /// The stored bytes are not a value of the key's type. Never an empty answer instead. The session goes
    /// on: the value can be set anew or removed.
    #[doc(alias("get_value"))]
    pub fn get<T: DeserializeOwned + 'static>(&self, key: &Key<T>) -> Result<Option<T>, SessionError> {
        self.read(|opened| {
            opened.readable()?;
            Ok(opened.holding.state().value(key)?)
        })
    }

    /// The rows that the statement of [`also_load`](crate::web::SessionsBuilder::also_load) found when the
    /// session was loaded; none for a visitor without a stored session.
    pub fn also_loaded(&self) -> Arc<[Row]> {
        self.read(|opened| Arc::clone(&opened.also))
    }

    /// The session as it is now, with the changes of this request so far, for a stream or a WebSocket that
    /// goes on after the answer. It also tells when the session [ends](SessionSnapshot::ended).
    ///
    /// # Errors
    ///
    /// The session's stored state cannot be read.
    pub fn snapshot(&self) -> Result<SessionSnapshot, SessionError> {
        self.read(|opened| SessionSnapshot::of(opened, &self.visit.shared.ledger))
    }

    /// Which run of the request this is: 1, and more after lost races.
    pub fn attempt(&self) -> u32 {
        self.visit.attempt()
    }
}

/// Changing.
impl Session {
    /// Keeps a value under a key. If the key has this value already, nothing is written.
    ///
    /// # Errors
    ///
    /// The value cannot be encoded or would not come back as it is, or the session would hold more than its
    /// limit.
    #[doc(alias("insert", "insert_value"))]
    pub fn set<T>(&self, key: &Key<T>, value: &T) -> Result<(), SessionError>
    where
        T: Serialize + DeserializeOwned + 'static,
    {
        let value = key.encode(value)?;
        self.wish(Wish::SetValue { key: key.name().to_owned(), value })
    }

    /// Changes the value of a key, or the default value if the key has none. Returns the result of `change`.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`set`](Self::set).
    #[doc(alias("update_or", "setdefault", "changed", "modified"))]
    pub fn update<T, R>(&self, key: &Key<T>, change: impl FnOnce(&mut T) -> R) -> Result<R, SessionError>
    where
        T: Serialize + DeserializeOwned + Default + 'static,
    {
        let mut value = self.get(key)?.unwrap_or_default();
        let result = change(&mut value);
        self.set(key, &value)?;
        Ok(result)
    }

    /// Forgets the value of a key. The log keeps it: no value is taken out of a history.
    ///
    /// # Errors
    ///
    /// None that a live session gives.
    #[doc(alias("remove_as", "pop"))]
    pub fn remove<T>(&self, key: &Key<T>) -> Result<(), SessionError> {
        self.wish(Wish::RemoveValue { key: key.name().to_owned() })
    }

    /// Forgets all values. The user stays signed in, and messages stay queued.
    ///
    /// # Errors
    ///
    /// None that a live session gives.
    pub fn clear(&self) -> Result<(), SessionError> {
        self.wish(Wish::Clear)
    }
}

/// Signing in and out.
impl Session {
    /// Binds a user who has proved who they are, and replaces the token (ASVS 7.2.4). The values that the
    /// visitor has kept in the session stay. If another user is signed in, their session ends first. A user's
    /// id alone is a login by password; a [`Login`] says more.
    ///
    /// ```
    /// use poem::{Result, handler};
    /// use session_ledger::web::Session;
    ///
    /// #[handler]
    /// fn sign_in(session: Session) -> Result<&'static str> {
    ///     // … after the password was checked
    ///     session.login("alice")?;
    ///     Ok("welcome")
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The user id cannot be stored, or there is no randomness for a token. Whether the login is granted
    /// turns out when the request is committed: see [`LoginRefused`](crate::web::LoginRefused).
    #[doc(alias("remember"))]
    pub fn login(&self, login: impl Into<Login>) -> Result<(), SessionError> {
        let recognise = |state: &SessionState| self.visit.recognise(state);
        self.change(|opened| opened.log_in(login.into(), recognise))
    }

    /// [`login`](Self::login), saying how the user proved it (RFC 8176) and how much that proves.
    ///
    /// # Errors
    ///
    /// As [`login`](Self::login).
    pub fn login_with(
        &self,
        user: impl Into<UserId>,
        methods: &[&str],
        assurance: Assurance,
    ) -> Result<(), SessionError> {
        self.login(Login::of(user).by(methods).assurance(assurance))
    }

    /// Replaces the token. The old one is let in for the policy's `renewal_grace`, for requests under way.
    ///
    /// # Errors
    ///
    /// There is no randomness for a token.
    #[doc(alias("cycle_id", "cycle_key", "regenerate"))]
    pub fn renew(&self) -> Result<(), SessionError> {
        self.change(|opened| opened.renew(&self.visit.shared))
    }

    /// Ends the session by the user's wish. A value that is kept afterwards starts a new session.
    ///
    /// # Errors
    ///
    /// The session cannot be ended. Then the request fails, whatever the handler answers.
    #[doc(alias("forget"))]
    pub fn logout(&self) -> Result<(), SessionError> {
        self.change(|opened| opened.end_or_fail(EndReason::LoggedOut))
    }

    /// Ends the session and all that it holds by the application's wish, whether somebody is signed in or
    /// not. A value that is kept afterwards starts a new session. The log keeps the events of the old one.
    ///
    /// [`clear`](Self::clear) forgets the values and keeps the session; [`logout`](Self::logout) is the
    /// user's own wish.
    ///
    /// # Errors
    ///
    /// As [`logout`](Self::logout).
    #[doc(alias("purge", "flush", "invalidate", "delete", "destroy"))]
    pub fn discard_session(&self) -> Result<(), SessionError> {
        self.change(|opened| opened.end_or_fail(EndReason::Discarded))
    }

    /// Ends the session for this reason. A value that is kept afterwards starts a new session.
    ///
    /// # Errors
    ///
    /// The reason cannot be stored: it has a NUL character or more than 255 bytes. The session goes on.
    pub fn end(&self, reason: EndReason) -> Result<(), SessionError> {
        self.change(|opened| Ok(opened.end(reason)?))
    }
}

impl Session {
    pub(super) fn wish(&self, wish: Wish) -> Result<(), SessionError> {
        self.change(|opened| opened.wish(wish))
    }

    pub(super) fn state<R>(&self, read: impl FnOnce(&SessionState) -> R) -> R {
        self.look(|holding| read(holding.state()))
    }

    pub(super) fn look<R>(&self, read: impl FnOnce(&Holding) -> R) -> R {
        self.read(|opened| read(&opened.holding))
    }

    /// Reads the session, also after its request is settled.
    fn read<R>(&self, read: impl FnOnce(&Opened) -> R) -> R {
        match self.visit.stage().reading() {
            Some(opened) => read(opened),
            // Never: whoever holds a session has opened it.
            None => read(&Opened::visitor(&self.visit.shared, None)),
        }
    }

    /// Changes the session, as long as its request is not settled.
    pub(super) fn change<R>(
        &self,
        change: impl FnOnce(&mut Opened) -> Result<R, SessionError>,
    ) -> Result<R, SessionError> {
        // What looks like no change beside what is old may be one beside the present.
        self.visit.insist_on_present();
        let mut stage = self.visit.stage();
        let opened = stage.changing()?;
        let changed = change(opened);
        self.visit.mark(opened);
        changed
    }
}
