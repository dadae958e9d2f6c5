//! The middleware, and the loop that runs a request until its changes are committed.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use poem::{Endpoint, Middleware, Request, Response, Result};
use tracing::Instrument;

use super::SessionsBuilder;
use super::arrival::{Arrival, keep_body};
use super::attempt::{Outcome, attempt};
use super::incident::{Incident, IncidentHook};
use super::queue::Queue;
use super::visit::Visit;
use crate::ledger::Ledger;
use crate::ledger::retry::{backoff, may_try_again};
use crate::store::connection::statement::Sql;
use crate::telemetry;
use crate::token::{CookieSettings, KeyRing, Sealer};

/// Gives handlers a [`Session`](super::Session). Put it around the whole application, outside of any `Route`:
/// a request that is run again loses the path parameters of an outer `Route`.
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
pub struct Sessions {
    shared: Arc<Shared>,
}

/// What all requests share.
pub(super) struct Shared {
    pub(super) ledger: Ledger,
    pub(super) sealer: Sealer,
    pub(super) cookie: CookieSettings,
    pub(super) commits: fn(&Result<Response>) -> bool,
    pub(super) retries: fn(&poem::Error) -> bool,
    pub(super) on_incident: Option<IncidentHook>,
    pub(super) replay_bytes_max: usize,
    pub(super) also: Option<&'static Sql>,
    pub(super) queue: Queue,
}

impl Sessions {
    /// Sessions of this ledger, with tokens sealed by these keys, and the default settings otherwise.
    pub fn new(ledger: Ledger, keys: KeyRing) -> Self {
        Self::builder(ledger, keys).unchecked()
    }

    /// The same, with settings to be changed.
    pub fn builder(ledger: Ledger, keys: KeyRing) -> SessionsBuilder {
        SessionsBuilder::new(ledger, keys)
    }

    /// Puts another key ring in place of the present one, for requests that begin from now on.
    pub fn reload_keys(&self, keys: KeyRing) {
        self.shared.sealer.reload(keys);
    }

    pub(super) fn sharing(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }
}

impl Shared {
    /// Tells the log and the application's hook.
    pub(super) fn report(&self, incident: &Incident) {
        telemetry::incident(incident.name());
        tracing::warn!(incident = incident.name(), details = ?incident, "a cookie that honest browsers do not send");
        if let Some(hook) = &self.on_incident {
            hook(incident);
        }
    }
}

impl<E: Endpoint> Middleware<E> for Sessions {
    type Output = SessionsEndpoint<E>;

    fn transform(&self, endpoint: E) -> Self::Output {
        SessionsEndpoint { endpoint, shared: Arc::clone(&self.shared) }
    }
}

/// The endpoint that [`Sessions`] makes.
pub struct SessionsEndpoint<E> {
    endpoint: E,
    shared: Arc<Shared>,
}

impl<E: Endpoint> Endpoint for SessionsEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Self::Output> {
        let span = tracing::debug_span!("session_ledger.request", method = %request.method());
        // Pinned where it is: it is some kilobytes, which would be moved into the span.
        pin!(self.run(&mut request)).instrument(span).await
    }
}

impl<E: Endpoint> SessionsEndpoint<E> {
    /// Runs a request until its changes are committed, or there is no point in going on.
    async fn run(&self, request: &mut Request) -> Result<Response> {
        let body = keep_body(request, self.shared.replay_bytes_max).await?;
        let started = Instant::now();
        let mut number = 1;
        let mut visit = Arc::new(Visit::new(Arc::clone(&self.shared), Arrival::of(request, body), number));
        loop {
            let again = match attempt(&visit, request, &self.endpoint).await {
                Outcome::Done(result) => return result,
                Outcome::Again(again) => again,
            };
            telemetry::abort(&again.reason);
            again.prepare(&self.shared);
            *request = match visit.arrival.request() {
                Some(request) if may_try_again(again.prospect, number, started) => request,
                _ => return again.last_answer(),
            };
            tracing::debug!(attempt = number, error = %again.error, "the request runs again");
            tokio::time::sleep(backoff(number)).await;
            number += 1;
            visit = Arc::new(visit.once_more(number));
        }
    }
}
