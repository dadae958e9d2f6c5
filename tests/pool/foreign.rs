//! An application's own pool, to which other code returns connections in the middle of a transaction.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use session_ledger::Ledger;
use session_ledger::ledger::Verification;
use session_ledger::session::EndReason;
use session_ledger::web::Sessions;
use test_support::{Database, Visitor, application, key_ring};
use tokio_postgres::NoTls;

/// States in which other code may leave a connection.
const LEFT_OPEN: [&str; 7] = [
    "begin",
    "begin; select 1",
    "begin; insert into purchase values ('theirs')",
    "begin isolation level repeatable read; select count(*) from session_ledger.session",
    "begin isolation level serializable; select count(*) from session_ledger.session",
    "begin isolation level serializable; insert into purchase values ('theirs')",
    "begin; insert into purchase values ('theirs'); select 1 / 0",
];

struct Scene {
    pool: Pool,
    database: Database,
    ledger: Ledger,
    visitor: Visitor,
}

impl Scene {
    /// A pool of one connection, so that everybody gets the same.
    async fn new() -> Self {
        let database = Database::fresh().await;
        database.connect().await.batch_execute("create table purchase (item text)").await.unwrap();
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(database.config(), NoTls, recycling);
        let pool = Pool::builder(manager).max_size(1).build().unwrap();
        let ledger = Ledger::builder(database.config()).pool(pool.clone()).connect().await.unwrap();
        let visitor = Visitor::new(&application(Sessions::new(ledger.clone(), key_ring())));
        assert_eq!(visitor.get("/login/alice").await.status, 200);
        Self { pool, database, ledger, visitor }
    }

    async fn leave(&self, statements: &str) {
        let client = self.pool.get().await.unwrap();
        // A failed statement is part of the state.
        client.batch_execute(statements).await.ok();
    }
}

#[tokio::test]
async fn requests_neither_fail_by_a_transaction_left_open_nor_commit_it() {
    let scene = Scene::new().await;
    let mut ours = 0;
    for left in LEFT_OPEN {
        for path in ["/show", "/add", "/order/ours/then/200", "/keep/x", "/me"] {
            scene.leave(left).await;
            let answer = scene.visitor.get(path).await;
            assert_eq!(answer.status, 200, "{path} after `{left}`: {}", answer.body);
            ours += i64::from(path.starts_with("/order"));
        }
        scene.leave(left).await;
        let stranger = scene.visitor.copy();
        stranger.put_cookie("__Host-session", "");
        assert_eq!(stranger.get("/add").await.status, 200, "a new session after `{left}`");
    }
    assert_eq!(scene.database.count("purchase").await, ours);
    assert_eq!(scene.database.count("purchase where item = 'theirs'").await, 0);
    let verified: Verification = scene.ledger.verify(|_| {}).await.unwrap();
    assert!(verified.is_equal(), "{verified:?}");
}

#[tokio::test]
async fn an_old_snapshot_left_open_does_not_bring_an_ended_session_back() {
    let scene = Scene::new().await;
    scene.leave("begin isolation level serializable; select count(*) from session_ledger.session").await;
    let elsewhere = Ledger::builder(scene.database.config()).connect().await.unwrap();
    elsewhere.end_all(&"alice".into(), EndReason::Revoked).await.unwrap();
    let old = "pg_stat_activity where datname = current_database() and state = 'idle in transaction'
                  and clock_timestamp() - xact_start > interval '100 ms'";
    tokio::time::timeout(Duration::from_secs(30), async { while scene.database.count(old).await == 0 {} })
        .await
        .expect("the transaction gets old");
    assert_eq!(scene.visitor.get("/show").await.body, "- 0");
}
