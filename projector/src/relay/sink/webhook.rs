//! An HTTP webhook as a sink: Standard Webhooks 1.0.0 around structured CloudEvents.
//!
//! Structured, as the signature covers the body: attributes in headers of their own would be unsigned.
//!
//! An answer of 2xx acknowledges. Any other is a failure, as the standard has it, and the event is delivered
//! again: a receiver that answers 400 or 404 has more often been set up wrongly than got an event it can
//! never take. Two answers are more than that: 410 closes the sink, and 413 refuses the event for good.
//!
//! A receiver that is away or overloaded is left alone for a while, and meanwhile nothing is sent: as long as
//! its `Retry-After` says, or else twice as long after each failure in a row, with jitter. It goes on for
//! days.

mod address;
mod answer;
mod connection;
mod endpoint;
mod error;
mod rest;
mod signature;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::{Request, header};
use http_body_util::Full;
use rustls::ClientConfig;
use time::OffsetDateTime;
use tokio::time::Instant;

use self::answer::{Answer, Meaning};
use self::connection::Connection;
pub use self::endpoint::{Endpoint, EndpointError};
pub use self::error::WebhookError;
use self::rest::Rest;
pub use self::signature::{Secret, SecretError, secrets, secrets_of};
use super::{Closed, Deliveries, Delivery, Sink};
use crate::envelope::Envelope;

/// How many events are on their way at once, each on a connection of its own.
const TOGETHER_MAX: usize = 8;

/// How long an answer may take: the standard recommends 15 to 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(20);

/// For how long a receiver is left alone after its first failure, and at most.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(15 * 60)];

/// Where events are posted to, and how.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Where to.
    pub endpoint: Endpoint,
    /// The secrets that sign. A receiver needs to know one of them: at a rotation give the new one and the
    /// old one.
    pub secrets: Vec<Secret>,
    /// Whether the receiver may be in one's own network: at a loopback, private or link-local address.
    pub private: bool,
    /// How long an answer may take.
    pub timeout: Duration,
    /// For how long a receiver without `Retry-After` is left alone after its first failure, and at most.
    pub pauses: [Duration; 2],
}

/// What all webhooks of a process have.
#[derive(Clone, Debug, Default)]
pub struct Means {
    /// The secrets that sign.
    pub secrets: Vec<Secret>,
    /// Whether receivers may be in one's own network.
    pub private: bool,
}

impl Receiver {
    /// A receiver that has 20 seconds to answer, and is left alone for a second to a quarter of an hour.
    pub fn new(endpoint: Endpoint, means: Means) -> Self {
        let Means { secrets, private } = means;
        Self { endpoint, secrets, private, timeout: TIMEOUT, pauses: PAUSES }
    }
}

/// Posts events to a receiver.
pub struct Webhook {
    receiver: Receiver,
    tls: Arc<ClientConfig>,
    idle: Mutex<Vec<Connection>>,
    rest: Mutex<Rest>,
    clock: fn() -> OffsetDateTime,
}

impl Webhook {
    /// Posts to `receiver`, by the time of `clock`. Connects when there is something to post.
    ///
    /// # Errors
    ///
    /// There is no secret, or the system knows no certificate authority.
    pub fn new(receiver: Receiver, clock: fn() -> OffsetDateTime) -> Result<Self, WebhookError> {
        if receiver.secrets.is_empty() {
            return Err(WebhookError::Unsigned);
        }
        let tls = connection::verifying().map_err(WebhookError::Tls)?;
        let rest = Mutex::new(Rest::new(receiver.pauses));
        Ok(Self { receiver, tls: Arc::new(tls), idle: Mutex::default(), rest, clock })
    }

    /// Posts one event.
    async fn post(&self, event: &Envelope) -> Result<Delivery, Closed> {
        let reason = self.rest(|rest| rest.reason(Instant::now()).map(str::to_owned));
        if let Some(reason) = reason {
            return Ok(Delivery::Failed(format!("it is left alone for now, as {reason}")));
        }
        let answer = match self.request(event) {
            Ok(request) => tokio::time::timeout(self.receiver.timeout, self.exchange(request)).await,
            Err(error) => return Ok(Delivery::Refused(format!("the event cannot be written: {error}"))),
        };
        let answer =
            answer.unwrap_or_else(|_| Err(format!("it has not answered within {:?}", self.receiver.timeout)));
        match answer {
            Ok(answer) => self.judge(&answer),
            Err(reason) => Ok(self.failed(reason, Some(None))),
        }
    }

    fn judge(&self, answer: &Answer) -> Result<Delivery, Closed> {
        match answer.meaning((self.clock)()) {
            Meaning::Taken => {
                self.rest(|rest| rest.end(Instant::now()));
                Ok(Delivery::Acknowledged)
            }
            Meaning::Gone => Err(Closed { reason: format!("{} {}", self.name(), answer.told()) }),
            Meaning::TooLarge => Ok(Delivery::Refused(format!("it {}", answer.told()))),
            Meaning::Failure => Ok(self.failed(format!("it {}", answer.told()), None)),
            Meaning::Strain(wanted) => Ok(self.failed(format!("it {}", answer.told()), Some(wanted))),
        }
    }

    /// A failure. With `pause` the receiver is left alone: for the time that it wants, or for ours.
    fn failed(&self, reason: String, pause: Option<Option<Duration>>) -> Delivery {
        if let Some(wanted) = pause {
            self.rest(|rest| rest.begin(Instant::now(), reason.clone(), wanted, rand::random()));
        }
        Delivery::Failed(reason)
    }

    fn request(&self, event: &Envelope) -> Result<Request<Full<Bytes>>, String> {
        let body = event.structured().map_err(|error| error.to_string())?;
        let now = (self.clock)().unix_timestamp();
        let signature = signature::of(&self.receiver.secrets, event.id(), now, &body);
        let request = Request::post(self.receiver.endpoint.path())
            .header(header::HOST, self.receiver.endpoint.authority())
            .header(header::USER_AGENT, concat!("session-ledger/", env!("CARGO_PKG_VERSION")))
            .header(header::CONTENT_TYPE, "application/cloudevents+json; charset=utf-8")
            .header("webhook-id", event.id())
            .header("webhook-timestamp", now)
            .header("webhook-signature", signature);
        request.body(Full::from(body)).map_err(|error| error.to_string())
    }

    /// Sends a request over a connection that is free, or over a new one. A receiver may have closed a free
    /// one meanwhile, so after a failure there a new one is tried: a doubled event has the same id.
    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let free = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(mut free) = free
            && let Ok(answer) = free.send(request.clone()).await
        {
            return Ok(self.keep(free, answer));
        }
        let mut new = Connection::open(&self.receiver.endpoint, self.receiver.private, &self.tls).await?;
        let answer = new.send(request).await.map_err(|error| format!("the connection broke: {error}"))?;
        Ok(self.keep(new, answer))
    }

    fn keep(&self, connection: Connection, answer: Answer) -> Answer {
        if connection.is_free() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        answer
    }

    fn rest<T>(&self, work: impl FnOnce(&mut Rest) -> T) -> T {
        work(&mut self.rest.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sink for Webhook {
    fn name(&self) -> String {
        format!("webhook {}", self.receiver.endpoint.authority())
    }

    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>> {
        let this = &*self;
        let posts: Vec<_> = events.iter().map(|event| this.post(event)).collect();
        Box::pin(stream::iter(posts).buffered(TOGETHER_MAX).try_collect())
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("receiver", &self.receiver).finish_non_exhaustive()
    }
}
