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
mod poster;
mod rest;
mod signature;

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::{Request, header};
use http_body_util::Full;
use time::OffsetDateTime;

pub use self::endpoint::{Endpoint, EndpointError};
pub use self::error::WebhookError;
pub(super) use self::poster::{PAUSES, Poster, TIMEOUT, TOGETHER_MAX};
pub use self::signature::{Secret, SecretError, secrets, secrets_of};
use super::{Closed, Deliveries, Delivery, Sink};
use crate::envelope::Envelope;

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
    poster: Poster,
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
        let Receiver { endpoint, private, timeout, pauses, .. } = &receiver;
        let poster = Poster::new("webhook", endpoint.clone(), *private, *timeout, *pauses, clock)?;
        Ok(Self { receiver, poster })
    }

    /// Posts one event.
    async fn post(&self, event: &Envelope) -> Result<Delivery, Closed> {
        match self.request(event) {
            Ok(request) => self.poster.post(request).await,
            Err(error) => Ok(Delivery::Refused(format!("the event cannot be written: {error}"))),
        }
    }

    fn request(&self, event: &Envelope) -> Result<Request<Full<Bytes>>, String> {
        let body = event.structured().map_err(|error| error.to_string())?;
        let now = self.poster.now().unix_timestamp();
        let signature = signature::of(&self.receiver.secrets, event.id(), now, &body);
        let request = self
            .poster
            .request()
            .header(header::CONTENT_TYPE, "application/cloudevents+json; charset=utf-8")
            .header("webhook-id", event.id())
            .header("webhook-timestamp", now)
            .header("webhook-signature", signature);
        request.body(Full::from(body)).map_err(|error| error.to_string())
    }
}

impl Sink for Webhook {
    fn name(&self) -> String {
        self.poster.name()
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
