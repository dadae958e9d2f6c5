//! The token travels in the cookie alone (ASVS 3.3.4, 7.2.1, 14.2.1; SM5, SM10; CWE-598).

use poem::http::Method;
use session_ledger::session::Policy;
use session_ledger::web::Sessions;
use test_support::{Database, Visitor, application, key_ring};

const NAME: &str = "__Host-session";

async fn scene() -> (Visitor, Database) {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    (Visitor::new(&application(Sessions::new(ledger, key_ring()))), database)
}

#[tokio::test]
async fn a_token_that_comes_another_way_than_in_the_cookie_is_nobodys() {
    let (visitor, database) = scene().await;
    visitor.post("/login/alice", "").await;
    let token = visitor.cookie(NAME).unwrap();
    let other = Visitor::new(&visitor_app(&database).await);
    let query = format!("/show?{NAME}={token}&session={token}");
    assert_eq!(other.get(&query).await.body, "- 0", "in the address");
    let form = format!("{NAME}={token}&session={token}");
    assert_eq!(other.post("/add", &form).await.body, "1", "in a form: a session of its own begins");
    for (header, value) in [
        ("authorization", format!("Bearer {token}")),
        ("x-session", token.clone()),
        ("x-session-id", token.clone()),
        ("cookie2", format!("{NAME}={token}")),
        ("set-cookie", format!("{NAME}={token}")),
    ] {
        let mut request = Visitor::new(&visitor_app(&database).await).request(Method::GET, "/show", "");
        request.headers_mut().insert(header, value.parse().unwrap());
        assert_eq!(other.call(request).await.body, "- 0", "in the header `{header}`");
    }
}

async fn visitor_app(database: &Database) -> test_support::App {
    application(Sessions::new(database.ledger(Policy::default()).await, key_ring()))
}

#[tokio::test]
async fn the_token_stands_in_the_cookie_alone() {
    let (visitor, _database) = scene().await;
    let mut tokens = Vec::new();
    let mut others = String::new();
    for path in ["/add", "/login/alice", "/show", "/renew", "/me", "/then/500", "/then-err/400", "/logout"] {
        let answer = visitor.get(path).await;
        for (name, value) in &answer.headers {
            match name.as_str() {
                "set-cookie" => assert!(value.to_str().unwrap().contains("; HttpOnly"), "{path}: {value:?}"),
                _ => others += &format!("{name}: {value:?}\n"),
            }
        }
        others += &answer.body;
        tokens.extend(visitor.cookie(NAME));
    }
    tokens.dedup();
    assert!(tokens.len() >= 3, "a start, a login and a renewal made tokens");
    for token in tokens {
        assert!(!others.contains(&token[..20]), "{others}");
    }
}
