//! `projector end`: ends sessions for good.

use std::io::{self, BufRead};
use std::pin::{Pin, pin};

use futures_util::{FutureExt, TryStreamExt};
use session_ledger::Ledger;
use session_ledger::ledger::{End, LiveCount};
use session_ledger::session::{EndReason, SessionFilter, SessionId, UserId};
use session_ledger::web::IpNet;

use crate::progress::Steps;
use crate::words::count;
use crate::{Answer, Console, Error};

/// Whose sessions end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// These sessions.
    Sessions(Vec<SessionId>),
    /// All of a user, but one.
    User {
        /// The user.
        user: UserId,
        /// The session that stays.
        keep: Option<SessionId>,
    },
    /// All that were used from a network, or signed in to from there.
    Network(IpNet),
    /// All, also those that nobody is signed in to.
    Everything,
}

/// Which sessions end, why, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Whose sessions.
    pub whom: Whom,
    /// Why.
    pub reason: EndReason,
    /// Who ends them, as the history shows it.
    pub by: Option<UserId>,
    /// Whether nobody needs to be asked any more.
    pub is_confirmed: bool,
    /// Whether it is only told how many would end.
    pub is_dry: bool,
}

/// Ends the sessions. [`Answer::No`] if none of them was live. `answers` is where somebody answers questions,
/// if there is somebody.
///
/// # Errors
///
/// Nobody has confirmed it, it was stopped, the database is away, or the role lacks the rights. Sessions that
/// were ended before stay ended, and a note says how many.
pub async fn run(
    ledger: &Ledger,
    order: &Order,
    answers: Option<&mut dyn BufRead>,
    stop: impl Future<Output = ()>,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    if order.is_dry {
        return tell(order, ledger, console).await;
    }
    order.check(answers.is_some())?;
    let expected = order.expected(ledger).await?;
    if let Some(answers) = answers.filter(|_| order.needs_confirmation())
        && !is_wanted(order, expected, answers, console)?
    {
        return Err(Error::Unconfirmed);
    }
    let (mut ended, stop) = (0, pin!(stop));
    let outcome = match &order.whom {
        Whom::Sessions(sessions) => end_each(ledger, order, sessions, &mut ended, stop, console).await,
        _ => end_all(ledger, order, expected, &mut ended, stop, console).await,
    };
    if outcome.is_err() && ended > 0 {
        let verb = if ended == 1 { "was" } else { "were" };
        console.note(&format!("{} {verb} ended before that.", count(ended, "session")))?;
    }
    outcome?;
    if ended == 0 && !matches!(order.whom, Whom::Sessions(_)) {
        console.note(&format!("There is no live session{}.", order.whose()))?;
    }
    console.print(&format!("Ended {}.\n", count(ended, "session")))?;
    Ok(if ended > 0 { Answer::Yes } else { Answer::No })
}

/// Says how many sessions would end. [`Answer::No`] if none would.
async fn tell(order: &Order, ledger: &Ledger, console: &mut Console<'_>) -> Result<Answer, Error> {
    let Some(expected) = order.expected(ledger).await? else { return Ok(Answer::No) };
    console.print(&format!("{} would end{}.\n", live(expected), order.whose()))?;
    Ok(if expected.sessions > 0 { Answer::Yes } else { Answer::No })
}

/// So many live sessions, or more.
fn live(expected: LiveCount) -> String {
    let least = if expected.is_whole { "" } else { "At least " };
    format!("{least}{}", count(expected.sessions, "live session"))
}

/// Ends sessions by their ids, one after the other.
async fn end_each(
    ledger: &Ledger,
    order: &Order,
    sessions: &[SessionId],
    ended: &mut u64,
    mut stop: Pin<&mut impl Future<Output = ()>>,
    console: &mut Console<'_>,
) -> Result<(), Error> {
    let mut not_live = Vec::new();
    {
        let mut steps = Steps::new("Ending", Some(sessions.len() as u64), console);
        for (done, session) in sessions.iter().enumerate() {
            if stop.as_mut().now_or_never().is_some() {
                return Err(Error::EndsStopped);
            }
            match ledger.end(*session, order.end()).await? {
                true => *ended += 1,
                false => not_live.push(*session),
            }
            steps.show(done as u64 + 1);
        }
    }
    for session in not_live {
        console.note(&format!("The session {session} is not live: it has ended before, or never was."))?;
    }
    Ok(())
}

/// Ends all sessions that are meant, batch after batch.
async fn end_all(
    ledger: &Ledger,
    order: &Order,
    expected: Option<LiveCount>,
    ended: &mut u64,
    mut stop: Pin<&mut impl Future<Output = ()>>,
    console: &mut Console<'_>,
) -> Result<(), Error> {
    let mut batches = pin!(ledger.end_stream(order.filter(), order.end()));
    let whole = expected.filter(|expected| expected.is_whole).map(|expected| expected.sessions);
    let mut steps = Steps::new("Ending", whole, console);
    loop {
        if stop.as_mut().now_or_never().is_some() {
            return Err(Error::EndsStopped);
        }
        let Some(batch) = batches.try_next().await? else { return Ok(()) };
        *ended += batch as u64;
        steps.show(*ended);
    }
}

/// Asks whether the sessions are to end. Anything but `yes` is no.
fn is_wanted(
    order: &Order,
    expected: Option<LiveCount>,
    answers: &mut dyn BufRead,
    console: &mut Console<'_>,
) -> io::Result<bool> {
    let found = expected.map(|expected| format!("{} found. ", live(expected))).unwrap_or_default();
    let reason = &order.reason;
    console.note(&match &order.whom {
        Whom::Sessions(sessions) => {
            format!(
                "This ends {}, for the reason \"{reason}\". Type yes to go on:",
                count(sessions.len() as u64, "session")
            )
        }
        _ => format!(
            "{found}This ends each live session{}, for the reason \"{reason}\". Type yes to go on:",
            order.whose()
        ),
    })?;
    let mut answer = String::new();
    answers.read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

impl Order {
    /// Whether more than one session may end by it.
    fn needs_confirmation(&self) -> bool {
        !self.is_confirmed && !matches!(&self.whom, Whom::Sessions(sessions) if sessions.len() <= 1)
    }

    fn check(&self, can_ask: bool) -> Result<(), Error> {
        if self.needs_confirmation() && !can_ask {
            return Err(Error::Arguments(
                "this may end more than one session, and there is no terminal to ask at: add --yes"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// How many sessions are expected to end, where they are not named one by one.
    async fn expected(&self, ledger: &Ledger) -> Result<Option<LiveCount>, Error> {
        let keep = match &self.whom {
            Whom::Sessions(_) => return Ok(None),
            Whom::User { keep, .. } => *keep,
            Whom::Network(_) | Whom::Everything => None,
        };
        Ok(Some(ledger.count_live(&self.filter(), keep).await?))
    }

    /// Which live sessions are meant, where they are not named one by one.
    fn filter(&self) -> SessionFilter {
        match &self.whom {
            Whom::User { user, .. } => SessionFilter::all().of_user(user.clone()),
            Whom::Network(network) => SessionFilter::all().from_network(*network),
            Whom::Sessions(_) | Whom::Everything => SessionFilter::all(),
        }
    }

    fn end(&self) -> End {
        let mut end = End::because(self.reason.clone());
        if let Some(by) = &self.by {
            end = end.by(by.clone());
        }
        match &self.whom {
            Whom::User { keep, .. } => end.keep(*keep),
            Whom::Sessions(_) | Whom::Network(_) | Whom::Everything => end,
        }
    }

    /// Whose sessions they are, behind the word "session".
    fn whose(&self) -> String {
        match &self.whom {
            Whom::Sessions(_) | Whom::Everything => String::new(),
            Whom::User { user, keep: None } => format!(" of user \"{user}\""),
            Whom::User { user, keep: Some(keep) } => format!(" of user \"{user}\" besides {keep}"),
            Whom::Network(network) => format!(" that was used or signed in to from {network}"),
        }
    }
}
