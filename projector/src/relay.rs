//! The log as a stream for others: one CloudEvents object a line (NDJSON), as events are appended.
//!
//! A batch is written and flushed, then checkpointed. So a line may come twice, with the same id, but none is
//! skipped. A session's lines come in the order of its versions, repeats aside. A line counts once its
//! newline is there: a relay that was killed may leave a part of a line behind, so begin the next run on a
//! new line of the file.
//!
//! If a subscription has several relays, one follows the log and the others wait for its lease.

use std::pin::{Pin, pin};
use std::time::Duration;
use std::{fmt, io};

use session_ledger::Ledger;
use session_ledger::ledger::{Batch, FeedError, Subscription};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep};

use crate::envelope::Envelope;

/// The first and the longest pause before a database that is away is tried again.
const BACKOFF: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];

/// The time between two renewals of an idle relay's lease, which lasts 30 seconds.
const RENEWAL: Duration = Duration::from_secs(10);

/// The settings of a relay.
#[derive(Clone, Debug)]
pub struct Relay {
    /// The subscription's name: a new one starts at the beginning of the log.
    pub subscription: String,
    /// A name that no other process has, so that this one can come back to its own lease.
    pub holder: String,
    /// The `source` of the envelopes: a URI reference that names the log.
    pub source: String,
    /// About how many events a batch has, at least 1.
    pub batch: u32,
    /// The pause when there was nothing new.
    pub idle: Duration,
}

/// The relay cannot go on.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The output does not take the lines.
    #[error("the output cannot be written ({0}): the lines since the last checkpoint will be written again")]
    Output(#[source] io::Error),
    /// The log cannot be followed.
    #[error(transparent)]
    Feed(#[from] FeedError),
}

/// As its `Display`.
impl fmt::Debug for RelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A future that is ready when the relay is to stop. The relay finishes its batch first.
type Shutdown<'a, S> = Pin<&'a mut S>;

/// Follows the log until `shutdown` is ready, then gives the lease back.
///
/// While the database is away, or another relay holds the lease, the relay logs a warning and tries again.
///
/// # Errors
///
/// The output does not take the lines, or the log cannot be followed for a reason that does not pass.
pub async fn relay<W, S>(
    ledger: &Ledger,
    relay: &Relay,
    output: &mut W,
    shutdown: S,
) -> Result<(), RelayError>
where
    W: AsyncWrite + Unpin,
    S: Future<Output = ()>,
{
    let mut shutdown = pin!(shutdown);
    let mut delay = BACKOFF[0];
    loop {
        let opened = Instant::now();
        match follow(ledger, relay, output, shutdown.as_mut()).await {
            Err(RelayError::Feed(error)) if passes(&error) => {
                // A relay that had worked for a while begins again with the shortest pause.
                delay = if opened.elapsed() > BACKOFF[1] { BACKOFF[0] } else { delay };
                tracing::warn!("relay `{}`: {error}; trying again in {delay:?}", relay.subscription);
            }
            ended => return ended,
        }
        if stops_within(delay, shutdown.as_mut()).await {
            return Ok(());
        }
        delay = BACKOFF[1].min(delay * 2);
    }
}

/// Whether waiting can help.
fn passes(error: &FeedError) -> bool {
    match error {
        FeedError::Held { .. } | FeedError::LeaseLost { .. } => true,
        FeedError::Store(error) => error.is_unavailable() || error.is_retryable(),
        _ => false,
    }
}

async fn follow<W, S>(
    ledger: &Ledger,
    relay: &Relay,
    output: &mut W,
    mut shutdown: Shutdown<'_, S>,
) -> Result<(), RelayError>
where
    W: AsyncWrite + Unpin,
    S: Future<Output = ()>,
{
    let mut subscription = ledger.subscription(&relay.subscription, &relay.holder).await?;
    let mut renewed = Instant::now();
    loop {
        let batch = subscription.next_batch(relay.batch).await?;
        let pause = if batch.events.is_empty() { relay.idle } else { Duration::ZERO };
        if !batch.events.is_empty() {
            deliver(&batch, &relay.source, output).await?;
            subscription.checkpoint(batch).await?;
            renewed = Instant::now();
        } else if renewed.elapsed() > RENEWAL {
            subscription.renew().await?;
            renewed = Instant::now();
        }
        if stops_within(pause, shutdown.as_mut()).await {
            release(subscription).await;
            return Ok(());
        }
    }
}

/// Writes a batch and waits until the output has taken all of it.
async fn deliver(
    batch: &Batch,
    source: &str,
    output: &mut (impl AsyncWrite + Unpin),
) -> Result<(), RelayError> {
    let mut lines = Vec::new();
    for recorded in &batch.events {
        let line = Envelope::new(recorded, source).line();
        lines.extend(line.map_err(|error| RelayError::Output(error.into()))?);
    }
    output.write_all(&lines).await.map_err(RelayError::Output)?;
    output.flush().await.map_err(RelayError::Output)
}

/// Gives the lease back. If that fails, the lease runs out by itself; all is delivered and checkpointed.
async fn release(subscription: Subscription) {
    if let Err(error) = subscription.release().await {
        tracing::warn!("{error}");
    }
}

async fn stops_within<S: Future<Output = ()>>(pause: Duration, shutdown: Shutdown<'_, S>) -> bool {
    let paused = async {
        // Even the shortest sleep takes a millisecond, so none is made for a pause of zero.
        if !pause.is_zero() {
            sleep(pause).await;
        }
    };
    tokio::select! {
        biased;
        () = shutdown => true,
        () = paused => false,
    }
}
