//! `projector history`: the events of one session.

use std::net::IpAddr;
use std::pin::pin;

use futures_util::{StreamExt, TryStreamExt};
use serde::Serialize;
use serde_json::{Value, json};
use session_ledger::Ledger;
use session_ledger::session::{Audience, Event, Recorded, SessionId};
use time::OffsetDateTime;

use crate::facts::facts;
use crate::output::{self, Column, Format, Listed, whole, wrapped};
use crate::{Answer, Console, Error, words};

/// Lists the events of a session. [`Answer::No`] if the log knows no such session.
///
/// # Errors
///
/// The database is away, or the output cannot be written.
pub async fn run(
    ledger: &Ledger,
    session: SessionId,
    format: Format,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let step = |recorded| Step::new(&recorded, format == Format::Csv);
    let mut steps = pin!(ledger.history_stream(session).map_ok(step).peekable());
    let is_empty = steps.as_mut().peek().await.is_none();
    if is_empty {
        console.note(&format!(
            "The log knows no session {session}: check the id, or list a user's sessions with \
             `projector sessions --user USER`."
        ))?;
    }
    output::write(console, format, steps).await?;
    Ok(if is_empty { Answer::No } else { Answer::Yes })
}

/// One event, with all fields for the machine formats.
#[derive(Serialize)]
struct Step {
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
}

/// The facts of an event.
#[derive(Serialize)]
#[serde(untagged)]
enum Data {
    Object(Value),
    /// As JSON, for a format without objects.
    Text(String),
}

impl Step {
    fn new(recorded: &Recorded, as_text: bool) -> Self {
        let entry = &recorded.entry;
        let client = recorded.client.clone().unwrap_or_default();
        let event = entry.event();
        let facts = event.as_ref().map_or_else(|_| json!({}), facts);
        Self {
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
        }
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
            words::client(self.client_ip, self.user_agent.as_deref()),
        ]
    }
}
