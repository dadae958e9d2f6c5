//! Settings of the middleware.

use std::sync::Arc;

use poem::{Response, Result};

use super::commit_policy;
use super::incident::{Incident, IncidentHook};
use super::middleware::{Sessions, Shared};
use super::queue::Queue;
use crate::ledger::Ledger;
use crate::store::connection::statement::Sql;
use crate::token::{CookieSettings, CookieSettingsError, KeyRing, Sealer};

/// A body up to this size is kept in memory so that the request can run again.
const REPLAY_BYTES_MAX: usize = 256 * 1024;

/// Collects the settings of [`Sessions`]; [`build`](Self::build) checks them.
#[must_use = "a builder does nothing until `build`"]
pub struct SessionsBuilder {
    ledger: Ledger,
    keys: KeyRing,
    cookie: CookieSettings,
    audience: String,
    commits: fn(&Result<Response>) -> bool,
    retries: fn(&poem::Error) -> bool,
    on_incident: Option<IncidentHook>,
    replay_bytes_max: usize,
    also: Option<&'static Sql>,
}

impl SessionsBuilder {
    pub(super) fn new(ledger: Ledger, keys: KeyRing) -> Self {
        Self {
            ledger,
            keys,
            cookie: CookieSettings::default(),
            audience: String::new(),
            commits: commit_policy::commits,
            retries: |_| false,
            on_incident: None,
            replay_bytes_max: REPLAY_BYTES_MAX,
            also: None,
        }
    }

    /// Other settings for the cookie.
    pub fn cookie(mut self, cookie: CookieSettings) -> Self {
        self.cookie = cookie;
        self
    }

    /// Binds tokens to an audience, say a tenant: those of another do not open (ASVS 8.4.1).
    pub fn audience(mut self, audience: &str) -> Self {
        self.audience = audience.to_owned();
        self
    }

    /// Decides which results of a handler are committed, in place of the rule in the [module](super).
    pub fn commit_when(mut self, commits: fn(&Result<Response>) -> bool) -> Self {
        self.commits = commits;
        self
    }

    /// Marks errors of handlers after which the request runs again, besides those that have a lost race or a lost
    /// connection at their root, which are known without. When all attempts fail, the answer is 503.
    pub fn retry_when(mut self, retries: fn(&poem::Error) -> bool) -> Self {
        self.retries = retries;
        self
    }

    /// Called for each [`Incident`], besides the trace event. Must not block.
    pub fn on_incident(mut self, hook: impl Fn(&Incident) + Send + Sync + 'static) -> Self {
        self.on_incident = Some(Arc::new(hook));
        self
    }

    /// The largest request body, in bytes, that is kept so that the request can run again. A larger one, or
    /// one of unknown length, runs once, and is answered 503 when it loses a race. 256 KiB unless set.
    pub fn replay_bytes_max(mut self, bytes: usize) -> Self {
        self.replay_bytes_max = bytes;
        self
    }

    /// A statement of the application's that goes with each load of a session, in the same trip, say to load the
    /// user. Its one parameter is the session id; what it finds is at
    /// [`Session::also_loaded`](super::Session::also_loaded). With it each session is loaded by itself; without, those of
    /// requests that come at the same time share a statement.
    ///
    /// ```
    /// # fn with_user(sessions: session_ledger::web::SessionsBuilder) -> session_ledger::web::SessionsBuilder {
    /// sessions.also_load(
    ///     "select a.name from account as a join session_ledger.session as s on s.user_id = a.id::text
    ///       where s.session_id = $1",
    /// )
    /// # }
    /// ```
    pub fn also_load(mut self, statement: &'static str) -> Self {
        // Once for each middleware, which lives as long as the application.
        self.also = Some(Box::leak(Box::new(Sql::by_session(statement))));
        self
    }

    /// The middleware.
    ///
    /// # Errors
    ///
    /// Browsers would not take such a cookie; the error names the setting.
    pub fn build(self) -> std::result::Result<Sessions, CookieSettingsError> {
        self.cookie.validate()?;
        Ok(self.unchecked())
    }

    /// The middleware, with settings that are known to be right.
    pub(super) fn unchecked(self) -> Sessions {
        Sessions::sharing(Shared {
            sealer: Sealer::new(self.keys, &self.cookie.name, &self.audience),
            ledger: self.ledger,
            cookie: self.cookie,
            commits: self.commits,
            retries: self.retries,
            on_incident: self.on_incident,
            replay_bytes_max: self.replay_bytes_max,
            also: self.also,
            queue: Queue::default(),
        })
    }
}
