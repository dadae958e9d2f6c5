//! A session as its request has seen it, for what goes on after the answer.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use super::SessionError;
use super::opened::Opened;
use crate::ledger::Ledger;
use crate::session::{EndReason, Key, SessionId, SessionState, UserId};

/// A session as it was when [`Session::snapshot`](super::Session::snapshot) was called, for a stream or a
/// WebSocket that outlives its request. It does not change, and cannot be changed.
///
/// [`ended`](Self::ended) tells when the session ends, so that nothing goes on in the name of a user who has
/// logged out. To write from a stream there is [`Ledger::change`](crate::Ledger::change).
///
/// ```
/// use futures_util::{Stream, StreamExt, stream};
/// use poem::web::sse::{Event, SSE};
/// use poem::{Result, handler};
/// use session_ledger::web::{SessionSnapshot, SignedIn};
///
/// #[handler]
/// fn news(session: SignedIn) -> Result<SSE> {
///     let session = session.snapshot()?;
///     // The stream ends with the session: at the logout, in whichever process that happens.
///     let ended = session.ended();
///     Ok(SSE::new(news_for(session).take_until(ended)))
/// }
///
/// fn news_for(session: SessionSnapshot) -> impl Stream<Item = Event> {
///     let user = session.user().map(ToString::to_string).unwrap_or_default();
///     // … the application's own source of news
///     stream::once(async move { Event::message(format!("hello {user}")) }).chain(stream::pending())
/// }
/// ```
///
/// A WebSocket, which also writes:
///
/// ```
/// use std::pin::pin;
///
/// use futures_util::StreamExt;
/// use poem::web::Data;
/// use poem::web::websocket::{Message, WebSocket};
/// use poem::{IntoResponse, Result, handler};
/// use session_ledger::web::SignedIn;
/// use session_ledger::{Key, Ledger};
///
/// const SAID: Key<u32> = Key::new("said");
///
/// #[handler]
/// fn chat(session: SignedIn, socket: WebSocket, ledger: Data<&Ledger>) -> Result<impl IntoResponse> {
///     let (session, ledger) = (session.snapshot()?, ledger.clone());
///     Ok(socket.on_upgrade(|mut socket| async move {
///         let Some(id) = session.id() else { return };
///         let mut ended = pin!(session.ended());
///         loop {
///             tokio::select! {
///                 _ = &mut ended => break,
///                 Some(Ok(Message::Text(_))) = socket.next() => {
///                     let said = |said: &mut u32| *said += 1;
///                     if ledger.change(id, |session| session.update(&SAID, said)).await.is_err() {
///                         break;
///                     }
///                 }
///                 else => break,
///             }
///         }
///     }))
/// }
/// ```
#[derive(Clone)]
pub struct SessionSnapshot {
    id: Option<SessionId>,
    state: Arc<SessionState>,
    ledger: Ledger,
}

/// Shows no value: the values of a session are the application's business.
impl fmt::Debug for SessionSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSnapshot").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SessionSnapshot {
    /// A session as it is now, with what its handler has wished so far.
    pub(super) fn of(opened: &Opened, ledger: &Ledger) -> Result<Self, SessionError> {
        opened.readable()?;
        let holding = &opened.holding;
        let id = holding.exists().then(|| holding.id());
        Ok(Self { id, state: holding.shared_state(), ledger: ledger.clone() })
    }

    /// The session's public name; none for one that did not exist and in which nothing was kept.
    pub fn id(&self) -> Option<SessionId> {
        self.id
    }

    /// The user the session acted as: the one who had logged in, or the one they impersonated.
    pub fn user(&self) -> Option<&UserId> {
        self.state.acting_user()
    }

    /// The signed-in user while they acted as another.
    pub fn impersonator(&self) -> Option<&UserId> {
        self.state.content.extras.impersonated.as_ref().and(self.state.user.as_ref())
    }

    /// When the user had last proved who they are.
    pub fn authenticated_at(&self) -> Option<OffsetDateTime> {
        self.state.authenticated_at
    }

    /// The value that a key had.
    ///
    /// # Errors
    ///
    /// The stored bytes are not a value of the key's type.
    pub fn get<T: DeserializeOwned + 'static>(&self, key: &Key<T>) -> Result<Option<T>, SessionError> {
        Ok(self.state.value(key)?)
    }

    /// Waits for the session's end, and tells why it ended: see [`Ledger::ended`](crate::Ledger::ended). A
    /// session that did not exist never ends.
    pub fn ended(&self) -> impl Future<Output = Option<EndReason>> + Send + Sync + use<> {
        let ended = self.id.map(|session| self.ledger.ended(session));
        async move {
            match ended {
                Some(ended) => ended.await,
                None => std::future::pending().await,
            }
        }
    }
}
