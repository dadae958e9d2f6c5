//! A database with a log, and brokers.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use private_postgres::{Options, Server};
use projector::envelope::{Envelope, Telling};
use projector::relay::sink::kafka::Kafka;
use projector::relay::sink::nats::Nats;
use projector::relay::sink::rabbitmq::RabbitMq;
use projector::relay::sink::redis::Redis;
use projector::relay::sink::{Deliveries, Delivery, Sink};
use projector::relay::{BATCH, Relay};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use session_ledger::Ledger;
use session_ledger::session::SessionId;
use session_ledger::web::Sessions;
use test_support::{Database, Visitor, application, key_ring};

use crate::{server, started};

const BURN: &str = include_str!("../../../benches/database/sql/burn_transaction_ids.sql");
const FILL: &str = include_str!("../../../benches/database/sql/fill_log.sql");

/// A server whose commits are durable, and a ledger on it.
pub(crate) struct Ground {
    pub(crate) server: Server,
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
    /// How many subscriptions there were.
    names: AtomicU32,
}

impl Ground {
    pub(crate) async fn new() -> Self {
        let options = Options::new()
            .fsync(true)
            .setting("shared_buffers", "512MB")
            .setting("max_wal_size", "20GB")
            .setting("checkpoint_timeout", "1h");
        let server = Server::start(options).unwrap();
        let database = Database::on(&server).await;
        let ledger = Ledger::builder(database.config()).connect().await.unwrap();
        Self { server, database, ledger, names: AtomicU32::new(0) }
    }

    /// Makes a log of so many events, by the hundred: copies of those of a session that the library wrote.
    pub(crate) async fn fill(&self, events: u32) {
        let shop = application(Sessions::new(self.ledger.clone(), key_ring()));
        let visitor = Visitor::new(&shop);
        for path in ["/login/alice", "/add", "/add"] {
            assert!(visitor.get(path).await.status.is_success());
        }
        let client = self.database.connect().await;
        let first =
            "select session_id::text, pg_current_xact_id()::text::bigint from session_ledger.event limit 1";
        let row = client.query_one(first, &[]).await.unwrap();
        let model: SessionId = row.get::<_, &str>(0).parse().unwrap();
        let first: i64 = row.get(1);
        let burnt = format!("set synchronous_commit = off; set bench.transactions = {events}");
        client.batch_execute(&burnt).await.unwrap();
        client.batch_execute(BURN).await.unwrap();
        client.execute(FILL, &[&model.as_uuid(), &i64::from(events), &first]).await.unwrap();
        client.batch_execute("vacuum analyze session_ledger.event").await.unwrap();
        client.batch_execute("checkpoint").await.unwrap();
    }

    /// The settings of a relay with a subscription of its own.
    pub(crate) fn relay(&self, once: bool) -> Relay {
        Relay {
            subscription: self.name(),
            create: true,
            once,
            holder: "bench".to_owned(),
            telling: telling(),
            batch: BATCH,
            idle: Duration::from_millis(100),
            tries_max: None,
        }
    }

    /// A name that no subscription has.
    pub(crate) fn name(&self) -> String {
        format!("bench-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }
}

pub(crate) fn telling() -> Telling {
    Telling { source: "/shop/sessions".to_owned(), ..Telling::default() }
}

/// A sink that takes everything at once.
pub(crate) struct Nothing;

impl Sink for Nothing {
    fn name(&self) -> String {
        "nothing".to_owned()
    }

    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>> {
        Box::pin(async { Ok(vec![Delivery::Acknowledged; events.len()]) })
    }
}

/// All of them, each with what it has by default.
pub(crate) struct Brokers {
    pub(crate) nats: server::Server,
    pub(crate) rabbitmq: server::Server,
    pub(crate) redis: server::Server,
    /// Kafka is played by its client's mock cluster: it acknowledges from memory.
    pub(crate) kafka: MockCluster<'static, DefaultProducerContext>,
}

impl Brokers {
    pub(crate) async fn start() -> Self {
        Self {
            nats: started::nats("").await,
            rabbitmq: started::rabbitmq().await,
            redis: started::redis(&[]).await,
            kafka: MockCluster::new(1).unwrap(),
        }
    }

    /// A sink of each, into a stream, queue or topic of its own.
    pub(crate) fn sinks(&self, into: &str) -> [(&'static str, Box<dyn Sink>); 4] {
        let nats = Nats::at(&format!("nats://127.0.0.1:{}/{into}", self.nats.port), None).unwrap();
        let url = format!("amqp://relay@127.0.0.1:{}/?queue={into}", self.rabbitmq.port);
        let rabbitmq = RabbitMq::at(&url, Some("hunter2".to_owned())).unwrap();
        let redis =
            Redis::at(&format!("redis://127.0.0.1:{}/?stream={into}", self.redis.port), None).unwrap();
        // It may be there already.
        self.kafka.create_topic(into, 12, 1).ok();
        let kafka = Kafka::at(&format!("kafka://{}/{into}", self.kafka.bootstrap_servers()), None).unwrap();
        [
            ("NATS", Box::new(nats)),
            ("RabbitMQ", Box::new(rabbitmq)),
            ("Redis", Box::new(redis)),
            ("Kafka (mock cluster)", Box::new(kafka)),
        ]
    }
}
