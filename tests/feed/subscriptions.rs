//! The list of subscriptions, and their end.

use session_ledger::Ledger;
use session_ledger::ledger::{FeedError, SubscriptionError, SubscriptionSummary};
use test_support::{Database, append};

use super::{drain, ledger, noted, session_id};

async fn append_some(database: &Database, count: usize) {
    let client = database.connect().await;
    for _ in 0..count {
        append(&client, session_id(), 1, &noted("some")).await.unwrap();
    }
}

async fn lags(ledger: &Ledger) -> Vec<(String, i64, i64)> {
    let listed = ledger.subscriptions().await.unwrap();
    listed.into_iter().map(|one| (one.name, one.delivered, one.lag)).collect()
}

#[tokio::test]
async fn each_subscription_is_listed_with_its_lag_and_its_holder() {
    let (database, ledger) = ledger().await;
    assert_eq!(ledger.subscriptions().await.unwrap(), []);
    append_some(&database, 3).await;
    let mut mailer = ledger.subscription("mailer", "host-1").await.unwrap();
    ledger.subscription("audit", "host-2").await.unwrap().release().await.unwrap();
    drain(&mut mailer, 2).await;
    append_some(&database, 2).await;

    assert_eq!(lags(&ledger).await, [("audit".to_owned(), 0, 5), ("mailer".to_owned(), 3, 2)]);
    let [audit, mailer]: [SubscriptionSummary; 2] = ledger.subscriptions().await.unwrap().try_into().unwrap();
    assert_eq!((audit.held, audit.moved_at), (None, None));
    assert_eq!(mailer.held.unwrap().0, "host-1");
    let since = "select min(recorded_at), max(recorded_at) from session_ledger.event";
    let row = database.connect().await.query_one(since, &[]).await.unwrap();
    assert_eq!(audit.lag_since, Some(row.get(0)));
    assert!(mailer.lag_since > audit.lag_since && mailer.lag_since < Some(row.get(1)));
}

/// A transaction that is open holds up its own events: these do not count until they are committed, and then
/// they do, though later ones were delivered before.
#[tokio::test]
async fn a_late_transaction_counts_when_it_is_committed() {
    let (database, ledger) = ledger().await;
    let late = database.connect().await;
    late.batch_execute("begin").await.unwrap();
    append(&late, session_id(), 1, &noted("late")).await.unwrap();
    append_some(&database, 1).await;
    let mut follower = ledger.subscription("follower", "host-1").await.unwrap();
    drain(&mut follower, 10).await;
    assert_eq!(lags(&ledger).await, [("follower".to_owned(), 1, 0)]);
    late.batch_execute("commit").await.unwrap();
    assert_eq!(lags(&ledger).await, [("follower".to_owned(), 1, 1)]);
}

/// A typo made a new subscription, which followed the log from its beginning.
#[tokio::test]
async fn a_subscription_that_is_not_there_is_not_made() {
    let (database, ledger) = ledger().await;
    let unknown = ledger.existing_subscription("audit", "host-1").await.unwrap_err();
    assert_eq!(unknown.to_string(), "there is no subscription `audit`: there are none yet");
    ledger.subscription("audit", "host-1").await.unwrap().release().await.unwrap();
    let unknown = ledger.existing_subscription("adit", "host-1").await.unwrap_err();
    assert!(matches!(&unknown, SubscriptionError::Unknown { known, .. } if known == &["audit"]));
    assert_eq!(unknown.to_string(), "there is no subscription `adit`: there are `audit`");
    assert_eq!(database.count("session_ledger.subscription").await, 1);

    append_some(&database, 2).await;
    let mut opened = ledger.existing_subscription("audit", "host-1").await.unwrap();
    assert_eq!(drain(&mut opened, 10).await.len(), 2);
    let held = ledger.existing_subscription("audit", "host-2").await.unwrap_err();
    assert!(matches!(held, SubscriptionError::Feed(FeedError::Held { .. })), "{held}");
    // The same holder comes back at once, and shuts its twin out.
    let again = ledger.existing_subscription("audit", "host-1").await.unwrap();
    assert!(matches!(opened.renew().await, Err(FeedError::LeaseLost { .. })));
    again.release().await.unwrap();
}

#[tokio::test]
async fn a_subscription_is_dropped_unless_somebody_holds_it() {
    let (database, ledger) = ledger().await;
    append_some(&database, 1).await;
    let mut forgotten = ledger.subscription("audit", "host-1").await.unwrap();
    let batch = forgotten.next_batch(10).await.unwrap();
    let held = ledger.drop_subscription("audit").await.unwrap_err();
    assert!(held.to_string().starts_with("subscription `audit` is held by `host-1` until 2"), "{held}");

    let expire = "update session_ledger.subscription set lease_until = session_ledger.clock()";
    database.connect().await.batch_execute(expire).await.unwrap();
    ledger.drop_subscription("audit").await.unwrap();
    let unknown = ledger.drop_subscription("audit").await.unwrap_err();
    assert_eq!(unknown.to_string(), "there is no subscription `audit`: there are none yet");

    // A new one of that name and holder is not moved by the holder of the old one.
    let mut new = ledger.subscription("audit", "host-1").await.unwrap();
    assert!(matches!(forgotten.checkpoint(batch).await, Err(FeedError::LeaseLost { .. })));
    assert_eq!(drain(&mut new, 10).await.len(), 1);
}

/// A batch of an epoch that is over may be small though the present one holds more.
#[tokio::test]
async fn the_lag_and_the_end_of_the_log_reach_over_epochs() {
    let (database, ledger) = ledger().await;
    append_some(&database, 2).await;
    let mut follower = ledger.subscription("follower", "host-1").await.unwrap();
    assert_eq!(drain(&mut follower, 10).await.len(), 2);
    append_some(&database, 3).await;
    Ledger::raise_epoch(&database.config()).await.unwrap();
    append_some(&database, 4).await;
    assert_eq!(lags(&ledger).await, [("follower".to_owned(), 2, 7)]);

    let mut read = Vec::new();
    for _ in 0..2 {
        let batch = follower.next_batch(10).await.unwrap();
        read.push((batch.events.len(), batch.is_up_to_date()));
        follower.checkpoint(batch).await.unwrap();
    }
    assert_eq!(read, [(3, false), (4, true)]);
    assert_eq!(lags(&ledger).await, [("follower".to_owned(), 9, 0)]);
    append_some(&database, 2).await;
    let full = follower.next_batch(2).await.unwrap();
    assert!(!full.is_up_to_date(), "a full batch may not be the last");
}
