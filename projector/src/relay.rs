//! The log as a stream for others: each event in its envelope, delivered to a sink as it is appended.
//!
//! A batch is delivered, then checkpointed. So an event may come twice, with the same id, but none is
//! skipped. A session's events come in the order of its versions, repeats aside: the next one is delivered
//! when the one before has been acknowledged. No transaction is open while a sink is spoken to.
//!
//! An event that a sink refuses becomes a dead letter, and the later events of its session wait behind it;
//! the other sessions' flow. A sink that is away is tried again until it is back. One that wants no more
//! events for good closes the subscription, until an operator opens it again.
//!
//! If a subscription has several relays, one follows the log and the others wait for its lease. However a
//! relay ends, other than by being killed, it gives the lease back.

mod delivery;
pub mod ndjson;
mod pending;
pub mod sink;
mod stop;
pub mod target;
mod told;

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use session_ledger::Ledger;
use session_ledger::ledger::{FeedError, Subscription, SubscriptionError};
use tokio::time::Instant;

use self::delivery::deliver_all;
use self::sink::{Closed, Sink};
use self::stop::Stop;
use crate::envelope::Telling;
use crate::subscriptions::unknown;

pub use self::told::{begin, describe};

/// The first and the longest pause before a database that is away is tried again.
const BACKOFF: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];

/// The `source` of the events, unless another one is said.
pub const SOURCE: &str = "/session-ledger";

/// About how many events a batch has, unless another number is said.
pub const BATCH: u32 = 500;

/// The longest pause when there was nothing new, in milliseconds, unless another one is said.
pub const IDLE_MS: u32 = 100;

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
    /// The longest pause when there was nothing new.
    pub idle: Duration,
    /// How often an event may fail while the sink takes others, before it is given up as a dead letter; none
    /// for ever.
    pub tries_max: Option<u32>,
}

/// The relay cannot go on.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The sink did not take an event, and the relay is to try nothing again.
    #[error(
        "{sink} did not take an event ({reason}): what was delivered since the last checkpoint comes again"
    )]
    Undelivered {
        /// The sink's name.
        sink: String,
        /// Its reason.
        reason: String,
    },
    /// There is no such subscription, or the log cannot be followed.
    #[error("{}", advised(.0))]
    Subscription(SubscriptionError),
}

impl RelayError {
    /// Whether the subscription is closed: the other side wants no more events.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Subscription(SubscriptionError::Feed(FeedError::Closed { .. })))
    }
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
fn advised(error: &SubscriptionError) -> String {
    match error {
        SubscriptionError::Unknown { name, known } => {
            format!("{}; --create makes a new one, from the beginning of the log", unknown(name, known))
        }
        other => other.to_string(),
    }
}

/// Why a relay has ended without an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was asked to stop.
    Stopped,
    /// The sink takes nothing any more: nobody reads the output, say.
    Closed(Closed),
    /// All that was in the log has been delivered.
    UpToDate,
}

/// As its `Display`.
impl fmt::Debug for RelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a relay's work under one lease was cut short.
enum Interrupted {
    Error(RelayError),
    End(End),
    Closed(Closed),
}

impl From<RelayError> for Interrupted {
    fn from(error: RelayError) -> Self {
        Self::Error(error)
    }
}

impl From<FeedError> for Interrupted {
    fn from(error: FeedError) -> Self {
        Self::Error(error.into())
    }
}

impl From<Closed> for Interrupted {
    fn from(closed: Closed) -> Self {
        Self::Closed(closed)
    }
}

/// Follows the log until `stop` is ready or the sink takes no more, then gives the lease back.
///
/// While the database or the sink is away, or another relay holds the lease, the relay logs a warning and
/// tries again, unless it is to follow the log once only. `stop` tells why the relay is to end. A batch that
/// is being delivered then gets a few seconds to its end.
///
/// # Errors
///
/// There is no such subscription, the log cannot be followed for a reason that does not pass, or the sink did
/// not take an event and nothing is to be tried again.
pub async fn relay(
    ledger: &Ledger,
    relay: &Relay,
    sink: &mut dyn Sink,
    stop: impl Future<Output = End>,
) -> Result<End, RelayError> {
    let stop = pin!(stop);
    let mut stop = Stop::new(stop);
    let mut delay = BACKOFF[0];
    // A subscription that is dropped meanwhile is not made again.
    let (mut create, mut stands_by) = (relay.create, false);
    loop {
        let opened = Instant::now();
        match follow(ledger, relay, &mut create, sink, &mut stop).await {
            Err(RelayError::Subscription(SubscriptionError::Feed(error)))
                if !relay.once && passes(&error) =>
            {
                // A relay that had worked for a while begins again with the shortest pause.
                delay = if opened.elapsed() > BACKOFF[1] { BACKOFF[0] } else { delay };
                // One that stands by says so once.
                let stood_by = std::mem::replace(&mut stands_by, matches!(error, FeedError::Held { .. }));
                if !(stood_by && stands_by) {
                    tracing::warn!("relay `{}`: {error}; trying again in {delay:?}", relay.subscription);
                }
            }
            ended => return ended,
        }
        if let Some(end) = stop.within(delay).await {
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

async fn follow<S: Future<Output = End>>(
    ledger: &Ledger,
    relay: &Relay,
    create: &mut bool,
    sink: &mut dyn Sink,
    stop: &mut Stop<'_, S>,
) -> Result<End, RelayError> {
    let Relay { subscription, holder, .. } = relay;
    let mut subscription = match *create {
        true => ledger.subscription(subscription, holder).await?,
        false => ledger.existing_subscription(subscription, holder).await?,
    };
    *create = false;
    let ended = match deliver_all(ledger, &mut subscription, relay, sink, stop).await {
        Err(Interrupted::Closed(closed)) if closed.is_for_good => {
            subscription.close(&closed.reason).await?;
            return Ok(End::Closed(closed));
        }
        Err(Interrupted::Closed(closed)) => Ok(End::Closed(closed)),
        Ok(end) | Err(Interrupted::End(end)) => Ok(end),
        Err(Interrupted::Error(error)) => Err(error),
    };
    // After an error of the feed there may be no lease to give back.
    if matches!(ended, Ok(_) | Err(RelayError::Undelivered { .. })) {
        release(subscription).await;
    }
    ended
}

/// Gives the lease back. If that fails, the lease runs out by itself; all is delivered and checkpointed.
async fn release(subscription: Subscription) {
    if let Err(error) = subscription.release().await {
        tracing::warn!("{error}");
    }
}
