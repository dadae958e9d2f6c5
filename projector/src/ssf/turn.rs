//! Polls (RFC 8936): what a receiver has acknowledged lies before the cursor, what it has not comes again.
//!
//! A poll takes the subscription's lease for a moment, moves the cursor, reads what lies behind it, and gives
//! the lease back. So whoever else delivers the subscription and this never do so at once, any process can
//! answer any poll, and while a receiver waits nothing is held.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use session_ledger::ledger::{Batch, FeedError, Refusal as Letter, Subscription};
use session_ledger::session::Recorded;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use super::desk::{Desk, Tokens, random_id, telling};
use super::polling::{Item, Plan, Poll, plan};
use super::refusal::Refusal;
use super::set::Transmitter;
use super::stream::{Delivery, Status, Stream};
use crate::envelope::{Envelope, Telling};

/// How long a poll waits for something to tell.
const WAIT: Duration = Duration::from_secs(25);

/// How long a poll waits for somebody else who holds the subscription.
const HELD_WAIT: Duration = Duration::from_secs(3);

/// The first and the longest pause between two looks.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(500)];

/// How many events behind the cursor may wait for their acknowledgement at once.
const WINDOW: u32 = 200;

/// How many batches one look passes over in which nothing is told.
const BATCHES_MAX: usize = 32;

/// What a look has found.
struct Found {
    tokens: Tokens,
    has_more: bool,
}

impl Found {
    fn answer(self) -> Value {
        json!({ "sets": self.tokens, "moreAvailable": self.has_more })
    }
}

/// Events behind the cursor, and what their receiver is told of each.
struct Window {
    batch: Batch,
    items: Vec<Item>,
    claims: Vec<Option<Value>>,
}

impl Desk {
    /// Answers a poll: at once if there is something to tell, or else when there is, or a while has passed.
    pub(super) async fn poll(
        self: &Arc<Self>,
        receiver: &str,
        id: &str,
        poll: Poll,
    ) -> Result<Value, Refusal> {
        let (began, poll) = (Instant::now(), Arc::new(poll));
        let (mut changed, mut stopped) = (self.changed.subscribe(), self.stopped.clone());
        let (mut pause, mut is_worth_it) = (PAUSES[0], true);
        loop {
            if !is_worth_it && began.elapsed() < WAIT && !*stopped.borrow() {
                pause = PAUSES[1].min(pause * 2);
                let is_woken = tokio::select! {
                    _ = stopped.wait_for(|is_stopped| *is_stopped) => true,
                    _ = changed.changed() => true,
                    () = sleep(pause) => false,
                };
                is_worth_it = is_woken || self.ledger.signal_stream_has_news(id).await?;
                continue;
            }
            // What is changed from here on wakes the next wait.
            changed.borrow_and_update();
            // A receiver may hang up at any time: the lease is given back nevertheless.
            let look = Arc::clone(self).look(receiver.to_owned(), id.to_owned(), Arc::clone(&poll));
            let looked = tokio::spawn(look).await;
            let is_over = poll.is_hasty || poll.most == 0 || began.elapsed() >= WAIT || *stopped.borrow();
            match looked.map_err(|error| Refusal::Away(error.to_string()))? {
                Err(Refusal::Held) if began.elapsed() < HELD_WAIT => sleep(PAUSES[0]).await,
                Err(refusal) => return Err(refusal),
                Ok(found) if is_over || !found.tokens.is_empty() => return Ok(found.answer()),
                Ok(found) => is_worth_it = found.has_more,
            }
        }
    }

    /// Notes what was acknowledged, and looks for what to tell.
    async fn look(self: Arc<Self>, receiver: String, id: String, poll: Arc<Poll>) -> Result<Found, Refusal> {
        let _turn = self.turns.acquire().await.map_err(|_| Refusal::Busy)?;
        if self.read(&receiver, &id).await?.stream.delivery != Delivery::Poll {
            return Err(Refusal::invalid("this stream is pushed, so there is nothing to poll"));
        }
        // Each look is a holder of its own, so that two of them exclude each other.
        let holder = format!("{}/{}", self.holder, random_id()?);
        let mut subscription = self.ledger.existing_subscription(&id, &holder).await?;
        let found = self.found(&mut subscription, &receiver, &id, &poll).await;
        if let Err(error) = subscription.release().await
            && !matches!(error, FeedError::LeaseLost { .. })
        {
            tracing::warn!("{error}");
        }
        found
    }

    /// Under the lease.
    async fn found(
        &self,
        subscription: &mut Subscription,
        receiver: &str,
        id: &str,
        poll: &Poll,
    ) -> Result<Found, Refusal> {
        let mut stream = self.read(receiver, id).await?.stream;
        let before = stream.clone();
        settle(&mut stream, id, poll);
        let transmitter =
            self.transmitter(&stream).ok_or_else(|| Refusal::Away("there is no key".to_owned()))?;
        let mut tokens = Tokens::new();
        for notice in stream.due_notices().take(poll.most) {
            let token = transmitter.notice(id, notice, OffsetDateTime::now_utc());
            tokens.insert(notice.jti.clone(), token.map_err(away)?.into());
        }
        let mut has_more = stream.due_notices().count() > tokens.len();
        let most = if stream.status == Status::Enabled { poll.most - tokens.len() } else { 0 };
        let window = match stream.is_passed_over() {
            true => None,
            false => self.advance(subscription, &transmitter, &stream, most).await?,
        };
        if let Some((window, plan)) = &window
            && stream.status == Status::Enabled
        {
            for at in &plan.given {
                let Some(claims) = &window.claims[*at] else { continue };
                tokens
                    .insert(window.items[*at].jti.clone(), transmitter.signed(claims).map_err(away)?.into());
            }
            has_more |= plan.has_more || !window.batch.is_up_to_date();
        }
        forget(&mut stream, window.as_ref().map_or(&[], |(window, _)| &window.items));
        self.keep(receiver, id, &before, stream).await?;
        Ok(Found { tokens, has_more })
    }

    /// Moves the cursor over all that is settled, and plans what is given of what lies behind it.
    async fn advance(
        &self,
        subscription: &mut Subscription,
        transmitter: &Transmitter,
        stream: &Stream,
        most: usize,
    ) -> Result<Option<(Window, Plan)>, Refusal> {
        let (acknowledged, refused) = (&stream.acknowledged, &stream.refused);
        let mut passed = None;
        for _ in 0..BATCHES_MAX {
            let window = Window::of(subscription.next_batch(WINDOW).await?, transmitter);
            if !window.batch.is_news() {
                return Ok(None);
            }
            let planned = plan(&window.items, acknowledged, refused, most);
            if !planned.is_settled {
                if planned.settled > 0 {
                    self.pass(subscription, transmitter, stream, planned.settled).await?;
                }
                return Ok(Some((window, planned)));
            }
            let letters = letters(&window, &planned);
            subscription.checkpoint_refusing(window.batch.clone(), &letters).await?;
            passed = Some((window, planned));
        }
        Ok(passed)
    }

    /// Moves the cursor over the first `settled` events, if no transaction goes on behind them with one that
    /// is not settled.
    async fn pass(
        &self,
        subscription: &mut Subscription,
        transmitter: &Transmitter,
        stream: &Stream,
        settled: usize,
    ) -> Result<(), Refusal> {
        let limit = u32::try_from(settled).unwrap_or(WINDOW);
        let window = Window::of(subscription.next_batch(limit).await?, transmitter);
        let planned = plan(&window.items, &stream.acknowledged, &stream.refused, 0);
        if planned.is_settled && window.batch.is_news() {
            let letters = letters(&window, &planned);
            subscription.checkpoint_refusing(window.batch, &letters).await?;
        }
        Ok(())
    }

    /// Keeps what has changed of a stream. What its receiver changes meanwhile stays changed.
    async fn keep(&self, receiver: &str, id: &str, before: &Stream, after: Stream) -> Result<(), Refusal> {
        if after == *before {
            return Ok(());
        }
        let told: Vec<_> = before.notices.iter().filter(|notice| !after.notices.contains(notice)).collect();
        self.change(receiver, id, |stream| {
            stream.notices.retain(|notice| !told.contains(&notice));
            if stream.status != Status::Disabled {
                (stream.acknowledged, stream.refused) = (after.acknowledged.clone(), after.refused.clone());
            }
            Ok(())
        })
        .await?;
        Ok(())
    }
}

impl Window {
    fn of(batch: Batch, transmitter: &Transmitter) -> Self {
        let (now, telling) = (OffsetDateTime::now_utc(), telling());
        let of = |event| item(event, transmitter, &telling, now);
        let (items, claims) = batch.events.iter().map(of).unzip();
        Self { batch, items, claims }
    }
}

fn item(
    event: &Recorded,
    transmitter: &Transmitter,
    telling: &Telling,
    now: OffsetDateTime,
) -> (Item, Option<Value>) {
    // Links are for those who read envelopes.
    let envelope = Envelope::new(event, None, telling);
    let (claims, unreadable) = match transmitter.claims(&envelope, now) {
        Ok(claims) => (claims, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let jti = event.entry.event_id.to_string();
    (Item { jti, session: event.session_id, is_told: claims.is_some(), unreadable }, claims)
}

/// Notes in a stream what its receiver says of tokens.
fn settle(stream: &mut Stream, id: &str, poll: &Poll) {
    stream.notices.retain(|notice| {
        let refused = poll.refused.get(&notice.jti);
        if let Some(reason) = refused {
            tracing::warn!("stream `{id}`: a token about the stream itself is not told again: {reason}");
        }
        refused.is_none() && !poll.acknowledged.contains(&notice.jti)
    });
    stream.acknowledged.extend(poll.acknowledged.iter().cloned());
    let refused = poll.refused.iter().map(|(jti, reason)| (jti.clone(), reason.clone()));
    stream.refused.extend(refused);
}

/// Forgets in a stream what is not of events that lie behind the cursor.
fn forget(stream: &mut Stream, items: &[Item]) {
    let behind: BTreeSet<&str> = items.iter().map(|item| item.jti.as_str()).collect();
    stream.acknowledged.retain(|jti| behind.contains(jti.as_str()));
    stream.refused.retain(|jti: &String, _| behind.contains(jti.as_str()));
}

/// The dead letters among events.
fn letters(window: &Window, plan: &Plan) -> Vec<Letter> {
    let letter = |(at, reason): &(usize, String)| Letter::of(&window.batch.events[*at], reason.clone());
    let letters: Vec<_> = plan.refused.iter().map(letter).collect();
    for Letter { session, version, reason, .. } in &letters {
        tracing::warn!(
            "event {version} of session {session} is a dead letter of a polled stream, and the session's later events \
             wait: {reason}"
        );
    }
    letters
}

fn away(error: impl std::fmt::Display) -> Refusal {
    Refusal::Away(error.to_string())
}

#[test]
fn what_lies_behind_the_cursor_alone_is_remembered() {
    let wish = super::wish::Wish::default();
    let mut stream = Stream::new(vec!["a".to_owned()], wish, Delivery::Poll);
    let acknowledged = ["a", "b"].map(str::to_owned).into();
    let refused = std::collections::BTreeMap::from([("c".to_owned(), "no".to_owned())]);
    settle(&mut stream, "s", &Poll { most: 1, is_hasty: false, acknowledged, refused });
    let session = session_ledger::session::SessionId::from_bytes([1; 16]);
    let item = |jti: &str| Item { jti: jti.to_owned(), session, is_told: true, unreadable: None };
    forget(&mut stream, &[item("a"), item("d")]);
    assert_eq!(stream.acknowledged, BTreeSet::from(["a".to_owned()]));
    assert!(stream.refused.is_empty());
}
