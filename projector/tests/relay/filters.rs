//! What a subscription is delivered.

use session_ledger::session::{Cleared, Event, FeedFilter};
use test_support::append;

use super::scripted::Scripted;
use super::{ledger, noted, session_id, settings};

#[tokio::test]
async fn a_filter_is_kept_and_what_it_leaves_out_is_passed() {
    let (database, ledger) = ledger().await;
    let (client, session) = (database.connect().await, session_id(1));
    assert!(ledger.create_subscription("relay", &FeedFilter::all().kind("cleared")).await.unwrap());
    assert!(!ledger.create_subscription("relay", &FeedFilter::all()).await.unwrap(), "it is there");
    // Whole batches of what is left out.
    for version in 1..=30 {
        append(&client, session, version, &noted("left out")).await.unwrap();
    }
    let cleared = append(&client, session, 31, &Event::Cleared(Cleared::new())).await.unwrap();
    let sink = Scripted::default();
    sink.drain(&ledger, settings("host-1")).await;
    assert_eq!(sink.ids(), [cleared.to_string()]);
    let summary = &ledger.subscriptions().await.unwrap()[0];
    assert_eq!((summary.lag, summary.delivered), (0, 31), "what is left out was passed");
    assert_eq!(summary.filter, FeedFilter::all().kind("cleared"));

    let notes = FeedFilter::all().note("test");
    ledger.set_subscription_filter("relay", &notes).await.unwrap();
    let wanted = append(&client, session, 32, &noted("wanted")).await.unwrap();
    append(&client, session, 33, &Event::Cleared(Cleared::new())).await.unwrap();
    sink.drain(&ledger, settings("host-2")).await;
    assert_eq!(sink.ids(), [cleared.to_string(), wanted.to_string()]);
    let unknown = ledger.set_subscription_filter("adit", &notes).await.unwrap_err();
    assert_eq!(unknown.to_string(), "there is no subscription `adit`: there are `relay`");
}
