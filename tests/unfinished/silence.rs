//! Every wait for the database ends.
//!
//! A statement that was prepared on a fresh connection, the clock for a visitor's first write, and all
//! questions to the ledger outside of requests waited for as long as the server said nothing. A connection
//! whose COMMIT stayed unresolved went back to the pool while it was at a statement.

use futures_util::future::join_all;
use poem::EndpointExt;
use poem::http::Method;
use session_ledger::session::{EndReason, SessionId};
use session_ledger::web::Sessions;
use session_ledger::{Error, Ledger};
use test_support::{Cut, Database, Visitor, Wire, app, key_ring};

use crate::scene::{Scene, Signs, in_time, pages, send};
use crate::stopping::Stopping;

#[tokio::test]
async fn a_first_write_while_the_log_is_locked_is_answered_in_time() {
    let scene = Scene::with_connections(1).await;
    let locker = scene.database.connect().await;
    let lock = "begin; lock table session_ledger.event in access exclusive mode";
    locker.batch_execute(lock).await.unwrap();
    let visitor = Visitor::new(&scene.app);
    let answer = in_time("the first write", visitor.post("/add", "")).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["retry-after"], "1");
    let regret = send(&visitor, visitor.request(Method::POST, "/regret", ""));
    scene.signs.wait_for_handlers(1).await;
    scene.signs.gate.notify_one();
    assert_eq!(regret.await.unwrap().status, 409, "the next one has a connection that is free");
    locker.batch_execute("rollback").await.unwrap();
    assert_eq!(visitor.post("/add", "").await.status, 200);
}

#[tokio::test]
async fn a_connection_is_not_handed_on_at_the_question_for_an_outcome_that_nobody_can_tell() {
    let database = Database::fresh().await;
    let wire = Wire::prompt(&database.config());
    let ledger = Ledger::builder(wire.config()).connections_max(1).connect().await.unwrap();
    let app = app(pages(&Signs::none()).with(Sessions::new(ledger, key_ring())));
    let (visitor, other) = (Visitor::new(&app), Visitor::new(&app));
    for one in [&visitor, &other] {
        assert_eq!(one.post("/login", "").await.status, 200);
        assert_eq!(one.post("/add", "").await.status, 200);
    }
    wire.cut_next_commit(Cut::Before);
    let sender = visitor.clone();
    let lost = tokio::spawn(async move { sender.post("/add", "").await });
    // The question for the outcome finds the log locked.
    let locker = database.connect().await;
    let lock = "begin; lock table session_ledger.event in access exclusive mode";
    locker.batch_execute(lock).await.unwrap();
    let status = in_time("the lost write", lost).await.unwrap().status.as_u16();
    assert!(status == 503 || status == 200, "{status}");
    assert_eq!(other.get("/show").await.body, "alice 1", "though the log is locked");
}

#[tokio::test]
async fn a_visitors_first_write_on_a_server_that_has_stopped_is_answered_in_time() {
    let scene = Stopping::set().await;
    let visitor = Visitor::new(&scene.app);
    let stopped = scene.stop().await;
    assert_eq!(in_time("the first write", visitor.post("/add", "")).await.status, 503);
    assert_eq!(visitor.post("/add", "").await.status, 200, "another connection serves the next one");
    drop(stopped);
}

#[tokio::test]
async fn a_rollback_on_a_server_that_has_stopped_is_answered_in_time() {
    let scene = Stopping::set().await;
    let visitor = Visitor::new(&scene.app);
    let regret = send(&visitor, visitor.request(Method::POST, "/regret", ""));
    scene.signs.wait_for_handlers(1).await;
    let stopped = scene.stop().await;
    scene.signs.gate.notify_one();
    let status = in_time("the rollback", regret).await.unwrap().status.as_u16();
    assert!(status == 409 || status == 503, "{status}");
    drop(stopped);
    assert_eq!(visitor.post("/add", "").await.status, 200);
}

#[tokio::test]
async fn each_question_to_a_ledger_on_a_server_that_has_stopped_is_answered_in_time() {
    const QUESTIONS: usize = 7;
    let scene = Stopping::with_connections(QUESTIONS).await;
    let (ledger, alice) = (&scene.ledger, "alice".into());
    let session = SessionId::from(uuid::Uuid::from_u128(7));
    // Each question will find a connection that was used before.
    join_all((0..QUESTIONS).map(|_| ledger.sessions(&alice))).await;
    let stopped = scene.stop().await;
    assert_eq!(stopped.0.len(), QUESTIONS);
    let ask = async |nth| match nth {
        0 => ledger.sessions(&alice).await.map(drop),
        1 => ledger.sessions_page(&alice, None, 10).await.map(drop),
        2 => ledger.history(session).await.map(drop),
        3 => ledger.history_page(session, 0, 10).await.map(drop),
        4 => ledger.end(session, EndReason::Discarded).await.map(drop),
        5 => ledger.end_all(&alice, EndReason::Discarded).await.map(drop),
        _ => ledger.transaction(async |_| Ok::<_, Error>(())).await,
    };
    let answers = in_time("a question", join_all((0..QUESTIONS).map(ask))).await;
    for (nth, answer) in answers.into_iter().enumerate() {
        let expected = "the connection to the database was lost: the server did not answer in time";
        assert_eq!(answer.unwrap_err().to_string(), expected, "question {nth}");
    }
    // None of the connections is kept.
    for answer in join_all((0..QUESTIONS).map(|_| ledger.sessions(&alice))).await {
        assert_eq!(answer.unwrap(), []);
    }
}
