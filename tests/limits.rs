//! How many sessions a user may have at a time (ASVS 7.1.2, 7.5.2; SM28; WSTG-SESS-11).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::time::Duration;

use poem::error::InternalServerError;
use poem::http::StatusCode;
use poem::web::Path;
use poem::{EndpointExt, Response, Result, Route, get, handler, post};
use proptest::prelude::*;
use session_ledger::Ledger;
use session_ledger::internals::{Live, Others};
use session_ledger::ledger::{End, SessionSummary};
use session_ledger::session::{
    Assurance, EndReason, Event, LoggedIn, Login, Policy, SessionId, SessionState, SessionsExcess, Timeouts,
    UserId,
};
use session_ledger::web::{LoginRefused, Session, Sessions, SignedIn, Tx};
use test_support::{Answer, App, Database, Visitor, app, key_ring};
use time::OffsetDateTime;
use tokio::task::JoinSet;

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<()> {
    Ok(session.login(user)?)
}

/// A login whose user has chosen which sessions it ends: their ids, with a comma between.
#[handler]
fn login_instead(session: Session, Path((user, chosen)): Path<(String, String)>) -> Result<()> {
    let chosen: Vec<SessionId> = chosen.split(',').map(|id| id.parse().unwrap()).collect();
    Ok(session.login(Login::of(user).instead_of(chosen))?)
}

/// The sessions in the way of a login.
#[handler]
async fn in_the_way(session: Session, Path(user): Path<String>) -> Result<String> {
    let found = session.sessions_in_the_way(&UserId::from(user)).await?;
    Ok(found.iter().map(|one| one.id.to_string()).collect::<Vec<_>>().join(","))
}

#[handler]
async fn login_with_work(tx: Tx, session: Session, Path(user): Path<String>) -> Result<()> {
    tx.execute("insert into visit (who) values ($1)", &[&user]).await.map_err(InternalServerError)?;
    Ok(session.login(user)?)
}

#[handler]
fn act_as(session: SignedIn, Path(user): Path<String>) -> Result<()> {
    Ok(session.impersonate(user, "Ticket 4711.")?)
}

#[handler]
fn logout(session: SignedIn) -> Result<()> {
    Ok(session.logout()?)
}

#[handler]
fn me(session: SignedIn) -> String {
    session.user().to_string()
}

/// Tells the refusal of a login as the application would.
async fn told(refused: LoginRefused) -> Response {
    let LoginRefused::TooManySessions { user, max, sessions } = refused else { panic!("{refused}") };
    let ids: Vec<_> = sessions.iter().map(|one| one.id.to_string()).collect();
    Response::builder().status(StatusCode::CONFLICT).body(format!("{user} {max} {}", ids.join(",")))
}

fn application(ledger: Ledger) -> App {
    let route = Route::new()
        .at("/login/:user", post(login))
        .at("/login/:user/instead/:chosen", post(login_instead))
        .at("/login/:user/with-work", post(login_with_work))
        .at("/in-the-way/:user", get(in_the_way))
        .at("/as/:user", post(act_as))
        .at("/logout", post(logout))
        .at("/me", get(me));
    app(route.with(Sessions::new(ledger, key_ring())).catch_error(told))
}

struct Scene {
    database: Database,
    ledger: Ledger,
    app: App,
}

impl Scene {
    async fn new(max: u32, excess: SessionsExcess) -> Self {
        let database = Database::fresh().await;
        database.connect().await.batch_execute("create table visit (who text)").await.unwrap();
        let ledger = database.ledger(Policy::default().sessions_per_user(max, excess)).await;
        Self { app: application(ledger.clone()), database, ledger }
    }

    /// Waits for a note, which comes behind all notes before it. Returns how many there are.
    async fn activities(&self) -> i64 {
        while self.database.count("session_ledger.activity").await == 0 {}
        self.database.count("session_ledger.activity").await
    }

    fn visitor(&self) -> Visitor {
        Visitor::new(&self.app)
    }

    async fn signed_in(&self, user: &str) -> Visitor {
        let visitor = self.visitor();
        assert_eq!(visitor.post(&format!("/login/{user}"), "").await.status, 200);
        visitor
    }

    async fn sessions(&self) -> Vec<SessionSummary> {
        self.ledger.sessions(&UserId::from("alice")).await.unwrap()
    }

    /// The live sessions of alice, the oldest first.
    async fn live(&self) -> Vec<SessionId> {
        let live: BTreeSet<_> =
            self.sessions().await.iter().filter(|one| one.ended.is_none()).map(|one| one.id).collect();
        live.into_iter().collect()
    }
}

fn statuses(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status.as_u16() == status).count()
}

#[tokio::test]
async fn asvs_7_1_2_one_login_too_many_ends_the_oldest_and_says_so() {
    let scene = Scene::new(2, SessionsExcess::EndOldest).await;
    let (first, second) = (scene.signed_in("alice").await, scene.signed_in("alice").await);
    let others = scene.signed_in("bob").await;
    let oldest = scene.live().await[0];
    let third = scene.signed_in("alice").await;
    let live = scene.live().await;
    assert_eq!((live.len(), live.contains(&oldest)), (2, false));
    assert_eq!(first.get("/me").await.status, 401);
    for visitor in [&second, &third, &others] {
        assert_eq!(visitor.get("/me").await.status, 200);
    }
    let history = scene.ledger.history(oldest).await.unwrap();
    let last = history.last().unwrap();
    let Ok(Event::Ended(end)) = last.entry.event() else { panic!("no end") };
    assert_eq!((&end.reason, end.by), (&EndReason::LimitExceeded, live.last().copied()));
    assert!(scene.ledger.verify(|_| {}).await.unwrap().is_equal());
}

#[tokio::test]
async fn asvs_7_1_2_one_login_too_many_is_denied() {
    let scene = Scene::new(1, SessionsExcess::Deny).await;
    let first = scene.signed_in("alice").await;
    let second = scene.visitor();
    let refused = second.post("/login/alice", "").await;
    assert_eq!((refused.status.as_u16(), refused.body.as_str()), (409, "alice 1 "), "and no list");
    assert!(refused.set_cookies().is_empty());
    let chosen = format!("/login/alice/instead/{}", scene.live().await[0]);
    assert_eq!(second.post(&chosen, "").await.status, 409, "the user has no choice");
    assert_eq!(scene.sessions().await.len(), 1);
    // Another login in the same session is none more.
    assert_eq!(first.post("/login/alice", "").await.status, 200);
    assert_eq!(first.post("/logout", "").await.status, 200);
    assert_eq!(second.post("/login/alice", "").await.status, 200);
}

#[tokio::test]
async fn sm28_a_user_is_asked_which_session_to_end() {
    let scene = Scene::new(2, SessionsExcess::Ask).await;
    let (first, second) = (scene.signed_in("alice").await, scene.signed_in("alice").await);
    let live = scene.live().await;
    let third = scene.visitor();
    let listed = format!("{},{}", live[0], live[1]);
    assert_eq!(third.get("/in-the-way/alice").await.body, listed);
    assert_eq!(first.get("/in-the-way/alice").await.body, "", "a login in its own session needs no room");
    assert_eq!(third.get("/in-the-way/bob").await.body, "");
    assert_eq!(third.post("/login/alice", "").await.body, format!("alice 2 {listed}"));
    assert_eq!(third.post(&format!("/login/alice/instead/{}", live[1]), "").await.status, 200);
    assert_eq!(
        (first.get("/me").await.status, second.get("/me").await.status.as_u16()),
        (200.try_into().unwrap(), 401)
    );
    assert_eq!(third.get("/in-the-way/alice").await.body, "");
}

/// A thief who knows the password, too, comes with a token that was superseded. The session that ends for it
/// counted as one too many, and ended for that, so that nobody was told of the theft.
#[tokio::test]
async fn a_session_that_ends_for_a_replayed_token_takes_no_room_and_says_so() {
    for excess in [SessionsExcess::EndOldest, SessionsExcess::Deny] {
        let scene = Scene::new(1, excess).await;
        let browser = scene.signed_in("alice").await;
        let thief = browser.copy();
        assert_eq!(browser.post("/login/alice", "").await.status, 200);
        assert_eq!(browser.get("/me").await.status, 200);
        scene.activities().await;
        scene.database.set_clock_ahead(Duration::from_secs(31)).await;
        assert_eq!(thief.post("/login/alice", "").await.status, 200, "{excess:?}");
        let sessions = scene.sessions().await;
        let ended: Vec<_> = sessions.iter().filter_map(|one| one.ended.as_ref()).collect();
        assert_eq!((sessions.len(), ended.len()), (2, 1));
        assert_eq!(ended[0].0, EndReason::TokenReplayed, "{excess:?}");
    }
}

/// Whoever tries logins that are refused kept a session alive by it.
#[tokio::test]
async fn a_login_that_is_denied_prolongs_no_session() {
    let scene = Scene::new(1, SessionsExcess::Deny).await;
    let (alice, bob) = (scene.signed_in("alice").await, scene.signed_in("bob").await);
    scene.database.set_clock_ahead(Duration::from_secs(400)).await;
    assert_eq!(bob.post("/login/alice", "").await.status, 409);
    assert_eq!(bob.post("/login/alice/with-work", "").await.status, 409);
    assert_eq!(alice.get("/me").await.status, 200);
    assert_eq!(scene.activities().await, 1, "that of alice's");
}

#[tokio::test]
async fn a_user_cannot_choose_a_session_of_somebody_else() {
    let scene = Scene::new(1, SessionsExcess::Ask).await;
    let bob = scene.signed_in("bob").await;
    let of_bob = scene.ledger.sessions(&UserId::from("bob")).await.unwrap()[0].id;
    let alice = scene.visitor();
    assert_eq!(alice.post(&format!("/login/alice/instead/{of_bob}"), "").await.status, 200);
    assert_eq!(bob.get("/me").await.status, 200);
    let another = scene.visitor();
    let refused = another.post(&format!("/login/alice/instead/{of_bob}"), "").await;
    assert_eq!(refused.status, 409, "it makes no room");
}

#[tokio::test]
async fn a_session_whose_time_is_over_takes_no_room() {
    let scene = Scene::new(1, SessionsExcess::Deny).await;
    scene.signed_in("alice").await;
    scene.database.set_clock_ahead(Duration::from_secs(14 * 24 * 3600 + 60)).await;
    scene.signed_in("alice").await;
}

#[tokio::test]
async fn acting_as_a_user_takes_none_of_their_room() {
    let scene = Scene::new(1, SessionsExcess::Deny).await;
    let admin = scene.signed_in("admin").await;
    assert_eq!(admin.post("/as/alice", "").await.status, 200);
    scene.signed_in("alice").await;
    assert_eq!(admin.get("/me").await.body, "alice");
    assert_eq!(scene.visitor().post("/login/admin", "").await.status, 409, "it is the admin's");
}

#[tokio::test]
async fn a_visitor_s_session_becomes_one_of_the_user_and_another_user_leaves_theirs() {
    let scene = Scene::new(1, SessionsExcess::Deny).await;
    let shared = scene.signed_in("alice").await;
    shared.post("/login/bob", "").await;
    let alice = scene.signed_in("alice").await;
    // Bob's session ends in the commit in which alice's would begin.
    assert_eq!(shared.post("/login/alice", "").await.status, 409);
    assert_eq!(shared.get("/me").await.body, "bob", "the refused request has ended nothing");
    alice.post("/logout", "").await;
    assert_eq!(shared.post("/login/alice", "").await.status, 200);
}

#[tokio::test]
async fn a_login_with_work_of_its_own_is_counted_and_refused_with_it() {
    let scene = Scene::new(1, SessionsExcess::Deny).await;
    let first = scene.visitor();
    assert_eq!(first.post("/login/alice/with-work", "").await.status, 200);
    assert_eq!(scene.visitor().post("/login/alice/with-work", "").await.status, 409);
    assert_eq!(scene.database.count("visit").await, 1);
    let scene = Scene::new(1, SessionsExcess::EndOldest).await;
    let first = scene.visitor();
    assert_eq!(first.post("/login/alice/with-work", "").await.status, 200);
    assert_eq!(scene.visitor().post("/login/alice/with-work", "").await.status, 200);
    assert_eq!((first.get("/me").await.status.as_u16(), scene.database.count("visit").await), (401, 2));
}

/// 64 logins at a time, on four ledgers with pools of their own, as in four processes.
async fn storm(scene: &Scene, excess: SessionsExcess, max: u32, path: &'static str) -> Vec<Answer> {
    let mut processes = Vec::new();
    for _ in 0..4 {
        let policy = Policy::default().sessions_per_user(max, excess);
        let ledger = scene.database.builder().policy(policy).connections_max(8).connect().await.unwrap();
        processes.push(application(ledger));
    }
    let mut logins = JoinSet::new();
    for nth in 0..64 {
        let visitor = Visitor::new(&processes[nth % 4]);
        logins.spawn(async move { visitor.post(path, "").await });
    }
    logins.join_all().await
}

#[tokio::test]
async fn wstg_sess_11_64_parallel_logins_leave_no_more_live_than_may_be() {
    for path in ["/login/alice", "/login/alice/with-work"] {
        let scene = Scene::new(3, SessionsExcess::EndOldest).await;
        let answers = storm(&scene, SessionsExcess::EndOldest, 3, path).await;
        let granted = statuses(&answers, 200);
        assert_eq!(granted + statuses(&answers, 503), 64, "{answers:?}");
        assert_eq!(
            (scene.live().await.len(), scene.sessions().await.len()),
            (3.min(granted), granted),
            "{path}"
        );
        assert!(scene.ledger.verify(|_| {}).await.unwrap().is_equal());
    }
}

#[tokio::test]
async fn wstg_sess_11_of_64_parallel_logins_no_more_are_granted_than_may_be() {
    let scene = Scene::new(3, SessionsExcess::Deny).await;
    let answers = storm(&scene, SessionsExcess::Deny, 3, "/login/alice").await;
    assert_eq!((statuses(&answers, 200), scene.live().await.len()), (3, 3), "{answers:?}");
    assert_eq!(statuses(&answers, 409) + statuses(&answers, 503), 61);
    assert_eq!(scene.sessions().await.len(), 3);
}

#[tokio::test]
async fn asvs_7_5_2_a_user_ends_any_session_of_theirs_and_none_of_somebody_else() {
    let scene = Scene::new(9, SessionsExcess::Deny).await;
    let (alice, bob) = (scene.signed_in("alice").await, scene.signed_in("bob").await);
    let of_bob = scene.ledger.sessions(&UserId::from("bob")).await.unwrap()[0].id;
    let events = scene.ledger.history(of_bob).await.unwrap().len();
    let by_alice = || End::because(EndReason::Revoked).by("alice").of("alice");
    assert!(!scene.ledger.end(of_bob, by_alice()).await.unwrap(), "CWE-639");
    assert_eq!(scene.ledger.history(of_bob).await.unwrap().len(), events);
    assert_eq!(bob.get("/me").await.status, 200);
    let of_alice = scene.live().await[0];
    assert!(scene.ledger.end(of_alice, by_alice()).await.unwrap());
    assert_eq!(alice.get("/me").await.status, 401);
}

#[test]
fn what_follows_too_many_sessions_is_named_in_words() {
    let rows = [
        ("deny", SessionsExcess::Deny, "a login is refused"),
        ("end_oldest", SessionsExcess::EndOldest, "a login ends the session whose login is the longest ago"),
        ("ask", SessionsExcess::Ask, "a login is refused unless the user has chosen"),
    ];
    for (name, excess, told) in rows {
        let text = format!(r#"{{ "sessions_per_user": 3, "sessions_excess": "{name}" }}"#);
        let policy: Policy = serde_json::from_str(&text).unwrap();
        assert_eq!(policy, Policy::default().sessions_per_user(3, excess));
        let row = format!("| `sessions_per_user` | 3 | none | ASVS 7.1.2, SM28 | {told}");
        assert!(policy.document().contains(&row), "{}", policy.document());
    }
}

fn live(nth: u8, logged_in_at: i64) -> Live {
    let at = OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(logged_in_at);
    let mut state = SessionState::default();
    let logged_in = LoggedIn::new("alice".into(), vec![], Assurance::Aal1);
    state.apply(&Event::LoggedIn(logged_in), at);
    Live { id: SessionId::from_bytes([nth; 16]), state, last_seen: at }
}

proptest! {
    /// Whatever the login times and the choices are, no more sessions are left than may be, the own one
    /// included, and those that end are the oldest after the chosen ones.
    #[test]
    fn asvs_7_1_2_whoever_is_left_has_room(
        times in prop::collection::vec(0..100_i64, 0..8),
        chosen in prop::collection::vec(0..8_u8, 0..4),
        max in 1..5_u32,
        excess in prop::sample::select(vec![SessionsExcess::Deny, SessionsExcess::EndOldest, SessionsExcess::Ask]),
    ) {
        let stored: Vec<Live> = (0..).zip(&times).map(|(nth, at)| live(nth, *at)).collect();
        let id = |nth| SessionId::from_bytes([nth; 16]);
        let others = Others {
            user: "alice".into(),
            by: id(200),
            leaving: Vec::new(),
            instead_of: chosen.iter().map(|nth| id(*nth)).collect(),
            room: Some((max, excess)),
            end_all: false,
        };
        let now = OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(200);
        let honours = excess != SessionsExcess::Deny;
        let is_chosen = |nth: u8| honours && chosen.contains(&nth);
        let mut kept: Vec<(i64, u8)> =
            (0..).zip(&times).filter(|(nth, _)| !is_chosen(*nth)).map(|(nth, at)| (*at, nth)).collect();
        kept.sort_unstable();
        let surplus = kept.len().saturating_sub(max as usize - 1);
        match others.ends(stored, now, Timeouts::default()) {
            Ok(ends) => {
                prop_assert!(surplus == 0 || excess == SessionsExcess::EndOldest);
                let ended: BTreeSet<_> = ends.iter().map(|end| end.id).collect();
                let expected = (0..8_u8).filter(|nth| is_chosen(*nth) && usize::from(*nth) < times.len());
                let expected = expected.chain(kept[..surplus].iter().map(|(_, nth)| *nth)).map(id);
                prop_assert_eq!(ended, expected.collect::<BTreeSet<_>>());
            }
            Err(crowded) => {
                prop_assert!(surplus > 0 && excess != SessionsExcess::EndOldest);
                let listed: Vec<_> = crowded.live.iter().map(|one| one.id).collect();
                prop_assert_eq!(listed, kept.iter().map(|(_, nth)| id(*nth)).collect::<Vec<_>>());
                prop_assert_eq!((crowded.max, crowded.may_choose), (max, excess == SessionsExcess::Ask));
            }
        }
    }
}
