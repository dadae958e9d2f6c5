//! `projector history --follow`: what was, and then what happens.
//!
//! The versions of a session have no gaps, and each is committed after the one before. So whoever has told
//! the events up to a version asks for those above it, and tells each event once and in order, whatever
//! commits meanwhile. No transaction is open between the questions, and no subscription is needed. Of a
//! user, the list of sessions says of each how many events it has.

use std::collections::HashMap;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use session_ledger::Ledger;
use session_ledger::ledger::SessionSummary;
use session_ledger::session::{Recorded, SessionId};

use super::step::Step;
use super::{Question, Whose, endless, note_emptiness};
use crate::ocsf::Authentication;
use crate::output::{self, Format};
use crate::{Answer, Console, Error};

/// The least and the longest pause between two looks.
const PAUSE: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(10)];

/// A pause is so many times as long as the look before it took, so that the list of a user with many sessions
/// is no burden.
const REST: u32 = 10;

/// How many events of a session are asked for at once.
const PAGE: u32 = 100;

/// Tells the events that were, and then new ones as they happen, until `stop` is ready or the session has
/// ended. [`Answer::No`] if the log knows no such session; a user may have none yet.
///
/// While the database is away, it tries again.
///
/// # Errors
///
/// The database is away from the beginning, it refuses, the format has an end, or the output cannot be
/// written.
pub async fn follow(
    ledger: &Ledger,
    question: &Question,
    stop: impl Future<Output = ()>,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let mut follower =
        Follower { ledger, question, format: endless(question.format)?, told: HashMap::new(), lines: 0 };
    let mut stop = pin!(stop);
    let (mut is_first, mut is_away) = (true, false);
    loop {
        let began = Instant::now();
        let look = tokio::select! {
            biased;
            () = &mut stop => return Ok(Answer::Yes),
            look = follower.look(console) => look,
        };
        match look {
            Ok(Look::Ended) => return Ok(Answer::Yes),
            Ok(Look::Unknown) if is_first => {
                note_emptiness(ledger, question, console).await?;
                return Ok(Answer::No);
            }
            Ok(Look::Unknown | Look::Open) => (is_first, is_away) = (false, false),
            Err(Error::Store(error)) if error.is_unavailable() && !is_first => {
                if !std::mem::replace(&mut is_away, true) {
                    console.note(&format!("{error}; trying again"))?;
                }
            }
            Err(error) => return Err(error),
        }
        let pause = (began.elapsed() * REST).clamp(PAUSE[0], PAUSE[1]);
        tokio::select! {
            () = &mut stop => return Ok(Answer::Yes),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// What a look has found, besides the events that it has told.
enum Look {
    /// There may be more later.
    Open,
    /// The session has ended: nothing follows.
    Ended,
    /// The log does not know the session.
    Unknown,
}

struct Follower<'a> {
    ledger: &'a Ledger,
    question: &'a Question,
    /// None for documents of OCSF.
    format: Option<Format>,
    /// The version up to which the events of each session were told.
    told: HashMap<SessionId, i64>,
    /// How many lines were written.
    lines: u64,
}

impl Follower<'_> {
    /// Tells all events that were not told yet.
    async fn look(&mut self, console: &mut Console<'_>) -> Result<Look, Error> {
        match &self.question.whose {
            Whose::Session(session) => self.look_at(*session, console).await,
            Whose::User(user) => {
                let mut news = Vec::new();
                let mut sessions = pin!(self.ledger.sessions_stream(user));
                while let Some(summary) = sessions.try_next().await? {
                    if self.is_past(&summary) {
                        self.told.insert(summary.id, summary.version);
                    }
                    if summary.version > self.version_of(summary.id) {
                        news.push(summary.id);
                    }
                }
                // The list has the latest first, a history the earliest.
                for session in news.into_iter().rev() {
                    self.look_at(session, console).await?;
                }
                Ok(Look::Open)
            }
        }
    }

    /// Whether a session had ended before the span that is asked for, so that none of its events is wanted.
    fn is_past(&self, summary: &SessionSummary) -> bool {
        let ended_at = summary.ended.as_ref().map(|(_, at)| *at);
        self.question.conditions.span.since.zip(ended_at).is_some_and(|(since, ended_at)| ended_at < since)
    }

    async fn look_at(&mut self, session: SessionId, console: &mut Console<'_>) -> Result<Look, Error> {
        loop {
            let page = self.ledger.history_page(session, self.version_of(session), PAGE).await?;
            for recorded in &page {
                if self.question.conditions.hold(recorded) {
                    self.tell(recorded, console)?;
                }
                self.told.insert(session, recorded.entry.version);
                if recorded.entry.encoded.kind() == "ended" {
                    return Ok(Look::Ended);
                }
            }
            if page.len() < PAGE as usize {
                return Ok(if self.version_of(session) == 0 { Look::Unknown } else { Look::Open });
            }
        }
    }

    fn version_of(&self, session: SessionId) -> i64 {
        self.told.get(&session).copied().unwrap_or_default()
    }

    fn tell(&mut self, recorded: &Recorded, console: &mut Console<'_>) -> Result<(), Error> {
        let is_first = self.lines == 0;
        let step = |as_text| Step::new(recorded, as_text);
        let text = match self.format {
            Some(Format::Table) => {
                let line = step(false).line(matches!(self.question.whose, Whose::User(_)));
                crate::console::harmless_line(&line) + "\n"
            }
            Some(Format::Csv) => output::csv(&step(true), is_first)?,
            Some(Format::Ndjson | Format::Json) => output::ndjson(&step(false))?,
            None => match Authentication::of_event(recorded, &self.question.service) {
                Some(document) => output::ndjson(&document)?,
                None => return Ok(()),
            },
        };
        self.lines += 1;
        Ok(console.print(&text)?)
    }
}
