//! Cursors that somebody moves.

use session_ledger::Ledger;
use session_ledger::web::Sessions;
use test_support::{App, Database, Visitor, application, key_ring};
use time::OffsetDateTime;

use super::scripted::Scripted;
use super::{ledger, settings};

async fn log_in(shop: &App, times: usize) {
    for _ in 0..times {
        assert!(Visitor::new(shop).get("/login/alice").await.status.is_success());
    }
}

async fn now(database: &Database) -> OffsetDateTime {
    let now = "select clock_timestamp()";
    database.connect().await.query_one(now, &[]).await.unwrap().get(0)
}

/// The checkpoints' count agrees with the log.
async fn assert_verified(ledger: &Ledger) {
    let verification = ledger.verify(|_| {}).await.unwrap();
    assert!(verification.is_equal(), "{verification:?}");
}

#[tokio::test]
async fn what_was_recorded_since_a_moment_comes_again_with_the_same_ids() {
    let (database, ledger) = ledger().await;
    let shop = application(Sessions::new(ledger.clone(), key_ring()));
    log_in(&shop, 3).await;
    let moment = now(&database).await;
    log_in(&shop, 4).await;
    let sink = Scripted::default();
    sink.drain(&ledger, settings("host-1")).await;
    let before = sink.ids();
    assert_eq!(before.len(), 14);
    let other = ledger.subscription("other", "host-1").await.unwrap();
    other.release().await.unwrap();

    assert_eq!(ledger.rewind_subscription("relay", "a test", Some(moment)).await.unwrap(), 8);
    assert_verified(&ledger).await;
    let lags: Vec<_> = ledger.subscriptions().await.unwrap().iter().map(|one| one.lag).collect();
    assert_eq!(lags, [14, 8], "others stay where they are");
    ledger.drop_subscription("other").await.unwrap();
    sink.drain(&ledger, settings("host-1")).await;
    let since = "select event_id::text from session_ledger.event where recorded_at >= $1";
    let since = database.connect().await.query(since, &[&moment]).await.unwrap();
    assert_eq!(sorted(&sink.ids()[14..]), sorted(&since.iter().map(|row| row.get(0)).collect::<Vec<_>>()));
    // There is nothing since then.
    let later = now(&database).await;
    assert_eq!(ledger.rewind_subscription("relay", "a test", Some(later)).await.unwrap(), 0);
    assert_eq!(ledger.rewind_subscription("relay", "a test", None).await.unwrap(), 14);
    assert_verified(&ledger).await;
    sink.drain(&ledger, settings("host-1")).await;
    assert_eq!(sorted(&sink.ids()[22..]), sorted(&before));
}

fn sorted(ids: &[String]) -> Vec<String> {
    let mut sorted = ids.to_vec();
    sorted.sort();
    sorted
}

/// Had the cursor gone before a transaction only by its number, one with a lower number that was still open
/// would have been skipped.
#[tokio::test]
async fn a_transaction_that_was_open_is_not_skipped_by_going_back() {
    let (database, ledger) = ledger().await;
    let late = database.connect().await;
    late.batch_execute("begin").await.unwrap();
    test_support::append(&late, super::session_id(1), 1, &super::noted("late")).await.unwrap();
    let moment = now(&database).await;
    let client = database.connect().await;
    test_support::append(&client, super::session_id(2), 1, &super::noted("early")).await.unwrap();
    let sink = Scripted::default();
    sink.drain(&ledger, settings("host-1")).await;
    assert_eq!(ledger.rewind_subscription("relay", "a test", Some(moment)).await.unwrap(), 1);
    late.batch_execute("commit").await.unwrap();
    sink.drain(&ledger, settings("host-1")).await;
    let mut texts = sink.texts();
    texts[1..].sort();
    assert_eq!(texts, ["early", "early", "late"]);
}

#[tokio::test]
async fn to_the_end_leaves_out_what_was_not_delivered() {
    let (_database, ledger) = ledger().await;
    let shop = application(Sessions::new(ledger.clone(), key_ring()));
    let sink = Scripted::default();
    log_in(&shop, 1).await;
    sink.drain(&ledger, settings("host-1")).await;
    log_in(&shop, 2).await;
    assert_eq!(ledger.forward_subscription("relay", "a test").await.unwrap(), 4);
    assert_verified(&ledger).await;
    log_in(&shop, 1).await;
    sink.drain(&ledger, settings("host-1")).await;
    assert_eq!(sink.ids().len(), 4);
    let unknown = ledger.forward_subscription("adit", "a test").await.unwrap_err();
    assert_eq!(unknown.to_string(), "there is no subscription `adit`: there are `relay`");
}

/// The batch that a holder has read is of before: it may not move the cursor with it.
#[tokio::test]
async fn a_holder_loses_its_lease_when_the_cursor_is_moved() {
    let (_database, ledger) = ledger().await;
    let shop = application(Sessions::new(ledger.clone(), key_ring()));
    log_in(&shop, 1).await;
    let mut holder = ledger.subscription("relay", "host-1").await.unwrap();
    let batch = holder.next_batch(10).await.unwrap();
    ledger.rewind_subscription("relay", "a test", None).await.unwrap();
    let lost = holder.checkpoint(batch).await.unwrap_err();
    assert_eq!(
        lost.to_string(),
        "the lease of subscription `relay` was taken over by another holder: open the subscription again"
    );
    let mut again = ledger.subscription("relay", "host-1").await.unwrap();
    assert_eq!(again.next_batch(10).await.unwrap().events.len(), 2);
}
