//! A database that went back: an older copy was restored under a running application, or its clock is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use session_ledger::Ledger;
use session_ledger::session::{EndReason, Policy, SessionId, UserId};
use session_ledger::web::{Incident, Sessions};
use test_support::{Database, Visitor, application, key_ring};

const COPY: &str = "create schema kept;
    create table kept.event as select * from session_ledger.event;
    create table kept.session as select * from session_ledger.session;
    create table kept.ended_session as select * from session_ledger.ended_session";

const GO_BACK: &str = "begin; set local session_replication_role = replica;
    delete from session_ledger.event; insert into session_ledger.event select * from kept.event;
    delete from session_ledger.session; insert into session_ledger.session select * from kept.session;
    delete from session_ledger.ended_session;
    insert into session_ledger.ended_session select * from kept.ended_session;
    delete from session_ledger.activity; commit";

struct Scene {
    database: Database,
    ledger: Ledger,
    visitor: Visitor,
    incidents: Arc<Mutex<Vec<Incident>>>,
}

impl Scene {
    /// Alice has signed in.
    async fn set(policy: Policy) -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(policy).await;
        let incidents = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&incidents);
        let hook = move |incident: &Incident| told.lock().unwrap().push(incident.clone());
        let sessions = Sessions::builder(ledger.clone(), key_ring()).on_incident(hook).build().unwrap();
        let visitor = Visitor::new(&application(sessions));
        assert_eq!(visitor.post("/login/alice", "").await.status, 200);
        Self { database, ledger, visitor, incidents }
    }

    async fn run(&self, sql: &str) {
        self.database.connect().await.batch_execute(sql).await.unwrap();
    }

    /// Renews the token, and shows the new one.
    async fn renew(&self) {
        assert_eq!(self.visitor.get("/renew").await.status, 200);
        assert_eq!(self.visitor.get("/show").await.status, 200);
    }

    /// Alice's latest session, and why it ended.
    async fn latest(&self) -> (SessionId, Option<EndReason>) {
        let sessions = self.ledger.sessions(&UserId::from("alice")).await.unwrap();
        let latest = sessions.iter().max_by_key(|one| one.started_at).unwrap();
        (latest.id, latest.ended.as_ref().map(|(reason, _)| reason.clone()))
    }

    fn incidents(&self) -> Vec<&'static str> {
        self.incidents.lock().unwrap().iter().map(Incident::name).collect()
    }

    /// Alice is a visitor now, and no thief.
    async fn assert_quietly_signed_out(&self) {
        let answer = self.visitor.get("/me").await;
        assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (401, 0));
        assert_eq!(self.latest().await.1, Some(EndReason::DatabaseRolledBack));
        assert_eq!(self.visitor.post("/login/alice", "").await.status, 200);
        assert_eq!(self.visitor.get("/me").await.body, "alice");
    }
}

/// Whoever had renewed since was ended as a thief.
#[tokio::test]
async fn a_browser_that_is_ahead_of_its_row_is_signed_out_and_taken_for_no_thief() {
    let scene = Scene::set(Policy::default()).await;
    scene.run(COPY).await;
    scene.renew().await;
    scene.run(GO_BACK).await;
    scene.assert_quietly_signed_out().await;
    assert_eq!(scene.incidents(), ["database_rolled_back"]);
}

/// The row has gone on since the restore, further than the browser had come before: only the log can tell.
#[tokio::test]
async fn a_browser_of_a_history_that_is_gone_is_no_thief_though_its_row_has_overtaken_it() {
    let scene = Scene::set(Policy::default()).await;
    let old_tab = scene.visitor.copy();
    scene.run(COPY).await;
    scene.renew().await;
    scene.run(GO_BACK).await;
    for _ in 0..5 {
        assert_eq!(old_tab.get("/add").await.status, 200);
    }
    scene.assert_quietly_signed_out().await;
    assert_eq!(scene.incidents(), ["database_rolled_back"]);
}

/// As many events as before, and others.
#[tokio::test]
async fn a_browser_of_another_history_of_the_same_length_is_no_thief() {
    let scene = Scene::set(Policy::default()).await;
    let old_tab = scene.visitor.copy();
    scene.run(COPY).await;
    assert_eq!(scene.visitor.get("/renew").await.status, 200);
    scene.run(GO_BACK).await;
    assert_eq!(old_tab.get("/add").await.status, 200);
    scene.assert_quietly_signed_out().await;
    assert_eq!(scene.incidents(), ["database_rolled_back"]);
}

#[tokio::test]
async fn a_thief_is_still_a_thief() {
    let scene = Scene::set(Policy::default().renewal_grace(1)).await;
    let thief = scene.visitor.copy();
    scene.renew().await;
    // Past the grace, and the new token was shown.
    scene.database.set_clock_ahead(Duration::from_secs(5)).await;
    assert_eq!(scene.visitor.get("/add").await.status, 200);
    assert_eq!(thief.get("/me").await.status, 401);
    assert_eq!(scene.latest().await.1, Some(EndReason::TokenReplayed));
    assert_eq!(scene.incidents(), ["authn_token_reuse"]);
}

/// A cookie that was logged out lived again.
#[tokio::test]
async fn a_token_from_before_the_epoch_was_raised_opens_nothing() {
    let scene = Scene::set(Policy::default()).await;
    let stolen = scene.visitor.copy();
    scene.run(COPY).await;
    assert_eq!(scene.visitor.get("/logout").await.status, 200);
    scene.run(GO_BACK).await;
    assert_eq!(stolen.copy().get("/me").await.status, 200, "this is why the epoch must be raised");

    // While the application runs, with its statements prepared.
    assert_eq!(Ledger::raise_epoch(&scene.database.config()).await.unwrap(), 2);
    assert_eq!(stolen.get("/me").await.status, 401);
    assert_eq!(scene.latest().await.1, Some(EndReason::DatabaseRolledBack));
    assert_eq!(scene.incidents(), Vec::<&str>::new(), "it is known that the database was restored");

    assert_eq!(scene.visitor.post("/login/alice", "").await.status, 200);
    assert_eq!(scene.visitor.get("/add").await.status, 200);
    scene.renew().await;
    assert_eq!(scene.visitor.get("/me").await.body, "alice");
    let (session, ended) = scene.latest().await;
    assert_eq!((ended, scene.ledger.state_at(session, 1).await.is_ok()), (None, true));
    let of_session = format!("session_ledger.event where session_id = '{session}' and epoch <> 2");
    assert_eq!(scene.database.count(&of_session).await, 0);
    assert!(scene.ledger.verify(|_| {}).await.unwrap().is_equal());
}

/// A token of a later epoch than the database's: it was restored to a time before the epoch was raised.
#[tokio::test]
async fn a_token_from_a_later_epoch_shows_that_the_database_went_back() {
    let scene = Scene::set(Policy::default()).await;
    Ledger::raise_epoch(&scene.database.config()).await.unwrap();
    assert_eq!(scene.visitor.get("/me").await.status, 401);
    assert_eq!(scene.visitor.post("/login/alice", "").await.status, 200);
    let lowered = "create or replace function session_ledger.epoch() returns smallint
        language sql stable parallel safe return 1::smallint";
    scene.run(lowered).await;
    scene.assert_quietly_signed_out().await;
    assert_eq!(scene.incidents(), ["database_rolled_back"]);
}

/// The clock was 31 days ahead for one request, and the session was gone for good.
#[tokio::test]
async fn a_wrong_clock_ends_no_session() {
    const MONTH: Duration = Duration::from_secs(31 * 86_400);
    let scene = Scene::set(Policy::default().idle_timeout(1_800)).await;
    scene.database.set_wrong_clock_ahead(MONTH).await;
    let answer = scene.visitor.get("/me").await;
    assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (503, 0));
    assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
    assert_eq!(scene.incidents(), ["clock_jumped"]);
    scene.database.set_wrong_clock_ahead(Duration::ZERO).await;
    assert_eq!(scene.visitor.get("/me").await.status, 200);
    assert_eq!(scene.latest().await.1, None);

    // The same time once it has passed.
    scene.database.set_clock_ahead(MONTH).await;
    assert_eq!(scene.visitor.get("/me").await.status, 401);
    assert_eq!(scene.latest().await.1, Some(EndReason::IdleTimeout));
}
