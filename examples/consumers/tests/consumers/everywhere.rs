//! A user who signs out everywhere is signed out of the other application, once.

use consumers::everywhere::{Ender, SIGNED_OUT_EVERYWHERE};
use poem::{EndpointExt, Result, Route, handler, post};
use session_ledger::ledger::Subscription;
use session_ledger::session::{Policy, UserId};
use session_ledger::web::{OtherSessions, Sessions, SignedIn};
use session_ledger::{Ledger, Session};
use test_support::{App, Database, Visitor, app, application, key_ring};

use super::events;

#[handler]
fn new_password(session: SignedIn) -> Result<()> {
    Ok(session.factor_changed("pwd", OtherSessions::End)?)
}

#[handler]
fn sign_out_everywhere(session: SignedIn) -> Result<()> {
    Ok(session.note(&SIGNED_OUT_EVERYWHERE, &"I lost my telephone.".to_owned())?)
}

#[handler]
fn login(session: Session, poem::web::Path(user): poem::web::Path<String>) -> Result<()> {
    Ok(session.login(user)?)
}

/// Two applications with a ledger each, in databases of their own.
struct Scene {
    shop: (Ledger, App),
    forum: (Ledger, App),
    forums: Database,
    ender: Ender,
}

impl Scene {
    async fn set() -> Self {
        let (shops, forums) = (Database::fresh().await, Database::fresh().await);
        let (shop, forum) = (shops.ledger(Policy::default()).await, forums.ledger(Policy::default()).await);
        let shop_app = app(Route::new()
            .at("/login/:user", post(login))
            .at("/password", post(new_password))
            .at("/everywhere", post(sign_out_everywhere))
            .with(Sessions::new(shop.clone(), key_ring())));
        let forum_app = application(Sessions::new(forum.clone(), key_ring()));
        let ender = Ender::open("/shop/sessions", forum.clone(), forums.connect().await).await.unwrap();
        Self { shop: (shop, shop_app), forum: (forum, forum_app), forums, ender }
    }

    /// A browser of a user's, signed in to the forum.
    async fn at_the_forum(&self, user: &str) -> Visitor {
        let visitor = Visitor::new(&self.forum.1);
        assert!(visitor.post(&format!("/login/{user}"), "").await.status.is_success());
        visitor
    }

    /// What a user does at the shop.
    async fn at_the_shop(&self, user: &str, deed: &str) {
        let visitor = Visitor::new(&self.shop.1);
        for path in [&format!("/login/{user}"), deed] {
            let answer = visitor.post(path, "").await;
            assert!(answer.status.is_success(), "{path}: {answer:?}");
        }
    }

    async fn subscription(&self) -> Subscription {
        self.shop.0.subscription("end everywhere", "test").await.unwrap()
    }

    /// How many live sessions a user has at the forum.
    async fn live(&self, user: &str) -> usize {
        let sessions = self.forum.0.sessions(&UserId::from(user)).await.unwrap();
        sessions.iter().filter(|session| session.ended.is_none()).count()
    }
}

#[tokio::test]
async fn a_new_password_at_the_shop_ends_the_users_sessions_at_the_forum_and_nobody_elses() {
    let mut scene = Scene::set().await;
    let (alice, _telephone, bob) = (
        scene.at_the_forum("alice").await,
        scene.at_the_forum("alice").await,
        scene.at_the_forum("bob").await,
    );
    scene.at_the_shop("alice", "/password").await;
    let mut subscription = scene.subscription().await;
    assert_eq!(scene.ender.follow(&mut subscription).await.unwrap(), (2, false));
    assert_eq!(alice.get("/me").await.status, 401);
    assert_eq!(bob.get("/me").await.body, "bob");
    assert_eq!(scene.ender.follow(&mut subscription).await.unwrap(), (0, false));
}

#[tokio::test]
async fn a_note_of_the_application_ends_them_too_and_a_mere_login_does_not() {
    let mut scene = Scene::set().await;
    let _alice = scene.at_the_forum("alice").await;
    scene.at_the_shop("alice", "/login/alice").await;
    let mut subscription = scene.subscription().await;
    assert_eq!(scene.ender.follow(&mut subscription).await.unwrap(), (0, false));
    scene.at_the_shop("alice", "/everywhere").await;
    assert_eq!(scene.ender.follow(&mut subscription).await.unwrap(), (1, false));
}

#[tokio::test]
async fn an_event_that_is_delivered_again_ends_no_login_that_came_after_it() {
    let mut scene = Scene::set().await;
    let _before = scene.at_the_forum("alice").await;
    scene.at_the_shop("alice", "/password").await;
    let mut ended = 0;
    for recorded in &events(&scene.shop.0).await {
        ended += scene.ender.handle(recorded).await.unwrap();
    }
    assert_eq!(ended, 1);
    let after = scene.at_the_forum("alice").await;
    // The subscription has no checkpoint yet, so it delivers everything again.
    let mut subscription = scene.subscription().await;
    assert_eq!(scene.ender.follow(&mut subscription).await.unwrap(), (0, false));
    // As if the process had died between the ends and the commit of its transaction.
    let inbox = scene.forums.connect().await;
    inbox.batch_execute("truncate session_ledger_inbox.session, session_ledger_inbox.event").await.unwrap();
    for recorded in &events(&scene.shop.0).await {
        assert_eq!(scene.ender.handle(recorded).await.unwrap(), 0);
    }
    assert_eq!(after.get("/me").await.body, "alice");
    assert_eq!(scene.live("alice").await, 1);
}
