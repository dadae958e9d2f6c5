//! Who is signed in: login, logout, and the token that they replace.

use poem::Route;
use poem::web::Path;
use poem::{Result, handler};
use session_ledger::Key;
use session_ledger::session::{Assurance, EndReason};
use session_ledger::web::{Session, SignedIn};
use uuid::Uuid;

use crate::scene::{NAME, Scene, page};

const COUNT: Key<u32> = Key::new("count");

fn add(session: &Session) -> Result<String> {
    Ok(session.update(&COUNT, |count| *count += 1).map(|()| String::new())?)
}

fn count(session: &Session) -> Result<String> {
    Ok(session.get(&COUNT)?.unwrap_or_default().to_string())
}

/// `userid`, a column of the application's type.
#[tokio::test]
async fn a_user_id_is_of_the_applications_own_type() {
    #[handler]
    fn by_number(session: Session, Path(id): Path<i64>) -> Result<()> {
        Ok(session.login(id)?)
    }
    #[handler]
    fn by_uuid(session: Session, Path(id): Path<Uuid>) -> Result<()> {
        Ok(session.login(id)?)
    }
    let number = |session: &Session| Ok((session.user_as::<i64>()?.unwrap() + 1).to_string());
    let uuid = |session: &Session| Ok(session.user_as::<Uuid>()?.unwrap().as_u128().to_string());
    let scene = Scene::new().await;
    let pages = Route::new()
        .at("/number/:id", by_number)
        .at("/uuid/:id", by_uuid)
        .at("/number", page(number))
        .at("/uuid", page(uuid));
    let visitor = scene.visitor(pages);
    visitor.post("/number/41", "").await;
    assert_eq!(visitor.get("/number").await.body, "42");
    visitor.post(&format!("/uuid/{}", Uuid::from_u128(7)), "").await;
    assert_eq!(visitor.get("/uuid").await.body, "7");
    assert_eq!(visitor.get("/number").await.status, 500, "and never a wrong id");
}

/// There, a login kept the cookie that somebody may have put there before (fixation).
#[tokio::test]
async fn a_login_replaces_the_cookie_and_keeps_what_the_visitor_had() {
    let scene = Scene::new().await;
    let visitor = scene.member(Route::new().at("/add", page(add)).at("/count", page(count)));
    visitor.post("/add", "").await;
    let (planted, thief) = (visitor.cookie(NAME).unwrap(), visitor.copy());
    visitor.post("/login", "").await;
    assert_ne!(visitor.cookie(NAME).unwrap(), planted);
    assert_eq!(
        (visitor.get("/who").await.body.as_str(), visitor.get("/count").await.body.as_str()),
        ("alice", "1")
    );
    assert_ne!(thief.get("/who").await.body, "alice");
}

/// There, a logout set a column to nothing: the session and its cookie went on.
#[tokio::test]
async fn a_logout_ends_the_session_for_every_copy_of_its_cookie() {
    let scene = Scene::new().await;
    let visitor = scene.member(Route::new().at("/add", page(add)));
    visitor.post("/login", "").await;
    let elsewhere = visitor.copy();
    visitor.post("/logout", "").await;
    assert_eq!(visitor.cookie(NAME), None);
    assert_eq!(elsewhere.get("/who").await.body, "-");
    assert_eq!(elsewhere.post("/add", "").await.status, 409, "it is not brought back to life");
    assert_eq!(scene.ended("alice").await, Some(EndReason::LoggedOut));
}

/// `SignedIn` in place of an authentication policy that has to be registered.
#[tokio::test]
async fn a_page_for_members_is_closed_to_visitors() {
    #[handler]
    fn account(session: SignedIn) -> String {
        session.user().to_string()
    }
    let scene = Scene::new().await;
    let visitor = scene.member(Route::new().at("/account", account));
    assert_eq!(visitor.get("/account").await.status, 401);
    visitor.post("/login", "").await;
    assert_eq!(visitor.get("/account").await.body, "alice");
}

/// To regenerate the id and keep the data, which was missing there.
#[tokio::test]
async fn a_cookie_can_be_replaced_at_any_time_and_at_each_proof() {
    let scene = Scene::new().await;
    let prove = |session: &Session| {
        session.reauthenticate(&["pwd", "otp"], Assurance::Aal2)?;
        Ok(String::new())
    };
    let pages = Route::new()
        .at("/add", page(add))
        .at("/count", page(count))
        .at("/renew", page(|session| Ok(session.renew().map(|()| String::new())?)))
        .at("/prove", page(prove));
    let visitor = scene.member(pages);
    visitor.post("/login", "").await;
    visitor.post("/add", "").await;
    for path in ["/renew", "/prove"] {
        let before = visitor.cookie(NAME).unwrap();
        assert_eq!(visitor.post(path, "").await.status, 200, "{path}");
        assert_ne!(visitor.cookie(NAME).unwrap(), before, "{path}");
        assert_eq!(visitor.get("/count").await.body, "1", "{path}");
    }
    let id = scene.only("alice").await;
    assert!(scene.kinds(id).await.contains(&"reauthenticated".to_owned()));
}
