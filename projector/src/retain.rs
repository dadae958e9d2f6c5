//! `projector retain`: deletes rows beside the log that are past their limits.

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
        "Deleted {ended}, {logins}, {failed} and {activity} of activity. Took the client out of {}.\n",
        count(aged.clients, "row")
    ))?;
    Ok(Answer::Yes)
}
