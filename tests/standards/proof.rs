//! What a proof of who somebody is does to their session (ASVS 7.2.4, 7.5; NIST N1, N4, N10; SM13).

use std::time::Duration;

use poem::web::Path;
use poem::{EndpointExt, Result, Route, handler};
use session_ledger::Ledger;
use session_ledger::session::{Assurance, Policy};
use session_ledger::web::{Session, Sessions, SignedIn};
use test_support::{Database, Visitor, app, key_ring};

const NAME: &str = "__Host-session";

fn level(name: &str) -> Assurance {
    match name {
        "1" => Assurance::Aal1,
        "2" => Assurance::Aal2,
        _ => Assurance::Aal3,
    }
}

#[handler]
fn login(session: Session, Path(name): Path<String>) -> Result<()> {
    Ok(session.login_with("alice", &["pwd"], level(&name))?)
}

#[handler]
fn prove(session: SignedIn, Path(name): Path<String>) -> Result<()> {
    Ok(session.reauthenticate(&["otp"], level(&name))?)
}

#[handler]
fn me(session: SignedIn) -> String {
    session.user().to_string()
}

struct Scene {
    database: Database,
    ledger: Ledger,
    visitor: Visitor,
}

impl Scene {
    async fn new(policy: Policy) -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(policy).await;
        let pages = Route::new().at("/login/:level", login).at("/prove/:level", prove).at("/me", me);
        let visitor = Visitor::new(&app(pages.with(Sessions::new(ledger.clone(), key_ring()))));
        Self { database, ledger, visitor }
    }

    async fn at_second(&self, second: u64) {
        self.database.set_clock_ahead(Duration::from_secs(second)).await;
    }

    /// The level that the session has now.
    async fn level(&self) -> Assurance {
        let id = self.ledger.sessions(&"alice".into()).await.unwrap()[0].id;
        let version = self.ledger.history(id).await.unwrap().last().unwrap().entry.version;
        self.ledger.state_at(id, version).await.unwrap().content.assurance
    }
}

#[tokio::test]
async fn the_level_of_a_session_is_that_of_its_latest_proof() {
    let scene = Scene::new(Policy::default()).await;
    for (path, expected) in [
        ("/login/1", Assurance::Aal1),
        ("/prove/3", Assurance::Aal3),
        ("/prove/2", Assurance::Aal2),
        ("/login/1", Assurance::Aal1),
    ] {
        assert_eq!(scene.visitor.post(path, "").await.status, 200, "{path}");
        assert_eq!(scene.level().await, expected, "{path}");
    }
}

#[tokio::test]
async fn each_proof_replaces_the_token_and_begins_both_limits_anew() {
    let policy = Policy::default().idle_timeout(600).absolute_timeout(1_000).extension_delay(60);
    let scene = Scene::new(policy).await;
    scene.visitor.post("/login/1", "").await;
    for second in [500, 990] {
        scene.at_second(second).await;
        let (before, thief) = (scene.visitor.cookie(NAME).unwrap(), scene.visitor.copy());
        assert_eq!(scene.visitor.post("/prove/2", "").await.status, 200, "second {second}");
        assert_ne!(scene.visitor.cookie(NAME).unwrap(), before, "second {second}");
        assert_ne!(thief.get("/me").await.body, "alice", "second {second}: the old one is over at once");
    }
    // 990 + 600 is the idle limit, beyond the first absolute one.
    scene.at_second(1_580).await;
    assert_eq!(scene.visitor.get("/me").await.body, "alice");
    scene.at_second(1_991).await;
    assert_eq!(scene.visitor.get("/me").await.status, 401, "the absolute limit of the last proof");
}
