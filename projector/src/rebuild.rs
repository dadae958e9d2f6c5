//! `projector rebuild`: the projection, derived again from the log.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use session_ledger::Ledger;
use session_ledger::ledger::{RebuildOptions, Rebuilt};

use crate::progress::Gauge;
use crate::words::count;
use crate::{Answer, Console, Error};

/// Rebuilds the projection, unless `shutdown` comes first: then nothing is changed.
///
/// # Errors
///
/// Others are connected and the options do not allow that, an event cannot be read, it was stopped, the
/// database is away, or the role may not.
pub async fn run(
    ledger: &Ledger,
    options: RebuildOptions,
    shutdown: impl Future<Output = ()>,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let rebuilt = replay(ledger, options, shutdown, console).await?;
    console.print(&format!(
        "Rebuilt the projection from {}: {}, {} ended.\n",
        count(rebuilt.events, "event"),
        count(rebuilt.live, "live session"),
        rebuilt.ended
    ))?;
    if rebuilt.unknown_events > 0 {
        console.note(&format!(
            "{} of a kind or shape that this version does not know, and skipped: rebuild with the version that wrote \
             it as well.",
            count(rebuilt.unknown_events, "event")
        ))?;
    }
    Ok(Answer::Yes)
}

async fn replay(
    ledger: &Ledger,
    options: RebuildOptions,
    shutdown: impl Future<Output = ()>,
    console: &mut Console<'_>,
) -> Result<Rebuilt, Error> {
    let mut gauge = Gauge::new("Rebuilding", console);
    let is_committing = AtomicBool::new(false);
    let mut rebuild = pin!(ledger.rebuild(options, |progress| {
        is_committing.store(progress.is_read, Ordering::Relaxed);
        gauge.show(progress);
    }));
    // Once the commit is on its way, leaving would make "nothing was changed" a guess.
    tokio::select! {
        biased;
        rebuilt = &mut rebuild => Ok(rebuilt?),
        () = shutdown => {
            if is_committing.load(Ordering::Relaxed) { Ok(rebuild.await?) } else { Err(Error::Stopped) }
        }
    }
}
