//! Reading the feed on a standby, whose snapshots list no running transactions.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use private_postgres::Crash;
use session_ledger::Ledger;
use session_ledger::ledger::{FeedCursor, FeedError, FeedReader};
use session_ledger::session::{Event, EventId, Noted, Recorded, SessionId};
use test_support::append;
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::{Client, Config};

use crate::cluster::{Pair, connect};

const WRITERS: usize = 8;
const TRANSACTIONS: usize = 30;

/// How long the standby may take to show what was committed.
const BOUND: Duration = Duration::from_secs(60);

fn said(text: &str) -> Event {
    Event::Noted(Noted::of_text("said", text))
}

fn session_id() -> SessionId {
    SessionId::new(OffsetDateTime::now_utc(), rand::random())
}

/// A transaction that owns an id, has written, and stays open. It is READ COMMITTED, so that its COMMIT
/// cannot fail because of others.
async fn left_open(client: &Client) -> EventId {
    client.batch_execute("begin").await.unwrap();
    append(client, session_id(), 1, &said("early")).await.unwrap()
}

/// Starts writers, each with sessions of its own of one to three events. Some roll back.
async fn start(primary: &Config) -> JoinSet<Vec<EventId>> {
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let client = connect(primary).await;
        writers.spawn(async move {
            let mut committed = Vec::new();
            for nth in 0..TRANSACTIONS {
                let (session, mut events) = (session_id(), Vec::new());
                client.batch_execute("begin").await.unwrap();
                for version in 1..=1 + (nth % 3) as i64 {
                    events.push(append(&client, session, version, &said("written")).await.unwrap());
                }
                let is_kept = nth % 4 != 3;
                client.batch_execute(if is_kept { "commit" } else { "rollback" }).await.unwrap();
                if is_kept {
                    committed.append(&mut events);
                }
            }
            committed
        });
    }
    writers
}

/// A reader that keeps all its events.
struct Follower {
    reader: FeedReader,
    delivered: Vec<Recorded>,
    cursor: Option<FeedCursor>,
}

impl Follower {
    async fn of(ledger: &Ledger) -> Self {
        Self { reader: ledger.read_feed(None).await.unwrap(), delivered: Vec::new(), cursor: None }
    }

    async fn step(&mut self, limit: u32) {
        let batch = self.reader.next_batch(limit).await.unwrap();
        self.cursor = Some(batch.cursor());
        self.delivered.extend(batch.events);
    }

    fn ids(&self) -> HashSet<EventId> {
        self.delivered.iter().map(|recorded| recorded.entry.event_id).collect()
    }

    async fn until_all(&mut self, wanted: &HashSet<EventId>) {
        let all = async {
            while !wanted.is_subset(&self.ids()) {
                self.step(7).await;
            }
        };
        tokio::time::timeout(BOUND, all).await.expect("all events are delivered");
    }
}

async fn reading(config: &Config, attributes: TargetSessionAttrs) -> Ledger {
    let mut config = config.clone();
    config.target_session_attrs(attributes);
    Ledger::builder(config).without_requests().connect().await.unwrap()
}

/// Waits until the standby shows this event to somebody who looks at the log itself.
async fn until_shown(standby: &Client, event: EventId) {
    let shown = "select exists (select from session_ledger.event where event_id = $1)";
    let seen = async {
        while !standby.query_one(shown, &[&event.as_uuid()]).await.unwrap().get::<_, bool>(0) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(BOUND, seen).await.expect("the standby shows it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_delivers_all_events_once_and_holds_back_what_comes_after_an_open_transaction() {
    let pair = Pair::start().await;
    let (primary, standby) = pair.each();
    let (ledger, looking) = (reading(&standby, TargetSessionAttrs::ReadOnly).await, connect(&standby).await);
    assert!(matches!(ledger.subscription("any", "test").await.unwrap_err(), FeedError::Standby));
    let mut follower = Follower::of(&ledger).await;

    let mut writers = start(&primary).await;
    let mut wanted = HashSet::new();
    while !writers.is_empty() {
        follower.step(5).await;
        while let Some(committed) = writers.try_join_next() {
            wanted.extend(committed.unwrap());
        }
    }
    follower.until_all(&wanted).await;

    // What PostgreSQL calls the present snapshot would lose the early event.
    let slow = connect(&primary).await;
    let early = left_open(&slow).await;
    let late = append(&connect(&primary).await, session_id(), 1, &said("later")).await.unwrap();
    until_shown(&looking, late).await;
    let naive = "select pg_visible_in_snapshot(transaction_id, pg_current_snapshot()),
                        pg_visible_in_snapshot((transaction_id::text::bigint - 1)::text::xid8, pg_current_snapshot())
                   from session_ledger.event where event_id = $1";
    let row = looking.query_one(naive, &[&late.as_uuid()]).await.unwrap();
    assert_eq!(
        (row.get::<_, bool>(0), row.get::<_, bool>(1)),
        (true, true),
        "the open one counts as finished"
    );
    follower.step(100).await;
    assert!(!follower.ids().contains(&late) && !follower.ids().contains(&early), "both are held back");

    slow.batch_execute("commit").await.unwrap();
    wanted.extend([early, late]);
    follower.until_all(&wanted).await;
    assert_eq!(follower.ids(), wanted, "nothing that was rolled back");
    assert_eq!(follower.delivered.len(), wanted.len(), "nothing twice");
    let mut versions: HashMap<SessionId, i64> = HashMap::new();
    for recorded in &follower.delivered {
        let last = versions.entry(recorded.session_id).or_default();
        assert_eq!(recorded.entry.version, *last + 1, "session {}", recorded.session_id);
        *last += 1;
    }

    // The cursor is as good on the primary, and on the standby once that is the primary.
    let on_primary = reading(&primary, TargetSessionAttrs::ReadWrite).await;
    let batch = on_primary.read_feed(follower.cursor.clone()).await.unwrap().next_batch(10).await.unwrap();
    assert!(batch.events.is_empty());
    let promoted = pair.fail_over(Crash::Immediate).await;
    let after =
        append(&connect(&promoted).await, session_id(), 1, &said("after the failover")).await.unwrap();
    let reader = reading(&promoted, TargetSessionAttrs::ReadWrite).await;
    let batch = reader.read_feed(Some(batch.cursor())).await.unwrap().next_batch(10).await.unwrap();
    assert_eq!(batch.events.iter().map(|recorded| recorded.entry.event_id).collect::<Vec<_>>(), [after]);
}
