//! `projector relay dead-letters`, `replay` and `skip`: the events that a sink has refused.

use futures_util::stream;
use serde::Serialize;
use session_ledger::Ledger;
use session_ledger::ledger::DeadLetter;
use session_ledger::session::SessionId;
use time::OffsetDateTime;

use crate::output::{self, Column, Format, Listed, whole, wrapped};
use crate::words::count;
use crate::{Answer, Console, Error, words};

/// The most dead letters of a list.
const LETTERS_MAX: u32 = 1_000;

/// Lists the dead letters of a subscription, or of all, the oldest first. [`Answer::No`] if there are none.
///
/// # Errors
///
/// There is no such subscription, the database is away, or the output cannot be written.
pub async fn list(
    ledger: &Ledger,
    subscription: Option<&str>,
    format: Format,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let letters = ledger.dead_letters(subscription, LETTERS_MAX).await.map_err(Error::Subscription)?;
    let found = letters.len();
    if letters.is_empty() {
        console.note("There is no dead letter.")?;
    }
    let lines = letters.into_iter().map(|one| Ok::<_, Error>(Line::from(one)));
    output::write(console, format, stream::iter(lines)).await?;
    if found == LETTERS_MAX as usize {
        console.note(&format!("These are the oldest {LETTERS_MAX}; there may be more."))?;
    }
    Ok(if found == 0 { Answer::No } else { Answer::Yes })
}

/// Has dead letters, and what waits behind them, delivered again: of a session, or all. [`Answer::No`] if
/// none waits.
///
/// # Errors
///
/// There is no such subscription, or the database is away.
pub async fn replay(
    ledger: &Ledger,
    subscription: &str,
    session: Option<SessionId>,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let sessions = ledger.replay_dead_letters(subscription, session).await.map_err(Error::Subscription)?;
    decided(subscription, sessions, "its dead letter first", console)
}

/// Gives dead letters up, and has what waits behind them delivered: of a session, or all. [`Answer::No`] if
/// none waits.
///
/// # Errors
///
/// There is no such subscription, or the database is away.
pub async fn skip(
    ledger: &Ledger,
    subscription: &str,
    session: Option<SessionId>,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let sessions = ledger.skip_dead_letters(subscription, session).await.map_err(Error::Subscription)?;
    decided(subscription, sessions, "without its dead letter", console)
}

fn decided(subscription: &str, sessions: i64, how: &str, console: &mut Console<'_>) -> Result<Answer, Error> {
    if sessions == 0 {
        console
            .note(&format!("No such session of subscription `{subscription}` waits behind a dead letter."))?;
        return Ok(Answer::No);
    }
    let sessions = count(sessions.unsigned_abs(), "session");
    console.print(&format!(
        "The relay of subscription `{subscription}` will deliver {sessions} that waited, each {how}.\n"
    ))?;
    Ok(Answer::Yes)
}

/// One dead letter, with all fields for the machine formats.
#[derive(Serialize)]
struct Line {
    subscription: String,
    event: String,
    session: SessionId,
    version: i64,
    kind: Option<String>,
    #[serde(serialize_with = "output::exact_time")]
    refused_at: OffsetDateTime,
    reason: String,
    /// How many later events of the session wait, counted up to 1000.
    waiting: i64,
    /// What becomes of it.
    state: &'static str,
    #[serde(serialize_with = "output::exact_time_if_any")]
    skipped_at: Option<OffsetDateTime>,
}

impl From<DeadLetter> for Line {
    fn from(letter: DeadLetter) -> Self {
        let state = match (letter.skipped_at, letter.is_due) {
            (Some(_), _) => "skipped",
            (None, true) => "due",
            (None, false) => "waits",
        };
        Self {
            subscription: letter.subscription,
            event: letter.event.to_string(),
            session: letter.session,
            version: letter.version,
            kind: letter.kind,
            refused_at: letter.refused_at,
            reason: letter.reason,
            waiting: letter.waiting,
            state,
            skipped_at: letter.skipped_at,
        }
    }
}

impl Listed for Line {
    const COLUMNS: &'static [Column] = &[
        whole("REFUSED"),
        whole("SUBSCRIPTION"),
        whole("SESSION"),
        whole("VERSION"),
        whole("EVENT"),
        whole("STATE"),
        whole("WAITING"),
        wrapped("REASON"),
    ];
    const DROPPED: &'static [&'static str] = &["WAITING", "EVENT", "VERSION", "REFUSED"];

    fn cells(&self) -> Vec<String> {
        vec![
            words::to_second(self.refused_at),
            self.subscription.clone(),
            self.session.to_string(),
            self.version.to_string(),
            self.kind.clone().unwrap_or_default(),
            self.state.to_owned(),
            self.waiting.to_string(),
            self.reason.clone(),
        ]
    }
}
