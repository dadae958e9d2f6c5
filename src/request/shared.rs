//! All that the requests of one application share.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use super::allowance::Allowance;
use super::forwarded::Proxies;
use super::incident::Incident;
use super::known::Known;
use super::room::Streams;
use super::starts::Starts;
use super::tries::Tries;
use super::writer_queue::WriterQueue;
use crate::ledger::Ledger;
use crate::ledger::desk::Sql;
use crate::session::{Policy, SessionId};
use crate::telemetry;
use crate::token::{CookieSettings, DeviceCookie, Sealer};

/// The application's ear for incidents.
pub(crate) type IncidentHook = Arc<dyn Fn(&Incident) + Send + Sync>;

/// Says whether a handler's error is one after which the request runs again.
pub(crate) type RetryHook = Arc<dyn Fn(&(dyn Error + 'static)) -> bool + Send + Sync>;

/// The settings of an application's sessions, and the line of those who write.
pub(crate) struct Shared {
    pub(crate) ledger: Ledger,
    pub(crate) sealer: Sealer,
    pub(crate) cookie: CookieSettings,
    /// None where device cookies are not in use.
    pub(crate) devices: Option<DeviceCookie>,
    pub(crate) retries: RetryHook,
    pub(crate) on_incident: Option<IncidentHook>,
    pub(crate) allowance: Allowance,
    /// Whether the span of a request tells its user.
    pub(crate) tells_user: bool,
    /// Whether the transactions of requests know their sessions.
    pub(crate) provenance: bool,
    /// A statement of the application's that goes with each load of a session.
    pub(crate) also: Option<&'static Sql>,
    pub(crate) queue: WriterQueue,
    pub(crate) streams: Streams,
    /// The proxies whose word about their clients is believed.
    pub(crate) proxies: Proxies,
    /// None: visitors start as many sessions as they like.
    pub(crate) starts: Option<Starts>,
    pub(crate) tries: Tries,
    /// None: each request loads its session.
    pub(crate) known: Option<Known>,
}

impl Shared {
    /// Tells the application's hook, and the log unless it has heard of many of the kind a moment ago.
    pub(crate) fn report(&self, incident: &Incident) {
        let name = incident.name();
        telemetry::incident(name);
        if let Some(left_out) = self.allowance.take(name, Instant::now()) {
            let left_out = (left_out > 0).then_some(left_out);
            let owasp = incident.owasp();
            tracing::warn!(incident = name, owasp, details = ?incident, left_out, "{}", incident.told());
        }
        if let Some(hook) = &self.on_incident {
            hook(incident);
        }
    }

    /// The rules of the sessions.
    pub(super) fn policy(&self) -> Arc<Policy> {
        self.ledger.shared_policy()
    }
}

/// The id of a session that may be started. The process's clock makes it sortable, no more.
pub(super) fn fresh_id() -> SessionId {
    SessionId::new(time::OffsetDateTime::now_utc(), rand::random())
}
