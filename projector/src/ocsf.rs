//! Authentications as OCSF has them: class 3002 of the Open Cybersecurity Schema Framework, which a SIEM
//! takes as it is.
//!
//! A login is a Logon, one that failed a Logon of the status Failure, the end of a signed-in session a
//! Logoff. Re-authentications and the beginning and end of acting as somebody else are activities of another
//! name. A document holds no token and no value.

#[cfg(feature = "parquet")]
mod base_event;

use std::net::IpAddr;

use serde::Serialize;
use serde_json::{Value, json};
use session_ledger::ledger::{FailedLogin, Login};
use session_ledger::session::{Assurance, Audience, Client, EndReason, Event, Recorded, SessionId, UserId};
use time::OffsetDateTime;

use crate::output;

#[cfg(feature = "parquet")]
pub use base_event::BaseEvent;

/// The version of the schema that the documents follow.
pub const SCHEMA_VERSION: &str = "1.5.0";

const CATEGORY: u32 = 3;
const CLASS: u32 = 3002;

/// Of "Network": a logon over the network.
const LOGON_TYPE: u32 = 3;

/// Of "Other": a protocol that the schema does not list.
const PROTOCOL: u32 = 99;

/// The ids and names of the statuses.
const SUCCESS: (u32, &str) = (1, "Success");
const FAILURE: (u32, &str) = (2, "Failure");

/// How a list with authentications is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns, for people.
    #[default]
    Table,
    /// One array of objects.
    Json,
    /// Comma-separated values with a line of headings (RFC 4180).
    Csv,
    /// One object a line.
    Ndjson,
    /// One document a line, of the class Authentication (3002) of OCSF 1.5.
    Ocsf,
}

/// The name of what users sign in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service(pub String);

/// A document of the class Authentication. Its fields have the names of the schema.
#[derive(Clone, Debug, Serialize)]
pub struct Authentication {
    activity_id: u32,
    activity_name: &'static str,
    category_uid: u32,
    category_name: &'static str,
    class_uid: u32,
    class_name: &'static str,
    type_uid: u32,
    severity_id: u32,
    /// Milliseconds since 1970.
    time: i64,
    status_id: u32,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_detail: Option<String>,
    message: String,
    user: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_endpoint: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_request: Option<Value>,
    service: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Value>,
    is_remote: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_mfa: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_protocol_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_protocol: Option<String>,
    logon_type_id: u32,
    logon_type: &'static str,
    metadata: Value,
    unmapped: Value,
}

/// The activities of the class, as far as they occur here.
#[derive(Clone, Copy)]
enum Activity {
    Logon,
    Logoff,
    Other(&'static str),
}

/// What all documents are made of.
struct Facts<'a> {
    activity: Activity,
    at: OffsetDateTime,
    session: Option<SessionId>,
    /// Of the event in its session.
    version: Option<i64>,
    user: Option<&'a UserId>,
    actor: Option<&'a UserId>,
    ip: Option<IpAddr>,
    user_agent: Option<&'a str>,
    proof: Option<(&'a [String], Option<Assurance>)>,
    reason: Option<&'a EndReason>,
    /// Why it failed.
    failure: Option<&'a str>,
    deadline: Option<OffsetDateTime>,
    message: String,
}

impl Format {
    /// The same format for lists of anything; none for OCSF.
    pub fn list(self) -> Option<output::Format> {
        match self {
            Self::Table => Some(output::Format::Table),
            Self::Json => Some(output::Format::Json),
            Self::Csv => Some(output::Format::Csv),
            Self::Ndjson => Some(output::Format::Ndjson),
            Self::Ocsf => None,
        }
    }
}

impl From<output::Format> for Format {
    fn from(format: output::Format) -> Self {
        match format {
            output::Format::Table => Self::Table,
            output::Format::Json => Self::Json,
            output::Format::Csv => Self::Csv,
            output::Format::Ndjson => Self::Ndjson,
        }
    }
}

impl Default for Service {
    fn default() -> Self {
        Self("session-ledger".to_owned())
    }
}

impl Authentication {
    /// The document of an event; none for an event that is no authentication, or that nobody was signed in
    /// for. Of an event that cannot be read it tells what the log knows beside it.
    pub fn of_event(recorded: &Recorded, service: &Service) -> Option<Self> {
        let entry = &recorded.entry;
        let activity = Activity::of_kind(entry.encoded.kind())?;
        let event = entry.event().ok();
        let (proof, reason) = match &event {
            Some(Event::LoggedIn(fact)) => (Some((&fact.methods[..], Some(fact.assurance))), None),
            Some(Event::Reauthenticated(fact)) => (Some((&fact.methods[..], Some(fact.assurance))), None),
            Some(Event::Ended(fact)) => (None, Some(&fact.reason)),
            _ => (None, None),
        };
        let client = recorded.client.clone().unwrap_or_default();
        let Client { ip, user_agent } = &client;
        let facts = Facts {
            activity,
            at: entry.occurred_at,
            session: Some(recorded.session_id),
            version: Some(entry.version),
            user: Some(entry.user.as_ref()?),
            actor: entry.actor.as_ref(),
            ip: *ip,
            user_agent: user_agent.as_deref(),
            proof,
            reason,
            failure: None,
            deadline: None,
            message: entry.in_words(Audience::Operator),
        };
        let document = Self::new(facts, entry.event_id.to_string(), service);
        Some(document.recorded(entry.encoded.kind(), recorded.recorded_at))
    }

    /// The Logon of a login, and its Logoff if it has ended.
    pub fn of_login(login: &Login, service: &Service) -> Vec<Self> {
        let Some(user) = &login.user else { return Vec::new() };
        let facts = |activity, at, message| Facts {
            activity,
            at,
            session: Some(login.session),
            version: Some(login.version),
            user: Some(user),
            actor: None,
            ip: login.client_ip,
            user_agent: login.user_agent.as_deref(),
            proof: Some((&login.methods[..], login.assurance)),
            reason: None,
            failure: None,
            deadline: login.deadline,
            message,
        };
        let logon = facts(Activity::Logon, login.began_at, format!("{user} logged in"));
        let logoff = login.ended.as_ref().map(|(reason, at)| Facts {
            actor: login.ended_by.as_ref(),
            // The end came from wherever it came from.
            ip: None,
            user_agent: None,
            proof: None,
            reason: Some(reason),
            ..facts(Activity::Logoff, *at, format!("ended: {reason}"))
        });
        let (of_logon, of_logoff) = (login_uid(login, "logon"), login_uid(login, "logoff"));
        let logon = Self::new(logon, of_logon, service);
        [logon].into_iter().chain(logoff.map(|facts| Self::new(facts, of_logoff, service))).collect()
    }

    /// The Logon that failed. Of a user whom the application does not tell, the document names none.
    pub fn of_failure(failed: &FailedLogin, service: &Service) -> Self {
        let reason = failed.reason.as_str();
        let as_whom = failed.user.as_ref().map(|user| format!(" as {user}")).unwrap_or_default();
        let facts = Facts {
            activity: Activity::Logon,
            at: failed.failed_at,
            session: failed.session,
            version: None,
            user: failed.user.as_ref(),
            actor: None,
            ip: failed.client_ip,
            user_agent: failed.user_agent.as_deref(),
            proof: None,
            reason: None,
            failure: Some(reason),
            deadline: None,
            message: format!("a login{as_whom} failed: {reason}"),
        };
        let mut document = Self::new(facts, failed.event_id.to_string(), service);
        if let Value::Object(metadata) = &mut document.metadata {
            metadata.insert("log_name".to_owned(), json!("session_ledger.failed_login"));
        }
        if let Value::Object(unmapped) = &mut document.unmapped {
            unmapped.insert("left_out".to_owned(), json!(failed.left_out));
        }
        document
    }

    /// The same document with what only an event knows.
    fn recorded(mut self, kind: &str, at: OffsetDateTime) -> Self {
        if let Value::Object(metadata) = &mut self.metadata {
            metadata.insert("event_code".to_owned(), json!(kind));
            metadata.insert("logged_time".to_owned(), json!(milliseconds(at)));
        }
        self
    }

    fn new(facts: Facts<'_>, uid: String, service: &Service) -> Self {
        let (activity_id, activity_name) = facts.activity.names();
        let assurance = facts.proof.and_then(|(_, assurance)| assurance);
        let methods = facts.proof.map(|(methods, _)| methods);
        let is_mfa = assurance.map(|assurance| assurance >= Assurance::Aal2);
        let person = |user: &UserId| json!({ "uid": user.as_str() });
        let (status_id, status) = if facts.failure.is_some() { FAILURE } else { SUCCESS };
        Self {
            activity_id,
            activity_name,
            category_uid: CATEGORY,
            category_name: "Identity & Access Management",
            class_uid: CLASS,
            class_name: "Authentication",
            type_uid: CLASS * 100 + activity_id,
            severity_id: severity(&facts),
            time: milliseconds(facts.at),
            status_id,
            status,
            status_detail: facts.failure.or(facts.reason.map(EndReason::as_str)).map(str::to_owned),
            // The schema wants a user, and has a type for one that is not known.
            user: facts
                .user
                .map_or_else(|| json!({ "name": "unknown", "type_id": 0, "type": "Unknown" }), person),
            actor: facts.actor.map(|actor| json!({ "user": person(actor) })),
            src_endpoint: facts.ip.map(|ip| json!({ "ip": ip })),
            http_request: facts.user_agent.map(|header| json!({ "user_agent": header })),
            service: json!({ "name": service.0 }),
            session: session(&facts, is_mfa),
            is_remote: true,
            is_mfa,
            auth_protocol_id: methods.map(|_| PROTOCOL),
            auth_protocol: methods.map(|methods| methods.join(" ")),
            logon_type_id: LOGON_TYPE,
            logon_type: "Network",
            metadata: json!({
                "version": SCHEMA_VERSION,
                "uid": uid,
                "log_name": "session_ledger.event",
                "product": product(),
            }),
            unmapped: object([
                ("session_version", facts.version.map(|version| json!(version))),
                ("methods", methods.map(|methods| json!(methods))),
                ("assurance", assurance.map(|assurance| json!(crate::facts::level(assurance)))),
            ]),
            message: facts.message,
        }
    }
}

impl Activity {
    /// The activity that events of a kind are; none for a kind that is about anything else.
    fn of_kind(kind: &str) -> Option<Self> {
        Some(match kind {
            "logged_in" => Self::Logon,
            "reauthenticated" => Self::Other("Re-authentication"),
            "impersonation_started" => Self::Other("Impersonation started"),
            "impersonation_ended" => Self::Other("Impersonation ended"),
            "ended" => Self::Logoff,
            _ => return None,
        })
    }

    fn names(self) -> (u32, &'static str) {
        match self {
            Self::Logon => (1, "Logon"),
            Self::Logoff => (2, "Logoff"),
            Self::Other(name) => (99, name),
        }
    }
}

/// The name of a document, which is the same whenever the login is listed: drop what was seen before.
fn login_uid(login: &Login, of: &str) -> String {
    format!("{}/{}/{of}", login.session, login.version)
}

fn session(facts: &Facts<'_>, is_mfa: Option<bool>) -> Option<Value> {
    let session = facts.session?;
    Some(object([
        ("uid", Some(json!(session.to_string()))),
        ("created_time", Some(json!(started_ms(session)))),
        ("is_remote", Some(json!(true))),
        ("is_mfa", is_mfa.map(Value::from)),
        ("expiration_time", facts.deadline.map(|at| json!(milliseconds(at)))),
        ("expiration_reason", facts.reason.map(|reason| json!(reason.as_str()))),
    ]))
}

/// An object of the fields that are known.
fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Informational (1), or more: a failed login, or somebody acts as another (2), a browser or network that was
/// not expected (3), a token in two hands (4).
fn severity(facts: &Facts<'_>) -> u32 {
    match (facts.activity, facts.reason) {
        _ if facts.failure.is_some() => 2,
        (_, Some(EndReason::TokenReplayed)) => 4,
        (_, Some(EndReason::ClientChanged | EndReason::DatabaseRolledBack)) => 3,
        (Activity::Other(name), _) if name.starts_with("Impersonation") => 2,
        _ => 1,
    }
}

/// What writes the log.
fn product() -> Value {
    json!({
        "name": "session-ledger",
        "vendor_name": "session-ledger",
        "version": env!("CARGO_PKG_VERSION"),
    })
}

fn milliseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

/// When a session started, as its id says (UUIDv7): milliseconds since 1970.
fn started_ms(session: SessionId) -> u64 {
    session.as_bytes().iter().take(6).fold(0, |ms, byte| ms << 8 | u64::from(*byte))
}
