//! Kafka: each event a record of a topic, keyed by its session, in CloudEvents' binary mode.
//!
//! The producer is idempotent: what it sends again by itself stands in the topic once, and in order. A new
//! producer, as after a restart, knows nothing of the one before: consumers drop repeats by the event's id.

mod answer;
mod call;
mod line;
mod message;
mod servers;
mod settings;
mod trouble;

use std::pin::Pin;

use self::answer::Place;
use self::call::Call;
use self::line::Line;
use super::address::{Address, AddressError};
use super::{Deliveries, Delivery, Sink};
use crate::envelope::Envelope;

/// What an operator wants of the cluster.
struct Wanted {
    /// All servers that may be asked first, host and port.
    servers: Vec<String>,
    topic: String,
    /// How a user proves to be one, as librdkafka calls it.
    mechanism: &'static str,
}

/// A topic of a Kafka cluster.
pub struct Kafka {
    address: Address,
    wanted: Wanted,
    line: Option<Line>,
}

/// Without the password.
impl std::fmt::Debug for Kafka {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Kafka").field(&self.name()).finish()
    }
}

impl Kafka {
    /// The sink at `kafka://user@host:9092,other:9092/topic?sasl=MECHANISM`; `kafka+ssl://` is encrypted,
    /// with the feature `kafka-tls`. It connects when it is first asked.
    ///
    /// # Errors
    ///
    /// The URL lacks the topic, has an unknown parameter, or holds the password.
    pub fn at(url: &str, password: Option<String>) -> Result<Self, AddressError> {
        let (first, others) = servers::split(url);
        let mut address = Address::read(&first, "kafka+ssl", 9092, password)?;
        let mut servers = vec![address.place()];
        for other in others {
            servers.push(Address::read(&format!("kafka://{other}"), "", 9092, None)?.place());
        }
        let topic = address.path.clone();
        if !settings::is_topic(&topic) {
            return Err(AddressError::Missing(
                "the topic, of letters, digits and `._-`: kafka://host:9092/sessions",
            ));
        }
        let mechanism = settings::mechanism(address.take("sasl").as_deref())?;
        address.refuse_others()?;
        Ok(Self { address, wanted: Wanted { servers, topic, mechanism }, line: None })
    }

    /// Connects and looks for the topic, unless both is done. The error says what to do.
    async fn open(&mut self) -> Result<&mut Line, String> {
        let name = self.name();
        let line = match self.line.take() {
            Some(line) => line,
            None => Line::new(&self.address, &self.wanted, &name)?,
        };
        let line = self.line.insert(line);
        line.find_topic(&self.address, &self.wanted, &name).await?;
        Ok(line)
    }

    async fn deliver(&mut self, events: &[Envelope]) -> Vec<Delivery> {
        let place = Place {
            name: self.name(),
            topic: self.wanted.topic.clone(),
            user: self.address.user.clone(),
            wait: self.address.timeout,
        };
        let line = match self.open().await {
            Ok(line) => line,
            Err(reason) => return vec![Delivery::Away(reason); events.len()],
        };
        let mut call = Call::new(line, &place.topic, events, place.wait);
        call.publish().await;
        let (answers, doubt) = call.into_answers();
        let deliveries = answer::judged(&place, events, answers, doubt.as_ref());
        // What comes late must not be taken for an answer to the next call, and a producer that has failed
        // for good takes nothing any more.
        if doubt.is_some()
            && let Some(line) = self.line.take()
        {
            line.close_behind();
        }
        deliveries
    }
}

impl Sink for Kafka {
    fn name(&self) -> String {
        format!("Kafka at {}", self.wanted.servers.join(","))
    }

    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>> {
        Box::pin(async move { Ok(self.deliver(events).await) })
    }
}
