//! Accounts that are disabled (ASVS 7.4.2).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use futures_util::TryStreamExt;
use poem::http::StatusCode;
use poem::web::Path;
use poem::{EndpointExt, Response, Result, Route, get, handler, post};
use session_ledger::Ledger;
use session_ledger::session::{EndReason, Login, Policy, UserId};
use session_ledger::web::{LoginRefused, Session, Sessions, SignedIn, Tx};
use test_support::{App, Database, Visitor, app, key_ring};
use tokio::task::JoinSet;

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<()> {
    Ok(session.login(user)?)
}

#[handler]
fn login_in_tx(_tx: Tx, session: Session, Path(user): Path<String>) -> Result<()> {
    Ok(session.login(Login::of(user))?)
}

#[handler]
async fn login_in_part(session: Session, Path(user): Path<String>) -> Result<()> {
    session.transaction(async |session, _| Ok(session.login(user.as_str())?)).await
}

#[handler]
fn me(session: SignedIn) -> String {
    session.user().to_string()
}

#[handler]
fn add(session: Session) -> Result<()> {
    Ok(session.note_text("was", "here")?)
}

async fn told(refused: LoginRefused) -> Response {
    let LoginRefused::AccountDisabled { user } = refused else { panic!("{refused}") };
    Response::builder().status(StatusCode::FORBIDDEN).body(format!("{user} is disabled"))
}

fn route() -> Route {
    let route = Route::new().at("/login/:user", post(login)).at("/login-in-tx/:user", post(login_in_tx));
    let route = route.at("/login-in-part/:user", post(login_in_part));
    route.at("/me", get(me)).at("/add", post(add))
}

fn application(ledger: Ledger) -> App {
    app(route().with(Sessions::new(ledger, key_ring())).catch_error(told))
}

fn alice() -> UserId {
    "alice".into()
}

async fn live(ledger: &Ledger) -> usize {
    ledger.sessions(&alice()).await.unwrap().iter().filter(|one| one.ended.is_none()).count()
}

/// A session in which somebody tries to log in to a disabled account ends as if they had not: in a request
/// without a transaction, in one with it, and in a part of one.
#[tokio::test]
async fn a_refused_login_prolongs_no_session() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default().idle_timeout(600).extension_delay(60)).await;
    let app = application(ledger.clone());
    ledger.disable_account(&alice(), None).await.unwrap();
    let (visitors, bob) = ([Visitor::new(&app), Visitor::new(&app), Visitor::new(&app)], Visitor::new(&app));
    for visitor in &visitors {
        assert_eq!(visitor.post("/add", "").await.status, 200);
    }
    bob.post("/login/bob", "").await;
    database.set_clock_ahead(Duration::from_secs(400)).await;
    let paths = ["/login/alice", "/login-in-tx/alice", "/login-in-part/alice"];
    for (visitor, path) in visitors.iter().zip(paths) {
        assert_eq!(visitor.post(path, "").await.status, 403, "{path}");
    }
    // A note comes behind all notes before it.
    assert_eq!(bob.get("/me").await.status, 200);
    for _ in 0..2_000 {
        if database.count("session_ledger.activity").await > 0 {
            break;
        }
    }
    assert_eq!(database.count("session_ledger.activity").await, 1, "that of bob's");
    database.set_clock_ahead(Duration::from_secs(601)).await;
    for visitor in &visitors {
        assert_eq!(visitor.get("/me").await.status, 401);
    }
    let ended = "session_ledger.ended_session where reason = 'idle_timeout'";
    assert_eq!(database.count(ended).await, 3);
}

#[tokio::test]
async fn asvs_7_4_2_all_sessions_of_a_disabled_account_end_and_nobody_logs_in_to_it() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let app = application(ledger.clone());
    let (devices, bob) = ([Visitor::new(&app), Visitor::new(&app)], Visitor::new(&app));
    for device in &devices {
        assert_eq!(device.post("/login/alice", "").await.status, 200);
    }
    bob.post("/login/bob", "").await;

    assert_eq!(ledger.disable_account(&alice(), Some(&"admin".into())).await.unwrap(), 2);
    for device in &devices {
        assert_eq!(device.get("/me").await.status, 401);
    }
    assert_eq!(bob.get("/me").await.status, 200);
    for session in ledger.sessions(&alice()).await.unwrap() {
        assert_eq!(session.ended.unwrap().0, EndReason::AccountDisabled);
        let history = ledger.history(session.id).await.unwrap();
        assert_eq!(history.last().unwrap().entry.actor, Some("admin".into()));
    }
    assert_eq!(ledger.disable_account(&alice(), None).await.unwrap(), 0, "it is disabled already");

    let visitor = Visitor::new(&app);
    visitor.post("/add", "").await;
    for path in ["/login/alice", "/login-in-tx/alice"] {
        let refused = visitor.post(path, "").await;
        assert_eq!((refused.status.as_u16(), refused.body.as_str()), (403, "alice is disabled"), "{path}");
        assert_eq!(Visitor::new(&app).post(path, "").await.status, 403, "{path}");
    }
    assert_eq!(visitor.get("/me").await.status, 401);
    assert_eq!(Visitor::new(&app).post("/login/bob", "").await.status, 200);

    assert!(ledger.enable_account(&alice()).await.unwrap());
    assert!(!ledger.enable_account(&alice()).await.unwrap());
    assert_eq!(visitor.post("/login/alice", "").await.status, 200);
    assert_eq!(devices[0].get("/me").await.status, 401, "what has ended stays ended");
    assert!(ledger.verify(|_| {}).await.unwrap().is_equal());
}

#[tokio::test]
async fn a_refused_login_says_little_to_the_browser() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    ledger.disable_account(&alice(), None).await.unwrap();
    let app = app(route().with(Sessions::new(ledger, key_ring())));
    let refused = Visitor::new(&app).post("/login/alice", "").await;
    assert_eq!((refused.status.as_u16(), refused.body.as_str()), (403, "You cannot sign in."));
    assert_eq!(database.count("session_ledger.session").await, 0);
    assert_eq!(database.count("session_ledger.event").await, 0);
}

/// Sorted as the database does, whatever its collation is.
#[tokio::test]
async fn the_disabled_accounts_are_listed_once_each_in_pages_and_as_a_stream() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    assert_eq!(ledger.disabled_accounts_page(None, 10).await.unwrap(), []);
    let (users, admin): (Vec<UserId>, UserId) =
        ((0..205).map(|nth| format!("Über-{nth}").into()).collect(), "admin".into());
    for (nth, user) in users.iter().enumerate() {
        ledger.disable_account(user, (nth == 7).then_some(&admin)).await.unwrap();
    }
    let listed: Vec<_> = ledger.disabled_accounts_stream().try_collect().await.unwrap();
    let mut found: Vec<UserId> = listed.iter().map(|account| account.user.clone()).collect();
    found.sort_unstable();
    let mut expected = users.clone();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let by_admin: Vec<_> = listed.iter().filter(|account| account.disabled_by.is_some()).collect();
    assert_eq!((&by_admin[0].user, by_admin[0].disabled_by.as_ref()), (&users[7], Some(&admin)));

    let page = ledger.disabled_accounts_page(Some(&listed[99].user), 3).await.unwrap();
    assert_eq!(page, listed[100..103]);
    assert_eq!(ledger.disabled_accounts_page(Some(&listed[204].user), 3).await.unwrap(), []);
    assert_eq!(ledger.disabled_accounts_page(None, 0).await.unwrap(), []);
    assert!(ledger.enable_account(&listed[0].user).await.unwrap());
    assert_eq!(ledger.disabled_accounts_page(None, 1).await.unwrap(), listed[1..2]);
    assert!(ledger.disabled_accounts_page(Some(&"".into()), 1).await.is_err(), "nobody has this id");
}

#[tokio::test]
async fn a_user_with_a_limit_of_sessions_is_refused_as_well() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default().sessions_per_user(2, Default::default())).await;
    let app = application(ledger.clone());
    let visitor = Visitor::new(&app);
    visitor.post("/login/alice", "").await;
    assert_eq!(ledger.disable_account(&alice(), None).await.unwrap(), 1);
    for path in ["/login/alice", "/login-in-tx/alice"] {
        assert_eq!(Visitor::new(&app).post(path, "").await.status, 403, "{path}");
    }
}

/// Logins of two processes race with the disabling of a third. Whoever wins, none is live when it is over.
#[tokio::test]
async fn asvs_7_4_2_a_login_that_races_with_the_disabling_is_refused_or_ended() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let processes = [
        application(database.ledger(Policy::default()).await),
        application(database.ledger(Policy::default()).await),
    ];
    let (mut granted, mut refused) = (0, 0);
    for round in 0..20_usize {
        let mut logins = JoinSet::new();
        for nth in 0..6 {
            let visitor = Visitor::new(&processes[nth % 2]);
            let path = if nth < 3 { "/login/alice" } else { "/login-in-tx/alice" };
            logins.spawn(async move {
                for _ in 0..(nth + round) % 3 {
                    tokio::task::yield_now().await;
                }
                let status = visitor.post(path, "").await.status;
                (status.as_u16(), visitor)
            });
        }
        if round % 2 == 1 {
            // Some logins first.
            let _first = logins.join_next().await.unwrap().unwrap();
        }
        ledger.disable_account(&alice(), None).await.unwrap();
        assert_eq!(live(&ledger).await, 0, "round {round}: when it has returned");
        for (status, visitor) in logins.join_all().await {
            match status {
                200 => granted += 1,
                403 => refused += 1,
                503 => {}
                other => panic!("{other}"),
            }
            assert_eq!(visitor.get("/me").await.status, 401, "round {round}");
        }
        assert_eq!(live(&ledger).await, 0, "round {round}: when all logins are over");
        ledger.enable_account(&alice()).await.unwrap();
    }
    assert!(granted > 0 && refused > 0, "both happen: {granted} {refused}");
}
