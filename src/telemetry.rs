//! Metrics and spans for operators: metrics through the [`metrics`] facade, and spans through [`tracing`].
//!
//! Nothing is collected unless the application installs a recorder or a subscriber. No name, label or field
//! holds a token, a value of a session, or a path of the application's.
//!
//! | metric | kind | counts |
//! |---|---|---|
//! | `session_ledger_attempts_total` | counter | runs of requests; `number` is `first` or `again` |
//! | `session_ledger_aborts_total` | counter | runs that were in vain, by `reason` |
//! | `session_ledger_unknown_outcomes_total` | counter | COMMITs whose answer was lost, by `resolved` |
//! | `session_ledger_incidents_total` | counter | bad requests, by [`name`](crate::web::Incident::name) |
//! | `session_ledger_failed_logins_total` | counter | by `outcome`: `recorded`, `left_out`, `lost` |
//! | `session_ledger_key_rings_total` | counter | new key rings; `outcome` is `taken` or `refused` |
//! | `session_ledger_key_seals` | gauge | seals that are recorded of a `key`, of 2147483648 that may be |
//! | `session_ledger_known_sessions_total` | counter | requests that may leave a load out, by `outcome` |
//! | `session_ledger_pool_wait_seconds` | histogram | waits for a connection |
//! | `session_ledger_active_transactions` | gauge | transactions that hold a connection |
//!
//! A `reason` is an SQLSTATE, or `stale` (another request of the session came first), `disconnected`,
//! `aborted` (a statement had failed, and nobody said which) or `marked` (by the application). `resolved` is
//! `committed`, `not_committed` or `never`. The `outcome` of a known session is `hit` (served from memory),
//! `stale_read` (so without a proof, on a route with [`StaleReads`](crate::web::StaleReads)), `stale` (a
//! `hit` that was in vain), `miss`, or `skipped` (loaded all the same). Requests that share a statement wait
//! for its connection together, and count once.
//!
//! | span | level | around | fields |
//! |---|---|---|---|
//! | `session_ledger.request` | error | a request with all its attempts | `method`, `session`, `user` |
//! | `session_ledger.attempt` | debug | one run of the handler | `number` |
//! | `session_ledger.commit` | debug | append, guard and COMMIT, of one request or a group | `appends` |
//!
//! `session` is the id of the session that the cookie names, known once the handler has run. `user` is told
//! if [`user_in_log`](crate::web::SessionsBuilder::user_in_log) asks for it.
//!
//! Each answer with 5xx that is the library's doing is one event of level error within the span of its
//! request: "a request could not be served", with `session`, `attempt`, `status` and `cause`.
//!
//! Each event of a session that has a name in the OWASP Logging Vocabulary ([`Event::owasp`]) is one event of
//! level info and of the target `session_ledger::fact` once it is committed, with `owasp`, `kind`, `session`,
//! `version`, and the `reason` of an end. Incidents have the field `owasp` as well.
//!
//! [`Event::owasp`]: crate::session::Event::owasp

use std::time::Duration;

use http::Method;
use metrics::{Gauge, counter, gauge, histogram};
use tracing::Span;
use tracing::field::{Empty, display};

use crate::session::{SessionId, UserId};
use crate::token::KeyId;

/// The span of a request. It is of level error so that it stands beside every event within, whatever the
/// subscriber leaves out.
pub(crate) fn request_span(method: &Method) -> Span {
    tracing::error_span!("session_ledger.request", %method, session = Empty, user = Empty)
}

/// The session that the request of the present span has shown a token of, and its user.
pub(crate) fn session_known(session: SessionId, user: Option<&UserId>) {
    let request = Span::current();
    request.record("session", display(session));
    if let Some(user) = user {
        request.record("user", display(user));
    }
}

/// A run of a request begins.
pub(crate) fn attempt(number: u32) {
    // Two calls: what is known when this is compiled costs a request nothing.
    match number {
        1 => counter!("session_ledger_attempts_total", "number" => "first").increment(1),
        _ => counter!("session_ledger_attempts_total", "number" => "again").increment(1),
    }
}

/// A run of a request, or of a transaction by itself, was in vain.
pub(crate) fn abort(reason: &str) {
    counter!("session_ledger_aborts_total", "reason" => reason.to_owned()).increment(1);
}

/// The answer to a COMMIT was lost; `committed` is what could be found out.
pub(crate) fn unknown_outcome(committed: Option<bool>) {
    let resolved = match committed {
        Some(true) => "committed",
        Some(false) => "not_committed",
        None => "never",
    };
    counter!("session_ledger_unknown_outcomes_total", "resolved" => resolved).increment(1);
}

/// A cookie, a header or a request came that nobody honest sends.
pub(crate) fn incident(name: &'static str) {
    counter!("session_ledger_incidents_total", "name" => name).increment(1);
}

/// A failed login was recorded or left out, or could not be recorded.
pub(crate) fn failed_login(outcome: &'static str) {
    counter!("session_ledger_failed_logins_total", "outcome" => outcome).increment(1);
}

/// A request asked for a session that the process may know.
pub(crate) fn known_session(outcome: &'static str) {
    counter!("session_ledger_known_sessions_total", "outcome" => outcome).increment(1);
}

/// A new key ring was taken or refused.
pub(crate) fn key_ring(outcome: &'static str) {
    counter!("session_ledger_key_rings_total", "outcome" => outcome).increment(1);
}

/// So many seals of a key are recorded, in all processes.
pub(crate) fn seals(key: &KeyId, seals: u64) {
    // Exact: far below the 53 bits of the mantissa.
    gauge!("session_ledger_key_seals", "key" => key.to_string()).set(seals as f64);
}

/// A connection was waited for.
pub(crate) fn pool_wait(waited: Duration) {
    histogram!("session_ledger_pool_wait_seconds").record(waited);
}

/// A transaction holds a connection for as long as this lives.
pub(crate) struct Active(Gauge);

impl Active {
    pub(crate) fn begin() -> Self {
        let active = gauge!("session_ledger_active_transactions");
        active.increment(1.0);
        Self(active)
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
