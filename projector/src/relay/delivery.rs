//! Batch after batch, from a subscription to a sink.

use std::pin::pin;
use std::time::Duration;

use rand::TryRng;
use rand::rngs::SysRng;
use session_ledger::Ledger;
use session_ledger::ledger::{Batch, FeedError, Refusal, Subscription};
use tokio::time::{Instant, sleep, sleep_until};

use super::pending::{Pending, Tally};
use super::sink::Sink;
use super::stop::Stop;
use super::{End, Interrupted, Relay, RelayError, told};
use crate::envelope::{Envelope, Recent, envelopes_behind};

/// The time between two renewals of a lease that no checkpoint renews. It lasts 30 seconds.
const RENEWAL: Duration = Duration::from_secs(10);

/// How long the events that a sink is taking may take once the relay is to stop.
const GRACE: Duration = Duration::from_secs(3);

/// The first pause when there was nothing new is this part of the longest one.
const IDLE_PART: u32 = 16;

/// A subscription that is held, and when its lease was last renewed.
struct Held<'a> {
    subscription: &'a mut Subscription,
    renewed: Instant,
}

impl Held<'_> {
    fn is_due(&self) -> bool {
        self.renewed.elapsed() > RENEWAL
    }

    async fn renew(&mut self) -> Result<(), FeedError> {
        self.subscription.renew().await?;
        self.renewed = Instant::now();
        Ok(())
    }
}

/// Delivers batch after batch, until one of the ends comes.
pub(super) async fn deliver_all<S: Future<Output = End>>(
    ledger: &Ledger,
    subscription: &mut Subscription,
    relay: &Relay,
    sink: &mut dyn Sink,
    stop: &mut Stop<'_, S>,
) -> Result<End, Interrupted> {
    let mut recent = Recent::default();
    let mut held = Held { subscription, renewed: Instant::now() };
    let mut idle = relay.idle / IDLE_PART;
    loop {
        let batch = held.subscription.next_batch(relay.batch).await?;
        let (is_news, is_up_to_date) = (batch.is_news(), batch.is_up_to_date());
        if is_news {
            let telling = envelopes_behind(&mut recent, ledger, &batch.events, &relay.telling);
            let envelopes = telling.await.map_err(FeedError::from)?;
            let refused = deliver(&mut held, &batch, envelopes, relay, sink, stop).await?;
            held.subscription.checkpoint_refusing(batch, &refused).await?;
            (held.renewed, idle) = (Instant::now(), relay.idle / IDLE_PART);
        } else if held.is_due() {
            held.renew().await?;
        }
        if relay.once && is_up_to_date {
            return Ok(End::UpToDate);
        }
        let ended = if is_news {
            stop.now().await
        } else {
            tokio::select! {
                biased;
                end = stop.within(idle) => end,
                () = held.subscription.committed() => None,
            }
        };
        if let Some(end) = ended {
            return Ok(end);
        }
        if !is_news {
            idle = relay.idle.min(idle * 2);
        }
    }
}

/// Delivers a batch in waves. Returns what the sink will never take.
async fn deliver<S: Future<Output = End>>(
    held: &mut Held<'_>,
    batch: &Batch,
    envelopes: Vec<Envelope>,
    relay: &Relay,
    sink: &mut dyn Sink,
    stop: &mut Stop<'_, S>,
) -> Result<Vec<Refusal>, Interrupted> {
    let mut pending = Pending::new(&batch.events, envelopes, sink.keeps_order(), relay.tries_max);
    while !pending.is_done() {
        let Some(wave) = pending.wave(Instant::now()) else {
            let next = pending.next_try().unwrap_or_else(Instant::now);
            attended(held, stop, Duration::ZERO, sleep_until(next)).await?;
            continue;
        };
        let deliveries = attended(held, stop, GRACE, sink.publish(&wave.envelopes)).await??;
        let tally = pending.settle(wave, deliveries, Instant::now(), jitter());
        told::count(&relay.subscription, &tally);
        if relay.once
            && let Some(reason) = tally.reason
        {
            return Err(RelayError::Undelivered { sink: sink.name(), reason }.into());
        }
        warn(relay, &sink.name(), &tally);
    }
    let refused = pending.into_refused();
    for Refusal { session, version, reason, .. } in &refused {
        let name = &relay.subscription;
        tracing::warn!(
            "relay `{name}`: event {version} of session {session} is a dead letter, and the session's later events wait: \
             {reason}"
        );
    }
    Ok(refused)
}

/// Waits for `work` and keeps the lease meanwhile. If the relay is to stop, the work has `grace` to its end.
async fn attended<T, S: Future<Output = End>>(
    held: &mut Held<'_>,
    stop: &mut Stop<'_, S>,
    grace: Duration,
    work: impl Future<Output = T>,
) -> Result<T, Interrupted> {
    let mut work = pin!(work);
    let mut stopped = pin!(async {
        let end = stop.end().await;
        sleep(grace).await;
        end
    });
    loop {
        tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            end = &mut stopped => return Err(Interrupted::End(end)),
            // Many short waits add up: what counts is when the lease was renewed.
            () = sleep_until(held.renewed + RENEWAL) => held.renew().await?,
        }
    }
}

/// Says that events have failed.
fn warn(relay: &Relay, sink: &str, tally: &Tally) {
    let Some(reason) = &tally.reason else { return };
    let (name, failed) = (&relay.subscription, tally.failed);
    let events = if failed == 1 { "an event is".to_owned() } else { format!("{failed} events are") };
    tracing::warn!("relay `{name}`: {sink}: {reason}; {events} tried again");
}

/// A number from 0 to 1. Without randomness, half: then relays that have failed together come back together.
fn jitter() -> f64 {
    SysRng.try_next_u32().map_or(0.5, |drawn| f64::from(drawn) / f64::from(u32::MAX))
}
