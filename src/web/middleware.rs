//! The middleware, and the loop that runs a request until its changes are committed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};

use super::SessionsBuilder;
use super::attempt::{Again, Outcome, attempt};
use super::incident::{Incident, IncidentHook};
use super::queue::Queue;
use super::replay::Replay;
use crate::ledger::{Error, Ledger};
use crate::store::error::Prospect;
use crate::token::{CookieSettings, KeyRing, Sealer};

/// How often a request runs at the most when it loses races.
const ATTEMPTS_MAX: u32 = 8;

/// How often it runs at the most when it is not sure that another run can do better.
const FAIR_ATTEMPTS_MAX: u32 = 3;

/// A request that has been tried for so long does not run again.
const PATIENCE: Duration = Duration::from_secs(2);

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
    pub(super) on_incident: Option<IncidentHook>,
    pub(super) replay_bytes_max: usize,
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

    async fn call(&self, request: Request) -> Result<Self::Output> {
        let (mut request, replay) = Replay::keep(request, self.shared.replay_bytes_max).await?;
        let started = Instant::now();
        let mut number = 1;
        loop {
            let run = async |request| self.endpoint.call(request).await.map(IntoResponse::into_response);
            let again = match attempt(&self.shared, request, number, run).await {
                Outcome::Done(result) => return result,
                Outcome::Again(again) => again,
            };
            let attempts_max =
                if again.prospect == Prospect::Good { ATTEMPTS_MAX } else { FAIR_ATTEMPTS_MAX };
            if again.prospect == Prospect::Outdated {
                self.shared.ledger.pool().forget_statements();
            }
            request = match &replay {
                Some(replay) if number < attempts_max && started.elapsed() < PATIENCE => replay.request(),
                _ => return last_answer(again),
            };
            tracing::debug!(attempt = number, error = %again.error, "the request runs again");
            tokio::time::sleep(backoff(number)).await;
            number += 1;
        }
    }
}

/// The answer of a request that cannot run again: 503 if it was the database's or another request's doing, else
/// what the handler made of it.
fn last_answer(again: Again) -> Result<Response> {
    match again.prospect {
        Prospect::Good | Prospect::Outdated | Prospect::Reconnected => {
            Err(Error::Unavailable(again.error.to_string()).into())
        }
        Prospect::Fair | Prospect::None if again.error.is_from_response() => Ok(again.error.into_response()),
        Prospect::Fair | Prospect::None => Err(again.error),
    }
}

/// Full jitter: any time up to 5 ms doubled with each attempt, 200 ms at the most.
fn backoff(attempt: u32) -> Duration {
    let ceiling = 5_u64.saturating_mul(1 << attempt.min(6)).min(200) * 1_000;
    Duration::from_micros(rand::random_range(0..=ceiling))
}
