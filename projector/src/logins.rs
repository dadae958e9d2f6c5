//! `projector logins` and `projector who`: who was signed in, from when to when.

use std::net::IpAddr;
use std::pin::pin;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use session_ledger::Ledger;
use session_ledger::ledger::{Login, QuestionError};
use session_ledger::session::{LoginFilter, SessionId, browser_name};
use time::OffsetDateTime;

use crate::ocsf::{self, Authentication, Service};
use crate::output::{self, Column, Listed, whole, wrapped};
use crate::{Answer, Console, Error, facts, words};

/// Which logins are asked for, and how they are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Which logins.
    pub filter: LoginFilter,
    /// How they are written.
    pub format: ocsf::Format,
    /// What users sign in to, as OCSF names it.
    pub service: Service,
}

/// Lists logins, the latest first. [`Answer::No`] if there are none.
///
/// # Errors
///
/// The database is away, or the output cannot be written.
pub async fn run(ledger: &Ledger, question: &Question, console: &mut Console<'_>) -> Result<Answer, Error> {
    let mut logins = pin!(ledger.logins_stream(question.filter.clone()).peekable());
    let is_empty = logins.as_mut().peek().await.is_none();
    if is_empty {
        console.note("No login fulfils these conditions.")?;
    }
    match question.format.list() {
        Some(format) => output::write(console, format, logins.map_ok(Line::from)).await?,
        None => {
            let documents = logins.map_ok(|login| {
                let documents = Authentication::of_login(&login, &question.service);
                stream::iter(documents.into_iter().map(Ok::<_, QuestionError>))
            });
            output::write_lines(console, documents.try_flatten()).await?;
        }
    }
    Ok(if is_empty { Answer::No } else { Answer::Yes })
}

/// Those of the logins that last still, by the database's clock: none has ended later than at its end.
pub(crate) fn still_open(filter: LoginFilter) -> LoginFilter {
    filter.open_at(time::macros::datetime!(9999-01-01 0:00 UTC))
}

/// One login, with all fields for the machine formats.
#[derive(Serialize)]
pub(crate) struct Line {
    session_id: SessionId,
    version: i64,
    user: Option<String>,
    /// The methods as they were said, with blanks between them.
    methods: String,
    assurance: Option<&'static str>,
    client_ip: Option<IpAddr>,
    user_agent: Option<String>,
    #[serde(serialize_with = "output::exact_time")]
    began_at: OffsetDateTime,
    #[serde(serialize_with = "output::exact_time_if_any")]
    ended_at: Option<OffsetDateTime>,
    end_reason: Option<String>,
    ended_by: Option<String>,
    #[serde(serialize_with = "output::exact_time_if_any")]
    last_seen: Option<OffsetDateTime>,
    #[serde(serialize_with = "output::exact_time_if_any")]
    deadline: Option<OffsetDateTime>,
}

impl From<Login> for Line {
    fn from(login: Login) -> Self {
        let (end_reason, ended_at) = login.ended.unzip();
        Self {
            session_id: login.session,
            version: login.version,
            user: login.user.map(|user| user.to_string()),
            methods: login.methods.join(" "),
            assurance: login.assurance.map(facts::level),
            client_ip: login.client_ip,
            user_agent: login.user_agent,
            began_at: login.began_at,
            ended_at,
            end_reason: end_reason.map(|reason| reason.to_string()),
            ended_by: login.ended_by.map(|actor| actor.to_string()),
            last_seen: login.last_seen,
            deadline: login.deadline,
        }
    }
}

impl Listed for Line {
    const COLUMNS: &'static [Column] = &[
        whole("USER"),
        whole("SIGNED IN"),
        whole("FOR"),
        wrapped("ENDED"),
        whole("BY"),
        wrapped("PROOF"),
        whole("FROM"),
        wrapped("BROWSER"),
        whole("SESSION"),
    ];
    const DROPPED: &'static [&'static str] = &["PROOF", "SESSION", "BROWSER", "BY", "FOR", "FROM", "ENDED"];

    fn cells(&self) -> Vec<String> {
        let level = self.assurance.map(str::to_uppercase);
        let methods = self.methods.split_whitespace().map(str::to_owned);
        let proof = methods.chain(level).collect::<Vec<_>>().join(", ");
        let lasted = self.ended_at.map(|ended_at| words::span(ended_at - self.began_at));
        vec![
            self.user.clone().unwrap_or_default(),
            words::to_second(self.began_at),
            lasted.unwrap_or_default(),
            self.end_reason.clone().unwrap_or_default(),
            self.ended_by.clone().unwrap_or_default(),
            proof,
            self.client_ip.map(|ip| ip.to_string()).unwrap_or_default(),
            self.user_agent.as_deref().map(browser_name).unwrap_or_default(),
            self.session_id.to_string(),
        ]
    }
}
