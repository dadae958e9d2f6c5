//! Time limits, by the database's clock alone (ASVS 7.3.1, 7.3.2; NIST SP 800-63B-4 section 5.2).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use session_ledger::Ledger;
use session_ledger::session::{EndReason, Policy};
use session_ledger::web::Sessions;
use test_support::{Database, Visitor, application, key_ring};

const IDLE: u64 = 600;
const ABSOLUTE: u64 = 3600;

fn policy() -> Policy {
    Policy::default().idle_timeout(IDLE as u32).absolute_timeout(ABSOLUTE as u32).extension_delay(60)
}

async fn scene() -> (Visitor, Ledger, Database) {
    let database = Database::fresh().await;
    let (visitor, ledger) = signed_in(&database, policy()).await;
    (visitor, ledger, database)
}

/// A visitor who has signed in to an application with this policy.
async fn signed_in(database: &Database, policy: Policy) -> (Visitor, Ledger) {
    let ledger = database.ledger(policy).await;
    let visitor = Visitor::new(&application(Sessions::new(ledger.clone(), key_ring())));
    assert_eq!(visitor.post("/login/alice", "").await.status, 200);
    (visitor, ledger)
}

/// The same browser, in front of an application with another policy on the same database.
async fn moved(visitor: &Visitor, database: &Database, policy: Policy) -> (Visitor, Ledger) {
    let ledger = database.ledger(policy).await;
    let application = application(Sessions::new(ledger.clone(), key_ring()));
    let moved = Visitor::new(&application);
    moved.put_cookie("__Host-session", visitor.cookie("__Host-session").unwrap());
    (moved, ledger)
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

/// The timeline of ASVS 7.3.1 and 7.3.2, with the database's clock an hour before and behind the process's.
#[tokio::test]
async fn a_process_whose_clock_is_an_hour_off_judges_sessions_alike() {
    for skew in [-3600, 0, 3600] {
        let database = Database::fresh().await;
        set_clocks(&database, 0, skew).await;
        let (visitor, ledger) = signed_in(&database, policy()).await;
        let (other, _) = signed_in(&database, policy()).await;
        for second in [IDLE - 5, 1_100, 1_600, 2_100, 2_600, 3_100, ABSOLUTE - 5] {
            set_clocks(&database, second, skew).await;
            assert_eq!(visitor.get("/add").await.status, 200, "skew {skew}, second {second}");
            if second >= IDLE {
                assert_eq!(other.get("/me").await.status, 401, "skew {skew}, second {second}");
            }
        }
        set_clocks(&database, ABSOLUTE, skew).await;
        assert_eq!(visitor.get("/add").await.status, 409, "skew {skew}");
        let mut ends: Vec<_> = ledger.sessions(&"alice".into()).await.unwrap();
        ends.sort_by_key(|session| session.started_at);
        let reasons: Vec<_> = ends.iter().map(|session| session.ended.as_ref().unwrap().0.clone()).collect();
        assert_eq!(reasons, [EndReason::AbsoluteTimeout, EndReason::IdleTimeout], "skew {skew}");
        let lived = |nth: usize| {
            (ends[nth].ended.as_ref().unwrap().1 - ends[nth].authenticated_at.unwrap()).whole_seconds()
        };
        assert_eq!((lived(0), lived(1)), (ABSOLUTE as i64, IDLE as i64), "skew {skew}");
    }
}

/// Lets so many seconds pass, for a database whose clock differs from the process's by `skew` seconds.
async fn set_clocks(database: &Database, seconds: u64, skew: i64) {
    database.set_clock_ahead(Duration::from_secs(seconds)).await;
    let replace = format!(
        "create or replace function session_ledger.clock() returns timestamptz
            language sql volatile parallel safe
            return clock_timestamp() + interval '{} seconds'",
        seconds as i64 + skew
    );
    database.connect().await.batch_execute(&replace).await.unwrap();
}

/// A note of activity waits for a lock for five minutes of the database's clock. It used to bear the time at
/// which it was written, and so to prolong the session by the wait.
#[tokio::test]
async fn a_note_that_is_written_late_does_not_prolong_the_session() {
    let (visitor, ledger, database) = scene().await;
    database.set_clock_ahead(Duration::from_secs(100)).await;
    let mut blocker = database.connect().await;
    let lock = blocker.transaction().await.unwrap();
    lock.batch_execute("lock table session_ledger.activity in exclusive mode").await.unwrap();
    assert_eq!(visitor.get("/me").await.status, 200);
    wait_for_waiting_note(&database).await;
    database.set_clock_ahead(Duration::from_secs(400)).await;
    lock.commit().await.unwrap();
    wait_for_activity(&database, Duration::from_secs(100)).await;
    database.set_clock_ahead(Duration::from_secs(100 + IDLE)).await;
    assert_eq!(visitor.get("/me").await.status, 401);
    assert_eq!(ended(&ledger).await, Some(EndReason::IdleTimeout));
}

async fn wait_for_waiting_note(database: &Database) {
    let waiting = "pg_locks where relation = 'session_ledger.activity'::regclass and not granted";
    for _ in 0..2_000 {
        if database.count(waiting).await == 1 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("no note waits");
}

#[tokio::test]
async fn an_idle_limit_that_is_switched_on_holds_for_the_sessions_that_are_there() {
    let database = Database::fresh().await;
    let (visitor, _) = signed_in(&database, policy().idle_timeout(None)).await;
    let (other, _) = signed_in(&database, policy().idle_timeout(None)).await;
    database.set_clock_ahead(Duration::from_secs(IDLE - 5)).await;
    let (visitor, ledger) = moved(&visitor, &database, policy()).await;
    let (other, _) = moved(&other, &database, policy()).await;
    assert_eq!(visitor.get("/me").await.status, 200, "it is used, and goes on");
    wait_for_activity(&database, Duration::from_secs(IDLE - 5)).await;
    database.set_clock_ahead(Duration::from_secs(IDLE)).await;
    let listed = ledger.sessions(&"alice".into()).await.unwrap();
    let page = ledger.sessions_page(&"alice".into(), None, 9).await.unwrap();
    let over = |sessions: &[session_ledger::ledger::SessionSummary]| {
        sessions.iter().filter(|session| session.ended.is_some()).count()
    };
    assert_eq!((over(&listed), over(&page)), (1, 1), "before any request finds it out");
    assert_eq!(other.get("/me").await.status, 401, "it was not used");
    assert_eq!(visitor.get("/me").await.status, 200);
    let ends: Vec<_> = ledger
        .sessions(&"alice".into())
        .await
        .unwrap()
        .into_iter()
        .filter_map(|session| session.ended)
        .collect();
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0].0, EndReason::IdleTimeout);
}

#[tokio::test]
async fn an_absolute_limit_that_is_switched_on_holds_for_the_sessions_that_are_there() {
    let database = Database::fresh().await;
    let endless = policy().absolute_timeout(None).idle_timeout(None).deviation("To be switched on later.");
    let (visitor, _) = signed_in(&database, endless).await;
    let (visitor, ledger) = moved(&visitor, &database, policy().idle_timeout(None)).await;
    database.set_clock_ahead(Duration::from_secs(ABSOLUTE - 5)).await;
    assert_eq!(visitor.get("/add").await.status, 200);
    assert_eq!(ended(&ledger).await, None);
    database.set_clock_ahead(Duration::from_secs(ABSOLUTE)).await;
    assert_eq!(ended(&ledger).await, Some(EndReason::AbsoluteTimeout), "before any request finds it out");
    assert_eq!(visitor.get("/me").await.status, 401);
    assert_eq!(ended(&ledger).await, Some(EndReason::AbsoluteTimeout));
}

#[tokio::test]
async fn a_limit_that_is_switched_off_stays_with_the_sessions_that_started_with_it() {
    let database = Database::fresh().await;
    let (visitor, _) = signed_in(&database, policy()).await;
    let (visitor, ledger) = moved(&visitor, &database, policy().idle_timeout(None)).await;
    database.set_clock_ahead(Duration::from_secs(IDLE)).await;
    assert_eq!(visitor.get("/me").await.status, 401);
    assert_eq!(ended(&ledger).await, Some(EndReason::IdleTimeout));
}

/// A session's own limit may be far below the policy's `extension_delay`. It used to end while it was read.
#[tokio::test]
async fn reading_keeps_a_session_whose_own_limit_is_below_the_delay() {
    let (visitor, _ledger, database) = scene().await;
    assert_eq!(visitor.get("/short/40").await.status, 200);
    for step in 1..=4 {
        let ahead = Duration::from_secs(step * 30);
        database.set_clock_ahead(ahead).await;
        assert_eq!(visitor.get("/me").await.status, 200, "step {step}");
        wait_for_activity(&database, ahead).await;
    }
}

#[tokio::test]
async fn reading_extends_a_session_for_certain_from_the_deadline_on() {
    let database = Database::fresh().await;
    let chancy = policy().extension_delay(60).extension_chance(1).extension_deadline(120);
    let (visitor, _) = signed_in(&database, chancy).await;
    for step in 1..=10 {
        let ahead = Duration::from_secs(step * 120);
        database.set_clock_ahead(ahead).await;
        assert_eq!(visitor.get("/me").await.status, 200, "step {step}");
        wait_for_activity(&database, ahead).await;
    }
}
