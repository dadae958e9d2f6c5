//! Posting to a receiver, whatever is posted: connections that are kept, a bound on each answer, and pauses
//! for a receiver that is away or overloaded.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header, request};
use http_body_util::Full;
use rustls::ClientConfig;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::super::{Closed, Delivery};
use super::answer::{Answer, Meaning};
use super::connection::{Connection, verifying};
use super::rest::Rest;
use super::{Endpoint, WebhookError};

/// How many requests are on their way at once, each on a connection of its own.
pub(in crate::relay::sink) const TOGETHER_MAX: usize = 8;

/// How long an answer may take: Standard Webhooks recommends 15 to 30 seconds.
pub(in crate::relay::sink) const TIMEOUT: Duration = Duration::from_secs(20);

/// For how long a receiver is left alone after its first failure, and at most.
pub(in crate::relay::sink) const PAUSES: [Duration; 2] =
    [Duration::from_secs(1), Duration::from_secs(15 * 60)];

/// Why there is no answer.
enum Unanswered {
    /// There is no connection to the receiver.
    Unreached(String),
    /// There was one, which carried this event alone: so the event may be the cause.
    Broken(String),
}

/// Posts to one receiver.
pub(in crate::relay::sink) struct Poster {
    /// What it is, for messages.
    kind: &'static str,
    endpoint: Endpoint,
    private: bool,
    timeout: Duration,
    tls: Arc<ClientConfig>,
    idle: Mutex<Vec<Connection>>,
    rest: Mutex<Rest>,
    clock: fn() -> OffsetDateTime,
}

impl Poster {
    /// Connects when there is something to post. `private`: whether the receiver may be in one's own network.
    pub(in crate::relay::sink) fn new(
        kind: &'static str,
        endpoint: Endpoint,
        private: bool,
        timeout: Duration,
        pauses: [Duration; 2],
        clock: fn() -> OffsetDateTime,
    ) -> Result<Self, WebhookError> {
        let tls = Arc::new(verifying().map_err(WebhookError::Tls)?);
        let (idle, rest) = (Mutex::default(), Mutex::new(Rest::new(pauses)));
        Ok(Self { kind, endpoint, private, timeout, tls, idle, rest, clock })
    }

    /// The kind, host and port.
    pub(in crate::relay::sink) fn name(&self) -> String {
        format!("{} {}", self.kind, self.endpoint.authority())
    }

    pub(in crate::relay::sink) fn now(&self) -> OffsetDateTime {
        (self.clock)()
    }

    /// A request to the receiver, to which what is posted is added.
    pub(in crate::relay::sink) fn request(&self) -> request::Builder {
        Request::post(self.endpoint.path())
            .header(header::HOST, self.endpoint.authority())
            .header(header::USER_AGENT, concat!("session-ledger/", env!("CARGO_PKG_VERSION")))
    }

    /// Posts a request, unless the receiver is left alone for now.
    pub(in crate::relay::sink) async fn post(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Delivery, Closed> {
        let reason = self.rest(|rest| rest.reason(Instant::now()).map(str::to_owned));
        if let Some(reason) = reason {
            return Ok(Delivery::Away(format!("it is left alone for now, as {reason}")));
        }
        let exchange = tokio::time::timeout(self.timeout, self.exchange(request));
        let late = |_| Err(Unanswered::Broken(format!("it has not answered within {:?}", self.timeout)));
        match exchange.await.unwrap_or_else(late) {
            Ok(answer) => self.judge(&answer),
            Err(Unanswered::Unreached(reason)) => Ok(Delivery::Away(self.resting(reason, None))),
            Err(Unanswered::Broken(reason)) => Ok(Delivery::Failed(self.resting(reason, None))),
        }
    }

    fn judge(&self, answer: &Answer) -> Result<Delivery, Closed> {
        match answer.meaning(self.now()) {
            Meaning::Taken => {
                self.rest(|rest| rest.end(Instant::now()));
                Ok(Delivery::Acknowledged)
            }
            Meaning::Gone => {
                let reason = format!("{} {}", self.name(), answer.told());
                Err(Closed { reason, is_for_good: true })
            }
            Meaning::TooLarge => Ok(Delivery::Refused(format!("it {}", answer.told()))),
            Meaning::Failure => Ok(Delivery::Failed(format!("it {}", answer.told()))),
            Meaning::Trouble(wanted) => {
                Ok(Delivery::Failed(self.resting(format!("it {}", answer.told()), wanted)))
            }
            Meaning::Strain(wanted) => {
                Ok(Delivery::Away(self.resting(format!("it {}", answer.told()), wanted)))
            }
        }
    }

    /// Leaves the receiver alone, for the time that it wants or for ours. Returns the reason with that time.
    fn resting(&self, reason: String, wanted: Option<Duration>) -> String {
        let begun = self.rest(|rest| rest.begin(Instant::now(), reason.clone(), wanted, rand::random()));
        match begun {
            Some(pause) if !pause.is_zero() => format!("{reason}, and is left alone for {pause:.0?}"),
            _ => reason,
        }
    }

    /// Sends a request over a connection that is free, or over a new one. A receiver may have closed a free
    /// one meanwhile, so after a failure there a new one is tried: a doubled event has the same id.
    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, Unanswered> {
        let free = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(mut free) = free
            && let Ok(answer) = free.send(request.clone()).await
        {
            return Ok(self.keep(free, answer));
        }
        let opened = Connection::open(&self.endpoint, self.private, &self.tls).await;
        let mut new = opened.map_err(Unanswered::Unreached)?;
        let broken = |error| Unanswered::Broken(format!("the connection broke: {error}"));
        let answer = new.send(request).await.map_err(broken)?;
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
