//! `projector sweep`: ends the sessions whose time is over.

use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::{FutureExt, TryStreamExt};
use rand::TryRng;
use session_ledger::Ledger;
use session_ledger::ledger::{self, Swept};
use tokio::time::sleep;

use crate::words::count;
use crate::{Answer, Console, Error};

/// When sessions are swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Whether one sweep is all.
    pub is_once: bool,
    /// About how long the pause between two sweeps is.
    pub every: Duration,
}

/// Ends the sessions whose time is over, once or until it is stopped. `rng` says how long each pause is.
///
/// # Errors
///
/// The database is away and one sweep was asked for, the role lacks the rights, or the random generator
/// fails. A sweep among many that finds the database away is made up for by the next.
pub async fn run(
    ledger: &Ledger,
    schedule: Schedule,
    rng: &mut impl TryRng,
    stop: impl Future<Output = ()>,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let mut stop = pin!(stop);
    if schedule.is_once {
        let (swept, is_whole) = sweep(ledger, stop.as_mut()).await?;
        let rest = if is_whole { "" } else { " It was stopped before the end." };
        console.print(&format!("{}{rest}\n", told(swept)))?;
        return Ok(Answer::Yes);
    }
    loop {
        match sweep(ledger, stop.as_mut()).await {
            Ok((swept, true)) if swept.ended() > 0 => tracing::info!("{}", told(swept)),
            Ok((_, true)) => {}
            Ok((_, false)) => return Ok(Answer::Yes),
            Err(error) if error.is_unavailable() => tracing::warn!("no sweep: {error}"),
            Err(error) => return Err(error.into()),
        }
        let pause = jittered(schedule.every, rng)?;
        tokio::select! {
            biased;
            () = stop.as_mut() => return Ok(Answer::Yes),
            () = sleep(pause) => {}
        }
    }
}

/// One sweep. Says whether it came to its end.
pub(crate) async fn sweep(
    ledger: &Ledger,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<(Swept, bool), ledger::Error> {
    let mut batches = pin!(ledger.sweep_stream());
    let mut swept = Swept::default();
    loop {
        if stop.as_mut().now_or_never().is_some() {
            return Ok((swept, false));
        }
        let Some(batch) = batches.try_next().await? else { return Ok((swept, true)) };
        swept = swept.and(batch);
    }
}

/// A pause of this length, longer or shorter by up to half.
pub(crate) fn jittered(every: Duration, rng: &mut impl TryRng) -> Result<Duration, Error> {
    let drawn = rng.try_next_u32().map_err(|error| Error::Arguments(format!("no random number: {error}")))?;
    Ok(every.mul_f64(0.5 + f64::from(drawn) / f64::from(u32::MAX)))
}

fn told(swept: Swept) -> String {
    let left = match swept.left {
        0 => String::new(),
        left => format!(" {} left for the next sweep, as somebody was at them.", count(left, "session")),
    };
    format!(
        "Ended {} whose time was over: {} idle, {} past the absolute limit.{left}",
        count(swept.ended(), "session"),
        swept.idle,
        swept.absolute
    )
}

#[test]
fn a_pause_is_longer_or_shorter_by_up_to_half() {
    let mut rng = rand::rng();
    let pauses: Vec<_> =
        (0..1_000).map(|_| jittered(Duration::from_secs(60), &mut rng).unwrap().as_secs_f64()).collect();
    assert!(pauses.iter().all(|pause| (30.0..=90.0).contains(pause)));
    assert!(pauses.iter().any(|pause| *pause < 45.0) && pauses.iter().any(|pause| *pause > 75.0));
}
