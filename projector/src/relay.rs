//! The log as a stream for others: one CloudEvents object a line (NDJSON), as events are appended.
//!
//! A batch is written and flushed, then checkpointed. So a line may come twice, with the same id, but none is
//! skipped. A session's lines come in the order of its versions, repeats aside. A line counts once its
//! newline is there: a relay that was killed may leave a part of a line behind, so begin the next run on a
//! new line of the file.
//!
//! If a subscription has several relays, one follows the log and the others wait for its lease. However a
//! relay ends, other than by being killed, it gives the lease back.

pub mod sink;

use std::pin::{Pin, pin};
use std::time::Duration;
use std::{fmt, io};

use session_ledger::Ledger;
use session_ledger::ledger::{Batch, FeedError, Subscription, SubscriptionError};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep};

use crate::envelope::{Telling, envelopes};
use crate::subscriptions::unknown;

/// The first and the longest pause before a database that is away is tried again.
const BACKOFF: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];

/// The time between two renewals of an idle relay's lease, which lasts 30 seconds.
const RENEWAL: Duration = Duration::from_secs(10);

/// The settings of a relay.
#[derive(Clone, Debug)]
pub struct Relay {
    /// The subscription's name.
    pub subscription: String,
    /// Whether to make the subscription if there is none of that name: it starts at the beginning of the log.
    pub create: bool,
    /// Whether to end when all that is in the log has been delivered. Then the relay waits for nothing, and
    /// tries nothing again.
    pub once: bool,
    /// A name that no other process has, so that this one can come back to its own lease.
    pub holder: String,
    /// How events are told.
    pub telling: Telling,
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
    /// There is no such subscription, or the log cannot be followed.
    #[error("{}", told(.0))]
    Subscription(SubscriptionError),
}

impl From<SubscriptionError> for RelayError {
    fn from(error: SubscriptionError) -> Self {
        Self::Subscription(error)
    }
}

impl From<FeedError> for RelayError {
    fn from(error: FeedError) -> Self {
        Self::Subscription(error.into())
    }
}

/// A missing subscription is told with the one that was perhaps meant, and with the way to make it.
fn told(error: &SubscriptionError) -> String {
    match error {
        SubscriptionError::Unknown { name, known } => {
            format!("{}; --create makes a new one, from the beginning of the log", unknown(name, known))
        }
        other => other.to_string(),
    }
}

/// Why a relay has ended without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was asked to stop.
    Stopped,
    /// Nobody reads the output any more.
    ReaderGone,
    /// All that was in the log has been delivered.
    UpToDate,
}

/// As its `Display`.
impl fmt::Debug for RelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A future that is ready when the relay is to stop, with the reason. The relay finishes its batch first.
type Stop<'a, S> = Pin<&'a mut S>;

/// Follows the log until `stop` is ready or nobody reads the output any more, then gives the lease back.
///
/// While the database is away, or another relay holds the lease, the relay logs a warning and tries again,
/// unless it is to follow the log once only.
///
/// # Errors
///
/// The output does not take the lines, there is no such subscription, or the log cannot be followed for a
/// reason that does not pass.
pub async fn relay<W, S>(ledger: &Ledger, relay: &Relay, output: &mut W, stop: S) -> Result<End, RelayError>
where
    W: AsyncWrite + Unpin,
    S: Future<Output = End>,
{
    let mut stop = pin!(stop);
    let mut delay = BACKOFF[0];
    // A subscription that is dropped meanwhile is not made again.
    let mut create = relay.create;
    loop {
        let opened = Instant::now();
        match follow(ledger, relay, &mut create, output, stop.as_mut()).await {
            Err(RelayError::Subscription(SubscriptionError::Feed(error)))
                if !relay.once && passes(&error) =>
            {
                // A relay that had worked for a while begins again with the shortest pause.
                delay = if opened.elapsed() > BACKOFF[1] { BACKOFF[0] } else { delay };
                tracing::warn!("relay `{}`: {error}; trying again in {delay:?}", relay.subscription);
            }
            ended => return ended,
        }
        if let Some(end) = stops_within(delay, stop.as_mut()).await {
            return Ok(end);
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
    create: &mut bool,
    output: &mut W,
    stop: Stop<'_, S>,
) -> Result<End, RelayError>
where
    W: AsyncWrite + Unpin,
    S: Future<Output = End>,
{
    let Relay { subscription, holder, .. } = relay;
    let mut subscription = match *create {
        true => ledger.subscription(subscription, holder).await?,
        false => ledger.existing_subscription(subscription, holder).await?,
    };
    *create = false;
    let ended = deliver_all(ledger, &mut subscription, relay, output, stop).await;
    // After an error of the feed there may be no lease to give back.
    if matches!(ended, Ok(_) | Err(RelayError::Output(_))) {
        release(subscription).await;
    }
    match ended {
        Err(RelayError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(End::ReaderGone),
        ended => ended,
    }
}

/// Delivers batch after batch, until one of the ends comes.
async fn deliver_all<W, S>(
    ledger: &Ledger,
    subscription: &mut Subscription,
    relay: &Relay,
    output: &mut W,
    mut stop: Stop<'_, S>,
) -> Result<End, RelayError>
where
    W: AsyncWrite + Unpin,
    S: Future<Output = End>,
{
    let mut renewed = Instant::now();
    loop {
        let batch = subscription.next_batch(relay.batch).await?;
        let (is_empty, is_up_to_date) = (batch.events.is_empty(), batch.is_up_to_date());
        if !is_empty {
            deliver(ledger, &batch, &relay.telling, output).await?;
            subscription.checkpoint(batch).await?;
            renewed = Instant::now();
        } else if renewed.elapsed() > RENEWAL {
            subscription.renew().await?;
            renewed = Instant::now();
        }
        if relay.once && is_up_to_date {
            return Ok(End::UpToDate);
        }
        let pause = if is_empty { relay.idle } else { Duration::ZERO };
        if let Some(end) = stops_within(pause, stop.as_mut()).await {
            return Ok(end);
        }
    }
}

/// Writes a batch and waits until the output has taken all of it.
async fn deliver(
    ledger: &Ledger,
    batch: &Batch,
    telling: &Telling,
    output: &mut (impl AsyncWrite + Unpin),
) -> Result<(), RelayError> {
    let mut lines = Vec::new();
    for envelope in envelopes(ledger, &batch.events, telling).await.map_err(FeedError::from)? {
        lines.extend(envelope.line().map_err(|error| RelayError::Output(error.into()))?);
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

async fn stops_within<S: Future<Output = End>>(pause: Duration, stop: Stop<'_, S>) -> Option<End> {
    let paused = async {
        // Even the shortest sleep takes a millisecond, so none is made for a pause of zero.
        if !pause.is_zero() {
            sleep(pause).await;
        }
    };
    tokio::select! {
        biased;
        end = stop => Some(end),
        () = paused => None,
    }
}
