//! The middleware, and the loop that runs a request until its changes are committed.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use poem::{Endpoint, Middleware, Request, Response, Result};
use tracing::Instrument;

use super::attempt::attempt;
use super::face::Face;
use super::fault;
use super::kept_request::Reception;
use super::outcome::{Again, Outcome};
use crate::ledger::retry::{backoff, may_try_again};
use crate::request::SessionError;
use crate::telemetry;
use crate::token::{KeyId, KeyProvider, KeyRing, KeyRingRefused, KeyState};

/// The middleware that gives handlers a [`Session`](super::Session). Put it around the whole application.
///
/// Other middleware goes inside of it where it puts something into the request that it keeps nowhere else, as
/// poem's `CookieJarManager` does: a request that runs again would come without. It is then answered 503.
///
/// ```
/// # use session_ledger::{Ledger, token::KeyRing, web::{Session, Sessions}};
/// # use poem::{handler, get, EndpointExt, Route};
/// # fn app(ledger: Ledger, keys: KeyRing) -> impl poem::Endpoint {
/// #[handler]
/// fn index(session: Session) -> String {
///     format!("signed in: {}", session.user().is_some())
/// }
/// Route::new().at("/", get(index)).with(Sessions::new(ledger, keys))
/// # }
/// ```
#[derive(Clone)]
#[doc(alias("ServerSession", "CookieSession", "SessionManagerLayer"))]
#[doc(alias("SessionMiddleware", "set_session_factory"))]
pub struct Sessions {
    face: Arc<Face>,
}

impl Sessions {
    /// Puts another key ring in place of the present one, for requests that begin from now on. Those under
    /// way go on with either.
    ///
    /// # Errors
    ///
    /// The new ring may not take the place of the present one, which stays in use. That is the incident
    /// [`KeyRingRefused`](super::Incident::KeyRingRefused), too.
    pub fn reload_keys(&self, keys: &KeyRing) -> std::result::Result<(), KeyRingRefused> {
        self.face.shared.reload_keys(keys)
    }

    /// Takes each new key ring of a provider while the application runs, and until it is gone: no request is
    /// lost, and nobody is signed out. The provider's present ring is what [`Sessions`] are made with.
    ///
    /// A ring that cannot be read, or that may not take the place of the present one, is refused: that is the
    /// incident [`KeyRingRefused`](super::Incident::KeyRingRefused), and the present one stays in use. Each
    /// ring that is taken is a line of the log, with its ids and states.
    ///
    /// ```no_run
    /// # use session_ledger::{Ledger, Sessions};
    /// # async fn start(ledger: Ledger) -> Result<(), Box<dyn std::error::Error>> {
    /// use session_ledger::environment::KeyFile;
    /// use session_ledger::token::KeyProvider;
    ///
    /// let mut keys = KeyFile::at("/run/secrets/shop-keys");
    /// let sessions = Sessions::new(ledger, keys.key_ring().await?);
    /// sessions.follow_keys(keys);
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn follow_keys(&self, provider: impl KeyProvider) {
        self.face.shared.follow_keys(provider);
    }

    /// The ids and states of the keys that open tokens now, the primary one first: whether this process has
    /// taken a step of a rotation.
    pub fn key_states(&self) -> Vec<(KeyId, KeyState)> {
        self.face.shared.sealer.states()
    }

    pub(super) fn of(face: Face) -> Self {
        Self { face: Arc::new(face) }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = &self.face.shared;
        let mut sessions = f.debug_struct("Sessions");
        sessions
            .field("ledger", &shared.ledger)
            .field("sealer", &shared.sealer)
            .field("cookie", &shared.cookie);
        sessions.finish_non_exhaustive()
    }
}

impl<E: Endpoint> Middleware<E> for Sessions {
    type Output = SessionsEndpoint<E>;

    fn transform(&self, endpoint: E) -> Self::Output {
        SessionsEndpoint { endpoint, face: Arc::clone(&self.face) }
    }
}

/// The endpoint that [`Sessions`] makes.
pub struct SessionsEndpoint<E> {
    endpoint: E,
    face: Arc<Face>,
}

impl<E: fmt::Debug> fmt::Debug for SessionsEndpoint<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionsEndpoint").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl<E: Endpoint> Endpoint for SessionsEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Self::Output> {
        let span = telemetry::request_span(request.method());
        // Pinned where it is: it is some kilobytes, which would be moved into the span.
        pin!(self.run(&mut request)).instrument(span).await
    }
}

impl<E: Endpoint> SessionsEndpoint<E> {
    /// Runs a request until its changes are committed, or there is no point in going on.
    async fn run(&self, request: &mut Request) -> Result<Response> {
        let face = &self.face;
        let mut reception = Reception::of(request, face);
        let mut number = 1;
        loop {
            let outcome = attempt(face, &reception, request, &self.endpoint).await;
            if let (Outcome::SendAgain(_), Some(visit)) = (&outcome, reception.visit()) {
                visit.is_sent_again();
            }
            let again = match outcome {
                Outcome::Done(result) => return result,
                Outcome::SendAgain(_) if face.refuses_superseded => {
                    return Err(SessionError::Superseded.into());
                }
                Outcome::SendAgain(wait) => {
                    tokio::time::sleep(wait).await;
                    return Ok(reception.send_again());
                }
                Outcome::Again(again) => again,
            };
            let Some(next) = self.next_run(&reception, &again, number).await else {
                let answer = again.last_answer();
                reception.visit().into_iter().for_each(|visit| visit.conclude());
                fault::log(reception.visit().map(|visit| &**visit), &answer);
                return answer;
            };
            (*request, reception) = next;
            number += 1;
        }
    }

    /// The request once more, after a pause, if there is a point in it after the run with this number.
    async fn next_run(
        &self,
        reception: &Reception,
        again: &Again,
        number: u32,
    ) -> Option<(Request, Arc<Reception>)> {
        telemetry::abort(&again.failure.reason);
        again.failure.prepare_next(&self.face.shared);
        let waited = reception.visit()?.waited();
        if !may_try_again(again.failure.prospect, number, reception.asked_at()?, waited) {
            return None;
        }
        let next = reception.once_more(number + 1).await?;
        tracing::debug!(attempt = number, error = %again.error, "the request runs again");
        // What was known was old: nobody is in the way.
        if !reception.visit()?.is_stale() {
            tokio::time::sleep(backoff(number)).await;
        }
        Some(next)
    }
}
