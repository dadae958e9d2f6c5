//! `projector retain`: deletes rows beside the log, and takes clients out, that are past their limits.

use session_ledger::Ledger;
use session_ledger::ledger::AgeLimits;

use crate::words::count;
use crate::{Answer, Console, Error};

/// Deletes the rows, and says how many.
///
/// # Errors
///
/// The database is away, or the role lacks the rights. What was deleted stays so.
pub async fn run(ledger: &Ledger, limits: &AgeLimits, console: &mut Console<'_>) -> Result<Answer, Error> {
    let aged = ledger.age(limits).await?;
    let deleted = [
        (aged.ended_sessions, "ended session"),
        (aged.logins, "login step"),
        (aged.failed_logins, "failed login"),
        (aged.activity, "note"),
    ];
    let [ended, logins, failed, activity] = deleted.map(|(number, noun)| count(number, noun));
    console.print(&format!(
        "Deleted {ended}, {logins}, {failed} and {activity} of activity. Took the client out of {} and {}.\n",
        count(aged.event_clients, "event"),
        count(aged.clients, "row")
    ))?;
    if aged.kept_clients > 0 {
        console.print(&format!(
            "The clients of {} stay until their month is archived, as an older version wrote them.\n",
            count(aged.kept_clients, "session")
        ))?;
    }
    Ok(Answer::Yes)
}
