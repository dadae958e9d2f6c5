//! Time limits, by the database's clock alone (ASVS 7.3.1, 7.3.2; NIST SP 800-63B-4 section 5.2).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use session_ledger::Ledger;
use session_ledger::session::{EndReason, Policy};
use session_ledger::web::Sessions;
use test_support::{Database, Visitor, application, key_ring};

const IDLE: u64 = 600;
const ABSOLUTE: u64 = 3600;

async fn scene() -> (Visitor, Ledger, Database) {
    let database = Database::fresh().await;
    let policy =
        Policy::default().idle_timeout(IDLE as u32).absolute_timeout(ABSOLUTE as u32).extension_delay(60);
    let ledger = database.ledger(policy).await;
    let visitor = Visitor::new(&application(Sessions::new(ledger.clone(), key_ring())));
    visitor.post("/login/alice", "").await;
    (visitor, ledger, database)
}

async fn ended(ledger: &Ledger) -> Option<EndReason> {
    ledger.sessions(&"alice".into()).await.unwrap()[0].ended.clone().map(|(reason, _)| reason)
}

/// Waits for the activity that a reading request notes in the background.
async fn wait_for_activity(database: &Database, after: Duration) {
    let noted = format!(
        "session_ledger.activity where last_seen > clock_timestamp() + interval '{} seconds'",
        after.as_secs() - 5
    );
    for _ in 0..2_000 {
        if database.count(&noted).await == 1 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the activity was not noted");
}

#[tokio::test]
async fn an_unused_session_ends_at_its_idle_timeout_and_not_before() {
    let (visitor, ledger, database) = scene().await;
    database.set_clock_ahead(Duration::from_secs(IDLE - 5)).await;
    assert_eq!(visitor.copy().get("/me").await.status, 200);
    wait_for_activity(&database, Duration::from_secs(IDLE - 5)).await;
    database.connect().await.batch_execute("truncate session_ledger.activity").await.unwrap();
    database.set_clock_ahead(Duration::from_secs(IDLE)).await;
    assert_eq!(visitor.get("/me").await.status, 401);
    assert_eq!(ended(&ledger).await, Some(EndReason::IdleTimeout));
    let (session, (_, at)) = {
        let summary = &ledger.sessions(&"alice".into()).await.unwrap()[0];
        (summary.id, summary.ended.clone().unwrap())
    };
    let history = ledger.history(session).await.unwrap();
    let last_change = history[history.len() - 2].entry.occurred_at;
    assert_eq!((at - last_change).whole_seconds(), IDLE as i64, "the end bears the true deadline");
}

#[tokio::test]
async fn reading_keeps_a_session_alive_and_writes_no_event() {
    let (visitor, _ledger, database) = scene().await;
    let events = database.count("session_ledger.event").await;
    for step in 1..=4 {
        let ahead = Duration::from_secs(step * (IDLE - 60));
        database.set_clock_ahead(ahead).await;
        assert_eq!(visitor.get("/me").await.status, 200, "step {step}");
        wait_for_activity(&database, ahead).await;
    }
    assert_eq!(database.count("session_ledger.event").await, events);
}

#[tokio::test]
async fn a_busy_session_ends_at_its_absolute_timeout() {
    let (visitor, ledger, database) = scene().await;
    for step in 1..ABSOLUTE / 300 {
        database.set_clock_ahead(Duration::from_secs(step * 300)).await;
        assert_eq!(visitor.get("/add").await.status, 200, "step {step}");
    }
    database.set_clock_ahead(Duration::from_secs(ABSOLUTE)).await;
    assert_eq!(visitor.get("/me").await.status, 401);
    assert_eq!(ended(&ledger).await, Some(EndReason::AbsoluteTimeout));
}

#[tokio::test]
async fn a_session_whose_time_is_over_is_listed_as_ended_before_anybody_notices() {
    let (_visitor, ledger, database) = scene().await;
    assert_eq!(ended(&ledger).await, None);
    database.set_clock_ahead(Duration::from_secs(IDLE)).await;
    assert_eq!(ended(&ledger).await, Some(EndReason::IdleTimeout));
    assert_eq!(database.count("session_ledger.ended_session").await, 0);
}

#[tokio::test]
async fn a_session_may_have_limits_of_its_own() {
    let (visitor, ledger, database) = scene().await;
    assert_eq!(visitor.get("/short/120").await.status, 200);
    database.set_clock_ahead(Duration::from_secs(121)).await;
    assert_eq!(visitor.get("/me").await.status, 401);
    assert_eq!(ended(&ledger).await, Some(EndReason::IdleTimeout));
}

#[tokio::test]
async fn an_expired_session_ends_even_if_the_request_that_finds_it_fails() {
    let (visitor, ledger, database) = scene().await;
    database.set_clock_ahead(Duration::from_secs(IDLE)).await;
    let answer = visitor.get("/then/500").await;
    assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (409, 0), "its cookie is out of date");
    assert_eq!(ended(&ledger).await, Some(EndReason::IdleTimeout));
}
