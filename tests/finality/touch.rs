//! The notes of readers about a session (`activity`) make no request of it run again.

use session_ledger::session::Policy;
use test_support::Database;

use crate::stage::Stage;

/// How often a request writes while others of its session read.
const WRITES: usize = 150;

/// Every reader notes that the session was seen.
async fn stage() -> Stage {
    Stage::with(Policy::default().extension_delay(0)).await
}

async fn last_seen(database: &Database) -> Option<time::OffsetDateTime> {
    let client = database.connect().await;
    client.query_one("select max(last_seen) from session_ledger.activity", &[]).await.unwrap().get(0)
}

/// Waits until somebody was seen after `before`.
async fn wait_for_touch(database: &Database, before: Option<time::OffsetDateTime>) {
    for _ in 0..5_000 {
        if last_seen(database).await > before {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the activity was not noted");
}

#[tokio::test(flavor = "multi_thread")]
async fn activity_that_is_noted_during_a_transaction_does_not_abort_it() {
    let stage = stage().await;
    for path in ["/tx-first/0/gate", "/tx-first/1/gate", "/session-first/0/gate", "/part/1/gate"] {
        let (visitor, session) = stage.sign_in("alice").await;
        let before = last_seen(&stage.database).await;
        let tab = visitor.clone();
        let under_way = tokio::spawn(async move { tab.post(path, "").await });
        stage.bench.arrival().await;
        assert_eq!(visitor.get("/me").await.status, 200);
        wait_for_touch(&stage.database, before).await;
        stage.bench.open();
        assert_eq!(under_way.await.unwrap().status, 200, "{path}");
        assert_eq!(stage.bench.runs(session), 1, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_beside_busy_readers_never_runs_twice() {
    let stage = stage().await;
    let (visitor, session) = stage.sign_in("alice").await;
    let readers: Vec<_> = [&stage.here, &stage.there]
        .map(|app| Stage::moved(&visitor, app))
        .into_iter()
        .map(|tab| {
            tokio::spawn(async move {
                loop {
                    assert_eq!(tab.get("/me").await.status, 200);
                }
            })
        })
        .collect();
    let before = last_seen(&stage.database).await;
    for nth in 0..WRITES {
        let path = ["/tx-first/0/1", "/tx-first/1/0", "/session-first/0/0", "/session-first/1/1"][nth % 4];
        assert_eq!(visitor.post(path, "").await.status, 200);
    }
    wait_for_touch(&stage.database, before).await;
    for reader in readers {
        reader.abort();
        assert!(reader.await.unwrap_err().is_cancelled(), "a reader met an error");
    }
    println!("{WRITES} writes beside busy readers: {} runs", stage.bench.runs(session));
    assert_eq!(stage.bench.runs(session), WRITES as u32);
}
