//! The headers of a response that speak of the session, and when they are sent (ASVS 3.3, 14.2.2; invariant
//! 7).

use poem::http::header;
use session_ledger::session::Policy;
use session_ledger::web::Sessions;
use test_support::{Answer, Database, Visitor, application, key_ring};

async fn visitor() -> (Visitor, Database) {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    (Visitor::new(&application(Sessions::new(ledger, key_ring()))), database)
}

fn value(answer: &Answer, name: header::HeaderName) -> &str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_response_that_sets_the_cookie_is_kept_out_of_caches() {
    let (visitor, _database) = visitor().await;
    let answer = visitor.get("/add").await;
    let (name_and_value, attributes) = answer.set_cookies()[0].split_once(';').unwrap();
    assert_eq!(name_and_value.len(), "__Host-session=".len() + 140);
    assert_eq!(attributes, " Path=/; Secure; HttpOnly; SameSite=Lax");
    assert_eq!(value(&answer, header::CACHE_CONTROL), "no-store");
    assert_eq!(value(&answer, header::VARY), "Cookie");
}

#[tokio::test]
async fn a_response_that_read_the_session_varies_by_cookie_and_sets_none() {
    let (visitor, _database) = visitor().await;
    for _ in 0..2 {
        let answer = visitor.get("/show").await;
        assert!(answer.set_cookies().is_empty());
        assert_eq!(value(&answer, header::VARY), "Cookie");
        assert_eq!(value(&answer, header::CACHE_CONTROL), "");
        visitor.get("/add").await;
    }
    visitor.get("/login/alice").await;
    assert_eq!(
        value(&visitor.get("/show").await, header::CACHE_CONTROL),
        "no-store",
        "somebody is signed in"
    );
}

#[tokio::test]
async fn a_response_that_did_not_look_at_the_session_says_nothing_of_it() {
    let (visitor, _database) = visitor().await;
    visitor.get("/add").await;
    let answer = visitor.get("/untouched").await;
    assert!(answer.set_cookies().is_empty());
    assert_eq!(value(&answer, header::VARY), "");
}

#[tokio::test]
async fn logging_out_clears_the_cookie_with_the_attributes_it_was_set_with() {
    let (visitor, _database) = visitor().await;
    visitor.get("/login/alice").await;
    let answer = visitor.post("/logout", "").await;
    let removal = "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    assert_eq!(answer.set_cookies(), [removal]);
    assert!(visitor.cookie("__Host-session").is_none());
}

#[tokio::test]
async fn a_rolled_back_request_sets_no_cookie() {
    let (visitor, database) = visitor().await;
    for path in ["/then/500", "/then-err/400"] {
        assert!(visitor.get(path).await.set_cookies().is_empty(), "{path}");
    }
    assert_eq!(database.count("session_ledger.event").await, 0);
    assert_eq!(database.count("session_ledger.session").await, 0);
}
