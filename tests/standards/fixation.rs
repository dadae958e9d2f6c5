//! A cookie that somebody else has put into a browser is worth nothing (WSTG-SESS-03, CWE-384, SM11).

use session_ledger::session::Policy;
use session_ledger::web::Sessions;
use test_support::{App, Database, Visitor, application, key_ring};

const NAME: &str = "__Host-session";

async fn app(database: &Database) -> App {
    application(Sessions::new(database.ledger(Policy::default()).await, key_ring()))
}

/// The guide's procedure with two accounts: a cookie of the attacker is forced on the victim's browser, the
/// victim logs in, and the attacker uses the cookie.
#[tokio::test]
async fn a_cookie_that_was_forced_on_a_victim_is_worthless_after_their_login() {
    let database = Database::fresh().await;
    let app = app(&database).await;
    for attacker_is_signed_in in [false, true] {
        let attacker = Visitor::new(&app);
        attacker.get("/add").await;
        if attacker_is_signed_in {
            attacker.post("/login/mallory", "").await;
        }
        let forced = attacker.cookie(NAME).unwrap();
        let victim = Visitor::new(&app);
        victim.put_cookie(NAME, forced.as_str());
        assert_eq!(victim.post("/login/alice", "").await.status, 200);
        assert_ne!(victim.cookie(NAME).unwrap(), forced);
        assert_eq!(victim.get("/me").await.body, "alice");
        let attacked = attacker.get("/me").await;
        assert_ne!((attacked.status.as_u16(), attacked.body.as_str()), (200, "alice"));
        attacker.put_cookie(NAME, forced);
        assert_ne!(attacker.get("/show").await.body, "alice 1");
        assert_eq!(victim.get("/me").await.body, "alice", "and the victim's login stands");
    }
}

/// A strict store: an id that it has not made begins no session, however well it is sealed.
#[tokio::test]
async fn an_authentic_token_of_a_session_that_never_was_is_not_adopted() {
    let (here, elsewhere) = (Database::fresh().await, Database::fresh().await);
    let stranger = Visitor::new(&app(&elsewhere).await);
    stranger.post("/login/alice", "").await;
    let token = stranger.cookie(NAME).unwrap();
    let visitor = Visitor::new(&app(&here).await);
    visitor.put_cookie(NAME, token.as_str());
    assert_eq!(visitor.get("/me").await.status, 401);
    assert_eq!(visitor.get("/show").await.body, "- 0");
    let (foreign, own) = (Visitor::new(&app(&here).await), Visitor::new(&app(&here).await));
    foreign.put_cookie(NAME, token);
    foreign.get("/add").await;
    own.get("/add").await;
    let known: Vec<uuid::Uuid> = ids(&here, "session_ledger.session").await;
    let theirs = ids(&elsewhere, "session_ledger.session").await;
    assert!(!known.is_empty() && known.iter().all(|id| !theirs.contains(id)), "{known:?}");
}

async fn ids(database: &Database, table: &str) -> Vec<uuid::Uuid> {
    let query = format!("select session_id from {table}");
    let rows = database.connect().await.query(&query, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
