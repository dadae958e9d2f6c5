//! The desk of `projector ssf serve`: who asks, and the streams of each receiver.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, header};
use rand::TryRng;
use rand::rngs::SysRng;
use serde_json::{Map, Value};
use session_ledger::Ledger;
use session_ledger::ledger::SignalStream;
use tokio::sync::{Semaphore, watch};

use super::key::SigningKey;
use super::place::Place;
use super::receivers::{Receiver, ReceiverFile};
use super::refusal::Refusal;
use super::sealing::{PushTo, Sealer};
use super::set::Transmitter;
use super::stream::{Delivery, Status, Stream, check_poll_url, check_unchanged};
use super::wish::{self, DeliveryWish, Wish};
use crate::envelope::Telling;
use crate::relay::SOURCE;

/// The most streams of one receiver, and the most that are pushed: each of these keeps a connection.
pub(super) const STREAMS_MAX: u32 = 8;
pub(super) const PUSHED_MAX: usize = 16;

/// The most streams that are looked at.
pub(super) const LISTED_MAX: u32 = 10_000;

/// The most polls that speak to the database at once. Each takes two connections.
pub(super) const TURNS_MAX: usize = 4;

/// The most polls of one receiver at once: two for each of its streams.
const POLLS_MAX: usize = 2 * STREAMS_MAX as usize;

/// How often a change is tried again when another one came first.
const CHANGES_MAX: usize = 16;

/// What all requests share.
pub(super) struct Desk {
    pub(super) ledger: Ledger,
    pub(super) place: Place,
    /// The first one signs.
    pub(super) keys: Vec<SigningKey>,
    pub(super) sealer: Sealer,
    pub(super) receivers: ReceiverFile,
    /// A name that no other process has.
    pub(super) holder: String,
    /// Whether receivers may be in one's own network.
    pub(super) private: bool,
    /// That a stream was changed by this process.
    pub(super) changed: watch::Sender<()>,
    pub(super) stopped: watch::Receiver<bool>,
    pub(super) turns: Semaphore,
    pub(super) polls: Polls,
}

/// How many polls of each receiver are being answered.
#[derive(Default)]
pub(super) struct Polls(Mutex<HashMap<String, usize>>);

/// A poll that is being answered.
pub(super) struct Polling<'a> {
    polls: &'a Polls,
    receiver: String,
}

impl Polls {
    /// Lets a receiver poll, unless it does too often at once: the others wait for none of its polls.
    pub(super) fn begin(&self, receiver: &str) -> Result<Polling<'_>, Refusal> {
        let mut polls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = polls.entry(receiver.to_owned()).or_default();
        if *count >= POLLS_MAX {
            return Err(Refusal::Busy);
        }
        *count += 1;
        Ok(Polling { polls: self, receiver: receiver.to_owned() })
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        let mut polls = self.polls.0.lock().unwrap_or_else(PoisonError::into_inner);
        match polls.get_mut(&self.receiver) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(polls.remove(&self.receiver)),
        }
    }
}

/// A stream, and what it is kept as.
pub(super) struct Kept {
    row: SignalStream,
    pub(super) stream: Stream,
}

impl Kept {
    pub(super) fn of(row: SignalStream) -> Result<Self, Refusal> {
        let stream = serde_json::from_value(row.document.clone())
            .map_err(|error| Refusal::Away(format!("stream `{}` cannot be read: {error}", row.name)))?;
        Ok(Self { row, stream })
    }
}

impl Desk {
    /// Who asks.
    pub(super) fn receiver(&self, headers: &HeaderMap) -> Result<Receiver, Refusal> {
        let said = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) = said.and_then(|said| said.split_once(' ')).ok_or(Refusal::Unauthorized)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Refusal::Unauthorized);
        }
        self.receivers.receiver_of(token.trim())?.ok_or(Refusal::Unauthorized)
    }

    pub(super) async fn create(&self, receiver: &Receiver, body: &[u8]) -> Result<Value, Refusal> {
        let mut wish = Wish::of(&wish::object(body)?, self.private)?;
        let id = format!("ssf-{}", random_id()?);
        let to = match wish.delivery.take() {
            Some(DeliveryWish::Push(to)) => Some(to),
            _ => None,
        };
        let delivery = match &to {
            Some(to) => self.sealed(&id, to).await?,
            None => Delivery::Poll,
        };
        let stream = Stream::new(receiver.audiences.clone(), wish, delivery);
        let document = document(&stream)?;
        let (name, kinds) = (&receiver.name, stream.kinds());
        if !self.ledger.create_signal_stream(&id, name, &document, &kinds, STREAMS_MAX).await? {
            return Err(Refusal::TooManyStreams(STREAMS_MAX));
        }
        tracing::info!("receiver {name} has made stream `{id}`");
        self.changed.send_replace(());
        Ok(stream.configuration(&self.place, &id, to.as_ref()))
    }

    /// All streams of a receiver.
    pub(super) async fn list(&self, receiver: &Receiver) -> Result<Value, Refusal> {
        let rows = self.ledger.signal_streams(Some(&receiver.name), LISTED_MAX).await?;
        let told = rows.into_iter().map(|row| Ok(self.told(&Kept::of(row)?)));
        told.collect::<Result<Vec<_>, Refusal>>().map(Value::from)
    }

    pub(super) async fn show(&self, receiver: &Receiver, id: &str) -> Result<Value, Refusal> {
        Ok(self.told(&self.read(&receiver.name, id).await?))
    }

    /// Changes what a request names; with `is_whole` it takes away what is not named.
    pub(super) async fn change_stream(
        &self,
        receiver: &Receiver,
        body: &[u8],
        is_whole: bool,
    ) -> Result<Value, Refusal> {
        let asked = wish::object(body)?;
        let id = wish::must(&asked, "stream_id")?;
        let read = || Wish::of(&asked, self.private).map(|wish| if is_whole { wish.whole() } else { wish });
        let present = self.read(&receiver.name, &id).await?;
        check_unchanged(&self.told(&present), &asked)?;
        check_poll_url(&read()?, &self.place, &id)?;
        let delivery = self.delivery(&present, read()?.delivery).await?;
        let mut after = present.stream.clone();
        after.change(read()?, delivery.clone());
        if present.stream.is_passed_over() && !after.is_passed_over() {
            self.ledger.forward_subscription(&id, &self.holder).await?;
        }
        let changed = self.change(&receiver.name, &id, |stream| {
            stream.change(read()?, delivery.clone());
            Ok(())
        });
        let changed = changed.await?;
        tracing::info!("receiver {} has changed stream `{id}`", receiver.name);
        Ok(self.told(&changed))
    }

    pub(super) async fn delete(&self, receiver: &Receiver, id: &str) -> Result<(), Refusal> {
        if !self.ledger.drop_signal_stream(id, &receiver.name).await? {
            return Err(Refusal::NoStream);
        }
        tracing::info!("receiver {} has deleted stream `{id}`", receiver.name);
        self.changed.send_replace(());
        Ok(())
    }

    pub(super) async fn status(&self, receiver: &Receiver, id: &str) -> Result<Value, Refusal> {
        Ok(self.read(&receiver.name, id).await?.stream.status_told(id))
    }

    pub(super) async fn set_status(&self, receiver: &Receiver, body: &[u8]) -> Result<Value, Refusal> {
        let asked = wish::object(body)?;
        let (id, word) = (wish::must(&asked, "stream_id")?, wish::must(&asked, "status")?);
        let reason = wish::text(&asked, "reason")?;
        let status = Status::of(&word)
            .ok_or_else(|| Refusal::invalid("`status` must be enabled, paused or disabled"))?;
        let present = self.read(&receiver.name, &id).await?.stream.status;
        if present == Status::Disabled && status != Status::Disabled {
            // What was committed while it was disabled is never told.
            self.ledger.forward_subscription(&id, &self.holder).await?;
        }
        let changed = self.put_status(&receiver.name, &id, status, reason).await?;
        tracing::info!("receiver {} has set stream `{id}` {word}", receiver.name);
        Ok(changed.stream.status_told(&id))
    }

    pub(super) async fn put_status(
        &self,
        receiver: &str,
        id: &str,
        status: Status,
        reason: Option<String>,
    ) -> Result<Kept, Refusal> {
        let jti = random_id()?;
        self.change(receiver, id, |stream| {
            stream.set_status(status, reason.clone(), jti.clone());
            Ok(())
        })
        .await
    }

    /// Has a verification told. `now` is in seconds of Unix.
    pub(super) async fn verify(&self, receiver: &Receiver, body: &[u8], now: i64) -> Result<(), Refusal> {
        let asked = wish::object(body)?;
        let (id, state) = (wish::must(&asked, "stream_id")?, wish::text(&asked, "state")?);
        let jti = random_id()?;
        self.change(&receiver.name, &id, |stream| stream.verify(state.clone(), jti.clone(), now)).await?;
        Ok(())
    }

    /// A receiver's stream.
    pub(super) async fn read(&self, receiver: &str, id: &str) -> Result<Kept, Refusal> {
        Kept::of(self.ledger.signal_stream(id, receiver).await?.ok_or(Refusal::NoStream)?)
    }

    /// Changes a stream as it is by now, whoever else changes it.
    pub(super) async fn change(
        &self,
        receiver: &str,
        id: &str,
        alter: impl Fn(&mut Stream) -> Result<(), Refusal>,
    ) -> Result<Kept, Refusal> {
        for _ in 0..CHANGES_MAX {
            let mut kept = self.read(receiver, id).await?;
            let before = kept.stream.clone();
            alter(&mut kept.stream)?;
            if kept.stream == before {
                return Ok(kept);
            }
            kept.row.document = document(&kept.stream)?;
            if self.ledger.change_signal_stream(&kept.row, &kept.stream.kinds()).await? {
                self.changed.send_replace(());
                return Ok(kept);
            }
        }
        Err(Refusal::Busy)
    }

    /// What a wish makes of a delivery; none if it stays.
    async fn delivery(
        &self,
        present: &Kept,
        wish: Option<DeliveryWish>,
    ) -> Result<Option<Delivery>, Refusal> {
        match wish {
            None => Ok(None),
            Some(DeliveryWish::Poll(_)) => Ok(Some(Delivery::Poll)),
            Some(DeliveryWish::Push(to))
                if self.pushed_to(&present.row.name, &present.stream) == Some(to.clone()) =>
            {
                Ok(None)
            }
            Some(DeliveryWish::Push(to)) => Ok(Some(self.sealed(&present.row.name, &to).await?)),
        }
    }

    async fn sealed(&self, id: &str, to: &PushTo) -> Result<Delivery, Refusal> {
        let rows = self.ledger.signal_streams(None, LISTED_MAX).await?;
        let is_pushed = |row: &SignalStream| row.name != id && row.document["delivery"].get("push").is_some();
        if rows.iter().filter(|row| is_pushed(row)).count() >= PUSHED_MAX {
            let told = format!("this transmitter pushes to {PUSHED_MAX} streams already: poll instead");
            return Err(Refusal::Forbidden(told));
        }
        self.seal(id, to)
    }

    pub(super) fn seal(&self, id: &str, to: &PushTo) -> Result<Delivery, Refusal> {
        let sealed = self.sealer.seal(id, to, &mut SysRng);
        sealed.map(Delivery::Push).map_err(|_| Refusal::Away("there is no randomness".to_owned()))
    }

    /// Where a stream is pushed to; none for one that is polled, or whose key is gone.
    pub(super) fn pushed_to(&self, id: &str, stream: &Stream) -> Option<PushTo> {
        match &stream.delivery {
            Delivery::Poll => None,
            Delivery::Push(sealed) => self.sealer.open(id, sealed),
        }
    }

    fn told(&self, kept: &Kept) -> Value {
        let id = &kept.row.name;
        kept.stream.configuration(&self.place, id, self.pushed_to(id, &kept.stream).as_ref())
    }

    /// Who tells a stream's receiver; none without a key.
    pub(super) fn transmitter(&self, stream: &Stream) -> Option<Transmitter> {
        let key = self.keys.first()?.clone();
        let issuer = self.place.issuer().to_owned();
        Some(Transmitter { issuer, audiences: stream.audiences.clone(), key })
    }
}

fn document(stream: &Stream) -> Result<Value, Refusal> {
    let document = serde_json::to_value(stream).map_err(|error| Refusal::Away(error.to_string()))?;
    debug_assert!(document.is_object());
    Ok(document)
}

/// 128 random bits.
pub(super) fn random_id() -> Result<String, Refusal> {
    let mut bytes = [0; 16];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| Refusal::Away(error.to_string()))?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}

/// How events are told to those who make tokens of them: receivers learn nothing of the source.
pub(super) fn telling() -> Telling {
    Telling { source: SOURCE.to_owned(), ..Telling::default() }
}

/// The tokens of an answer to a poll, by their `jti`.
pub(super) type Tokens = Map<String, Value>;

#[test]
fn a_receiver_polls_so_often_at_once_and_no_more() {
    let polls = Polls::default();
    let mut begun: Vec<_> = (0..POLLS_MAX).map_while(|_| polls.begin("forum").ok()).collect();
    assert!(begun.len() == POLLS_MAX && matches!(polls.begin("forum"), Err(Refusal::Busy)));
    assert!(polls.begin("shop").is_ok());
    begun.pop();
    begun.extend(polls.begin("forum").ok());
    assert_eq!(begun.len(), POLLS_MAX);
    drop(begun);
    assert!(polls.0.lock().is_ok_and(|polls| polls.is_empty()));
}
