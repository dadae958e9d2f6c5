//! Logins that failed: they are in the trail, whatever becomes of their requests (OWASP: authn_login_fail;
//! ASVS 16.3.1).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use poem::http::StatusCode;
use poem::web::Path;
use poem::{EndpointExt, Error, Result, Route, handler, post};
use session_ledger::Ledger;
use session_ledger::ledger::{FailedLogin as Row, QuestionError, RebuildOptions};
use session_ledger::session::{
    Client, FailedLogin, FailedLoginFilter, LoginFailure, Policy, SessionsExcess, Unanswerable,
};
use session_ledger::web::{IpNet, Session, Sessions, Tx};
use test_support::{App, CapturedLog, Database, Visitor, app, key_ring};
use tracing::Level;

fn unauthorized() -> Error {
    Error::from_status(StatusCode::UNAUTHORIZED)
}

#[handler]
fn add(session: Session) -> Result<()> {
    Ok(session.note_text("was", "here")?)
}

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<()> {
    Ok(session.login(user)?)
}

#[handler]
fn wrong(session: Session, Path(user): Path<String>) -> Result<()> {
    session.login_failed(FailedLogin::of(user));
    Err(unauthorized())
}

/// A handler that has written something when the login fails.
#[handler]
async fn wrong_in_tx(tx: Tx, session: Session, Path(user): Path<String>) -> Result<()> {
    tx.execute("insert into visit values ($1)", &[&user]).await.map_err(poem::error::InternalServerError)?;
    session.login_failed(FailedLogin::of(user).because(LoginFailure::Locked));
    Err(unauthorized())
}

/// An answer that is committed.
#[handler]
fn unknown(session: Session) -> Result<()> {
    session.login_failed(FailedLogin::of_unknown());
    Ok(session.note_text("was", "nobody")?)
}

/// Is marked to run again, until its third run.
#[handler]
fn wrong_at_last(session: Session) -> Result<()> {
    session.login_failed(FailedLogin::of("alice").because(format!("run {}", session.attempt()).as_str()));
    Err(if session.attempt() < 3 { Error::from_status(StatusCode::IM_A_TEAPOT) } else { unauthorized() })
}

/// The same in a part that runs again by itself.
#[handler]
async fn wrong_in_part(session: Session) -> Result<()> {
    session.login_failed(FailedLogin::of("before"));
    let work = async |session: Session, _tx: Tx| -> Result<()> {
        session.login_failed(FailedLogin::of("within"));
        Err(if session.attempt() < 3 { Error::from_status(StatusCode::IM_A_TEAPOT) } else { unauthorized() })
    };
    session.transaction(work).await
}

/// Never answers.
#[handler]
async fn wrong_and_slow(session: Session) -> Result<()> {
    session.login_failed(FailedLogin::of("alice"));
    std::future::pending().await
}

#[handler]
async fn login_in_part(session: Session, Path(user): Path<String>) -> Result<()> {
    session.transaction(async |session: Session, _tx: Tx| Ok(session.login(user.clone())?)).await
}

fn application(ledger: Ledger) -> App {
    let sessions = Sessions::builder(ledger, key_ring())
        .retry_when(|error| error.status() == StatusCode::IM_A_TEAPOT)
        .build()
        .unwrap();
    let route = Route::new().at("/add", post(add)).at("/login/:user", post(login));
    let route = route.at("/wrong/:user", post(wrong)).at("/wrong-in-tx/:user", post(wrong_in_tx));
    let route = route.at("/unknown", post(unknown)).at("/wrong-at-last", post(wrong_at_last));
    let route = route.at("/wrong-in-part", post(wrong_in_part)).at("/slow", post(wrong_and_slow));
    app(route.at("/login-in-part/:user", post(login_in_part)).with(sessions))
}

struct Scene {
    database: Database,
    ledger: Ledger,
    app: App,
}

impl Scene {
    async fn set() -> Self {
        Self::with(Policy::default()).await
    }

    async fn with(policy: Policy) -> Self {
        let database = Database::fresh().await;
        database.connect().await.batch_execute("create table visit (who text)").await.unwrap();
        let ledger = database.ledger(policy).await;
        Self { app: application(ledger.clone()), database, ledger }
    }

    async fn post(&self, visitor: &Visitor, path: &str, status: u16) {
        assert_eq!(visitor.post(path, "").await.status.as_u16(), status, "{path}");
    }

    /// Waits until so many are recorded. Returns them, the first one first.
    async fn recorded(&self, number: usize) -> Vec<Row> {
        let patience = Instant::now() + Duration::from_secs(20);
        loop {
            let mut rows = self.page(&FailedLoginFilter::all()).await;
            if rows.len() >= number {
                rows.reverse();
                assert_eq!(rows.len(), number, "{rows:#?}");
                return rows;
            }
            assert!(Instant::now() < patience, "{} of {number} are recorded", rows.len());
        }
    }

    async fn page(&self, filter: &FailedLoginFilter) -> Vec<Row> {
        self.ledger.failed_logins_page(filter, None, 100).await.unwrap().failed_logins
    }

    async fn sql(&self, statement: &str) {
        self.database.connect().await.batch_execute(statement).await.unwrap();
    }
}

fn told(row: &Row) -> String {
    format!("{} {}", row.user.as_ref().map_or("-", |user| user.as_str()), row.reason)
}

#[tokio::test]
async fn a_failed_login_is_recorded_whatever_becomes_of_its_request() {
    let scene = Scene::set().await;
    let address: IpAddr = "203.0.113.7".parse().unwrap();
    let visitor = Visitor::new(&scene.app).at(address).named("Lynx/2.9");
    scene.post(&visitor, "/wrong/alice", 401).await;
    let rows = scene.recorded(1).await;
    assert_eq!(told(&rows[0]), "alice wrong_secret");
    assert_eq!((rows[0].client_ip, rows[0].user_agent.as_deref()), (Some(address), Some("Lynx/2.9")));
    assert_eq!((rows[0].session, rows[0].left_out), (None, 0), "there is no session yet");
    assert_eq!(scene.database.count("session_ledger.event").await, 0, "and none because of it");

    scene.post(&visitor, "/add", 200).await;
    scene.post(&visitor, "/wrong-in-tx/bob", 401).await;
    scene.recorded(2).await;
    scene.post(&visitor, "/unknown", 200).await;
    let rows = scene.recorded(3).await;
    assert_eq!(
        rows.iter().map(told).collect::<Vec<_>>(),
        ["alice wrong_secret", "bob locked", "- unknown_user"]
    );
    assert!(rows[1].session.is_some() && rows[1].session == rows[2].session, "the visitor's");
    assert_eq!(scene.database.count("visit").await, 0);
    let ids = rows.iter().map(|row| row.event_id).collect::<std::collections::HashSet<_>>();
    assert_eq!(ids.len(), 3);

    // It is no projection: nothing that ends or derives sessions touches it.
    scene.ledger.end(rows[1].session.unwrap(), session_ledger::session::EndReason::Revoked).await.unwrap();
    scene.ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
    assert_eq!(scene.recorded(3).await, rows);
    assert!(scene.ledger.verify(|_| {}).await.unwrap().is_equal());
}

#[tokio::test]
async fn a_request_that_runs_again_tells_of_its_last_run_alone() {
    let scene = Scene::set().await;
    scene.post(&Visitor::new(&scene.app), "/wrong-at-last", 401).await;
    assert_eq!(told(&scene.recorded(1).await[0]), "alice run 3");
    scene.post(&Visitor::new(&scene.app), "/wrong-in-part", 401).await;
    let mut rows: Vec<_> = scene.recorded(3).await[1..].iter().map(told).collect();
    rows.sort();
    assert_eq!(rows, ["before wrong_secret", "within wrong_secret"]);
}

#[tokio::test]
async fn a_browser_that_hangs_up_leaves_its_failed_login() {
    let scene = Scene::set().await;
    let visitor = Visitor::new(&scene.app);
    let answered = tokio::time::timeout(Duration::from_millis(200), visitor.post("/slow", "")).await;
    assert!(answered.is_err());
    assert_eq!(told(&scene.recorded(1).await[0]), "alice wrong_secret");
}

#[tokio::test]
async fn a_login_that_a_rule_stands_in_the_way_of_is_recorded_by_itself() {
    let scene = Scene::with(Policy::default().sessions_per_user(1, SessionsExcess::Deny)).await;
    scene.post(&Visitor::new(&scene.app), "/login/alice", 200).await;
    let (one, two) = (Visitor::new(&scene.app), Visitor::new(&scene.app));
    assert!(!one.post("/login/alice", "").await.status.is_success());
    scene.recorded(1).await;
    assert!(!two.post("/login-in-part/alice", "").await.status.is_success());
    scene.recorded(2).await;
    scene.ledger.disable_account(&"bob".into(), None).await.unwrap();
    assert!(!two.post("/login/bob", "").await.status.is_success());
    let rows = scene.recorded(3).await;
    assert_eq!(
        rows.iter().map(told).collect::<Vec<_>>(),
        ["alice too_many_sessions", "alice too_many_sessions", "bob account_disabled"]
    );
}

#[tokio::test]
async fn a_failed_login_that_cannot_be_recorded_is_missed_aloud() {
    let (log, _guard) = CapturedLog::listen(Level::INFO);
    let scene = Scene::set().await;
    let visitor = Visitor::new(&scene.app);
    scene.sql("alter table session_ledger.failed_login rename to elsewhere").await;
    scene.post(&visitor, "/wrong/alice", 401).await;
    let text = || String::from_utf8(log.bytes()).unwrap();
    log.until("failed logins were not recorded").await;
    let outside = scene.ledger.login_failed(FailedLogin::of("alice")).await;
    assert!(outside.is_err(), "{outside:?}");
    scene.sql("alter table session_ledger.elsewhere rename to failed_login").await;
    scene.post(&visitor, "/wrong/eve", 401).await;
    let rows = scene.recorded(1).await;
    assert_eq!((told(&rows[0]).as_str(), rows[0].left_out), ("eve wrong_secret", 2));
    log.until("authn_login_fail").await;
    let told = text().lines().find(|line| line.contains("authn_login_fail")).map(str::to_owned).unwrap();
    assert!(told.contains("reason=wrong_secret"), "{told}");
    assert!(!text().contains("eve"), "the log holds no user");
}

#[tokio::test]
async fn of_a_flood_no_more_is_recorded_than_the_limit() {
    let scene = Scene::set().await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&heard);
    let builder = scene.database.builder().failed_logins_per_minute(2);
    let ledger = builder
        .on_login_failed(move |failed| hook.lock().unwrap().push(failed.clone()))
        .connect()
        .await
        .unwrap();
    let client = Client::new(Some("192.0.2.9".parse().unwrap()), None);
    let failed = |user: &str| FailedLogin::of(user).because("geofence").from_client(client.clone());
    let mut recorded = Vec::new();
    for user in ["one", "two", "three", "four"] {
        recorded.push(ledger.login_failed(failed(user)).await.unwrap());
    }
    assert_eq!(recorded, [true, true, false, false]);
    let rows = scene.recorded(2).await;
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), ["one geofence", "two geofence"]);
    assert_eq!(*heard.lock().unwrap(), [failed("one"), failed("two")], "the hook hears of what is recorded");
    scene.post(&Visitor::new(&application(ledger)), "/wrong/five", 401).await;
    assert_eq!(scene.database.count("session_ledger.failed_login").await, 2);
}

#[tokio::test]
async fn failed_logins_are_found_by_user_network_time_and_reason() {
    let scene = Scene::set().await;
    for n in 0..7_u8 {
        let client = Client::new(Some(IpAddr::from([192, 0, 2, n])), Some("Lynx"));
        let user = if n % 2 == 0 { "alice" } else { "bob" };
        let reason = if n < 4 { LoginFailure::WrongSecret } else { LoginFailure::Locked };
        let failed = FailedLogin::of(user).because(reason).from_client(client);
        assert!(scene.ledger.login_failed(failed).await.unwrap());
    }
    let all = scene.recorded(7).await;
    let found = async |filter: FailedLoginFilter| -> Vec<usize> {
        let rows = scene.page(&filter).await;
        rows.iter().map(|row| all.iter().position(|one| one == row).unwrap()).collect()
    };
    let any = FailedLoginFilter::all;
    assert_eq!(found(any()).await, [6, 5, 4, 3, 2, 1, 0], "the latest first");
    assert_eq!(found(any().of_user("bob")).await, [5, 3, 1]);
    let network: IpNet = "192.0.2.4/30".parse().unwrap();
    assert_eq!(found(any().from_network(network)).await, [6, 5, 4]);
    assert_eq!(found(any().because(LoginFailure::Locked).of_user("alice")).await, [6, 4]);
    let span = any().failed_from(all[2].failed_at).failed_before(all[5].failed_at);
    assert_eq!(found(span).await, [4, 3, 2]);
    assert_eq!(found(any().of_user("carol")).await, [0; 0]);

    let filter = any().of_user("alice");
    let first = scene.ledger.failed_logins_page(&filter, None, 3).await.unwrap();
    let second = scene.ledger.failed_logins_page(&filter, first.next.as_deref(), 3).await.unwrap();
    assert_eq!([&first.failed_logins[..], &second.failed_logins[..]].concat(), scene.page(&filter).await);
    assert_eq!((second.failed_logins.len(), second.next), (1, None));
    let stream: Vec<Row> = scene.ledger.failed_logins_stream(filter).try_collect().await.unwrap();
    assert_eq!(stream.len(), 4);
    let foreign = scene.ledger.failed_logins_page(&any(), first.next.as_deref(), 3).await;
    assert!(matches!(foreign, Err(QuestionError::Unanswerable(Unanswerable::ForeignCursor))), "{foreign:?}");
    let nobody = scene.ledger.failed_logins_page(&any().of_user(""), None, 3).await;
    assert!(matches!(nobody, Err(QuestionError::Ledger(_))), "{nobody:?}");
}

/// It hid the others: whoever guessed a thousand passwords a minute left no room for anybody else.
#[tokio::test]
async fn a_flood_from_one_address_leaves_room_for_the_others() {
    let scene = Scene::set().await;
    let ledger = scene.database.builder().failed_logins_per_minute(60).connect().await.unwrap();
    let failed = |last: u8| {
        let address = std::net::Ipv4Addr::new(192, 0, 2, last).into();
        FailedLogin::of("alice").from_client(Client::new(Some(address), None))
    };
    let mut recorded = 0;
    for _ in 0..60 {
        recorded += usize::from(ledger.login_failed(failed(1)).await.unwrap());
    }
    assert!((15..60).contains(&recorded), "a quarter, and what comes with time: {recorded}");
    assert!(ledger.login_failed(failed(2)).await.unwrap(), "another address has its own share");
    let rows = scene.recorded(recorded + 1).await;
    let left_out: u64 = rows.iter().map(|row| row.left_out).sum();
    assert_eq!(left_out, 60 - recorded as u64, "the rows say how many were left out");
}
