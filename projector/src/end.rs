//! `projector end`: ends sessions for good.

use std::io::{self, BufRead};
use std::pin::{Pin, pin};

use futures_util::{FutureExt, Stream, StreamExt, TryStreamExt};
use session_ledger::Ledger;
use session_ledger::ledger::End;
use session_ledger::session::{EndReason, IpNet, LoginFilter, SessionId, UserId};

use crate::logins::still_open;
use crate::progress::Steps;
use crate::words::count;
use crate::{Answer, Console, Error};

/// The most sessions that one run ends: their ids are held in memory.
const SESSIONS_MAX: usize = 1_000_000;

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
    /// All that were signed in to from a network.
    Network(IpNet),
    /// All that somebody is signed in to.
    Everybody,
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
}

/// Ends the sessions, one after the other. [`Answer::No`] if none of them was live. `answers` is where
/// somebody answers questions, if there is somebody.
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
    order.check(answers.is_some())?;
    let sessions = order.sessions(ledger).await?;
    if sessions.is_empty() {
        console.note(&format!("There is no live session {}.", order.whose()))?;
        return Ok(Answer::No);
    }
    if let Some(answers) = answers.filter(|_| order.needs_confirmation())
        && !is_wanted(order, sessions.len(), answers, console)?
    {
        return Err(Error::Unconfirmed);
    }
    let mut ended = 0;
    let outcome = end_all(ledger, order, &sessions, &mut ended, pin!(stop), console).await;
    if outcome.is_err() && ended > 0 {
        console.note(&format!(
            "{} of {} were ended before that.",
            ended,
            count(sessions.len() as u64, "session")
        ))?;
    }
    outcome?;
    if sessions.len() == SESSIONS_MAX {
        console.note("There may be more: run it again until it ends none.")?;
    }
    console.print(&format!("Ended {}.\n", count(ended, "session")))?;
    Ok(if ended > 0 { Answer::Yes } else { Answer::No })
}

async fn end_all(
    ledger: &Ledger,
    order: &Order,
    sessions: &[SessionId],
    ended: &mut u64,
    mut stop: Pin<&mut impl Future<Output = ()>>,
    console: &mut Console<'_>,
) -> Result<(), Error> {
    let mut not_live = Vec::new();
    {
        let mut steps = Steps::new("Ending", "session", sessions.len() as u64, console);
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
    // Of many sessions, some end by themselves meanwhile: what was asked for is so.
    if let Whom::Sessions(_) = order.whom {
        for session in not_live {
            console
                .note(&format!("The session {session} is not live: it has ended before, or never was."))?;
        }
    }
    Ok(())
}

/// Asks whether the sessions are to end. Anything but `yes` is no.
fn is_wanted(
    order: &Order,
    sessions: usize,
    answers: &mut dyn BufRead,
    console: &mut Console<'_>,
) -> io::Result<bool> {
    console.note(&format!(
        "This ends {} {}, for the reason \"{}\". Type yes to go on:",
        count(sessions as u64, "session"),
        order.whose(),
        order.reason
    ))?;
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

    /// The live sessions that are meant, as far as the database knows them now.
    async fn sessions(&self, ledger: &Ledger) -> Result<Vec<SessionId>, Error> {
        let signed_in = |filter: LoginFilter| {
            ledger.logins_stream(still_open(filter)).map_ok(|login| login.session).map_err(Error::from)
        };
        match &self.whom {
            Whom::Sessions(sessions) => Ok(sessions.clone()),
            Whom::User { user, keep } => {
                let live = ledger.sessions_stream(user).try_filter_map(async |summary| {
                    let is_meant = summary.ended.is_none() && Some(summary.id) != *keep;
                    Ok(is_meant.then_some(summary.id))
                });
                first_ones(live.map_err(Error::from)).await
            }
            Whom::Network(network) => first_ones(signed_in(LoginFilter::all().from_network(*network))).await,
            Whom::Everybody => first_ones(signed_in(LoginFilter::all())).await,
        }
    }

    fn end(&self) -> End {
        let mut end = End::because(self.reason.clone());
        if let Some(by) = &self.by {
            end = end.by(by.clone());
        }
        match &self.whom {
            // Somebody else may have logged in to it meanwhile.
            Whom::User { user, .. } => end.of(user.clone()),
            Whom::Sessions(_) | Whom::Network(_) | Whom::Everybody => end,
        }
    }

    /// Whose sessions they are, behind the word "session".
    fn whose(&self) -> String {
        match &self.whom {
            Whom::Sessions(_) => "of these ids".to_owned(),
            Whom::User { user, keep: None } => format!("of user \"{user}\""),
            Whom::User { user, keep: Some(keep) } => format!("of user \"{user}\" besides {keep}"),
            Whom::Network(network) => format!("that was signed in to from {network}"),
            Whom::Everybody => "that somebody is signed in to".to_owned(),
        }
    }
}

async fn first_ones(sessions: impl Stream<Item = Result<SessionId, Error>>) -> Result<Vec<SessionId>, Error> {
    sessions.take(SESSIONS_MAX).try_collect().await
}
