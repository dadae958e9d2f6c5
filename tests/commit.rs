//! When a request's changes are kept: all of them, or none (invariants 7 and 10).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use poem::{EndpointExt, Result, Route, get, handler};
use session_ledger::Key;
use session_ledger::session::Policy;
use session_ledger::web::{Session, Sessions};
use test_support::{Database, Visitor, app, application, key_ring};

async fn scene() -> (Visitor, Database) {
    let database = Database::fresh().await;
    let table = "create table purchase (item text primary key)";
    database.connect().await.batch_execute(table).await.unwrap();
    let ledger = database.ledger(Policy::default()).await;
    (Visitor::new(&application(Sessions::new(ledger, key_ring()))), database)
}

#[tokio::test]
async fn the_result_of_the_handler_decides() {
    let (visitor, database) = scene().await;
    visitor.get("/add").await;
    // Path, status, and whether the change is kept: a line for each row of the table in the docs of `web`.
    let rows = [
        ("/then/200", 200, true),
        ("/then/303", 303, true),
        ("/then/404", 404, true),
        ("/then/500", 500, false),
        ("/then/503", 503, false),
        ("/then-err/303", 303, true),
        ("/then-err/400", 400, false),
        ("/then-err/500", 500, false),
    ];
    let mut expected = 1;
    for (path, status, kept) in rows {
        let before = database.count("session_ledger.event").await;
        assert_eq!(visitor.get(path).await.status, status, "{path}");
        expected += u32::from(kept);
        assert_eq!(visitor.get("/show").await.body, format!("- {expected}"), "{path}");
        assert_eq!(database.count("session_ledger.event").await - before, i64::from(kept), "{path}");
    }
}

#[tokio::test]
async fn an_application_can_have_a_rule_of_its_own() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let only_200 =
        |result: &poem::Result<poem::Response>| matches!(result, Ok(answer) if answer.status() == 200);
    let sessions = Sessions::builder(ledger, key_ring()).commit_when(only_200).build().unwrap();
    let visitor = Visitor::new(&application(sessions));
    for (path, count) in
        [("/then/200", 1), ("/then/404", 1), ("/then/303", 1), ("/then-err/303", 1), ("/add", 2)]
    {
        visitor.get(path).await;
        assert_eq!(visitor.get("/show").await.body, format!("- {count}"), "{path}");
    }
}

#[tokio::test]
async fn the_applications_statements_and_the_session_commit_together_or_not_at_all() {
    let (visitor, database) = scene().await;
    assert_eq!(visitor.get("/order/teapot/then/200").await.status, 200);
    assert_eq!(visitor.get("/show").await.body, "- 1");
    assert_eq!(database.count("purchase").await, 1);
    // The handler fails: neither is kept.
    assert_eq!(visitor.get("/order/kettle/then/500").await.status, 500);
    // Its statement fails: neither is kept.
    assert_eq!(visitor.get("/order/teapot/then/200").await.status, 500);
    assert_eq!(visitor.get("/show").await.body, "- 1");
    assert_eq!(database.count("purchase").await, 1);
}

#[tokio::test]
async fn an_order_that_starts_the_session_sets_its_cookie_after_the_commit() {
    let (visitor, database) = scene().await;
    let answer = visitor.get("/order/teapot/then/500").await;
    assert!(answer.set_cookies().is_empty());
    assert_eq!(database.count("session_ledger.session").await, 0);
    assert_eq!(visitor.get("/order/teapot/then/200").await.set_cookies().len(), 1);
    assert_eq!(visitor.get("/show").await.body, "- 1");
}

#[tokio::test]
async fn a_handler_that_swallows_an_sql_error_gets_no_success() {
    let (visitor, database) = scene().await;
    visitor.get("/add").await;
    assert_eq!(visitor.get("/swallow").await.status, 500);
    assert_eq!(visitor.get("/show").await.body, "- 1");
    let open = "pg_stat_activity where datname = current_database() and state like 'idle in transaction%'";
    assert_eq!(database.count(open).await, 0, "no connection is left inside a transaction");
}

#[tokio::test]
async fn what_a_request_undoes_itself_leaves_no_trace() {
    let (visitor, database) = scene().await;
    assert!(visitor.get("/undo").await.set_cookies().is_empty());
    for path in ["/show", "/untouched", "/flashes"] {
        visitor.get(path).await;
    }
    assert_eq!(database.count("session_ledger.event").await, 0);
}

#[tokio::test]
async fn a_flash_message_is_shown_once() {
    let (visitor, _database) = scene().await;
    visitor.get("/flash/saved").await;
    visitor.get("/flash/sent").await;
    assert_eq!(visitor.get("/flashes").await.body, "saved,sent");
    assert_eq!(visitor.get("/flashes").await.body, "");
}

#[tokio::test]
async fn parallel_changes_of_one_session_all_survive() {
    let (visitor, _database) = scene().await;
    visitor.get("/add").await;
    let tabs: Vec<_> = (0..4)
        .map(|_| {
            let tab = visitor.clone();
            tokio::spawn(async move {
                for _ in 0..5 {
                    let answer = tab.post("/add", "a body that must come again").await;
                    assert_eq!(answer.status, 200, "five each is little enough for the retries: {answer:?}");
                }
            })
        })
        .collect();
    for tab in tabs {
        tab.await.unwrap();
    }
    assert_eq!(visitor.get("/show").await.body, "- 21");
}

/// Far more statements in one trip than a request usually sends: COMMIT must come after all of them.
#[tokio::test]
async fn a_request_of_many_events_commits_them_all() {
    #[handler]
    fn fill(session: Session) -> Result<()> {
        for nth in 0..200_u32 {
            session.set(&Key::new(format!("value {nth}").leak()), &nth)?;
        }
        Ok(())
    }
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let route = Route::new().at("/fill", get(fill));
    let visitor = Visitor::new(&app(route.with(Sessions::new(ledger, key_ring()))));
    assert_eq!(visitor.get("/fill").await.status, 200);
    let versions = "select count(*), min(version), max(version) from session_ledger.event";
    let versions = database.connect().await.query_one(versions, &[]).await.unwrap();
    let versions: (i64, i64, i64) = (versions.get(0), versions.get(1), versions.get(2));
    assert_eq!(versions, (201, 1, 201), "`started`, and a change for each value");
}
