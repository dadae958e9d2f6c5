//! One holder at a time.

use session_ledger::ledger::FeedError;
use test_support::{Database, append};

use super::{drain, ids, ledger, noted, session_id};

/// Moves the clock by which leases are judged.
async fn shift_clock(database: &Database, seconds: u32) {
    let shifted = format!(
        "create or replace function session_ledger.clock() returns timestamptz language sql volatile parallel safe
         return clock_timestamp() + interval '{seconds} seconds'"
    );
    database.connect().await.batch_execute(&shifted).await.unwrap();
}

#[tokio::test]
async fn a_second_holder_is_refused_while_the_lease_is_live() {
    let (database, ledger) = ledger().await;
    let mut first = ledger.subscription("follower", "host-1").await.unwrap();
    let refusal = ledger.subscription("follower", "host-2").await.unwrap_err();
    assert!(matches!(&refusal, FeedError::Held { holder, .. } if holder == "host-1"));
    let message = refusal.to_string();
    assert!(message.starts_with("subscription `follower` is held by `host-1` until 2"), "{message}");
    assert!(message.ends_with("stop that holder, which gives it back, or wait until its lease runs out"));

    shift_clock(&database, 29).await;
    first.renew().await.unwrap();
    shift_clock(&database, 58).await;
    let refusal = ledger.subscription("follower", "host-2").await.unwrap_err();
    assert!(matches!(refusal, FeedError::Held { .. }), "a renewed lease is good for its time again");
}

#[tokio::test]
async fn a_checkpoint_renews_the_lease() {
    let (database, ledger) = ledger().await;
    let mut first = ledger.subscription("follower", "host-1").await.unwrap();
    shift_clock(&database, 29).await;
    let batch = first.next_batch(1).await.unwrap();
    first.checkpoint(batch).await.unwrap();
    shift_clock(&database, 58).await;
    let refusal = ledger.subscription("follower", "host-2").await.unwrap_err();
    assert!(matches!(refusal, FeedError::Held { .. }));
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_over_and_its_old_holder_can_move_nothing() {
    let (database, ledger) = ledger().await;
    let event = append(&database.connect().await, session_id(), 1, &noted("once")).await.unwrap();
    let mut first = ledger.subscription("follower", "host-1").await.unwrap();
    let batch = first.next_batch(10).await.unwrap();
    assert_eq!(ids(&batch), [event]);

    shift_clock(&database, 31).await;
    let mut second = ledger.subscription("follower", "host-2").await.unwrap();
    let lost = first.checkpoint(batch).await.unwrap_err();
    assert!(matches!(&lost, FeedError::LeaseLost { name } if name == "follower"));
    assert_eq!(
        lost.to_string(),
        "the lease of subscription `follower` was taken over by another holder: open the subscription again"
    );
    assert!(matches!(first.next_batch(10).await.unwrap_err(), FeedError::LeaseLost { .. }));
    assert!(matches!(first.renew().await.unwrap_err(), FeedError::LeaseLost { .. }));
    assert!(matches!(first.release().await.unwrap_err(), FeedError::LeaseLost { .. }));
    assert_eq!(drain(&mut second, 10).await, [event], "the cursor had not moved");
}

#[tokio::test]
async fn an_expired_lease_that_nobody_took_still_holds() {
    let (database, ledger) = ledger().await;
    let mut first = ledger.subscription("follower", "host-1").await.unwrap();
    shift_clock(&database, 300).await;
    let batch = first.next_batch(10).await.unwrap();
    first.checkpoint(batch).await.unwrap();
    assert!(ledger.subscription("follower", "host-2").await.is_err());
}

#[tokio::test]
async fn a_holder_that_comes_back_shuts_out_its_forgotten_twin() {
    let (_database, ledger) = ledger().await;
    let mut twin = ledger.subscription("follower", "host-1").await.unwrap();
    let mut back = ledger.subscription("follower", "host-1").await.unwrap();
    assert!(matches!(twin.renew().await.unwrap_err(), FeedError::LeaseLost { .. }));
    assert!(matches!(twin.next_batch(1).await.unwrap_err(), FeedError::LeaseLost { .. }));
    back.renew().await.unwrap();
}

#[tokio::test]
async fn a_released_subscription_is_free_at_once() {
    let (_database, ledger) = ledger().await;
    ledger.subscription("follower", "host-1").await.unwrap().release().await.unwrap();
    ledger.subscription("follower", "host-2").await.unwrap();
}
