//! `projector state-at`: what a session was at a moment, and what has changed between two.

mod facts;

use futures_util::{TryStreamExt, stream};
use session_ledger::Ledger;
use session_ledger::ledger;
use session_ledger::session::{SessionId, SessionState};
use time::OffsetDateTime;

use self::facts::{Show, changes, facts};
use crate::output::{self, Format, Listed};
use crate::{Answer, Console, Error, words};

/// A point in the life of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// After the event of this version, or the last one if there are fewer.
    Version(i64),
    /// After the last event that had occurred by then.
    At(OffsetDateTime),
    /// After its last event.
    Last,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The session.
    pub session: SessionId,
    /// When it is looked at.
    pub point: Point,
    /// An earlier point, if the changes since then are asked for.
    pub since: Option<Point>,
    /// Whether the values of the session are shown themselves, and not only their size.
    pub with_values: bool,
    /// How it is written.
    pub format: Format,
}

/// Lists what a session was, or what has changed in it. [`Answer::No`] if the log knows no such session, if
/// it had not begun, or if nothing has changed.
///
/// # Errors
///
/// An event cannot be read, the database is away, or the output cannot be written.
pub async fn run(ledger: &Ledger, question: &Question, console: &mut Console<'_>) -> Result<Answer, Error> {
    let Question { session, point, since, format, .. } = *question;
    let later = state(ledger, session, point).await?;
    let earlier = match since {
        Some(since) => Some(state(ledger, session, since).await?),
        None => None,
    };
    if later.version == 0 {
        note_absence(ledger, session, console).await?;
    }
    let show =
        Show { values: question.with_values, as_text: !matches!(format, Format::Json | Format::Ndjson) };
    let is_empty = match earlier {
        None => list(facts(&later, show), format, console).await?,
        Some(earlier) => {
            let changes = changes(&earlier, &later, show);
            if changes.is_empty() && later.version > 0 {
                console.note(&format!(
                    "Nothing has changed between version {} and version {}.",
                    earlier.version, later.version
                ))?;
            }
            list(changes, format, console).await?
        }
    };
    Ok(if is_empty { Answer::No } else { Answer::Yes })
}

/// Writes a list, and says whether it is empty.
async fn list<R: Listed>(records: Vec<R>, format: Format, console: &mut Console<'_>) -> Result<bool, Error> {
    let is_empty = records.is_empty();
    output::write(console, format, stream::iter(records.into_iter().map(Ok::<_, Error>))).await?;
    Ok(is_empty)
}

async fn state(ledger: &Ledger, session: SessionId, point: Point) -> Result<SessionState, Error> {
    let state = match point {
        Point::Version(version) => ledger.state_at(session, version).await,
        Point::At(moment) => ledger.state_at_time(session, moment).await,
        Point::Last => ledger.state_at(session, i64::MAX).await,
    };
    match state {
        Err(error @ ledger::Error::Undecodable { .. }) => Err(unreadable(ledger, session, error).await?),
        state => Ok(state?),
    }
}

/// Says which event cannot be read, and so up to which one the state is known.
async fn unreadable(ledger: &Ledger, session: SessionId, error: ledger::Error) -> Result<Error, Error> {
    let mut events = std::pin::pin!(ledger.history_stream(session));
    while let Some(recorded) = events.try_next().await? {
        if recorded.entry.event().is_err() {
            let version = recorded.entry.version;
            return Ok(Error::UnreadableEvent { version, known: version - 1, error: Box::new(error) });
        }
    }
    Ok(error.into())
}

async fn note_absence(ledger: &Ledger, session: SessionId, console: &mut Console<'_>) -> Result<(), Error> {
    let first = ledger.history_page(session, 0, 1).await?;
    console.note(&match first.first() {
        None => format!(
            "The log knows no session {session}: check the id, or list a user's sessions with \
             `projector sessions --user USER`."
        ),
        Some(first) => {
            format!("The session had not begun then: it did at {}.", words::exact(first.entry.occurred_at))
        }
    })?;
    Ok(())
}
