//! RabbitMQ.

use lapin::options::{BasicGetOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ConnectionProperties};
use projector::envelope::Envelope;
use projector::relay::sink::Delivery;
use projector::relay::sink::rabbitmq::RabbitMq;
use tokio::sync::OnceCell;

use crate::server::{Server, free_port};
use crate::{
    assert_delivered, assert_whole_and_in_order, deliver_in_the_end, delivered, events, failure, long_event,
    refusal, started, wave,
};

/// The one that is never stopped.
async fn shared() -> &'static Server {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    SERVER.get_or_init(started::rabbitmq).await
}

fn sink(server: &Server, parameters: &str) -> RabbitMq {
    sink_of("relay", server, parameters)
}

fn sink_of(user: &str, server: &Server, parameters: &str) -> RabbitMq {
    at(user, server, &format!("{parameters}&timeout-ms=30000"))
}

/// A sink that waits for answers this long.
pub(crate) fn sink_within(server: &Server, parameters: &str, milliseconds: u32) -> RabbitMq {
    at("relay", server, &format!("{parameters}&timeout-ms={milliseconds}"))
}

fn at(user: &str, server: &Server, parameters: &str) -> RabbitMq {
    let url = format!("amqp://{user}@127.0.0.1:{}/?{parameters}", server.port);
    RabbitMq::at(&url, Some("hunter2".to_owned())).unwrap()
}

async fn channel(server: &Server) -> Channel {
    let url = format!("amqp://relay:hunter2@127.0.0.1:{}/%2f", server.port);
    let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
    connection.create_channel().await.unwrap()
}

/// Takes all messages out of a queue.
pub(crate) async fn taken(server: &Server, queue: &str) -> Vec<lapin::message::Delivery> {
    let channel = channel(server).await;
    let mut taken = Vec::new();
    let at_once = BasicGetOptions { no_ack: true };
    while let Some(message) = channel.basic_get(queue.into(), at_once).await.unwrap() {
        taken.push(message.delivery);
    }
    taken
}

pub(crate) fn ids(messages: &[lapin::message::Delivery]) -> Vec<String> {
    messages.iter().map(|message| message.properties.message_id().as_ref().unwrap().to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbitmq_has_each_event_as_a_persistent_message_of_a_quorum_queue() {
    let server = shared().await;
    let events = events(3, 2).await;
    let mut sink = sink(server, "queue=audit");
    for nth in [1, 2] {
        assert_delivered(&mut sink, &wave(&events, nth)).await;
    }
    let messages = taken(server, "audit").await;
    assert_whole_and_in_order(&events, &ids(&messages));
    let event: &Envelope = &events[0];
    let message =
        messages.iter().find(|message| ids(std::slice::from_ref(message))[0] == event.id()).unwrap();
    assert_eq!(message.data, event.data().unwrap());
    assert_eq!(*message.properties.delivery_mode(), Some(2));
    assert_eq!(message.properties.content_type().as_ref().unwrap().as_str(), "application/json");
    let headers = message.properties.headers().as_ref().unwrap().inner();
    for (name, value) in event.attributes().into_iter().filter(|(name, _)| *name != "datacontenttype") {
        let AMQPValue::LongString(header) = &headers[format!("cloudEvents_{name}").as_str()] else {
            panic!("{name} in {headers:?}");
        };
        assert_eq!(header.as_bytes(), value.as_bytes(), "{name}");
    }
    // Declaring it in another way names the way in which it is.
    let classic = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let declared = channel(server).await.queue_declare("audit".into(), classic, FieldTable::default()).await;
    let refused = declared.map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("current is the value 'quorum'"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbitmq_that_comes_back_gets_everything_in_order() {
    let mut server = started::rabbitmq().await;
    let events = events(3, 4).await;
    let mut sink = sink(&server, "queue=audit");
    assert_delivered(&mut sink, &wave(&events, 1)).await;
    server.stop();
    let deliveries = delivered(&mut sink, &wave(&events, 2)).await;
    assert!(
        failure(&deliveries).starts_with(&format!("RabbitMQ at 127.0.0.1:{}", server.port)),
        "{deliveries:?}"
    );
    server.start_again().await;
    for nth in 2..=4 {
        deliver_in_the_end(&mut sink, &wave(&events, nth)).await;
    }
    assert_whole_and_in_order(&events, &ids(&taken(&server, "audit").await));
}

#[tokio::test]
async fn rabbitmq_that_is_away_is_named_with_the_reason() {
    let port = free_port();
    let mut sink = RabbitMq::at(&format!("amqp://127.0.0.1:{port}/?queue=audit"), None).unwrap();
    let deliveries = delivered(&mut sink, &events(1, 1).await).await;
    assert_eq!(
        failure(&deliveries),
        format!("RabbitMQ at 127.0.0.1:{port} cannot be reached: Connection refused (os error 111)")
    );
}

/// Many at once, so that the server confirms several with one answer, and what it returns in between must be
/// found by its id.
#[tokio::test(flavor = "multi_thread")]
async fn what_no_queue_takes_is_told_for_each_event() {
    let server = shared().await;
    let events = wave(&events(100, 1).await, 1);
    let mut sink = sink(server, "exchange=audit");
    let deliveries = delivered(&mut sink, &events).await;
    let unbound = format!(
        "RabbitMQ at 127.0.0.1:{}: no queue is bound to the exchange `audit` for `session-ledger.noted`: bind one, \
         or leave the kind out by the subscription's filter",
        server.port
    );
    for nth in 0..events.len() {
        assert_eq!(failure(&deliveries[nth..]), unbound);
    }
    let channel = channel(server).await;
    let only = QueueDeclareOptions { auto_delete: true, ..QueueDeclareOptions::default() };
    channel.queue_declare("bound".into(), only, FieldTable::default()).await.unwrap();
    let (key, bound) = ("session-ledger.*".into(), QueueBindOptions::default());
    channel.queue_bind("bound".into(), "audit".into(), key, bound, FieldTable::default()).await.unwrap();
    assert_delivered(&mut sink, &events).await;
    assert_whole_and_in_order(&events, &ids(&taken(server, "bound").await));
    channel.queue_delete("bound".into(), QueueDeleteOptions::default()).await.unwrap();
    assert_eq!(failure(&delivered(&mut sink, &events).await), unbound);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rabbitmq_refuses_is_told_for_each_event() {
    let server = shared().await;
    let name = format!("RabbitMQ at 127.0.0.1:{}", server.port);
    let events = wave(&events(2, 1).await, 1);

    let mut full = sink(server, "queue=full");
    while delivered(&mut full, &events).await.contains(&Delivery::Acknowledged) {}
    assert_eq!(
        failure(&delivered(&mut full, &events).await),
        format!("{name}: it has declined the event for now, as when a queue is full")
    );

    let mut reader = sink_of("reader", server, "queue=open");
    let forbidden = failure(&delivered(&mut reader, &events).await).to_owned();
    assert_eq!(
        forbidden,
        format!(
            "{name}: ACCESS_REFUSED - access to exchange 'amq.default' in vhost '/' refused for user 'reader'"
        )
    );

    let url = format!("amqp://relay@127.0.0.1:{}/?queue=open", server.port);
    let mut stranger = RabbitMq::at(&url, Some("wrong-one".to_owned())).unwrap();
    let strange = failure(&delivered(&mut stranger, &events).await).to_owned();
    assert!(strange.starts_with(&format!("{name} refuses the user `relay`: ACCESS_REFUSED - ")), "{strange}");
    for said in [forbidden, strange, format!("{reader:?} {stranger:?}")] {
        assert!(!said.contains("hunter2") && !said.contains("wrong-one"), "{said}");
    }

    assert_eq!(
        failure(&delivered(&mut sink(server, "exchange=nowhere"), &events).await),
        format!("{name} has no exchange `nowhere`: declare it, and bind the consumers' queues to it")
    );

    let mut removed = sink(server, "queue=removed");
    assert_delivered(&mut removed, &events).await;
    channel(server).await.queue_delete("removed".into(), QueueDeleteOptions::default()).await.unwrap();
    assert_eq!(
        failure(&delivered(&mut removed, &events).await),
        format!("{name}: there is no queue `removed` any more")
    );
}

/// The server closes the channel on it, and with that leaves others without an answer.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_too_large_for_rabbitmq_hides_no_other() {
    let server = shared().await;
    let (long, event) = (long_event(100_000), events(1, 1).await.remove(0));
    let mut sink = sink(server, "queue=short");
    let refused = format!(
        "too large for RabbitMQ at 127.0.0.1:{}: it has {} bytes, and the server takes 65536 (`max_message_size`)",
        server.port,
        long.data().unwrap().len()
    );
    assert_eq!(refusal(&delivered(&mut sink, &[long.clone(), event.clone()]).await), refused);
    let deliveries = delivered(&mut sink, &[long, event]).await;
    assert_eq!(refusal(&deliveries), refused);
    assert_eq!(deliveries[1], Delivery::Acknowledged);
}
