//! An event as a line of a history.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::{Value, json};
use session_ledger::session::{Audience, Event, Recorded, SessionId};
use time::OffsetDateTime;

use crate::facts::facts;
use crate::output::{self, Column, Listed, whole, wrapped};
use crate::words;

/// One event of a session, with all fields for the machine formats.
#[derive(Serialize)]
pub(crate) struct Step {
    session_id: SessionId,
    version: i64,
    #[serde(serialize_with = "output::exact_time")]
    occurred_at: OffsetDateTime,
    #[serde(serialize_with = "output::exact_time")]
    recorded_at: OffsetDateTime,
    event_id: String,
    kind: String,
    /// The name in the OWASP Logging Vocabulary, where that has one.
    owasp: Option<&'static str>,
    data: Data,
    /// Why the event cannot be read, if it cannot.
    unreadable: Option<String>,
    user: Option<String>,
    actor: Option<String>,
    client_ip: Option<IpAddr>,
    user_agent: Option<String>,
    /// The event in words, for people.
    #[serde(skip)]
    what: String,
    /// Whether its client was taken out of the log.
    #[serde(skip)]
    is_client_taken_out: bool,
}

/// One event among those of several sessions.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct StepOfUser(pub(super) Step);

/// The facts of an event.
#[derive(Serialize)]
#[serde(untagged)]
enum Data {
    Object(Value),
    /// As JSON, for a format without objects.
    Text(String),
}

impl Step {
    pub(crate) fn new(recorded: &Recorded, as_text: bool) -> Self {
        let entry = &recorded.entry;
        let client = recorded.client.clone().unwrap_or_default();
        let event = entry.event();
        let facts = event.as_ref().ok().and_then(|event| serde_json::to_value(facts(event)).ok());
        let facts = facts.unwrap_or_else(|| json!({}));
        Self {
            session_id: recorded.session_id,
            version: entry.version,
            occurred_at: entry.occurred_at,
            recorded_at: recorded.recorded_at,
            event_id: entry.event_id.to_string(),
            kind: entry.encoded.kind().to_owned(),
            owasp: event.as_ref().ok().and_then(Event::owasp),
            data: if as_text { Data::Text(facts.to_string()) } else { Data::Object(facts) },
            unreadable: event.err().map(|error| error.to_string()),
            user: entry.user.as_ref().map(ToString::to_string),
            actor: entry.actor.as_ref().map(ToString::to_string),
            client_ip: client.ip,
            user_agent: client.user_agent.as_deref().map(str::to_owned),
            what: entry.in_words(Audience::Operator),
            is_client_taken_out: words::is_client_taken_out(entry),
        }
    }

    /// The event on one line, for a list of which nobody knows how wide it will be.
    pub(super) fn line(&self, with_session: bool) -> String {
        let session = if with_session { format!("{}  ", self.session_id) } else { String::new() };
        let by = self.actor.as_ref().map(|actor| format!("  by {actor}")).unwrap_or_default();
        let from = match self.client() {
            known if known.is_empty() => known,
            known => format!("  from {known}"),
        };
        format!("{}  {session}{}{by}{from}", words::to_second(self.occurred_at), self.what)
    }

    fn client(&self) -> String {
        if self.is_client_taken_out {
            return words::TAKEN_OUT.to_owned();
        }
        words::client(self.client_ip, self.user_agent.as_deref())
    }
}

impl Listed for Step {
    const COLUMNS: &'static [Column] = &[
        whole("VERSION"),
        whole("TIME"),
        whole("EVENT"),
        wrapped("WHAT"),
        whole("USER"),
        whole("BY"),
        wrapped("FROM"),
    ];
    const DROPPED: &'static [&'static str] = &["EVENT", "FROM", "VERSION", "BY", "USER"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.version.to_string(),
            words::to_second(self.occurred_at),
            self.kind.clone(),
            self.what.clone(),
            self.user.clone().unwrap_or_default(),
            self.actor.clone().unwrap_or_default(),
            self.client(),
        ]
    }
}

impl Listed for StepOfUser {
    const COLUMNS: &'static [Column] = &[
        whole("SESSION"),
        whole("TIME"),
        whole("EVENT"),
        wrapped("WHAT"),
        whole("USER"),
        whole("BY"),
        wrapped("FROM"),
    ];
    const DROPPED: &'static [&'static str] = &["EVENT", "FROM", "BY", "USER"];

    fn cells(&self) -> Vec<String> {
        let mut cells = self.0.cells();
        if let Some(first) = cells.first_mut() {
            *first = self.0.session_id.to_string();
        }
        cells
    }
}
