//! The clients by themselves: what they send is made beforehand.

use async_nats::{Client, HeaderMap};
use futures_util::future::join_all;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use projector::envelope::Envelope;
use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, ProducerContext, ThreadedProducer};
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, Value};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A client without a sink around it.
pub(crate) trait Plain {
    /// Messages with the bytes that the sink would send.
    type Ready;

    /// Makes the messages.
    fn prepared(&self, events: &[Envelope]) -> Self::Ready;

    /// Publishes all, and waits until all are acknowledged.
    async fn publish(&mut self, ready: Self::Ready);
}

pub(crate) struct Nats(Client);

impl Nats {
    pub(crate) async fn connected(port: u16) -> Self {
        let client = async_nats::connect(format!("127.0.0.1:{port}")).await.unwrap();
        let stream = r#"{"name": "plain", "subjects": ["plain.>"], "storage": "file", "retention": "limits",
            "num_replicas": 1, "duplicate_window": 120000000000}"#;
        client.request("$JS.API.STREAM.CREATE.plain", stream.into()).await.unwrap();
        Self(client)
    }
}

impl Plain for Nats {
    type Ready = Vec<(String, HeaderMap, Vec<u8>)>;

    fn prepared(&self, events: &[Envelope]) -> Self::Ready {
        let ready = |event: &Envelope| {
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Msg-Id", event.id());
            for (name, value) in event.attributes() {
                headers.insert(format!("ce-{name}"), value.as_ref());
            }
            (format!("plain.logged_in.{}", event.subject()), headers, event.data().unwrap())
        };
        events.iter().map(ready).collect()
    }

    async fn publish(&mut self, ready: Self::Ready) {
        let client = &self.0;
        let send = |(subject, headers, data): (_, _, Vec<u8>)| {
            client.request_with_headers::<String>(subject, headers, data.into())
        };
        for answer in join_all(ready.into_iter().map(send)).await {
            let answer = answer.unwrap().payload;
            assert!(!answer.windows(7).any(|part| part == b"\"error\""), "{answer:?}");
        }
    }
}

pub(crate) struct RabbitMq(Channel);

impl RabbitMq {
    pub(crate) async fn connected(port: u16) -> Self {
        let url = format!("amqp://relay:hunter2@127.0.0.1:{port}/%2f");
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let mut quorum = FieldTable::default();
        quorum.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        channel.queue_declare("plain".into(), durable, quorum).await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        Self(channel)
    }
}

impl Plain for RabbitMq {
    type Ready = Vec<(BasicProperties, Vec<u8>)>;

    fn prepared(&self, events: &[Envelope]) -> Self::Ready {
        let ready = |event: &Envelope| {
            let mut headers = FieldTable::default();
            for (name, value) in event.attributes() {
                let value = AMQPValue::LongString(LongString::from(value.as_bytes()));
                headers.insert(format!("cloudEvents_{name}").into(), value);
            }
            let properties = BasicProperties::default().with_message_id(event.id().into());
            (properties.with_delivery_mode(2).with_headers(headers), event.data().unwrap())
        };
        events.iter().map(ready).collect()
    }

    async fn publish(&mut self, ready: Self::Ready) {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        // The confirmations are awaited once all is sent.
        #[allow(clippy::async_yields_async)]
        let sends = ready.into_iter().map(async |(properties, data)| {
            self.0.basic_publish("".into(), "plain".into(), options, &data, properties).await.unwrap()
        });
        for confirm in join_all(sends).await {
            assert!(confirm.await.unwrap().is_ack());
        }
    }
}

pub(crate) struct Redis(MultiplexedConnection);

impl Redis {
    pub(crate) async fn connected(port: u16) -> Self {
        let client = redis::Client::open(format!("redis://127.0.0.1:{port}/")).unwrap();
        Self(client.get_multiplexed_async_connection().await.unwrap())
    }
}

impl Plain for Redis {
    type Ready = Pipeline;

    fn prepared(&self, events: &[Envelope]) -> Pipeline {
        let mut pipeline = redis::pipe();
        for event in events {
            let command = pipeline.cmd("XADD").arg("plain").arg("*");
            for (name, value) in event.attributes() {
                command.arg(name).arg(value.as_ref());
            }
            command.arg("data").arg(event.data().unwrap());
        }
        pipeline
    }

    async fn publish(&mut self, ready: Pipeline) {
        let answers: Vec<Value> = ready.query_async(&mut self.0).await.unwrap();
        assert_eq!(answers.len(), ready.len());
    }
}

/// Counts acknowledgements.
struct Acknowledged(UnboundedSender<()>);

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        result.as_ref().map_err(|(error, _)| error).unwrap();
        self.0.send(()).unwrap();
    }
}

pub(crate) struct Kafka(ThreadedProducer<Acknowledged>, UnboundedReceiver<()>);

impl Kafka {
    /// An idempotent producer that does not wait for more, as the sink's; else with what the client has by
    /// default.
    pub(crate) fn connected(servers: &str) -> Self {
        let (sender, acknowledged) = unbounded_channel();
        let mut settings = ClientConfig::new();
        settings.set("bootstrap.servers", servers).set("enable.idempotence", "true").set("linger.ms", "0");
        Self(settings.create_with_context(Acknowledged(sender)).unwrap(), acknowledged)
    }
}

impl Plain for Kafka {
    type Ready = Vec<(String, OwnedHeaders, Vec<u8>)>;

    fn prepared(&self, events: &[Envelope]) -> Self::Ready {
        let ready = |event: &Envelope| {
            let mut headers = OwnedHeaders::new();
            for (name, value) in event.attributes() {
                headers =
                    headers.insert(Header { key: &format!("ce_{name}"), value: Some(value.as_bytes()) });
            }
            (event.subject().to_owned(), headers, event.data().unwrap())
        };
        events.iter().map(ready).collect()
    }

    async fn publish(&mut self, ready: Self::Ready) {
        let sent = ready.len();
        for (key, headers, data) in ready {
            let record = BaseRecord::to("plain").key(&key).payload(&data).headers(headers);
            self.0.send(record).map_err(|(error, _)| error).unwrap();
        }
        for _ in 0..sent {
            self.1.recv().await.unwrap();
        }
    }
}
