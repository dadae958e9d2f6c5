//! A receiver of Shared Signals as a sink: a Security Event Token for each event, pushed over HTTP
//! (RFC 8935).
//!
//! Answers are judged as those of a webhook. An event that CAEP has no word for is acknowledged unsaid: it
//! needs no token to be delivered.

use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::{HeaderValue, Request, header};
use http_body_util::Full;
use time::OffsetDateTime;

use super::webhook::{Endpoint, PAUSES, Poster, TIMEOUT, TOGETHER_MAX, WebhookError};
use super::{Closed, Deliveries, Delivery, Sink};
use crate::envelope::Envelope;
use crate::ssf::Transmitter;

/// What a receiver needs beside its address.
#[derive(Clone, Debug)]
pub struct Means {
    /// Who tells whom, and the key that signs.
    pub transmitter: Transmitter,
    /// The value of `Authorization`, if the receiver wants one.
    pub authorization: Option<Authorization>,
    /// Whether the receiver may be in one's own network: at a loopback, private or link-local address.
    pub private: bool,
}

/// The value of an `Authorization` header. Its `Debug` does not show it.
#[derive(Clone)]
pub struct Authorization(HeaderValue);

/// A text is no value of a header. The message does not repeat it.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an authorization is one line of visible characters, such as `Bearer …`")]
pub struct AuthorizationError;

/// Pushes tokens to a receiver.
pub struct Push {
    means: Means,
    poster: Poster,
}

impl Push {
    /// Pushes to `endpoint`, the `endpoint_url` of the stream's delivery, by the time of `clock`. The
    /// receiver has 20 seconds to answer, and is left alone for a second to a quarter of an hour after
    /// failures. Connects when there is something to push.
    ///
    /// # Errors
    ///
    /// The system knows no certificate authority.
    pub fn new(
        endpoint: Endpoint,
        means: Means,
        clock: fn() -> OffsetDateTime,
    ) -> Result<Self, WebhookError> {
        let poster =
            Poster::new("receiver of Shared Signals", endpoint, means.private, TIMEOUT, PAUSES, clock)?;
        Ok(Self { means, poster })
    }

    /// Pushes a token of another kind than [`Sink::publish`] makes: about the stream itself.
    pub(crate) async fn tell(&self, token: String) -> Result<Delivery, Closed> {
        match self.request_with(token) {
            Ok(request) => self.poster.post(request).await,
            Err(reason) => Ok(Delivery::Refused(reason)),
        }
    }

    async fn push(&self, event: &Envelope) -> Result<Delivery, Closed> {
        match self.request(event) {
            Ok(Some(request)) => self.poster.post(request).await,
            Ok(None) => Ok(Delivery::Acknowledged),
            Err(reason) => Ok(Delivery::Refused(reason)),
        }
    }

    /// None for an event that is not told. The error is why one cannot be told.
    fn request(&self, event: &Envelope) -> Result<Option<Request<Full<Bytes>>>, String> {
        let token =
            self.means.transmitter.token(event, self.poster.now()).map_err(|error| error.to_string())?;
        token.map(|token| self.request_with(token)).transpose()
    }

    fn request_with(&self, token: String) -> Result<Request<Full<Bytes>>, String> {
        let mut request = self
            .poster
            .request()
            .header(header::CONTENT_TYPE, "application/secevent+jwt")
            .header(header::ACCEPT, "application/json");
        if let Some(Authorization(value)) = &self.means.authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        request.body(Full::from(token)).map_err(|error| error.to_string())
    }
}

impl Sink for Push {
    fn name(&self) -> String {
        self.poster.name()
    }

    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>> {
        let this = &*self;
        let pushes: Vec<_> = events.iter().map(|event| this.push(event)).collect();
        Box::pin(stream::iter(pushes).buffered(TOGETHER_MAX).try_collect())
    }
}

impl std::str::FromStr for Authorization {
    type Err = AuthorizationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut value = HeaderValue::from_str(text.trim()).map_err(|_| AuthorizationError)?;
        if value.is_empty() {
            return Err(AuthorizationError);
        }
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

/// As its `Display`: `main` of a program of somebody's own prints it.
impl fmt::Debug for AuthorizationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorization(…)")
    }
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Push").field("means", &self.means).finish_non_exhaustive()
    }
}
