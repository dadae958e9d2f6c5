//! `projector logins --failed`: who could not sign in, from where, and why.

use std::net::IpAddr;
use std::pin::pin;

use futures_util::{StreamExt, TryStreamExt};
use serde::Serialize;
use session_ledger::Ledger;
use session_ledger::ledger::{FailedLogin, QuestionError};
use session_ledger::session::{FailedLoginFilter, SessionId, browser_name};
use time::OffsetDateTime;

use crate::ocsf::{self, Authentication, Service};
use crate::output::{self, Column, Listed, whole, wrapped};
use crate::{Answer, Console, Error, words};

/// Which failed logins are asked for, and how they are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Which failed logins.
    pub filter: FailedLoginFilter,
    /// How they are written.
    pub format: ocsf::Format,
    /// What users sign in to, as OCSF names it.
    pub service: Service,
}

/// Lists failed logins, the latest first. [`Answer::No`] if there are none.
///
/// # Errors
///
/// The database is away, or the output cannot be written.
pub async fn run(ledger: &Ledger, question: &Question, console: &mut Console<'_>) -> Result<Answer, Error> {
    let mut failed = pin!(ledger.failed_logins_stream(question.filter.clone()).peekable());
    let is_empty = failed.as_mut().peek().await.is_none();
    if is_empty {
        console.note("No failed login fulfils these conditions.")?;
    }
    match question.format.list() {
        Some(format) => output::write(console, format, failed.map_ok(Line::from)).await?,
        None => {
            let documents = failed.map_ok(|failed| Authentication::of_failure(&failed, &question.service));
            output::write_lines::<_, QuestionError>(console, documents).await?;
        }
    }
    Ok(if is_empty { Answer::No } else { Answer::Yes })
}

/// One failed login, with all fields for the machine formats.
#[derive(Serialize)]
pub(crate) struct Line {
    event_id: String,
    #[serde(serialize_with = "output::exact_time")]
    failed_at: OffsetDateTime,
    user: Option<String>,
    reason: String,
    client_ip: Option<IpAddr>,
    user_agent: Option<String>,
    session_id: Option<SessionId>,
    /// How many before it were not recorded.
    left_out: u64,
}

impl From<FailedLogin> for Line {
    fn from(failed: FailedLogin) -> Self {
        Self {
            event_id: failed.event_id.to_string(),
            failed_at: failed.failed_at,
            user: failed.user.map(|user| user.to_string()),
            reason: failed.reason.to_string(),
            client_ip: failed.client_ip,
            user_agent: failed.user_agent,
            session_id: failed.session,
            left_out: failed.left_out,
        }
    }
}

impl Listed for Line {
    const COLUMNS: &'static [Column] = &[
        whole("USER"),
        whole("TIME"),
        wrapped("REASON"),
        whole("FROM"),
        wrapped("BROWSER"),
        whole("LEFT OUT"),
        whole("SESSION"),
    ];
    const DROPPED: &'static [&'static str] = &["SESSION", "BROWSER", "LEFT OUT", "FROM"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.user.clone().unwrap_or_default(),
            words::to_second(self.failed_at),
            self.reason.clone(),
            self.client_ip.map(|ip| ip.to_string()).unwrap_or_default(),
            self.user_agent.as_deref().map(browser_name).unwrap_or_default(),
            Some(self.left_out).filter(|left_out| *left_out > 0).map(|n| n.to_string()).unwrap_or_default(),
            self.session_id.map(|session| session.to_string()).unwrap_or_default(),
        ]
    }
}
