//! Reading the feed without a subscription: its reader keeps the cursor.

use session_ledger::ledger::{FeedCursor, FeedError};
use test_support::append;

use super::{ids, ledger, noted, session_id};

#[tokio::test]
async fn a_reader_goes_on_from_the_cursor_that_it_has_kept() {
    let (database, ledger) = ledger().await;
    let (client, early) = (database.connect().await, database.connect().await);
    early.batch_execute("begin").await.unwrap();
    let late = append(&early, session_id(), 1, &noted("begun early, committed late")).await.unwrap();
    let mut written = Vec::new();
    for text in ["one", "two", "three"] {
        written.push(append(&client, session_id(), 1, &noted(text)).await.unwrap());
    }
    let mut reader = ledger.read_feed(None).await.unwrap();
    let first = reader.next_batch(2).await.unwrap();
    assert_eq!((ids(&first), first.is_up_to_date()), (written[..2].to_vec(), false));
    assert_eq!(ids(&reader.next_batch(2).await.unwrap()), written[2..], "the next call goes on");

    early.batch_execute("commit").await.unwrap();
    let kept: FeedCursor = first.cursor().to_string().parse().unwrap();
    let mut reader = ledger.read_feed(Some(kept)).await.unwrap();
    let rest = reader.next_batch(10).await.unwrap();
    assert_eq!((ids(&rest), rest.is_up_to_date()), (vec![late, written[2]], true));
    assert!(reader.next_batch(10).await.unwrap().events.is_empty());
    assert!(ledger.subscriptions().await.unwrap().is_empty(), "nothing is kept here");
}

#[tokio::test]
async fn a_cursor_ahead_of_the_server_is_not_taken_back() {
    let (database, ledger) = ledger().await;
    append(&database.connect().await, session_id(), 1, &noted("one")).await.unwrap();
    let ahead = "1/900000:900007:900000";
    let mut reader = ledger.read_feed(Some(ahead.parse().unwrap())).await.unwrap();
    let batch = reader.next_batch(10).await.unwrap();
    assert!(batch.events.is_empty());
    assert_eq!(batch.cursor().to_string(), ahead);
}

#[tokio::test]
async fn transaction_ids_that_have_started_again_are_noticed() {
    const INSERT: &str = "
        insert into session_ledger.event
               (session_id, version, event_id, kind, shape, payload, hash, occurred_at, transaction_id)
        values ($1, 1, gen_random_uuid(), 'cleared', 1, '', sha256(''), now(), '4294967296007')";
    let (database, ledger) = ledger().await;
    database.connect().await.execute(INSERT, &[&session_id().as_uuid()]).await.unwrap();
    let refusal = ledger.read_feed(None).await.unwrap().next_batch(10).await.unwrap_err();
    assert!(matches!(refusal, FeedError::TransactionIdsRestarted { newest: 4_294_967_296_007, .. }));
}

#[test]
fn a_text_that_is_no_cursor_is_refused() {
    for text in ["", "1", "0/3:3:", "1/3:3", "1/9:3:9", "01/3:3:", "1/3:3: ", "70000/3:3:"] {
        let error = text.parse::<FeedCursor>().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "`{text}` is no cursor of the feed: give the text of one that a batch had, or none to begin with the log"
            )
        );
    }
}
