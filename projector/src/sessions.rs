//! `projector sessions`: a user's live and ended sessions.

use std::net::IpAddr;
use std::pin::pin;

use futures_util::{StreamExt, TryStreamExt};
use serde::Serialize;
use session_ledger::Ledger;
use session_ledger::ledger::SessionSummary;
use session_ledger::session::UserId;
use time::OffsetDateTime;

use crate::output::{self, Format, Listed};
use crate::{Answer, Console, Error, browser, words};

/// Lists a user's sessions, live and ended, the latest started first.
///
/// # Errors
///
/// The database is away, or the output cannot be written.
pub async fn run(
    ledger: &Ledger,
    user: &UserId,
    format: Format,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let mut sessions = pin!(ledger.sessions_stream(user).map_ok(Line::from).peekable());
    if sessions.as_mut().peek().await.is_none() {
        console.note(&format!("No session belongs to user \"{user}\"."))?;
    }
    output::write(console, format, sessions).await?;
    Ok(Answer::Yes)
}

/// One session, with all fields for the machine formats.
#[derive(Serialize)]
struct Line {
    session_id: String,
    version: i64,
    status: &'static str,
    #[serde(serialize_with = "output::exact_time")]
    started_at: OffsetDateTime,
    #[serde(serialize_with = "output::exact_time_if_any")]
    authenticated_at: Option<OffsetDateTime>,
    #[serde(serialize_with = "output::exact_time")]
    last_seen: OffsetDateTime,
    #[serde(serialize_with = "output::exact_time_if_any")]
    ended_at: Option<OffsetDateTime>,
    end_reason: Option<String>,
    client_ip: Option<IpAddr>,
    user_agent: Option<String>,
}

impl From<SessionSummary> for Line {
    fn from(summary: SessionSummary) -> Self {
        let (end_reason, ended_at) = summary.ended.unzip();
        Self {
            session_id: summary.id.to_string(),
            version: summary.version,
            status: if ended_at.is_some() { "ended" } else { "live" },
            started_at: summary.started_at,
            authenticated_at: summary.authenticated_at,
            last_seen: summary.last_seen,
            ended_at,
            end_reason: end_reason.map(|reason| reason.to_string()),
            client_ip: summary.client_ip,
            user_agent: summary.user_agent,
        }
    }
}

impl Listed for Line {
    const HEADINGS: &'static [&'static str] =
        &["SESSION", "STARTED", "LAST SEEN", "STATUS", "FROM", "BROWSER"];

    fn cells(&self) -> Vec<String> {
        let status = match (&self.end_reason, self.ended_at) {
            (Some(reason), Some(at)) => format!("ended: {reason} at {}", words::to_second(at)),
            _ => self.status.to_owned(),
        };
        vec![
            self.session_id.clone(),
            words::to_second(self.started_at),
            words::to_second(self.last_seen),
            status,
            self.client_ip.map(|ip| ip.to_string()).unwrap_or_default(),
            self.user_agent.as_deref().map(browser::short).unwrap_or_default(),
        ]
    }
}
