//! The trips of a request to the database, counted on the wire (DESIGN: a request; invariant 7 rests on it
//! too). A GET loads its session; a POST need not where the process knows it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use poem::error::InternalServerError;
use poem::web::Path;
use poem::{EndpointExt, Error, Result, Route, get, handler, post};
use session_ledger::session::{Policy, SessionsExcess};
use session_ledger::web::{OtherSessions, Session, Sessions, SignedIn, StaleReads, Tx};
use session_ledger::{Key, Ledger};
use test_support::{App, Database, Visitor, Wire, app, key_ring};

const COUNT: Key<u32> = Key::new("count");

#[handler]
fn nothing() -> &'static str {
    "nothing"
}

#[handler]
fn read(session: Session) -> Result<String> {
    Ok(session.get(&COUNT)?.unwrap_or_default().to_string())
}

#[handler]
fn write(session: Session) -> Result<String> {
    Ok(session.update(&COUNT, |count| *count += 1).map(|()| "written".to_owned())?)
}

#[handler]
fn rewrite(session: Session) -> Result<()> {
    let same = session.get(&COUNT)?.unwrap_or_default();
    Ok(session.set(&COUNT, &same)?)
}

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?)
}

#[handler]
fn logout(session: SignedIn) -> Result<()> {
    Ok(session.logout()?)
}

async fn statements(tx: &Tx, count: usize) -> Result<()> {
    for _ in 0..count {
        let statement = tx.prepare_cached("select 1").await.map_err(InternalServerError)?;
        tx.query_one(&statement, &[]).await.map_err(InternalServerError)?;
    }
    Ok(())
}

#[handler]
async fn transact(Path(count): Path<usize>, tx: Tx) -> Result<()> {
    statements(&tx, count).await
}

#[handler]
async fn transact_and_write(Path(count): Path<usize>, tx: Tx, session: Session) -> Result<()> {
    statements(&tx, count).await?;
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
async fn write_and_transact(Path(count): Path<usize>, session: Session, tx: Tx) -> Result<()> {
    session.update(&COUNT, |count| *count += 1)?;
    statements(&tx, count).await
}

#[handler]
fn change_factor(session: SignedIn, Path(others): Path<String>) -> Result<()> {
    let others = if others == "end" { OtherSessions::End } else { OtherSessions::Keep };
    Ok(session.factor_changed("pwd", others)?)
}

#[handler]
async fn transact_and_login(Path(count): Path<usize>, tx: Tx, session: Session) -> Result<()> {
    statements(&tx, count).await?;
    Ok(session.login("alice")?)
}

#[handler]
async fn transact_and_fail(Path(count): Path<usize>, tx: Tx, session: Session) -> Result<()> {
    statements(&tx, count).await?;
    session.update(&COUNT, |count| *count += 1)?;
    Err(Error::from_string("no", poem::http::StatusCode::CONFLICT))
}

#[handler]
fn fail(_session: Session) -> Result<()> {
    Err(Error::from_string("no", poem::http::StatusCode::CONFLICT))
}

/// A visitor whose application knows so many bytes of sessions, as long as this test takes, and reaches the
/// database over a wire, on one connection that knows all statements.
async fn known_visitor(bytes: usize) -> (Visitor, Wire, Database) {
    let database = Database::fresh().await;
    let wire = Wire::to(&database.config());
    let ledger = Ledger::builder(wire.config()).connections_max(1).connect().await.unwrap();
    let route = Route::new()
        .at("/read", get(read).post(read))
        .at("/stale", get(read).with(StaleReads::up_to(Duration::from_secs(3_600))))
        .at("/write", get(write).post(write))
        .at("/login", post(login))
        .at("/logout", post(logout))
        .at("/fail", post(fail))
        .at("/tx/:count", post(transact))
        .at("/tx-write/:count", post(transact_and_write))
        .at("/tx-fail/:count", post(transact_and_fail))
        .at("/write-tx/:count", post(write_and_transact));
    let sessions = Sessions::builder(ledger, key_ring()).known_sessions(bytes, Duration::from_secs(3_600));
    let visitor = Visitor::new(&app(route.with(sessions.build().unwrap())));
    visitor.get("/write").await;
    for path in ["/write", "/tx-write/1", "/tx/1", "/write-tx/1", "/login", "/logout", "/write"] {
        assert!(visitor.post(path, "").await.status.is_success(), "{path}");
    }
    assert_eq!(visitor.post("/fail", "").await.status, 409);
    assert_eq!(visitor.post("/tx-fail/1", "").await.status, 409);
    visitor.get("/read").await;
    (visitor, wire, database)
}

/// The trips of a POST of `visitor`, and its status.
async fn trips_to_post(visitor: &Visitor, wire: &Wire, path: &str) -> (usize, u16) {
    let before = wire.trips();
    let status = visitor.post(path, "").await.status.as_u16();
    (wire.trips() - before, status)
}

const PLENTY: usize = 1 << 20;

#[tokio::test]
async fn a_known_session_is_written_in_one_trip_and_ended_in_one() {
    let (visitor, wire, _database) = known_visitor(PLENTY).await;
    for _ in 0..3 {
        assert_eq!(trips_to_post(&visitor, &wire, "/write").await, (1, 200));
    }
    assert_eq!(trips_to_post(&visitor, &wire, "/login").await, (1, 200));
    assert_eq!(trips_to_post(&visitor, &wire, "/write").await, (2, 200), "the new token is shown first");
    assert_eq!(trips_to_post(&visitor, &wire, "/write").await, (1, 200));
    assert_eq!(trips_to_post(&visitor, &wire, "/logout").await, (1, 200));
}

/// One fewer than the application's own BEGIN, statements and COMMIT.
#[tokio::test]
async fn a_transaction_that_changes_a_known_session_takes_one_trip_besides_its_statements() {
    let (visitor, wire, _database) = known_visitor(PLENTY).await;
    for count in [0, 1, 3] {
        for path in ["/tx-write", "/write-tx"] {
            let path = format!("{path}/{count}");
            assert_eq!(trips_to_post(&visitor, &wire, &path).await, (count + 1, 200), "{path}");
        }
    }
}

/// It appends no event by which the outcome of a lost COMMIT could be found out, so it must know its id. The
/// first one asks for it behind the handler. The next ones ask with their BEGIN, and are told meanwhile.
#[tokio::test]
async fn a_transaction_that_leaves_a_known_session_alone_saves_a_trip_from_the_second_one_on() {
    let (visitor, wire, _database) = known_visitor(PLENTY).await;
    for (path, trips) in [("/tx/3", 5), ("/tx/3", 4), ("/tx/1", 2), ("/tx/0", 2)] {
        assert_eq!(trips_to_post(&visitor, &wire, path).await, (trips, 200), "{path}");
    }
    for (path, trips) in [("/tx-write/3", 4), ("/tx/3", 5), ("/tx/3", 4)] {
        assert_eq!(trips_to_post(&visitor, &wire, path).await, (trips, 200), "then {path}");
    }
}

/// The load that proves the answer right travels with the rollback.
#[tokio::test]
async fn an_answer_that_commits_nothing_takes_no_more_trips_than_with_a_load() {
    let (visitor, wire, _database) = known_visitor(PLENTY).await;
    assert_eq!(trips_to_post(&visitor, &wire, "/read").await, (1, 200));
    assert_eq!(trips_to_post(&visitor, &wire, "/fail").await, (1, 409));
    for count in [1, 3] {
        let path = format!("/tx-fail/{count}");
        assert_eq!(trips_to_post(&visitor, &wire, &path).await, (count + 1, 409), "{path}");
    }
}

#[tokio::test]
async fn without_memory_each_request_loads() {
    let (visitor, wire, _database) = known_visitor(0).await;
    for (path, trips, status) in [
        ("/write", 2, 200),
        ("/read", 1, 200),
        ("/fail", 1, 409),
        ("/tx/3", 5, 200),
        ("/tx-write/3", 5, 200),
        ("/write-tx/3", 5, 200),
        ("/tx-fail/3", 5, 409),
    ] {
        assert_eq!(trips_to_post(&visitor, &wire, path).await, (trips, status), "{path}");
    }
}

/// A visitor whose application reaches the database over a wire, on one connection that knows all statements.
async fn warm_visitor() -> (Visitor, Wire, Database) {
    let database = Database::fresh().await;
    let wire = Wire::to(&database.config());
    let ledger = Ledger::builder(wire.config()).connections_max(1).connect().await.unwrap();
    let route = Route::new()
        .at("/nothing", get(nothing))
        .at("/read", get(read))
        .at("/write", get(write))
        .at("/rewrite", get(rewrite))
        .at("/login", get(login))
        .at("/logout", get(logout))
        .at("/tx/:count", get(transact))
        .at("/tx-write/:count", get(transact_and_write))
        .at("/write-tx/:count", get(write_and_transact));
    // The statement that the application loads beside the session costs no trip either.
    let sessions = Sessions::builder(ledger, key_ring()).also_load("select $1").build().unwrap();
    let visitor = Visitor::new(&app(route.with(sessions)));
    for path in ["/write", "/write", "/read", "/tx-write/1", "/login", "/logout", "/write-tx/1", "/write"] {
        assert!(visitor.get(path).await.status.is_success(), "{path}");
    }
    (visitor, wire, database)
}

#[tokio::test]
async fn a_plain_read_that_may_be_stale_takes_no_trip() {
    let (visitor, wire, _database) = known_visitor(PLENTY).await;
    for (path, expected) in [("/stale", 0), ("/write", 2), ("/stale", 0), ("/read", 1)] {
        assert_eq!(trips(&visitor, &wire, path).await, expected, "{path}");
    }
    let (visitor, wire, _database) = known_visitor(0).await;
    assert_eq!(trips(&visitor, &wire, "/stale").await, 1, "nothing is known");
}

/// The number of trips of a request of `visitor`.
async fn trips(visitor: &Visitor, wire: &Wire, path: &str) -> usize {
    let before = wire.trips();
    let answer = visitor.get(path).await;
    assert!(answer.status.is_success(), "{path}: {answer:?}");
    wire.trips() - before
}

#[tokio::test]
async fn a_request_that_uses_neither_session_nor_transaction_takes_no_trip() {
    let (visitor, wire, _database) = warm_visitor().await;
    assert_eq!(trips(&visitor, &wire, "/nothing").await, 0);
}

#[tokio::test]
async fn reading_a_session_takes_one_trip() {
    let (visitor, wire, _database) = warm_visitor().await;
    assert_eq!(trips(&visitor, &wire, "/read").await, 1);
}

#[tokio::test]
async fn writing_a_session_takes_two_trips_and_so_does_starting_or_ending_one() {
    let (visitor, wire, _database) = warm_visitor().await;
    assert_eq!(trips(&visitor, &wire, "/write").await, 2);
    assert_eq!(trips(&visitor, &wire, "/login").await, 2);
    assert_eq!(trips(&visitor, &wire, "/logout").await, 2);
    assert!(visitor.cookie("__Host-session").is_none());
    assert_eq!(trips(&visitor, &wire, "/write").await, 2);
}

/// A written event tells when the session was seen, so its activity need not be noted: a note would be a
/// transaction of its own.
#[tokio::test]
async fn writing_a_session_that_was_not_seen_for_long_takes_no_trip_more() {
    let (visitor, wire, database) = warm_visitor().await;
    let long_ago = "update session_ledger.session set changed_at = changed_at - interval '5 minutes'";
    database.connect().await.batch_execute(long_ago).await.unwrap();
    let first = trips(&visitor, &wire, "/write").await;
    // On the one connection, behind the remaining work of the first request.
    let second = trips(&visitor, &wire, "/write").await;
    assert_eq!(first + second, 4);
    assert_eq!(database.count("session_ledger.activity").await, 0);
}

#[tokio::test]
async fn an_unchanged_value_is_not_written() {
    let (visitor, wire, _database) = warm_visitor().await;
    assert_eq!(trips(&visitor, &wire, "/rewrite").await, 1);
}

#[tokio::test]
async fn a_visitor_without_a_valid_cookie_takes_no_trip_to_read() {
    let (visitor, wire, _database) = warm_visitor().await;
    let token = visitor.cookie("__Host-session").unwrap();
    let stranger = visitor.copy();
    stranger.put_cookie("__Host-session", token.replace(&token[40..44], "AAAA"));
    assert_eq!(trips(&stranger, &wire, "/read").await, 0, "a forged token");
    stranger.put_cookie("__Host-session", "garbage");
    assert_eq!(trips(&stranger, &wire, "/read").await, 0, "garbage");
}

#[tokio::test]
async fn a_session_adds_no_trip_to_a_transaction_of_the_application() {
    let (visitor, wire, _database) = warm_visitor().await;
    for count in [0, 1, 3] {
        for path in ["/tx", "/tx-write"] {
            let path = format!("{path}/{count}");
            assert_eq!(trips(&visitor, &wire, &path).await, count + 2, "{path}");
        }
    }
}

#[tokio::test]
async fn a_session_that_was_asked_for_first_adds_none_either() {
    let (visitor, wire, _database) = warm_visitor().await;
    for count in [1, 3] {
        assert_eq!(
            trips(&visitor, &wire, &format!("/write-tx/{count}")).await,
            count + 2,
            "{count} statements"
        );
    }
}

/// An application with or without a limit of sessions per user, on one connection that knows all statements.
async fn warm_application(policy: Policy) -> (App, Wire, Database) {
    let database = Database::fresh().await;
    let wire = Wire::to(&database.config());
    let ledger = Ledger::builder(wire.config()).policy(policy).connections_max(1).connect().await.unwrap();
    let route = Route::new()
        .at("/write", get(write))
        .at("/login", get(login))
        .at("/tx-login/:count", get(transact_and_login))
        .at("/factor/:others", get(change_factor));
    let app = app(route.with(Sessions::new(ledger, key_ring())));
    for _ in 0..3 {
        let visitor = Visitor::new(&app);
        for path in ["/write", "/login", "/login", "/factor/keep", "/factor/end"] {
            assert_eq!(visitor.get(path).await.status, 200, "{path}");
        }
        assert_eq!(Visitor::new(&app).get("/tx-login/1").await.status, 200);
    }
    (app, wire, database)
}

/// The gate of a login travels with its commit.
#[tokio::test]
async fn a_login_takes_no_trip_for_a_limit_that_is_off_and_one_for_a_limit_that_is_on() {
    let limited = Policy::default().sessions_per_user(2, SessionsExcess::EndOldest);
    for (policy, more) in [(Policy::default(), 0), (limited, 1)] {
        let (app, wire, _database) = warm_application(policy).await;
        let known = Visitor::new(&app);
        known.get("/write").await;
        assert_eq!(trips(&known, &wire, "/login").await, 2 + more, "in a visitor's session");
        assert_eq!(trips(&known, &wire, "/login").await, 2, "again in the same session, {more}");
        assert_eq!(trips(&Visitor::new(&app), &wire, "/login").await, 2 + more, "the clock, and a start");
        assert_eq!(trips(&Visitor::new(&app), &wire, "/tx-login/3").await, 3 + 2 + more);
    }
}

#[tokio::test]
async fn a_changed_factor_takes_a_trip_more_only_to_end_the_other_sessions() {
    let (app, wire, _database) = warm_application(Policy::default()).await;
    let (alice, other) = (Visitor::new(&app), Visitor::new(&app));
    alice.get("/login").await;
    other.get("/login").await;
    assert_eq!(trips(&alice, &wire, "/factor/keep").await, 2);
    assert_eq!(trips(&alice, &wire, "/factor/end").await, 3);
    assert_eq!(trips(&alice, &wire, "/factor/end").await, 3, "nobody else is left");
}
