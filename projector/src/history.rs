//! `projector history`: the events of one session.

use std::net::IpAddr;
use std::pin::pin;

use futures_util::{StreamExt, TryStreamExt};
use serde::Serialize;
use session_ledger::Ledger;
use session_ledger::session::{Recorded, SessionId};
use time::OffsetDateTime;

use crate::output::{self, Format, Listed};
use crate::{Answer, Console, Error, browser, words};

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
    let mut steps = pin!(ledger.history_stream(session).map_ok(Step::from).peekable());
    if steps.as_mut().peek().await.is_none() {
        console.note(&format!(
            "The log knows no session {session}: check the id, or list a user's sessions with \
             `projector sessions --user USER`."
        ))?;
        return Ok(Answer::No);
    }
    output::write(console, format, steps).await?;
    Ok(Answer::Yes)
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
    what: String,
    user: Option<String>,
    actor: Option<String>,
    client_ip: Option<IpAddr>,
    user_agent: Option<String>,
}

impl From<Recorded> for Step {
    fn from(recorded: Recorded) -> Self {
        let entry = &recorded.entry;
        let client = recorded.client.unwrap_or_default();
        Self {
            version: entry.version,
            occurred_at: entry.occurred_at,
            recorded_at: recorded.recorded_at,
            event_id: entry.event_id.to_string(),
            kind: entry.encoded.kind().to_owned(),
            what: words::tell(entry),
            user: entry.user.as_ref().map(ToString::to_string),
            actor: entry.actor.as_ref().map(ToString::to_string),
            client_ip: client.ip,
            user_agent: client.user_agent.as_deref().map(str::to_owned),
        }
    }
}

impl Listed for Step {
    const HEADINGS: &'static [&'static str] = &["VERSION", "TIME", "EVENT", "WHAT", "USER", "BY", "FROM"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.version.to_string(),
            words::to_second(self.occurred_at),
            self.kind.clone(),
            self.what.clone(),
            self.user.clone().unwrap_or_default(),
            self.actor.clone().unwrap_or_default(),
            browser::from(self.client_ip, self.user_agent.as_deref()),
        ]
    }
}
