//! `projector rebuild`: derives the projection again from the log.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use session_ledger::Ledger;
use session_ledger::ledger::Rebuilt;

use crate::cli::Rebuild;
use crate::progress::Gauge;
use crate::words::count;
use crate::{Answer, Console, Error};

/// Rebuilds the projection. If `shutdown` comes first, nothing is changed; or, beside the running
/// application, each row is as it was or as the log says.
///
/// # Errors
///
/// Others are connected and the options do not allow that, an event cannot be read, the rebuild was stopped,
/// the database is away, or the role lacks the rights.
pub async fn run(
    ledger: &Ledger,
    asked: &Rebuild,
    shutdown: impl Future<Output = ()>,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let rebuilt = replay(ledger, asked, shutdown, console).await?;
    console.print(&told(&rebuilt, asked))?;
    for kept in &rebuilt.undecodable {
        let (session, version, error) = (kept.session, kept.version, &kept.error);
        console
            .note(&format!("Session {session} keeps its rows: event {version} cannot be read: {error}."))?;
    }
    let unnamed = rebuilt.undecodable_total.saturating_sub(rebuilt.undecodable.len() as u64);
    if unnamed > 0 {
        console.note(&format!("So do {} more.", count(unnamed, "session")))?;
    }
    if rebuilt.unknown_events > 0 {
        console.note(&format!(
            "{} of a kind or shape that this version does not know, and skipped: rebuild with the version that wrote \
             it as well.",
            count(rebuilt.unknown_events, "event")
        ))?;
    }
    let is_left = asked.dry_run && rebuilt.live + rebuilt.ended > 0;
    Ok(if is_left || rebuilt.undecodable_total > 0 { Answer::No } else { Answer::Yes })
}

/// What was done, or would be.
fn told(rebuilt: &Rebuilt, asked: &Rebuild) -> String {
    let events = count(rebuilt.events, "event");
    let (live, ended) = (count(rebuilt.live, "live session"), rebuilt.ended);
    match (asked.dry_run, asked.while_connected) {
        (false, false) => format!("Rebuilt the projection from {events}: {live}, {ended} ended.\n"),
        _ if rebuilt.live + rebuilt.ended == 0 => {
            format!("There is nothing to rebuild: the rows are those that {events} make.\n")
        }
        (true, _) => {
            format!("Other rows than {events} make: those of {live}, {ended} ended. Nothing was changed.\n")
        }
        (false, true) => {
            format!("Rebuilt the rows that differed from what {events} make: {live}, {ended} ended.\n")
        }
    }
}

async fn replay(
    ledger: &Ledger,
    asked: &Rebuild,
    shutdown: impl Future<Output = ()>,
    console: &mut Console<'_>,
) -> Result<Rebuilt, Error> {
    let mut gauge = Gauge::new("Rebuilding", console);
    let is_committing = AtomicBool::new(false);
    let mut rebuild = pin!(ledger.rebuild(asked.options(), |progress| {
        is_committing.store(progress.is_read, Ordering::Relaxed);
        gauge.show(progress);
    }));
    tokio::select! {
        biased;
        rebuilt = &mut rebuild => Ok(rebuilt?),
        () = shutdown => match is_committing.load(Ordering::Relaxed) {
            false => Err(Error::Stopped),
            true if asked.dry_run => Err(Error::Stopped),
            true if asked.while_connected => Err(Error::StoppedHalfway),
            // The commit is under way: to stop would make "nothing was changed" a guess.
            true => Ok(rebuild.await?),
        },
    }
}
