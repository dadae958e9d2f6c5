//! `projector verify`: compares the projection with the log, and the log with itself.

use std::fmt::Write;

use session_ledger::Ledger;
use session_ledger::ledger::Verification;

use crate::progress::Gauge;
use crate::words::count;
use crate::{Answer, Console, Error, console};

/// Compares the projection with the log and names each difference. [`Answer::No`] if there is any.
///
/// # Errors
///
/// The database is away, the role may not read the log, or the output cannot be written.
pub async fn run(ledger: &Ledger, console: &mut Console<'_>) -> Result<Answer, Error> {
    let verification = {
        let mut gauge = Gauge::new("Verifying", console);
        ledger.verify(|progress| gauge.show(progress)).await?
    };
    console.print(&report(&verification))?;
    Ok(if verification.is_equal() { Answer::Yes } else { Answer::No })
}

fn report(verification: &Verification) -> String {
    let mut report = String::new();
    let mut line = |text: String| writeln!(report, "{}", console::harmless_line(&text)).unwrap_or_default();
    verification.differences.iter().for_each(|difference| line(difference.to_string()));
    let unlisted = verification.differences_total.saturating_sub(verification.differences.len() as u64);
    if unlisted > 0 {
        line(format!("... and {} more", count(unlisted, "difference")));
    }
    if verification.unknown_events > 0 {
        line(format!(
            "{} of a kind or shape that this version does not know: a later version wrote it",
            count(verification.unknown_events, "event")
        ));
    }
    verification.irregularities.iter().for_each(|one| line(one.to_string()));
    line(verdict(verification));
    if !verification.is_log_damaged() {
        line(Verification::LIMITS.to_owned());
    }
    report
}

fn verdict(verification: &Verification) -> String {
    let read =
        format!("{}, {}", count(verification.sessions, "session"), count(verification.events, "event"));
    let amiss = &verification.irregularities;
    let of_log =
        amiss.iter().filter(|one| one.is_of_log()).count() as u64 + verification.log_differences_total;
    let findings = count(verification.differences_total + amiss.len() as u64, "finding");
    if verification.is_equal() {
        format!(
            "Equal: the projection is what the log makes, and nothing in the log contradicts the rest ({read})."
        )
    } else if verification.is_log_damaged() {
        format!(
            "Damaged: {findings}, {of_log} of them in the log itself ({read}). Do not rebuild: the tables may hold what the \
             log has lost. Look for the events in a backup."
        )
    } else if verification.differences_total == 0 {
        format!(
            "Different: the projection is what the log makes, but what stands around the log is not as it was made: \
             {findings} ({read})."
        )
    } else {
        format!(
            "Different: {findings} ({read}). The log shows no damage: `projector rebuild` makes the projection equal to it."
        )
    }
}
