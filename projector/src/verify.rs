//! `projector verify`: compares the projection with the log, and the log with itself.

use std::fmt::Write;

use serde::Serialize;
use session_ledger::Ledger;
use session_ledger::ledger::{self, Difference, Finding, Irregularity, Verification};
use session_ledger::session::SessionId;
use tokio_postgres::error::SqlState;

use crate::console::escaped;
use crate::progress::Gauge;
use crate::words::count;
use crate::{Answer, Console, Error, console};

/// Compares the projection with the log and names each difference. [`Answer::No`] if there is any.
///
/// # Errors
///
/// The database is away, the role may not read the log, or the output cannot be written.
pub async fn run(ledger: &Ledger, format: Format, console: &mut Console<'_>) -> Result<Answer, Error> {
    let verification = {
        let mut gauge = Gauge::new("Verifying", console);
        ledger.verify(|progress| gauge.show(progress)).await?
    };
    tell(&verification, format, console)
}

/// As [`run`], of about so many sessions only.
///
/// # Errors
///
/// As for [`run`].
pub async fn run_sample(
    ledger: &Ledger,
    sessions: u32,
    format: Format,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let verification = {
        let mut gauge = Gauge::new("Verifying", console);
        ledger.verify_sample(sessions, |progress| gauge.show(progress)).await?
    };
    console.note("This is a sample: of the other sessions it says nothing.")?;
    tell(&verification, format, console)
}

/// Compares how this version reads the log with what the tables say. [`Answer::No`] if it reads any session
/// otherwise.
///
/// # Errors
///
/// As for [`run`]; or the tables lack what this version reads.
pub async fn run_fold(ledger: &Ledger, format: Format, console: &mut Console<'_>) -> Result<Answer, Error> {
    let folded = {
        let mut gauge = Gauge::new("Reading", console);
        ledger.verify_fold(|progress| gauge.show(progress)).await
    };
    let verification = folded.map_err(|error| match error {
        ledger::Error::Database(error) if lacks_something(&error) => Error::TablesLack(error),
        other => other.into(),
    })?;
    match format {
        Format::Text => console.print(&lines(&verification, &fold_verdict(&verification)))?,
        Format::Json => console.print(&json(&verification)?)?,
    }
    Ok(if verification.is_equal() { Answer::Yes } else { Answer::No })
}

/// Whether the database does not know a name of a statement.
fn lacks_something(error: &tokio_postgres::Error) -> bool {
    let lacks = [SqlState::UNDEFINED_COLUMN, SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_FUNCTION];
    error.code().is_some_and(|code| lacks.contains(code))
}

fn tell(verification: &Verification, format: Format, console: &mut Console<'_>) -> Result<Answer, Error> {
    match format {
        Format::Text => console.print(&report(verification))?,
        Format::Json => console.print(&json(verification)?)?,
    }
    Ok(if verification.is_equal() { Answer::Yes } else { Answer::No })
}

/// How a verification is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A line for each finding, and the verdict.
    #[default]
    Text,
    /// One object.
    Json,
}

/// A verification for machines.
#[derive(Serialize)]
struct Report<'a> {
    verdict: &'static str,
    sessions: u64,
    events: u64,
    unknown_events: u64,
    rows_compared: u64,
    differences_total: u64,
    log_differences_total: u64,
    /// The first of them.
    differences: Vec<Listed<&'a Finding>>,
    irregularities: Vec<Listed<&'a Irregularity>>,
    limits: &'static str,
}

/// A finding with what is known of it beside its own fields.
#[derive(Serialize)]
struct Listed<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<SessionId>,
    #[serde(flatten)]
    finding: T,
    is_of_log: bool,
    text: String,
}

fn of_session(one: &Difference) -> Listed<&Finding> {
    let finding = &one.finding;
    Listed {
        session_id: Some(one.session),
        finding,
        is_of_log: finding.is_of_log(),
        text: finding.to_string(),
    }
}

fn around(finding: &Irregularity) -> Listed<&Irregularity> {
    Listed { session_id: None, finding, is_of_log: finding.is_of_log(), text: finding.to_string() }
}

fn json(verification: &Verification) -> Result<String, Error> {
    let report = Report {
        verdict: match verification {
            equal if equal.is_equal() => "equal",
            damaged if damaged.is_log_damaged() => "damaged",
            _ => "different",
        },
        sessions: verification.sessions,
        events: verification.events,
        unknown_events: verification.unknown_events,
        rows_compared: verification.rows_compared,
        differences_total: verification.differences_total,
        log_differences_total: verification.log_differences_total,
        differences: verification.differences.iter().map(of_session).collect(),
        irregularities: verification.irregularities.iter().map(around).collect(),
        limits: Verification::LIMITS,
    };
    Ok(escaped(&serde_json::to_string_pretty(&report)?).into_owned() + "\n")
}

fn report(verification: &Verification) -> String {
    let mut report = lines(verification, &verdict(verification));
    if !verification.is_log_damaged() {
        report.push_str(Verification::LIMITS);
        report.push('\n');
    }
    report
}

/// A line for each finding, and the verdict.
fn lines(verification: &Verification, verdict: &str) -> String {
    let mut report = String::new();
    let mut line = |text: &str| writeln!(report, "{}", console::harmless_line(text)).unwrap_or_default();
    verification.differences.iter().for_each(|difference| line(&difference.to_string()));
    let unlisted = verification.differences_total.saturating_sub(verification.differences.len() as u64);
    if unlisted > 0 {
        line(&format!("... and {} more", count(unlisted, "difference")));
    }
    if verification.unknown_events > 0 {
        line(&format!(
            "{} of a kind or shape that this version does not know: a later version wrote it",
            count(verification.unknown_events, "event")
        ));
    }
    verification.irregularities.iter().for_each(|one| line(&one.to_string()));
    line(verdict);
    report
}

fn fold_verdict(verification: &Verification) -> String {
    let read =
        format!("{}, {}", count(verification.sessions, "session"), count(verification.events, "event"));
    if verification.is_equal() {
        return format!("Equal: this version reads the log as the tables say ({read}).");
    }
    format!(
        "Different: {} ({read}). This version reads these sessions otherwise than the tables say. What `projector verify` \
         of the running version finds as well is damage; the rest comes from the new code.",
        count(verification.differences_total, "finding")
    )
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
