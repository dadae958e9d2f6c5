//! `projector sessions`: a user's live and ended sessions, and those in which somebody acted as the user.

use std::future::ready;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::TryStreamExt;
use futures_util::stream::{self, Peekable, Stream, StreamExt};
use serde::Serialize;
use session_ledger::Ledger;
use session_ledger::ledger::{self, Impersonation, SessionSummary};
use session_ledger::session::{EndReason, SessionId, UserId, browser_name};
use session_ledger::web::IpNet;
use time::OffsetDateTime;

use crate::moment::Span;
use crate::output::{self, Column, Format, Listed, whole, wrapped};
use crate::{Answer, Console, Error, words};

/// Which sessions of a user are asked for, and how they are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The user.
    pub user: UserId,
    /// The live ones alone, or the ended ones alone.
    pub is_live: Option<bool>,
    /// Those that started within this span.
    pub span: Span,
    /// Those whose latest event came from this network.
    pub network: Option<IpNet>,
    /// Those that ended for this reason.
    pub reason: Option<EndReason>,
    /// How the list is written.
    pub format: Format,
}

impl Question {
    /// All sessions of a user.
    pub fn new(user: impl Into<UserId>, format: Format) -> Self {
        let (is_live, span, network, reason) = (None, Span::default(), None, None);
        Self { user: user.into(), is_live, span, network, reason, format }
    }

    fn wants(&self, line: &Line) -> bool {
        self.is_live.is_none_or(|is_live| is_live == line.ended_at.is_none())
            && self.span.holds(line.started_at)
            && self.network.is_none_or(|network| line.client_ip.is_some_and(|ip| network.contains(&ip)))
            && self.reason.as_ref().is_none_or(|reason| line.end_reason.as_deref() == Some(reason.as_str()))
    }
}

/// Lists a user's sessions, live and ended, and those in which somebody else acted as the user, the latest
/// started first. [`Answer::No`] if there are none.
///
/// # Errors
///
/// The database is away, or the output cannot be written.
pub async fn run(ledger: &Ledger, question: &Question, console: &mut Console<'_>) -> Result<Answer, Error> {
    let user = &question.user;
    let own = ledger.sessions_stream(user).map(|one| one.map(Line::from));
    let acted = ledger.impersonations_stream(user).map(|one| one.map(Line::from));
    let is_known = AtomicBool::new(false);
    let wanted = merged(own, acted).try_filter(|line| {
        is_known.store(true, Ordering::Relaxed);
        ready(question.wants(line))
    });
    let mut lines = pin!(wanted.peekable());
    let is_empty = lines.as_mut().peek().await.is_none();
    output::write(console, question.format, lines).await?;
    if is_empty {
        console.note(&match is_known.load(Ordering::Relaxed) {
            false => format!("No session belongs to user \"{user}\", and nobody has acted as that user."),
            true => format!("No session of user \"{user}\" fulfils these conditions."),
        })?;
    }
    Ok(if is_empty { Answer::No } else { Answer::Yes })
}

type Read = Result<Line, ledger::Error>;

/// Two lists as one, the latest started first, as each of them is.
fn merged(own: impl Stream<Item = Read>, acted: impl Stream<Item = Read>) -> impl Stream<Item = Read> {
    let both = (Box::pin(own.peekable()), Box::pin(acted.peekable()));
    stream::unfold(both, async |(mut own, mut acted)| {
        let (first, second) = (place(own.as_mut()).await, place(acted.as_mut()).await);
        let next = if first >= second { own.next().await } else { acted.next().await };
        Some((next?, (own, acted)))
    })
}

/// The place of a list's next line. An error comes first, the end last.
async fn place(list: Pin<&mut Peekable<impl Stream<Item = Read>>>) -> Option<SessionId> {
    let id = |line: &Line| line.session_id;
    list.peek().await.map(|next| next.as_ref().map_or(SessionId::from_bytes([0xff; 16]), id))
}

/// One session, with all fields for the machine formats.
#[derive(Serialize)]
struct Line {
    session_id: SessionId,
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
    device: Option<String>,
    #[serde(serialize_with = "output::exact_time_if_any")]
    device_first_seen: Option<OffsetDateTime>,
    /// Whose session it is, if that is somebody who acted as the user.
    impersonated_by: Option<String>,
    #[serde(serialize_with = "output::exact_time_if_any")]
    impersonated_at: Option<OffsetDateTime>,
}
impl From<SessionSummary> for Line {
    fn from(summary: SessionSummary) -> Self {
        let (end_reason, ended_at) = summary.ended.unzip();
        Self {
            session_id: summary.id,
            version: summary.version,
            status: if ended_at.is_some() { "ended" } else { "live" },
            started_at: summary.started_at,
            authenticated_at: summary.authenticated_at,
            last_seen: summary.last_seen,
            ended_at,
            end_reason: end_reason.map(|reason| reason.to_string()),
            client_ip: summary.client_ip,
            user_agent: summary.user_agent,
            device: summary.device.map(|device| device.to_string()),
            device_first_seen: summary.device.map(|device| device.first_seen()),
            impersonated_by: None,
            impersonated_at: None,
        }
    }
}

impl From<Impersonation> for Line {
    fn from(acted: Impersonation) -> Self {
        Self {
            impersonated_by: acted.by.map(|user| user.to_string()),
            impersonated_at: Some(acted.began_at),
            ..Self::from(acted.session)
        }
    }
}

impl Listed for Line {
    const COLUMNS: &'static [Column] = &[
        whole("SESSION"),
        whole("STARTED"),
        whole("LAST SEEN"),
        wrapped("STATUS"),
        whole("BY"),
        whole("FROM"),
        wrapped("BROWSER"),
    ];
    const DROPPED: &'static [&'static str] = &["BROWSER", "LAST SEEN", "FROM", "STARTED", "BY"];

    fn cells(&self) -> Vec<String> {
        let status = match (&self.end_reason, self.ended_at) {
            (Some(reason), Some(at)) => format!("ended: {reason} at {}", words::to_second(at)),
            _ => self.status.to_owned(),
        };
        vec![
            self.session_id.to_string(),
            words::to_second(self.started_at),
            words::to_second(self.last_seen),
            status,
            self.impersonated_by.clone().unwrap_or_default(),
            self.client_ip.map(|ip| ip.to_string()).unwrap_or_default(),
            self.user_agent.as_deref().map(browser_name).unwrap_or_default(),
        ]
    }
}
