//! `projector history`: the events of one session, or of all sessions of a user.

mod follow;
mod step;

use std::pin::pin;

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use session_ledger::Ledger;
use session_ledger::ledger::QuestionError;
use session_ledger::session::{Client, EventFilter, Recorded, SessionId, UserId};
use session_ledger::web::IpNet;

pub(crate) use self::step::Step;
use self::step::StepOfUser;
use crate::archive::Folder;
use crate::moment::Span;
use crate::ocsf::{self, Authentication, Service};
use crate::output::{self, Format};
use crate::{Answer, Console, Error};

pub use follow::follow;

/// Whose events are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of one session.
    Session(SessionId),
    /// Those of all sessions that are a user's, session after session.
    User(UserId),
}

/// Which of them: each condition leaves fewer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Those of one of these kinds; empty for all.
    pub kinds: Vec<String>,
    /// Those by this actor, who is not the session's user.
    pub actor: Option<UserId>,
    /// Those that say that they came from this network.
    pub network: Option<IpNet>,
    /// Those that occurred within this span.
    pub span: Span,
}

/// What is asked for, and how it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Whose events.
    pub whose: Whose,
    /// Which of them.
    pub conditions: Conditions,
    /// How they are written.
    pub format: ocsf::Format,
    /// What users sign in to, as OCSF names it.
    pub service: Service,
}

/// Lists the events. [`Answer::No`] if there are none.
///
/// # Errors
///
/// The database is away, the span is empty, or the output cannot be written.
pub async fn run(ledger: &Ledger, question: &Question, console: &mut Console<'_>) -> Result<Answer, Error> {
    let mut events = pin!(events(ledger, question).peekable());
    let is_empty = events.as_mut().peek().await.is_none();
    if is_empty {
        note_emptiness(ledger, question, console).await?;
    }
    list(events, is_empty, question, console).await
}

/// Lists the events of an archive, as [`run`] lists those of the log.
///
/// # Errors
///
/// A file of the archive is missing or damaged, or the output cannot be written.
pub async fn of_archive(
    folder: &Folder,
    question: &Question,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let all = match &question.whose {
        Whose::Session(session) => folder.session(*session)?,
        Whose::User(user) => folder.user(user)?,
    };
    let is_known = !all.is_empty();
    let said = |mut recorded: Recorded| {
        recorded.client.clone_from(&recorded.entry.client);
        recorded
    };
    let wanted = all.into_iter().filter(|recorded| question.conditions.hold(recorded)).map(said);
    let events: Vec<_> = wanted.map(clients(&question.conditions)).map(Ok::<_, Error>).collect();
    let is_empty = events.is_empty();
    if is_empty {
        let of_none = if is_known { "fulfils these conditions" } else { "is of that session or user" };
        console.note(&format!("No event of this archive {of_none}."))?;
    }
    list(stream::iter(events), is_empty, question, console).await
}

/// Writes events in the format of the question.
async fn list<E>(
    events: impl Stream<Item = Result<Recorded, E>>,
    is_empty: bool,
    question: &Question,
    console: &mut Console<'_>,
) -> Result<Answer, Error>
where
    Error: From<E>,
{
    let with_data_as_text = question.format == ocsf::Format::Csv;
    let step = |recorded: Recorded| Step::new(&recorded, with_data_as_text);
    match (question.format.list(), &question.whose) {
        (Some(format), Whose::Session(_)) => output::write(console, format, events.map_ok(step)).await?,
        (Some(format), Whose::User(_)) => {
            let steps = events.map_ok(|recorded| StepOfUser(step(recorded)));
            output::write(console, format, steps).await?;
        }
        (None, _) => {
            let document =
                async |recorded: Recorded| Ok(Authentication::of_event(&recorded, &question.service));
            let mut documents = pin!(events.try_filter_map(document).peekable());
            if !is_empty && documents.as_mut().peek().await.is_none() {
                console
                    .note("None of these events is an authentication, and OCSF is told of nothing else.")?;
            }
            output::write_lines(console, documents).await?;
        }
    }
    Ok(if is_empty { Answer::No } else { Answer::Yes })
}

/// The events, each with its client as far as it is known.
fn events(
    ledger: &Ledger,
    question: &Question,
) -> impl Stream<Item = Result<Recorded, QuestionError>> + use<> {
    let Question { whose, conditions, .. } = question;
    // A session that the log does not know has no events: `note_emptiness` says so.
    let is_known = |one: &Result<_, QuestionError>| {
        std::future::ready(!matches!(one, Err(QuestionError::NoSuchSession { .. })))
    };
    let events = ledger.events_stream(conditions.filter(whose)).take_while(is_known);
    events.map_ok(clients(conditions))
}

/// Gives each of consecutive events the client that it says, or else that of the event before.
fn clients(conditions: &Conditions) -> impl FnMut(Recorded) -> Recorded + use<> {
    // Where events between are missing, the client of the one before says nothing.
    let has_gaps = !conditions.kinds.is_empty() || conditions.actor.is_some() || conditions.network.is_some();
    let mut last: Option<(SessionId, Option<Client>)> = None;
    move |mut recorded| {
        if has_gaps {
            return recorded;
        }
        let before = last.take().filter(|(session, _)| *session == recorded.session_id);
        recorded.client = recorded.client.or(before.and_then(|(_, client)| client));
        last = Some((recorded.session_id, recorded.client.clone()));
        recorded
    }
}

/// Says why there is nothing to list.
async fn note_emptiness(
    ledger: &Ledger,
    question: &Question,
    console: &mut Console<'_>,
) -> Result<(), Error> {
    let is_known = match question.whose {
        Whose::Session(session) => !ledger.history_page(session, 0, 1).await?.is_empty(),
        Whose::User(ref user) => !ledger.sessions_page(user, None, 1).await?.is_empty(),
    };
    if let (Whose::Session(session), false) = (&question.whose, is_known)
        && let Some(month) = archived_in(ledger, *session).await?
    {
        console.note(&format!(
            "The events of the session {session} are in the archive, as those of {month}: ask with --archive FOLDER."
        ))?;
        return Ok(());
    }
    console.note(&match (&question.whose, is_known) {
        (Whose::Session(session), false) => format!(
            "The log knows no session {session}: check the id, or list a user's sessions with \
             `projector sessions --user USER`."
        ),
        (Whose::Session(session), true) => {
            format!("No event of the session {session} fulfils these conditions.")
        }
        (Whose::User(user), false) => format!("No session belongs to user \"{user}\"."),
        (Whose::User(user), true) => format!("No event of user \"{user}\" fulfils these conditions."),
    })?;
    Ok(())
}

/// The archived month that a session's events are in, if they are.
async fn archived_in(ledger: &Ledger, session: SessionId) -> Result<Option<String>, Error> {
    let months = ledger.archived_partitions().await?.into_iter();
    let mut months = months.filter(|month| month.first_id <= session && session < month.end_id);
    Ok(months.next().map(|month| month.name))
}

impl Question {
    /// All events of a session or a user, in a format.
    pub fn new(whose: Whose, format: impl Into<ocsf::Format>) -> Self {
        let (conditions, service) = (Conditions::default(), Service::default());
        Self { whose, conditions, format: format.into(), service }
    }
}

impl Conditions {
    /// The same question to the database.
    fn filter(&self, whose: &Whose) -> EventFilter {
        let mut filter = match whose {
            Whose::Session(session) => EventFilter::of_session(*session),
            Whose::User(user) => EventFilter::of_user(user.clone()),
        };
        filter = self.kinds.iter().fold(filter, EventFilter::kind);
        if let Some(actor) = &self.actor {
            filter = filter.by(actor.clone());
        }
        if let Some(network) = self.network {
            filter = filter.from_network(network);
        }
        if let Some(since) = self.span.since {
            filter = filter.occurred_from(since);
        }
        if let Some(until) = self.span.until {
            filter = filter.occurred_before(until);
        }
        filter
    }

    /// Whether an event fulfils them: as the database would say.
    fn hold(&self, recorded: &Recorded) -> bool {
        let entry = &recorded.entry;
        let said = entry.client.as_ref().and_then(|client| client.ip);
        (self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == entry.encoded.kind()))
            && self.actor.as_ref().is_none_or(|actor| entry.actor.as_ref() == Some(actor))
            && self.network.is_none_or(|network| said.is_some_and(|ip| network.contains(&ip)))
            && self.span.holds(entry.occurred_at)
    }
}

/// The formats that go on and on: an array of JSON would never end.
fn endless(format: ocsf::Format) -> Result<Option<Format>, Error> {
    match format.list() {
        Some(Format::Json) => Err(Error::Arguments(
            "an array of JSON has an end, and --follow has none: take --format ndjson".to_owned(),
        )),
        format => Ok(format),
    }
}
