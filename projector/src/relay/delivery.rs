//! Batch after batch, from a subscription to a sink.

use std::pin::pin;
use std::time::Duration;

use rand::TryRng;
use rand::rngs::SysRng;
use session_ledger::Ledger;
use session_ledger::ledger::{Batch, FeedError, Refusal, Subscription};
use tokio::time::{Instant, sleep, sleep_until};

use super::pending::Pending;
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

/// What delivers the batches of a subscription.
struct Courier<'a> {
    ledger: &'a Ledger,
    relay: &'a Relay,
    sink: &'a mut dyn Sink,
    held: Held<'a>,
    recent: Recent,
}

/// Delivers batch after batch, until one of the ends comes.
pub(super) async fn deliver_all<S: Future<Output = End>>(
    ledger: &Ledger,
    subscription: &mut Subscription,
    relay: &Relay,
    sink: &mut dyn Sink,
    stop: &mut Stop<'_, S>,
) -> Result<End, Interrupted> {
    let held = Held { subscription, renewed: Instant::now() };
    let mut courier = Courier { ledger, relay, sink, held, recent: Recent::default() };
    let (mut idle, mut next) = (relay.idle / IDLE_PART, None);
    loop {
        let ready = match next.take() {
            Some(ready) => ready,
            None => courier.next().await?,
        };
        let (is_news, is_up_to_date) = (ready.batch.is_news(), ready.batch.is_up_to_date());
        if is_news {
            let done = courier.deliver(ready, stop).await?;
            next = courier.checkpoint(done).await?;
            idle = relay.idle / IDLE_PART;
        } else if courier.held.is_due() {
            courier.held.renew().await?;
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
                () = courier.held.subscription.committed() => None,
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

/// A batch that can be delivered.
struct Ready {
    batch: Batch,
    envelopes: Vec<Envelope>,
    /// The batch behind it, if that was read already and is news.
    ahead: Option<Batch>,
}

/// What was delivered.
struct Done {
    /// The last batch, whose checkpoint is good for all.
    last: Batch,
    /// What the sink will never take.
    refused: Vec<Refusal>,
    /// What was read behind it already; none if something was refused, as it may hold that session's events.
    ahead: Option<Batch>,
}

impl Courier<'_> {
    /// The next batch behind the stored cursor.
    async fn next(&mut self) -> Result<Ready, FeedError> {
        let batch = self.held.subscription.next_batch(self.relay.batch).await?;
        self.ready(batch).await
    }

    async fn ready(&mut self, batch: Batch) -> Result<Ready, FeedError> {
        ready(self.ledger, self.held.subscription, self.relay, &mut self.recent, batch).await
    }

    /// Checkpoints what was delivered. Meanwhile the batch behind it is made ready.
    async fn checkpoint(&mut self, done: Done) -> Result<Option<Ready>, FeedError> {
        let Self { ledger, relay, recent, held, .. } = self;
        let subscription = &*held.subscription;
        let checkpointing = subscription.checkpoint_refusing(done.last, &done.refused);
        let next = match done.ahead {
            Some(batch) => {
                let ((), next) =
                    tokio::try_join!(checkpointing, ready(ledger, subscription, relay, recent, batch))?;
                Some(next)
            }
            None => {
                checkpointing.await?;
                None
            }
        };
        held.renewed = Instant::now();
        Ok(next)
    }

    /// Delivers a batch in waves, and what is read behind it while some of it waits.
    async fn deliver<S: Future<Output = End>>(
        &mut self,
        ready: Ready,
        stop: &mut Stop<'_, S>,
    ) -> Result<Done, Interrupted> {
        let mut pending = Pending::new(self.sink.keeps_order(), self.relay.tries_max);
        let Ready { batch: mut last, envelopes, mut ahead } = ready;
        pending.add(&last.events, envelopes);
        while !pending.is_done() {
            let Some(wave) = pending.wave(Instant::now()) else {
                if let Some(more) = self.read_on(&pending, &last, &mut ahead, stop).await? {
                    let more = self.ready(more).await?;
                    pending.add(&more.batch.events, more.envelopes);
                    (last, ahead) = (more.batch, more.ahead);
                }
                continue;
            };
            let publishing = self.sink.publish(&wave.envelopes);
            let deliveries = attended(&mut self.held, stop, GRACE, publishing).await??;
            let tally = pending.settle(wave, deliveries, Instant::now(), jitter());
            told::count(&self.relay.subscription, &tally);
            if self.relay.once
                && let Some(reason) = tally.reason
            {
                return Err(RelayError::Undelivered { sink: self.sink.name(), reason }.into());
            }
            told::warn(self.relay, &self.sink.name(), &tally);
        }
        let refused = pending.into_refused();
        told::refused(self.relay, &refused);
        ahead = ahead.filter(|_| refused.is_empty());
        Ok(Done { last, refused, ahead })
    }

    /// The events behind a batch of which all that is left waits: other sessions need not wait with it. None
    /// once something may be tried again, or may have come.
    async fn read_on<S: Future<Output = End>>(
        &mut self,
        pending: &Pending,
        last: &Batch,
        ahead: &mut Option<Batch>,
        stop: &mut Stop<'_, S>,
    ) -> Result<Option<Batch>, Interrupted> {
        let mut until = pending.next_try().unwrap_or_else(Instant::now);
        if let Some(end) = stop.now().await {
            return Err(Interrupted::End(end));
        }
        if pending.has_room(self.relay.batch) && !self.relay.once {
            let more = match ahead.take() {
                Some(more) => more,
                None => self.held.subscription.next_batch_behind(last, self.relay.batch).await?,
            };
            if more.is_news() {
                return Ok(Some(more));
            }
            until = until.min(Instant::now() + self.relay.idle);
        }
        attended(&mut self.held, stop, Duration::ZERO, sleep_until(until)).await?;
        Ok(None)
    }
}

/// Makes the envelopes of a batch. Meanwhile the batch behind it is read, unless the log held no more.
async fn ready(
    ledger: &Ledger,
    subscription: &Subscription,
    relay: &Relay,
    recent: &mut Recent,
    batch: Batch,
) -> Result<Ready, FeedError> {
    let telling = envelopes_behind(recent, ledger, &batch.events, &relay.telling);
    let telling = async { telling.await.map_err(FeedError::from) };
    if !batch.is_news() || batch.is_up_to_date() {
        let envelopes = telling.await?;
        return Ok(Ready { batch, envelopes, ahead: None });
    }
    let reading = subscription.next_batch_behind(&batch, relay.batch);
    let (envelopes, ahead) = tokio::try_join!(telling, reading)?;
    Ok(Ready { batch, envelopes, ahead: Some(ahead).filter(Batch::is_news) })
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

/// A number from 0 to 1. Without randomness, half: then relays that have failed together come back together.
fn jitter() -> f64 {
    SysRng.try_next_u32().map_or(0.5, |drawn| f64::from(drawn) / f64::from(u32::MAX))
}
