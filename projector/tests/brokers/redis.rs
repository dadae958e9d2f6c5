//! Redis streams.

use projector::relay::sink::Delivery;
use projector::relay::sink::redis::Redis;
use redis::aio::MultiplexedConnection;
use redis::streams::StreamRangeReply;
use test_support::CapturedLog;
use tracing::Level;

use crate::server::{Server, free_port};
use crate::{
    BOUND, assert_delivered, assert_whole_and_in_order, deliver_in_the_end, delivered, events, failure,
    long_event, refusal, started, wave,
};

/// A server with these settings, that syncs each entry to disk unless they say otherwise.
pub(crate) async fn server(settings: &[&str]) -> Server {
    let server = started::redis(&[&["--appendfsync", "always"][..], settings].concat()).await;
    // It listens before it has read its data.
    let mut connection = connection(&server).await;
    while redis::cmd("PING").query_async::<String>(&mut connection).await.is_err() {}
    server
}

pub(crate) fn sink(server: &Server, parameters: &str) -> Redis {
    Redis::at(&format!("redis://127.0.0.1:{}/?stream=sessions{parameters}", server.port), None).unwrap()
}

async fn connection(server: &Server) -> MultiplexedConnection {
    let client = redis::Client::open(format!("redis://127.0.0.1:{}/", server.port)).unwrap();
    // A busy machine may need longer than the client waits by default.
    let settings = redis::AsyncConnectionConfig::new().set_response_timeout(Some(BOUND));
    client.get_multiplexed_async_connection_with_config(&settings).await.unwrap()
}

/// Asks the server, and takes an error as an answer too.
async fn ask(server: &Server, words: &str) -> redis::Value {
    let mut words = words.split(' ');
    let mut command = redis::cmd(words.next().unwrap());
    words.for_each(|word| {
        command.arg(word);
    });
    command.query_async(&mut connection(server).await).await.unwrap()
}

async fn entries(server: &Server) -> StreamRangeReply {
    let mut connection = connection(server).await;
    redis::cmd("XRANGE").arg("sessions").arg("-").arg("+").query_async(&mut connection).await.unwrap()
}

/// The events' ids in the stream.
pub(crate) async fn found(server: &Server) -> Vec<String> {
    entries(server).await.ids.iter().map(|entry| entry.get("id").unwrap()).collect()
}

#[tokio::test]
async fn redis_holds_an_event_once_however_often_it_is_delivered() {
    let server = server(&[]).await;
    let events = events(3, 2).await;
    for nth in [1, 2] {
        assert_delivered(&mut sink(&server, ""), &wave(&events, nth)).await;
    }
    // As after a restart of the relay.
    let mut again = sink(&server, "");
    for nth in [1, 2] {
        assert_delivered(&mut again, &wave(&events, nth)).await;
    }
    let entries = entries(&server).await.ids;
    assert_eq!(entries.len(), events.len());
    let event = &wave(&events, 1)[0];
    let entry = entries.iter().find(|entry| entry.get::<String>("id").unwrap() == event.id()).unwrap();
    for (name, value) in event.attributes() {
        assert_eq!(entry.get::<String>(name).unwrap(), value, "{name}");
    }
    assert_eq!(entry.get::<Vec<u8>>("data").unwrap(), event.data().unwrap());
    assert_whole_and_in_order(&events, &found(&server).await);
}

#[tokio::test]
async fn redis_that_comes_back_gets_everything_in_order() {
    let mut server = server(&[]).await;
    let events = events(3, 4).await;
    let mut sink = sink(&server, "");
    assert_delivered(&mut sink, &wave(&events, 1)).await;
    server.stop();
    let deliveries = delivered(&mut sink, &wave(&events, 2)).await;
    assert!(
        failure(&deliveries).starts_with(&format!("Redis at 127.0.0.1:{}", server.port)),
        "{deliveries:?}"
    );
    server.start_again().await;
    for nth in 2..=4 {
        deliver_in_the_end(&mut sink, &wave(&events, nth)).await;
    }
    assert_whole_and_in_order(&events, &found(&server).await);
}

#[tokio::test]
async fn redis_that_is_away_is_named_with_the_reason() {
    let port = free_port();
    let mut sink = Redis::at(&format!("redis://127.0.0.1:{port}/?stream=sessions"), None).unwrap();
    let deliveries = delivered(&mut sink, &events(1, 1).await).await;
    assert_eq!(
        failure(&deliveries),
        format!("Redis at 127.0.0.1:{port} cannot be reached: Connection refused (os error 111)")
    );
}

#[tokio::test]
async fn a_late_position_is_added_behind_the_others() {
    let server = server(&[]).await;
    let events = wave(&events(3, 1).await, 1);
    let mut sink = sink(&server, "");
    // As the feed hands out what a long transaction has recorded: behind later positions.
    for nth in [2, 0, 1] {
        assert_delivered(&mut sink, &events[nth..=nth]).await;
    }
    let ids: Vec<_> = entries(&server).await.ids.into_iter().map(|entry| entry.id).collect();
    let position = events[2].attributes().into_iter().find(|(name, _)| *name == "position").unwrap().1;
    assert_eq!(ids, [0, 1, 2].map(|nth| format!("{position}-{nth}")));
}

#[tokio::test]
async fn another_writer_is_noticed_and_nothing_is_lost_or_doubled() {
    let server = server(&[]).await;
    let events = wave(&events(3, 1).await, 1);
    let (mut one, mut other) = (sink(&server, ""), sink(&server, ""));
    assert_delivered(&mut one, &events[..1]).await;
    assert_delivered(&mut other, &events[1..]).await;
    let deliveries = delivered(&mut one, &events[1..2]).await;
    assert_eq!(
        failure(&deliveries),
        format!(
            "Redis at 127.0.0.1:{}: another writer has added to the stream `sessions` meanwhile: the stream is \
             read again, and then the event is delivered unless it is there",
            server.port
        )
    );
    assert_delivered(&mut one, &events).await;
    assert_eq!(found(&server).await.len(), events.len());
}

#[tokio::test]
async fn what_redis_refuses_is_told_for_each_event() {
    let server = server(&[]).await;
    let name = format!("Redis at 127.0.0.1:{}", server.port);
    let event = events(1, 1).await;

    ask(&server, "CONFIG SET maxmemory 500kb").await;
    let full = failure(&delivered(&mut sink(&server, ""), &event).await).to_owned();
    assert!(full.starts_with(&name) && full.contains("used memory > 'maxmemory'"), "{full}");
    ask(&server, "CONFIG SET maxmemory 0").await;

    ask(&server, "ACL SETUSER reader on >hunter2 ~* &* +@read +config|get").await;
    let url = format!("redis://reader@127.0.0.1:{}/?stream=sessions", server.port);
    let mut reader = Redis::at(&url, Some("hunter2".to_owned())).unwrap();
    let forbidden = failure(&delivered(&mut reader, &event).await).to_owned();
    assert!(forbidden.starts_with(&name) && forbidden.contains("'xadd'"), "{forbidden}");

    let mut stranger = Redis::at(&url, Some("wrong".to_owned())).unwrap();
    let strange = failure(&delivered(&mut stranger, &event).await).to_owned();
    assert!(strange.starts_with(&format!("{name} refuses the user `reader`: ")), "{strange}");
    for said in [forbidden, strange, format!("{reader:?} {stranger:?}")] {
        assert!(!said.contains("hunter2") && !said.contains("wrong"), "{said}");
    }

    ask(&server, "SET sessions text").await;
    let other = failure(&delivered(&mut sink(&server, ""), &event).await).to_owned();
    assert!(other.starts_with(&format!("{name}: the stream `sessions` cannot be read: ")), "{other}");
    assert!(other.contains("wrong kind of value"), "{other}");
}

#[tokio::test]
async fn an_event_counts_once_the_replicas_have_it() {
    let server = server(&[]).await;
    let events = wave(&events(2, 1).await, 1);
    let mut lonely = sink(&server, "&replicas=1&timeout-ms=4000");
    let deliveries = delivered(&mut lonely, &events).await;
    assert_eq!(
        failure(&deliveries),
        format!("Redis at 127.0.0.1:{}: 0 of 1 replicas have the event", server.port)
    );
    // It is in the stream by now, and yet there is no second copy of it.
    assert_eq!(failure(&delivered(&mut lonely, &events).await), failure(&deliveries));
    let of = server.port.to_string();
    let _replica = self::server(&["--replicaof", "127.0.0.1", &of]).await;
    let mut patient = sink(&server, "&replicas=1&timeout-ms=4000");
    deliver_in_the_end(&mut patient, &events).await;
    assert_eq!(found(&server).await.len(), events.len());
}

#[tokio::test]
async fn it_is_said_what_an_acknowledgement_of_redis_is_worth() {
    let server = server(&[]).await;
    let event = events(1, 1).await;
    let name = format!("Redis at 127.0.0.1:{}", server.port);
    let (log, _guard) = CapturedLog::listen(Level::WARN);
    assert_delivered(&mut sink(&server, ""), &event).await;
    assert_eq!(log.text(), "", "each entry is synced");
    ask(&server, "CONFIG SET appendfsync everysec").await;
    assert_delivered(&mut sink(&server, ""), &event).await;
    let early = "acknowledges before the disk has an event (`appendfsync everysec`): after a crash of that \
                 machine deliver again what was recorded since, by `projector relay replay --from`";
    assert!(log.text().contains(&format!("{name} {early}")), "{}", log.text());
    ask(&server, "CONFIG SET appendonly no").await;
    assert_delivered(&mut sink(&server, ""), &event).await;
    let never = "keeps no log on disk (`appendonly no`): a restart may lose acknowledged events. Turn it on, or \
                 deliver them again by `projector relay replay --from`";
    assert!(log.text().contains(&format!("{name} {never}")), "{}", log.text());
}

#[tokio::test]
async fn a_stream_of_redis_is_kept_short_where_that_is_wanted() {
    let server = server(&["--stream-node-max-entries", "10"]).await;
    let events = events(60, 1).await;
    assert_delivered(&mut sink(&server, "&maxlen=20"), &events).await;
    assert!((20..40).contains(&found(&server).await.len()));
    assert!(matches!(delivered(&mut sink(&server, ""), &events[59..]).await[..], [Delivery::Acknowledged]));
}

#[tokio::test]
async fn an_event_that_is_too_large_for_redis_hides_no_other() {
    let server = server(&["--proto-max-bulk-len", "1048576"]).await;
    let event = events(1, 1).await.remove(0);
    let (long, name) = (long_event(2_000_000), format!("Redis at 127.0.0.1:{}", server.port));
    let deliveries = delivered(&mut sink(&server, ""), &[long.clone(), event]).await;
    assert_eq!(
        refusal(&deliveries),
        format!(
            "too large for {name}: it has {} bytes, and the server takes 1048576 (`proto-max-bulk-len`)",
            long.data().unwrap().len()
        )
    );
    assert_eq!(deliveries[1], Delivery::Acknowledged);
}
