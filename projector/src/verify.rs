//! `projector verify`: compares the projection with the log, and the log with its hash chain.

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
    let read =
        format!("{}, {}", count(verification.sessions, "session"), count(verification.events, "event"));
    line(match verification.differences_total {
        0 => format!("Equal: the projection is what the log makes, and the log is whole ({read})."),
        differences => format!(
            "Different: {} ({read}). If the log is whole, `projector rebuild` makes the projection equal to it.",
            count(differences, "difference")
        ),
    });
    report
}
