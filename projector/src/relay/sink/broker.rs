//! A broker's address, for a relay's target.

use std::env;
use std::str::FromStr;

use super::Sink;
use super::address::AddressError;
#[cfg(feature = "kafka")]
use super::kafka::Kafka;
#[cfg(feature = "nats")]
use super::nats::Nats;
#[cfg(feature = "rabbitmq")]
use super::rabbitmq::RabbitMq;
#[cfg(feature = "redis")]
use super::redis::Redis;

/// The password of a broker whose address names no file for it.
const PASSWORD: &str = "SESSION_LEDGER_RELAY_PASSWORD";

/// An address that has been looked through. It holds no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker(String);

impl Broker {
    /// The sink at this address, with the password of the environment's SESSION_LEDGER_RELAY_PASSWORD or of
    /// the file that the address names. It connects when it is first asked.
    ///
    /// # Errors
    ///
    /// The file cannot be read any more.
    pub fn sink(&self) -> Result<Box<dyn Sink>, AddressError> {
        sink(&self.0, env::var(PASSWORD).ok())
    }
}

impl FromStr for Broker {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        sink(text, None).map(|_| Self(text.to_owned()))
    }
}

/// Whether a broker that is built in has this scheme.
pub(in crate::relay) fn is_built_in(scheme: &str) -> bool {
    let kafka = cfg!(feature = "kafka") && scheme == "kafka";
    let kafka = kafka || cfg!(feature = "kafka-tls") && scheme == "kafka+ssl";
    let nats = cfg!(feature = "nats") && ["nats", "tls"].contains(&scheme);
    let rabbitmq = cfg!(feature = "rabbitmq") && ["amqp", "amqps"].contains(&scheme);
    kafka || nats || rabbitmq || cfg!(feature = "redis") && ["redis", "rediss"].contains(&scheme)
}

fn sink(url: &str, password: Option<String>) -> Result<Box<dyn Sink>, AddressError> {
    match url.split(':').next() {
        #[cfg(feature = "kafka")]
        Some("kafka" | "kafka+ssl") => Ok(Box::new(Kafka::at(url, password)?)),
        #[cfg(feature = "nats")]
        Some("nats" | "tls") => Ok(Box::new(Nats::at(url, password)?)),
        #[cfg(feature = "rabbitmq")]
        Some("amqp" | "amqps") => Ok(Box::new(RabbitMq::at(url, password)?)),
        #[cfg(feature = "redis")]
        Some("redis" | "rediss") => Ok(Box::new(Redis::at(url, password)?)),
        _ => Err(AddressError::Unreadable("no broker has this scheme".to_owned())),
    }
}
