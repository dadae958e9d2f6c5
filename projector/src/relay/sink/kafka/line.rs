//! A producer, and what is heard of it.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::trouble::{Trouble, Troubles};
use super::{Wanted, message, settings};
use crate::envelope::Envelope;
use crate::relay::sink::address::Address;

/// The first wait for what the cluster knows of the topic. Then it is known whether a server can be reached.
const LOOK: Duration = Duration::from_millis(250);

/// How long the end of a producer is waited for. A thread of it may be looking up a name.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// A producer, which keeps its connections by itself.
pub(super) struct Line {
    /// None once it is being closed.
    producer: Option<ThreadedProducer<Ear>>,
    pub(super) reports: UnboundedReceiver<Report>,
    pub(super) troubles: Arc<Troubles>,
    /// The number of the next record.
    pub(super) next: usize,
    /// Whether the topic is there, as far as is known.
    pub(super) has_topic: bool,
    /// Whether it has been said what the topic promises.
    has_told: bool,
}

/// What became of a record.
pub(super) struct Report {
    pub(super) number: usize,
    /// None if all replicas in sync have it.
    pub(super) error: Option<RDKafkaErrorCode>,
}

/// Hears the client's threads.
struct Ear {
    reports: UnboundedSender<Report>,
    troubles: Arc<Troubles>,
    /// The only server that was named, if it was only one.
    server: Option<String>,
}

impl ClientContext for Ear {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, text: &str) {
        tracing::debug!("librdkafka: {facility}: {text}");
    }

    fn error(&self, error: KafkaError, text: &str) {
        self.troubles.hear(&error, text, self.server.as_deref());
    }
}

impl ProducerContext for Ear {
    /// The record's number.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let error = result.as_ref().err().map(|(error, _)| code(error));
        // Nobody listens any more when the line is dropped.
        drop(self.reports.send(Report { number, error }));
    }
}

/// What the cluster knows of a topic.
enum Found {
    Topic {
        /// Of the partition that has the fewest.
        copies: usize,
    },
    Fault(RDKafkaErrorCode),
    /// It has not answered.
    Nothing,
}

impl Line {
    /// The error says what to do. Nothing is connected yet.
    pub(super) fn new(address: &Address, wanted: &Wanted, name: &str) -> Result<Self, String> {
        let (sender, reports) = unbounded_channel();
        let troubles = Arc::new(Troubles::default());
        let server = if let [server] = &wanted.servers[..] { Some(server.clone()) } else { None };
        let ear = Ear { reports: sender, troubles: troubles.clone(), server };
        let made = settings::settings(address, wanted).create_with_context(ear);
        let producer = made.map_err(|error| format!("{name} cannot be used: {}", words(&error)))?;
        Ok(Self { producer: Some(producer), reports, troubles, next: 0, has_topic: false, has_told: false })
    }

    /// Looks for the topic, unless it is there, and says what it promises. The error says what to do.
    ///
    /// After a refusal the client refuses by itself, until it has looked again.
    pub(super) async fn find_topic(
        &mut self,
        address: &Address,
        wanted: &Wanted,
        name: &str,
    ) -> Result<(), String> {
        let (topic, deadline) = (&wanted.topic, Instant::now() + address.timeout);
        let mut wait = LOOK;
        while !self.has_topic {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.look(topic, wait.min(left)).await {
                Found::Topic { copies } => {
                    self.has_topic = true;
                    self.troubles.clear();
                    if !std::mem::replace(&mut self.has_told, true) {
                        tell(name, topic, copies);
                    }
                }
                Found::Fault(code) => {
                    self.troubles.clear();
                    return Err(format!("{name}: {}", fault(topic, address.user.as_deref(), code)));
                }
                Found::Nothing if self.troubles.are_all_down() || left.is_zero() => {
                    return Err(away(name, address, self.troubles.last()));
                }
                Found::Nothing => wait *= 2,
            }
        }
        Ok(())
    }

    async fn look(&self, topic: &str, wait: Duration) -> Found {
        let (Some(producer), topic) = (self.producer.clone(), topic.to_owned()) else {
            return Found::Nothing;
        };
        // The client waits for its own threads.
        let looking = spawn_blocking(move || {
            let Ok(metadata) = producer.client().fetch_metadata(Some(&topic), wait) else {
                return Found::Nothing;
            };
            let Some(found) = metadata.topics().first() else { return Found::Nothing };
            match found.error() {
                Some(error) => Found::Fault(error.into()),
                None => {
                    let copies = found.partitions().iter().map(|partition| partition.replicas().len());
                    Found::Topic { copies: copies.min().unwrap_or_default() }
                }
            }
        });
        looking.await.unwrap_or(Found::Nothing)
    }

    /// Hands a record over. The error is librdkafka's, and the record is not taken.
    pub(super) fn send(
        &mut self,
        topic: &str,
        event: &Envelope,
        data: &[u8],
    ) -> Result<usize, RDKafkaErrorCode> {
        let Some(producer) = &self.producer else { return Err(RDKafkaErrorCode::Fail) };
        let number = self.next;
        let record = BaseRecord::with_opaque_to(topic, number)
            .key(event.subject())
            .payload(data)
            .headers(message::headers(event));
        producer.send(record).map_err(|(error, _)| code(&error))?;
        self.next += 1;
        Ok(number)
    }

    /// Why the producer takes nothing any more.
    pub(super) fn fatal(&self) -> Option<(RDKafkaErrorCode, String)> {
        self.producer.as_ref()?.client().fatal_error()
    }

    /// Closes the producer without waiting for it.
    pub(super) fn close_behind(self) {
        drop(spawn_blocking(move || drop(self)));
    }
}

/// Forgets what was not sent, and waits for the client's threads for a moment.
impl Drop for Line {
    fn drop(&mut self) {
        let Some(producer) = self.producer.take() else { return };
        let (closed, closing) = mpsc::channel::<()>();
        let thread = thread::Builder::new().name("kafka-close".to_owned()).spawn(move || {
            drop(producer);
            drop(closed);
        });
        if thread.is_ok() {
            // Both answers mean the same: there is nothing more to wait for.
            closing.recv_timeout(CLOSE_MAX).ok();
        }
    }
}

fn code(error: &KafkaError) -> RDKafkaErrorCode {
    error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail)
}

/// An error of the settings without the setting's value, which may be the password.
fn words(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, reason, setting, _) => format!("{setting}: {reason}"),
        KafkaError::Nul(_) => "a zero byte is no part of a name or of a password".to_owned(),
        other => other.to_string(),
    }
}

/// What an operator should know of the topic: what a crash may cost.
fn tell(name: &str, topic: &str, copies: usize) {
    if copies < 3 {
        tracing::warn!(
            "{name}: the topic `{topic}` has {copies} of the 3 copies that survive the loss of a server, and Kafka \
             acknowledges before the disk has an event. After a crash of that machine deliver again what was \
             recorded since, by `projector relay replay --from`"
        );
    } else {
        tracing::info!(
            "{name}: the topic `{topic}` has {copies} copies; an acknowledgement is worth as many of them as its \
             `min.insync.replicas` asks for"
        );
    }
}

/// Why a topic cannot be published to.
pub(super) fn fault(topic: &str, user: Option<&str>, code: RDKafkaErrorCode) -> String {
    let user = user.map_or_else(|| "a client without a user".to_owned(), |user| format!("the user `{user}`"));
    match code {
        RDKafkaErrorCode::UnknownTopicOrPartition
        | RDKafkaErrorCode::UnknownTopic
        | RDKafkaErrorCode::UnknownPartition => format!(
            "there is no topic `{topic}`: make it, with as many partitions and copies as you want, by \
             `kafka-topics.sh --create`"
        ),
        RDKafkaErrorCode::TopicAuthorizationFailed => format!(
            "{user} may not write to the topic `{topic}`: allow `Write` and `Describe`, by `kafka-acls.sh --add \
             --producer --topic {topic}`"
        ),
        RDKafkaErrorCode::ClusterAuthorizationFailed => format!(
            "{user} may not publish idempotently: allow `IdempotentWrite` on the cluster, by `kafka-acls.sh --add \
             --idempotent --cluster`"
        ),
        RDKafkaErrorCode::NotEnoughReplicas | RDKafkaErrorCode::NotEnoughReplicasAfterAppend => format!(
            "fewer replicas of the topic `{topic}` are in sync than its `min.insync.replicas` asks for"
        ),
        other => other.to_string(),
    }
}

/// Why no server has answered.
fn away(name: &str, address: &Address, last: Option<Trouble>) -> String {
    match last {
        Some(Trouble { is_refusal: true, reason }) => {
            let user = address.user.as_deref().unwrap_or_default();
            format!(
                "{name} refuses the user `{user}`: {reason}; SESSION_LEDGER_RELAY_PASSWORD or `password-file` holds the \
                 password"
            )
        }
        Some(Trouble { reason, .. }) => format!("{name} cannot be reached: {reason}"),
        None => format!("{name} does not answer within {:?}", address.timeout),
    }
}
