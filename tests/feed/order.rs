//! The order of a session's events in the feed depends on nothing that an administrator can set back.

use session_ledger::session::Recorded;
use test_support::append;
use tokio_postgres::Client;

use super::{ledger, noted, session_id};

/// A sequence that was set back, by hand or by a restored dump, gave a session's later events the lower
/// positions. The feed sorted a batch by position, so it delivered versions out of order and told nobody.
#[tokio::test]
async fn a_restarted_sequence_does_not_change_the_order_of_a_sessions_events() {
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    let sessions = [session_id(), session_id(), session_id()];
    for version in 1..=12 {
        if version % 4 == 0 {
            client.batch_execute("select setval('session_ledger.event_position', 1)").await.unwrap();
        }
        for session in sessions {
            append(&client, session, version, &noted("one of many")).await.unwrap();
        }
    }
    assert!(positions_fall(&client).await, "the sequence went on rising");

    for limit in [1, 5, 1_000] {
        let mut subscription = ledger.subscription(&format!("by {limit}"), "test").await.unwrap();
        let mut delivered: Vec<Recorded> = Vec::new();
        loop {
            let batch = subscription.next_batch(limit).await.unwrap();
            if batch.events.is_empty() {
                break;
            }
            delivered.extend(batch.events.iter().cloned());
            subscription.checkpoint(batch).await.unwrap();
        }
        for session in sessions {
            let of_session = delivered.iter().filter(|recorded| recorded.session_id == session);
            let versions: Vec<_> = of_session.map(|recorded| recorded.entry.version).collect();
            assert_eq!(versions, Vec::from_iter(1..=12), "in batches of {limit}");
        }
    }
}

/// Several events of several sessions, by one transaction, whose positions lie the other way round.
#[tokio::test]
async fn the_events_of_one_transaction_come_by_session_and_version() {
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    let (one, other) = (session_id(), session_id());
    client.batch_execute("begin").await.unwrap();
    for (version, position) in [(1, 60), (2, 40), (3, 20)] {
        for (session, position) in [(one, position), (other, position - 10)] {
            let back = format!("select setval('session_ledger.event_position', {position})");
            client.batch_execute(&back).await.unwrap();
            append(&client, session, version, &noted("one of six")).await.unwrap();
        }
    }
    client.batch_execute("commit").await.unwrap();
    let mut subscription = ledger.subscription("follower", "test").await.unwrap();
    let batch = subscription.next_batch(100).await.unwrap();
    let delivered = batch.events.iter().map(|recorded| (recorded.session_id, recorded.entry.version));
    let mut expected: Vec<_> =
        [one, other].into_iter().flat_map(|id| (1..=3).map(move |v| (id, v))).collect();
    expected.sort();
    assert_eq!(delivered.collect::<Vec<_>>(), expected);
}

/// Whether some event of a session has a lower position than the one before it.
async fn positions_fall(client: &Client) -> bool {
    let fallen = "select exists (
        select from session_ledger.event as later
          join session_ledger.event as earlier
            on earlier.session_id = later.session_id and earlier.version = later.version - 1
         where later.position < earlier.position)";
    client.query_one(fallen, &[]).await.unwrap().get(0)
}
