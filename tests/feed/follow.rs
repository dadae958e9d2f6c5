//! Nothing is skipped, whichever transactions stay open meanwhile.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use session_ledger::ledger::Subscription;
use session_ledger::session::{EventId, Recorded, SessionId};
use test_support::append;
use tokio_postgres::Client;

use super::writers::{self, Outcome};
use super::{drain, ids, ledger, noted, session_id};

/// A follower that keeps all its events.
struct Follower {
    subscription: Subscription,
    delivered: Vec<Recorded>,
    batches: usize,
}

impl Follower {
    /// Reads one batch, with a limit that changes from batch to batch. Returns whether there was anything
    /// new.
    async fn step(&mut self) -> bool {
        self.batches += 1;
        let limit = 1 + (self.batches * 7 % 13) as u32;
        let batch = self.subscription.next_batch(limit).await.unwrap();
        let some = !batch.events.is_empty();
        self.delivered.extend(batch.events.iter().cloned());
        self.subscription.checkpoint(batch).await.unwrap();
        some
    }

    fn ids(&self) -> HashSet<EventId> {
        self.delivered.iter().map(|recorded| recorded.entry.event_id).collect()
    }

    /// Follows until it has all of `wanted`.
    async fn follow_until(&mut self, wanted: &HashSet<EventId>) {
        let all = async {
            while !wanted.is_subset(&self.ids()) {
                if !self.step().await {
                    tokio::task::yield_now().await;
                }
            }
        };
        let reached = tokio::time::timeout(Duration::from_secs(60), all).await;
        reached.unwrap_or_else(|_| panic!("some of {} events were not delivered", wanted.len()));
    }
}

/// Reads what has a higher position than the last event that it has read.
struct Naive {
    client: Client,
    last: i64,
    ids: HashSet<EventId>,
}

impl Naive {
    async fn step(&mut self) {
        let after =
            "select position, event_id from session_ledger.event where position > $1 order by position";
        for row in self.client.query(after, &[&self.last]).await.unwrap() {
            self.last = row.get(0);
            self.ids.insert(EventId::from(row.get::<_, uuid::Uuid>(1)));
        }
    }
}

/// A transaction that owns an id, has written an event of a session of its own, and stays open. It is READ
/// COMMITTED, so that its COMMIT cannot fail because of others.
async fn left_open(client: &Client, session: SessionId) -> EventId {
    client.batch_execute("begin").await.unwrap();
    append(client, session, 1, &noted("early")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_skipped_or_repeated_and_a_long_transaction_holds_up_its_own_events_only() {
    let (database, ledger) = ledger().await;
    let (long, forever) = (database.connect().await, database.connect().await);
    let early = left_open(&long, session_id()).await;
    let never = left_open(&forever, session_id()).await;

    let sessions = (0..24).map(|_| session_id()).collect();
    let mut tasks = writers::start(&database, sessions, 8, 60).await;
    let subscription = ledger.subscription("follower", "test").await.unwrap();
    let mut follower = Follower { subscription, delivered: Vec::new(), batches: 0 };
    let mut naive = Naive { client: database.connect().await, last: 0, ids: HashSet::new() };
    let mut outcome = Outcome::default();
    while !tasks.is_empty() {
        follower.step().await;
        naive.step().await;
        while let Some(done) = tasks.try_join_next() {
            let mut done = done.unwrap();
            outcome.committed.append(&mut done.committed);
            outcome.rolled_back.append(&mut done.rolled_back);
        }
    }
    let mut wanted: HashSet<_> = outcome.committed.iter().copied().collect();
    follower.follow_until(&wanted).await;
    assert!(!follower.ids().contains(&early), "an event was delivered before it was committed");

    long.batch_execute("commit").await.unwrap();
    wanted.insert(early);
    follower.follow_until(&wanted).await;
    assert_eq!(follower.delivered.last().unwrap().entry.event_id, early);
    naive.step().await;
    assert!(naive.last > 0 && !naive.ids.contains(&early), "whoever reads by positions has lost it");

    forever.batch_execute("rollback").await.unwrap();
    assert!(!follower.step().await, "there is nothing new after a rollback");
    assert_eq!(follower.ids(), wanted, "exactly what was committed was delivered");
    assert_eq!(follower.delivered.len(), wanted.len(), "nothing was delivered twice");
    assert!(!follower.ids().contains(&never));
    assert!(!outcome.rolled_back.is_empty() && outcome.rolled_back.iter().all(|id| !wanted.contains(id)));
    assert_versions_are_in_order(&follower.delivered);
}

fn assert_versions_are_in_order(delivered: &[Recorded]) {
    let mut versions: HashMap<SessionId, i64> = HashMap::new();
    for recorded in delivered {
        let last = versions.entry(recorded.session_id).or_default();
        assert_eq!(recorded.entry.version, *last + 1, "session {}", recorded.session_id);
        *last += 1;
    }
}

#[tokio::test]
async fn reading_after_the_last_position_loses_an_event_that_the_feed_delivers() {
    const AFTER: &str = "select position from session_ledger.event where position > $1 order by position";
    let (database, ledger) = ledger().await;
    let (slow, quick) = (database.connect().await, database.connect().await);
    let mut subscription = ledger.subscription("follower", "test").await.unwrap();

    let early = left_open(&slow, session_id()).await;
    let late = append(&quick, session_id(), 1, &noted("drawn later, committed earlier")).await.unwrap();
    let rows = quick.query(AFTER, &[&0_i64]).await.unwrap();
    let last: i64 = rows.last().unwrap().get(0);
    assert_eq!(rows.len(), 1);
    assert_eq!(drain(&mut subscription, 10).await, [late]);

    slow.batch_execute("commit").await.unwrap();
    let missed = quick.query(AFTER, &[&last]).await.unwrap();
    assert!(missed.is_empty(), "the naive reader has lost the early event");
    assert_eq!(drain(&mut subscription, 10).await, [early]);
}

#[tokio::test]
async fn two_subscriptions_are_independent() {
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    let first = append(&client, session_id(), 1, &noted("first")).await.unwrap();
    let mut one = ledger.subscription("one", "test").await.unwrap();
    assert_eq!(drain(&mut one, 10).await, [first]);

    let second = append(&client, session_id(), 1, &noted("second")).await.unwrap();
    let mut other = ledger.subscription("other", "test").await.unwrap();
    assert_eq!(drain(&mut other, 10).await, [first, second]);
    assert_eq!(drain(&mut one, 10).await, [second]);
}

#[tokio::test]
async fn a_batch_that_was_not_checkpointed_comes_again_with_the_same_ids() {
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    for version in 1..=4 {
        append(&client, session_id(), 1, &noted(&version.to_string())).await.unwrap();
    }
    let mut killed = ledger.subscription("follower", "test").await.unwrap();
    let delivered = ids(&killed.next_batch(2).await.unwrap());
    drop(killed);

    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    let batch = subscription.next_batch(2).await.unwrap();
    assert_eq!(ids(&batch), delivered);
    subscription.checkpoint(batch).await.unwrap();
    assert_eq!(drain(&mut subscription, 2).await.len(), 2);
}
