//! Questions about the past: logins, events, states.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod events;
mod pages;
mod signed_in;
mod span;
mod standby;
mod whose;

use futures_util::TryStreamExt;
use poem::web::Path;
use poem::{EndpointExt, Result, Route, get, handler};
use session_ledger::ledger::{End, EndCount, Login, LoginPage, QuestionError};
use session_ledger::session::{
    Assurance, EndReason, LoginFilter, Policy, SessionId, StateDifference, Unanswerable, UserId,
};
use session_ledger::web::{IpNet, Tx};
use session_ledger::{Ledger, Session, Sessions};
use test_support::{App, Database, Visitor, app, key_ring};
use time::{Duration, OffsetDateTime};

#[handler]
fn login(session: Session, user: Path<String>) -> Result<()> {
    Ok(session.login_with(user.0, &["pwd", "otp"], Assurance::Aal2)?)
}

#[handler]
fn logout(session: Session) -> Result<()> {
    Ok(session.logout()?)
}

/// The users who are signed in, within the request's own transaction.
#[handler]
async fn present(tx: Tx) -> Result<String> {
    let now = LoginFilter::all().open_at(OffsetDateTime::now_utc() + Duration::HOUR);
    let page = tx.logins_page(&now, None, 10).await.map_err(poem::error::InternalServerError)?;
    Ok(users(&page.logins).join(" "))
}

struct Scene {
    database: Database,
    ledger: Ledger,
    shop: App,
}

impl Scene {
    async fn set() -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(Policy::default()).await;
        let shop = app(Route::new()
            .at("/login/:user", get(login))
            .at("/logout", get(logout))
            .at("/present", get(present))
            .with(Sessions::new(ledger.clone(), key_ring())));
        Self { database, ledger, shop }
    }

    /// One session after the other, in this order.
    async fn walk(&self, paths: &[&str]) {
        let visitor = Visitor::new(&self.shop);
        for path in paths {
            assert!(visitor.get(path).await.status.is_success(), "{path}");
        }
    }

    async fn found(&self, filter: &LoginFilter) -> Vec<String> {
        let page = self.ledger.logins_page(filter, None, 100).await.unwrap();
        assert_eq!(page.next, None);
        users(&page.logins)
    }

    /// Changes what the steps of a user's logins say.
    async fn say(&self, user: &str, change: &str) {
        let change = format!("update session_ledger.login_step set {change} where user_id = '{user}'");
        assert!(self.database.connect().await.execute(&change, &[]).await.unwrap() > 0);
    }
}

fn users(logins: &[Login]) -> Vec<String> {
    logins.iter().map(|one| one.user.as_ref().map_or("", UserId::as_str).to_owned()).collect()
}

fn network(text: &str) -> IpNet {
    text.parse().unwrap()
}

#[tokio::test]
async fn each_condition_leaves_the_logins_that_fulfil_it() {
    let scene = Scene::set().await;
    for user in ["alice", "bob", "carol"] {
        scene.walk(&[&format!("/login/{user}")]).await;
    }
    scene.walk(&["/login/alice", "/logout"]).await;
    let end = End::because(EndReason::Revoked).by("admin");
    scene.ledger.end_all(&"bob".into(), end).await.unwrap();
    scene.say("alice", "client_ip = '192.0.2.77'").await;
    scene.say("bob", "client_ip = '192.0.3.0'").await;
    scene.say("carol", "client_ip = '2001:db8::7'").await;

    let all = LoginFilter::all();
    assert_eq!(scene.found(&all).await, ["alice", "carol", "bob", "alice"], "the latest first");
    assert_eq!(scene.found(&all.clone().of_user("alice")).await, ["alice", "alice"]);
    assert_eq!(scene.found(&all.clone().of_user("nobody")).await, [""; 0]);
    let of = |text| all.clone().from_network(network(text));
    assert_eq!(scene.found(&of("192.0.2.0/24")).await, ["alice", "alice"]);
    assert_eq!(scene.found(&of("192.0.2.0/23")).await, ["alice", "bob", "alice"]);
    assert_eq!(scene.found(&of("192.0.2.76/32")).await, [""; 0]);
    assert_eq!(scene.found(&of("2001:db8::/32")).await, ["carol"]);
    assert_eq!(scene.found(&of("::/0")).await, ["carol"], "no address of the other kind");
    let because = |reason| all.clone().ended_because(reason);
    assert_eq!(scene.found(&because(EndReason::LoggedOut)).await, ["alice"]);
    assert_eq!(scene.found(&because(EndReason::Revoked)).await, ["bob"]);
    assert_eq!(scene.found(&because(EndReason::Revoked).of_user("alice")).await, [""; 0]);

    let bob = &scene.ledger.logins_page(&because(EndReason::Revoked), None, 1).await.unwrap().logins[0];
    assert_eq!(bob.methods, ["pwd", "otp"]);
    assert_eq!((bob.assurance, bob.ended_by.clone()), (Some(Assurance::Aal2), Some("admin".into())));
    assert_eq!(bob.ended.as_ref().unwrap().0, EndReason::Revoked);
    assert_eq!(bob.deadline, None);
    let spans = all.clone().began_from(bob.began_at);
    assert_eq!(scene.found(&spans).await, ["alice", "carol", "bob"]);
    assert_eq!(scene.found(&all.began_before(bob.began_at)).await, ["alice"]);
}

#[tokio::test]
async fn who_was_signed_in_at_a_moment_is_told() {
    let scene = Scene::set().await;
    scene.walk(&["/login/alice", "/logout"]).await;
    scene.walk(&["/login/bob"]).await;
    let logins =
        scene.ledger.logins_page(&LoginFilter::all().of_user("alice"), None, 9).await.unwrap().logins;
    let (began_at, ended_at) = (logins[0].began_at, logins[0].ended.clone().unwrap().1);
    let at = async |moment| scene.found(&LoginFilter::all().open_at(moment)).await;
    assert_eq!(at(began_at - Duration::MICROSECOND).await, [""; 0]);
    assert_eq!(at(began_at).await, ["alice"]);
    assert_eq!(at(ended_at - Duration::MICROSECOND).await, ["alice"]);
    assert!(!at(ended_at).await.contains(&"alice".to_owned()));
    let last = OffsetDateTime::now_utc() + Duration::HOUR;
    assert_eq!(at(last).await, ["bob"]);
    let visitor = Visitor::new(&scene.shop);
    let answer = visitor.get("/present").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "bob"));
}

#[tokio::test]
async fn pages_and_streams_tell_each_login_once() {
    let scene = Scene::set().await;
    for nth in 0..7 {
        scene.walk(&[&format!("/login/user{nth}")]).await;
    }
    // Of one moment: their order is that of their sessions.
    scene
        .database
        .connect()
        .await
        .batch_execute("update session_ledger.login_step set occurred_at = now()")
        .await
        .unwrap();
    let filter = LoginFilter::all();
    let all = scene.ledger.logins_page(&filter, None, 100).await.unwrap().logins;
    let (mut paged, mut cursor) = (Vec::new(), None);
    loop {
        let page: LoginPage = scene.ledger.logins_page(&filter, cursor.as_deref(), 3).await.unwrap();
        assert!(page.logins.len() <= 3);
        paged.extend(page.logins);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(paged, all);
    assert_eq!(all.len(), 7);
    let streamed: Vec<Login> = scene.ledger.logins_stream(filter).try_collect().await.unwrap();
    assert_eq!(streamed, all);
}

#[tokio::test]
async fn a_question_without_an_answer_is_refused_with_its_reason() {
    let scene = Scene::set().await;
    scene.walk(&["/login/alice"]).await;
    scene.walk(&["/login/alice"]).await;
    let asked = LoginFilter::all().of_user("alice");
    let cursor = scene.ledger.logins_page(&asked, None, 1).await.unwrap().next.unwrap();
    let told = async |filter: &LoginFilter, cursor| {
        let refused = scene.ledger.logins_page(filter, cursor, 9).await.unwrap_err();
        assert!(matches!(refused, QuestionError::Unanswerable(_)), "{refused}");
        refused.to_string()
    };
    assert_eq!(
        told(&LoginFilter::all(), Some(cursor.as_str())).await,
        "the cursor belongs to another question: ask that one again, or begin without a cursor"
    );
    assert_eq!(
        told(&asked, Some("bogus")).await,
        "the cursor is none that a page has given: begin without one"
    );
    let start = OffsetDateTime::UNIX_EPOCH;
    assert_eq!(
        told(&asked.clone().began_from(start + Duration::DAY).began_before(start), None).await,
        "the span from 1970-01-02 0:00:00.0 +00:00:00 to 1970-01-01 0:00:00.0 +00:00:00 is empty: its end must come \
         after its beginning"
    );
    let count = async |filter: &LoginFilter, step| {
        scene.ledger.count_logins(filter, step).await.unwrap_err().to_string()
    };
    assert_eq!(
        count(&asked, Duration::DAY).await,
        "a count over time needs a span: say from when and until when"
    );
    let year = asked.clone().began_from(start).began_before(start + Duration::days(365));
    assert_eq!(
        count(&year, Duration::MINUTE).await,
        "the span has more than 1000 steps of 1m: take a longer step, or a shorter span"
    );
    let unstorable = LoginFilter::all().of_user("a\0b");
    let refused = scene.ledger.logins_page(&unstorable, None, 9).await.unwrap_err();
    assert_eq!(refused.to_string(), "a user id must have 1 to 255 bytes and no NUL character");
}

#[tokio::test]
async fn logins_are_counted_over_time() {
    let scene = Scene::set().await;
    for user in ["alice", "alice", "bob", "carol"] {
        scene.walk(&[&format!("/login/{user}")]).await;
    }
    let start = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
    scene.say("alice", "occurred_at = '2024-10-04 00:30Z'").await;
    scene.say("bob", "occurred_at = '2024-10-04 00:59:59.999999Z'").await;
    scene.say("carol", "occurred_at = '2024-10-04 02:00Z'").await;
    let day = LoginFilter::all().began_from(start).began_before(start + Duration::DAY);
    let told = async |filter: &LoginFilter| {
        let counts = scene.ledger.count_logins(filter, Duration::HOUR).await.unwrap();
        counts.iter().map(|one| ((one.from - start).whole_hours(), one.logins, one.users)).collect::<Vec<_>>()
    };
    assert_eq!(told(&day).await, [(0, 3, 2), (2, 1, 1)]);
    assert_eq!(told(&day.clone().of_user("alice")).await, [(0, 2, 1)]);
    assert_eq!(told(&day.began_before(start + Duration::minutes(45))).await, [(0, 2, 1)]);
    let refused = Unanswerable::NoSpan;
    assert!(matches!(
        scene.ledger.count_logins(&LoginFilter::all(), Duration::HOUR).await,
        Err(QuestionError::Unanswerable(found)) if found == refused
    ));
}

#[tokio::test]
async fn ends_are_counted_over_time_by_reason() {
    let scene = Scene::set().await;
    for user in ["alice", "bob", "carol"] {
        scene.walk(&[&format!("/login/{user}"), "/logout"]).await;
    }
    let start = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
    let tables = scene.database.connect().await;
    for (user, end) in [
        ("alice", "ended_at = '2024-10-04 00:00Z'"),
        ("bob", "ended_at = '2024-10-04 00:59:59.999999Z', reason = 'idle_timeout'"),
        ("carol", "ended_at = '2024-10-04 02:00Z', reason = 'teleported'"),
    ] {
        let change = format!("update session_ledger.ended_session set {end} where user_id = '{user}'");
        assert_eq!(tables.execute(&change, &[]).await.unwrap(), 1);
    }
    let told = async |length| {
        let counts = scene.ledger.count_ends(start, start + length, Duration::HOUR).await.unwrap();
        let told =
            |one: &EndCount| format!("{} {} {}", (one.from - start).whole_hours(), one.reason, one.sessions);
        counts.iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(told(Duration::DAY).await, ["0 idle_timeout 1", "0 logged_out 1", "2 teleported 1"]);
    assert_eq!(told(Duration::hours(2)).await, ["0 idle_timeout 1", "0 logged_out 1"]);
    let refused = scene.ledger.count_ends(start, start, Duration::HOUR).await.unwrap_err();
    assert!(matches!(refused, QuestionError::Unanswerable(Unanswerable::EmptySpan { .. })));
}

#[tokio::test]
async fn a_session_of_somebody_else_is_not_found() {
    let scene = Scene::set().await;
    scene.walk(&["/login/alice"]).await;
    scene.walk(&["/login/alice", "/logout"]).await;
    let sessions = scene.ledger.sessions(&"alice".into()).await.unwrap();
    assert_eq!(sessions.len(), 2);
    for session in &sessions {
        let found = scene.ledger.session_of(&"alice".into(), session.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(session));
        assert_eq!(scene.ledger.session_of(&"bob".into(), session.id).await.unwrap(), None);
    }
    let unknown = SessionId::new(OffsetDateTime::UNIX_EPOCH, [1; 10]);
    assert_eq!(scene.ledger.session_of(&"alice".into(), unknown).await.unwrap(), None);
}

#[tokio::test]
async fn the_state_at_a_moment_is_that_of_the_events_until_then() {
    let scene = Scene::set().await;
    scene.walk(&["/login/alice", "/logout"]).await;
    let session = scene.ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    let history = scene.ledger.history(session).await.unwrap();
    let ended_at = history.last().unwrap().entry.occurred_at;
    let at = async |moment| scene.ledger.state_at_time(session, moment).await.unwrap();
    let (before, after) = (at(ended_at - Duration::MICROSECOND).await, at(ended_at).await);
    assert_eq!(before.user, Some("alice".into()));
    assert_eq!(after, scene.ledger.state_at(session, i64::MAX).await.unwrap());
    let ended = StateDifference::Ended { reason: EndReason::LoggedOut, at: ended_at };
    assert_eq!(before.differences_to(&after), [ended]);
    assert_eq!(at(history[0].entry.occurred_at - Duration::MICROSECOND).await.version, 0);
}
