//! RabbitMQ: each event a persistent message, in CloudEvents' binary mode, to a queue or to an exchange.
//!
//! RabbitMQ drops no repeats: consumers do, by the message's id. What was not confirmed when a connection
//! ended is delivered again, as nobody knows whether a queue has it.

mod line;
mod message;
mod transport;

use std::collections::HashSet;
use std::pin::Pin;

use futures_util::future::join_all;
use lapin::options::BasicPublishOptions;
use lapin::{Confirmation, PublisherConfirm};
use tokio::time::{Instant, timeout_at};

use self::line::{Line, words};
use super::address::{Address, AddressError};
use super::{Deliveries, Delivery, Sink};
use crate::envelope::Envelope;

/// Where messages go.
enum Route {
    /// To this queue, which is made if there is none.
    Queue(String),
    /// To this exchange, with the event's type as the routing key.
    Exchange(String),
}

/// A queue or an exchange of a RabbitMQ server.
pub struct RabbitMq {
    address: Address,
    route: Route,
    /// The largest message that the server takes, once it has told.
    size_max: Option<usize>,
    line: Option<Line>,
}

/// Without the password.
impl std::fmt::Debug for RabbitMq {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RabbitMq").field(&self.name()).finish()
    }
}

impl RabbitMq {
    /// The sink at `amqp://user@host:5672/vhost?queue=NAME`, or with `exchange=NAME`; `amqps://` is
    /// encrypted. It connects when it is first asked.
    ///
    /// # Errors
    ///
    /// The URL names neither a queue nor an exchange, or both; has an unknown parameter; or holds the
    /// password.
    pub fn at(url: &str, password: Option<String>) -> Result<Self, AddressError> {
        let encrypted = url.starts_with("amqps:");
        let mut address = Address::read(url, "amqps", if encrypted { 5671 } else { 5672 }, password)?;
        let route = match (address.take("queue"), address.take("exchange")) {
            (Some(queue), None) => Route::Queue(queue),
            (None, Some(exchange)) => Route::Exchange(exchange),
            _ => return Err(AddressError::Missing("either `queue` or `exchange`")),
        };
        address.refuse_others()?;
        Ok(Self { address, route, size_max: None, line: None })
    }

    async fn deliver(&mut self, events: &[Envelope]) -> Vec<Delivery> {
        let name = self.name();
        let late = format!("it has not confirmed within {:?}", self.address.timeout);
        if let Err(reason) = self.open().await {
            return vec![Delivery::Away(reason); events.len()];
        }
        let Some(line) = &self.line else { return Vec::new() };
        let deadline = Instant::now() + self.address.timeout;
        let sends = events.iter().map(|event| self.send(line, event));
        let sent = timeout_at(deadline, join_all(sends)).await.unwrap_or_default();
        let mut answers = Vec::with_capacity(events.len());
        for sent in sent {
            answers.push(answered(sent, deadline, &late).await);
        }
        answers.resize_with(events.len(), || Answer::Unknown(late.clone()));
        self.judge(&name, events, answers)
    }

    /// Connects, if there is no connection that works. The error says what to do.
    async fn open(&mut self) -> Result<(), String> {
        if self.line.as_ref().is_none_or(|line| !line.is_up()) {
            self.line = None;
            let opened = Line::open(&self.address, &self.route, &self.name()).await?;
            self.line = Some(opened);
        }
        Ok(())
    }

    async fn send(&self, line: &Line, event: &Envelope) -> Sent {
        let data = match event.data() {
            Ok(data) => data,
            Err(error) => return Sent::Refused(format!("it is no JSON: {error}")),
        };
        if let Some(reason) = self.too_large(data.len()) {
            return Sent::Refused(reason);
        }
        let (exchange, key) = match &self.route {
            Route::Queue(queue) => ("", queue.clone()),
            Route::Exchange(exchange) => (exchange.as_str(), event.kind().to_owned()),
        };
        // Otherwise the server drops what no queue takes, and confirms it.
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let properties = message::properties(event);
        match line.channel.basic_publish(exchange.into(), key.into(), options, &data, properties).await {
            Ok(confirm) => Sent::Published(confirm),
            Err(error) => Sent::Failed(words(&error)),
        }
    }

    /// A returned message is known by its id: the client hands it out with any confirmation that comes next,
    /// where several are confirmed at once.
    fn judge(&mut self, name: &str, events: &[Envelope], answers: Vec<Answer>) -> Vec<Delivery> {
        let unrouted: HashSet<&str> = answers.iter().filter_map(Answer::returned).collect();
        if let Some(most) = answers.iter().find_map(Answer::size_max) {
            self.size_max = Some(most);
        }
        let failed = |reason: &str| Delivery::Failed(format!("{name}: {reason}"));
        let away = |reason: &str| Delivery::Away(format!("{name}: {reason}"));
        let too_large = |event: &Envelope| self.too_large(event.data().map_or(0, |data| data.len()));
        let judge = |(event, answer): (&Envelope, &Answer)| match answer {
            Answer::Refused(reason) => Delivery::Refused(reason.clone()),
            Answer::Confirmed(_) if unrouted.contains(event.id()) => failed(&self.nowhere(event)),
            Answer::Confirmed(_) => Delivery::Acknowledged,
            Answer::Declined => failed("it has declined the event for now, as when a queue is full"),
            Answer::Unknown(reason) => too_large(event).map_or_else(|| away(reason), Delivery::Refused),
        };
        let judged = events.iter().zip(&answers).map(judge).collect();
        // What comes late must not be taken for an answer to the next call.
        if answers.iter().any(|answer| matches!(answer, Answer::Unknown(_))) {
            self.line = None;
        }
        judged
    }

    fn too_large(&self, bytes: usize) -> Option<String> {
        let (name, most) = (self.name(), self.size_max.filter(|most| bytes > *most)?);
        Some(format!(
            "too large for {name}: it has {bytes} bytes, and the server takes {most} (`max_message_size`)"
        ))
    }

    fn nowhere(&self, event: &Envelope) -> String {
        match &self.route {
            Route::Queue(queue) => format!("there is no queue `{queue}` any more"),
            Route::Exchange(exchange) => format!(
                "no queue is bound to the exchange `{exchange}` for `{}`: bind one, or leave the kind out by the \
                 subscription's filter",
                event.kind()
            ),
        }
    }
}

impl Sink for RabbitMq {
    fn name(&self) -> String {
        format!("RabbitMQ at {}", self.address.place())
    }

    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>> {
        Box::pin(async move { Ok(self.deliver(events).await) })
    }
}

/// A message on its way.
enum Sent {
    Published(PublisherConfirm),
    Refused(String),
    Failed(String),
}

/// What the server has said of a message.
enum Answer {
    /// With the id of a returned message, of this event or of another.
    Confirmed(Option<String>),
    Declined,
    Refused(String),
    Unknown(String),
}

impl Answer {
    fn returned(&self) -> Option<&str> {
        match self {
            Self::Confirmed(Some(id)) => Some(id),
            _ => None,
        }
    }

    /// The limit, from the words with which the server closes the channel on a message beyond it.
    fn size_max(&self) -> Option<usize> {
        let Self::Unknown(words) = self else { return None };
        words.split_once("larger than configured max size ")?.1.parse().ok()
    }
}

async fn answered(sent: Sent, deadline: Instant, late: &str) -> Answer {
    let confirm = match sent {
        Sent::Published(confirm) => confirm,
        Sent::Refused(reason) => return Answer::Refused(reason),
        Sent::Failed(reason) => return Answer::Unknown(reason),
    };
    match timeout_at(deadline, confirm).await {
        Ok(Ok(Confirmation::Nack(_))) => Answer::Declined,
        Ok(Ok(confirmed)) => Answer::Confirmed(confirmed.take_message().map(message::id)),
        Ok(Err(error)) => Answer::Unknown(words(&error)),
        Err(_) => Answer::Unknown(late.to_owned()),
    }
}
