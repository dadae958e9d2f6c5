//! The database dies under a relay, and a standby takes over.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use private_postgres::Crash;
use projector::relay::{End, Relay, relay};
use serde_json::Value;
use session_ledger::Ledger;
use session_ledger::inbox::{BrokenChain, CloudEvent, Inbox, InboxError, SCHEMA};
use session_ledger::session::SessionId;
use session_ledger::web::Sessions;
use test_support::{Database, Visitor, append, application, key_ring};
use tokio::task::{JoinHandle, JoinSet};
use tokio_postgres::{Client, Config, NoTls};

use super::cluster::{Pair, connect};
use super::killed::{assert_in_order, delivered};
use super::scripted::Scripted;
use super::{noted, session_id, settings, until};

const WRITERS: u8 = 4;

/// How long a writer waits after it has lost its server.
const PAUSE: Duration = Duration::from_millis(10);

/// Cuts the standby off: what the primary commits from now on is on no other server.
async fn cut_off(pair: &Pair) {
    let (primary, standby) = pair.each();
    let (primary, standby) = (connect(&primary).await, connect(&standby).await);
    primary.batch_execute("alter system reset synchronous_standby_names").await.unwrap();
    standby.batch_execute("alter system set primary_conninfo = ''").await.unwrap();
    for server in [&primary, &standby] {
        server.batch_execute("select pg_reload_conf()").await.unwrap();
    }
    let left = "select current_setting('synchronous_standby_names') <> '' or exists (select from pg_stat_replication)";
    tokio::time::timeout(Duration::from_secs(30), async {
        while primary.query_one(left, &[]).await.unwrap().get::<_, bool>(0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the standby is cut off");
}

/// Starts a relay that goes on until it is told to stop.
fn start(ledger: Ledger, sink: &Scripted) -> (Arc<AtomicBool>, JoinHandle<End>) {
    let (stop, mut sink) = (Arc::new(AtomicBool::new(false)), sink.clone());
    let stopped = stop.clone();
    let relaying = tokio::spawn(async move {
        let stopped = async {
            while !stopped.load(Ordering::Relaxed) {
                tokio::time::sleep(PAUSE).await;
            }
            End::Stopped
        };
        let settings = Relay { batch: 50, ..settings("host-1") };
        relay(&ledger, &settings, &mut sink, stopped).await.unwrap()
    });
    (stop, relaying)
}

async fn end((stop, relaying): (Arc<AtomicBool>, JoinHandle<End>)) {
    stop.store(true, Ordering::Relaxed);
    assert_eq!(relaying.await.unwrap(), End::Stopped);
}

/// A client of whichever server takes writes.
async fn reached(config: &Config) -> Client {
    loop {
        if let Ok((client, connection)) = config.connect(NoTls).await {
            tokio::spawn(connection);
            return client;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The versions that a session has; none where the server is lost.
async fn last_version(client: &Client, session: SessionId) -> Option<i64> {
    let last = "select coalesce(max(version), 0) from session_ledger.event where session_id = $1";
    Some(client.query_one(last, &[&session.as_uuid()]).await.ok()?.get(0))
}

/// Appends to three sessions in turn, whatever becomes of the server. Returns what was acknowledged.
async fn write(config: Config, writer: u8, count: Arc<AtomicUsize>, stop: Arc<AtomicBool>) -> Vec<String> {
    let sessions: Vec<_> = (0..3).map(|nth| session_id(writer * 10 + nth)).collect();
    let (mut client, mut acknowledged) = (reached(&config).await, Vec::new());
    for session in sessions.into_iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        // Asked each time: nobody knows of an append whose answer was lost.
        let version = last_version(&client, session).await;
        let appended = match version {
            Some(version) => append(&client, session, version + 1, &noted("written")).await.ok(),
            None => None,
        };
        match appended {
            Some(event) => {
                acknowledged.push(event.to_string());
                count.fetch_add(1, Ordering::Relaxed);
            }
            None => client = reached(&config).await,
        }
    }
    acknowledged
}

/// The ids of all events in the log.
async fn log(config: &Config) -> HashSet<String> {
    let rows =
        connect(config).await.query("select event_id::text from session_ledger.event", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The ids that came in each place of a session.
fn places(lines: &[Value]) -> BTreeMap<(&str, i64), BTreeSet<&str>> {
    let mut places: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for line in lines {
        let place = (line["subject"].as_str().unwrap(), line["sessionversion"].as_i64().unwrap());
        places.entry(place).or_default().insert(line["id"].as_str().unwrap());
    }
    places
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_goes_on_when_a_standby_takes_over_and_delivers_all_that_the_new_primary_has() {
    let pair = Pair::start().await;
    let ledger = Ledger::builder(pair.config()).connect().await.unwrap();
    let (count, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(pair.config(), writer, count.clone(), stop.clone()));
    }
    let sink = Scripted::default();
    let relaying = start(ledger, &sink);
    until("events are delivered", async || sink.count() >= 100).await;
    let promoted = pair.fail_over(Crash::Kill).await;
    let by_then = count.load(Ordering::Relaxed);
    until("writers go on", async || count.load(Ordering::Relaxed) >= by_then + 100).await;
    stop.store(true, Ordering::Relaxed);
    let acknowledged: HashSet<String> = writers.join_all().await.into_iter().flatten().collect();
    let log = log(&promoted).await;
    until("all is delivered", async || sink.count() >= log.len() && log.is_subset(&delivered(&sink.taken())))
        .await;
    end(relaying).await;

    let lines = sink.taken();
    assert!(acknowledged.is_subset(&log), "the standby has each commit before it is acknowledged");
    assert_eq!(delivered(&lines), log, "all that was committed, and nothing else");
    assert_in_order(&lines);
    assert!(places(&lines).values().all(|ids| ids.len() == 1), "a repeat has the same id");
}

/// What an asynchronous standby has not had when the primary dies is gone. The relay had delivered it. What
/// comes in its place has other ids, and joins the last event that the new primary has: its link says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_new_primary_never_had_is_told_by_the_links_of_what_follows() {
    let pair = Pair::start().await;
    let ledger = Ledger::builder(pair.config()).connect().await.unwrap();
    let shop = application(Sessions::new(ledger.clone(), key_ring()));
    let (alice, bob) = (Visitor::new(&shop), Visitor::new(&shop));
    let sink = Scripted::default();
    let relaying = start(ledger, &sink);
    assert!(alice.get("/login/alice").await.status.is_success());
    assert!(alice.get("/add").await.status.is_success());
    sink.until(3).await;
    cut_off(&pair).await;
    assert!(alice.get("/add").await.status.is_success());
    assert!(bob.get("/login/bob").await.status.is_success());
    sink.until(6).await;
    let lost: HashSet<String> = sink.ids()[3..].iter().cloned().collect();
    let promoted = pair.fail_over(Crash::Kill).await;
    until("a change is made", async || alice.get("/add").await.status.is_success()).await;
    let log = log(&promoted).await;
    assert!(log.is_disjoint(&lost) && log.len() > 3, "{log:?}");
    until("all is delivered", async || log.is_subset(&delivered(&sink.taken()))).await;
    end(relaying).await;

    let lines = sink.taken();
    let alice = lines[0]["subject"].as_str().unwrap();
    let of_version = |version: i64| {
        let is_it = move |line: &&Value| line["subject"] == alice && line["sessionversion"] == version;
        lines.iter().filter(is_it)
    };
    let new = of_version(4).find(|line| log.contains(line["id"].as_str().unwrap())).unwrap();
    assert_eq!(new["prevlink"], of_version(3).next().unwrap()["link"], "it joins what the new primary has");
    assert_eq!(places(&lines)[&(alice, 4)].len(), 2, "two events had that place, the first of which is lost");
    let told = told(&lines).await;
    assert_eq!(told.first(), Some(&new["id"].as_str().unwrap()), "a consumer with an inbox is told so");
    assert!(told.iter().all(|id| log.contains(*id)), "what was handled first stays: {told:?}");
}

/// Receives all lines, and returns the ids of those of which an inbox says that they do not follow.
async fn told(lines: &[Value]) -> Vec<&str> {
    let mut client = Database::fresh().await.connect().await;
    client.batch_execute(SCHEMA).await.unwrap();
    let (inbox, mut told) = (Inbox::of_whole_stream("consumer"), Vec::new());
    for line in lines {
        let event = CloudEvent::from_json(line.to_string().as_bytes()).unwrap();
        let transaction = client.transaction().await.unwrap();
        match inbox.receive(&transaction, event.place()).await {
            Ok(_) => transaction.commit().await.unwrap(),
            Err(InboxError::Broken { reason: BrokenChain::OtherEvent | BrokenChain::OtherPast, .. }) => {
                told.push(line["id"].as_str().unwrap())
            }
            Err(other) => panic!("{other}"),
        }
    }
    told
}
