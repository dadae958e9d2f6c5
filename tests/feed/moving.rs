//! A cursor that is moved while that takes long, and a subscription that is closed.

use std::time::Duration;

use session_ledger::Ledger;
use session_ledger::ledger::FeedError;
use test_support::{Database, append};
use time::OffsetDateTime;
use tokio_postgres::Client;

use super::{drain, ids, ledger, noted, session_id};

const BOUND: Duration = Duration::from_secs(60);

/// Lets the statements that move a cursor wait at their beginning for whoever holds the advisory lock 7.
const WAITS: &str = "
    create function wait_to_move() returns trigger language plpgsql as $$
    begin
        if current_query() like '%pg_visible_in_snapshot%' then
            perform pg_advisory_xact_lock_shared(7);
        end if;
        return null;
    end
    $$;
    create trigger waits before update on session_ledger.subscription
        for each statement execute function wait_to_move()";

/// A subscription that has had two events.
async fn followed() -> (Database, Ledger) {
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    for _ in 0..2 {
        append(&client, session_id(), 1, &noted("some")).await.unwrap();
    }
    let mut follower = ledger.subscription("follower", "host-1").await.unwrap();
    assert_eq!(drain(&mut follower, 10).await.len(), 2);
    (database, ledger)
}

/// The same, and a client whose transaction nobody moves a cursor beside.
async fn held_up() -> (Database, Ledger, Client) {
    let (database, ledger) = followed().await;
    let blocker = database.connect().await;
    blocker.batch_execute(WAITS).await.unwrap();
    blocker.batch_execute("begin; select pg_advisory_xact_lock(7)").await.unwrap();
    (database, ledger, blocker)
}

async fn lease(client: &Client) -> (Option<String>, Option<OffsetDateTime>) {
    let lease = "select lease_holder, lease_until from session_ledger.subscription";
    let row = client.query_one(lease, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

/// Waits until the statement that moves a cursor has begun.
async fn until_it_waits(client: &Client) {
    let waits = "select exists (select from pg_locks
                  where locktype = 'advisory' and objid = 7 and not granted
                    and database = (select oid from pg_database where datname = current_database()))";
    until(async || client.query_one(waits, &[]).await.unwrap().get(0)).await;
}

async fn until(is_so: impl AsyncFn() -> bool) {
    let reached = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(BOUND, reached).await.expect("it comes to that");
}

/// The lease was taken for five minutes, and a follower waited for them after a crash.
#[tokio::test]
async fn who_is_killed_while_a_cursor_is_moved_holds_the_lease_no_longer_than_a_follower() {
    let (database, ledger, _blocker) = held_up().await;
    let client = database.connect().await;
    let moving = tokio::spawn(async move { ledger.rewind_subscription("follower", "mover", None).await });
    until_it_waits(&client).await;
    moving.abort();
    let left =
        "select lease_holder = 'mover' and lease_until - session_ledger.clock() <= interval '30 seconds'
                  from session_ledger.subscription";
    assert!(client.query_one(left, &[]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test]
async fn the_lease_is_renewed_while_a_cursor_is_moved() {
    let (database, ledger, blocker) = held_up().await;
    let client = database.connect().await;
    let own = ledger.clone();
    let moving = tokio::spawn(async move { own.rewind_subscription("follower", "mover", None).await });
    until_it_waits(&client).await;
    let first = lease(&client).await;
    until(async || lease(&client).await.1 > first.1).await;
    let held = ledger.subscription("follower", "host-2").await.unwrap_err();
    assert!(matches!(&held, FeedError::Held { holder, .. } if holder == "mover"), "{held}");
    blocker.batch_execute("commit").await.unwrap();
    assert_eq!(moving.await.unwrap().unwrap(), 2, "it counts what it has moved over");
    assert_eq!(lease(&client).await, (None, None));
    let mut follower = ledger.subscription("follower", "host-2").await.unwrap();
    assert_eq!(drain(&mut follower, 10).await.len(), 2);
}

/// Between the count and the move another holder may have come.
#[tokio::test]
async fn a_move_whose_lease_was_lost_meanwhile_changes_nothing() {
    let (database, ledger, blocker) = held_up().await;
    let client = database.connect().await;
    let moving = {
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.forward_subscription("follower", "mover").await })
    };
    until_it_waits(&client).await;
    let expired =
        "update session_ledger.subscription set lease_until = session_ledger.clock(), fence = fence + 1";
    client.batch_execute(expired).await.unwrap();
    blocker.batch_execute("commit").await.unwrap();
    let lost = moving.await.unwrap().unwrap_err().to_string();
    assert!(lost.starts_with("the lease of subscription `follower` was taken over"), "{lost}");
    assert_eq!(ledger.subscriptions().await.unwrap()[0].delivered, 2);
}

#[tokio::test]
async fn a_batch_can_be_read_behind_one_that_is_not_checkpointed() {
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    let mut written = Vec::new();
    for _ in 0..5 {
        written.push(append(&client, session_id(), 1, &noted("some")).await.unwrap());
    }
    let mut follower = ledger.subscription("follower", "host-1").await.unwrap();
    let first = follower.next_batch(2).await.unwrap();
    let second = follower.next_batch_behind(&first, 2).await.unwrap();
    assert_eq!((ids(&first), ids(&second)), (written[..2].to_vec(), written[2..4].to_vec()));
    // The later one is good for both.
    follower.checkpoint(second).await.unwrap();
    assert_eq!(ledger.subscriptions().await.unwrap()[0].delivered, 4);
    let third = follower.next_batch(10).await.unwrap();
    assert_eq!(ids(&third), written[4..]);
    let none = follower.next_batch_behind(&third, 10).await.unwrap();
    assert!(!none.is_news() && none.is_up_to_date());
    follower.checkpoint(third).await.unwrap();
    assert_eq!(ledger.subscriptions().await.unwrap()[0].lag, 0);
    ledger.subscription("follower", "host-1").await.unwrap();
    let lost = follower.next_batch_behind(&none, 1).await.unwrap_err();
    assert!(matches!(lost, FeedError::LeaseLost { .. }), "{lost}");
}

#[tokio::test]
async fn a_closed_subscription_is_had_by_nobody_until_it_is_opened_again() {
    let (database, ledger) = followed().await;
    let follower = ledger.subscription("follower", "host-1").await.unwrap();
    let twin = ledger.subscription("follower", "host-1").await.unwrap();
    let lost = follower.close("it is gone").await.unwrap_err();
    assert!(matches!(lost, FeedError::LeaseLost { .. }), "only the holder closes");
    twin.close(&format!("gone\0{}", "é".repeat(1_000))).await.unwrap();
    let (_, reason) = ledger.subscriptions().await.unwrap().remove(0).closed.unwrap();
    assert!(reason.starts_with("gone\u{fffd}éé") && reason.len() <= 1_001, "{reason}");
    let closed = ledger.subscription("follower", "host-1").await.unwrap_err();
    assert!(matches!(closed, FeedError::Closed { .. }), "{closed}");
    // It can be moved, and still is closed.
    assert_eq!(ledger.rewind_subscription("follower", "mover", None).await.unwrap(), 2);
    assert!(ledger.existing_subscription("follower", "host-2").await.is_err());
    assert!(ledger.reopen_subscription("follower").await.unwrap());
    let mut follower = ledger.subscription("follower", "host-2").await.unwrap();
    assert_eq!(drain(&mut follower, 10).await.len(), 2);
    follower.close("it is gone").await.unwrap();
    ledger.drop_subscription("follower").await.unwrap();
    assert_eq!(database.count("session_ledger.subscription").await, 0);
}
