//! What belongs to one visitor reaches no other one, and no value is taken for something else (CWE-488,
//! WSTG-SESS-08).

use poem::web::Path;
use poem::{EndpointExt, Result, Route, handler};
use session_ledger::Key;
use session_ledger::session::Policy;
use session_ledger::web::{Session, Sessions};
use test_support::{Database, Visitor, app, application, key_ring};

const NAME: &str = "__Host-session";
const VISITORS: usize = 12;
const EACH: usize = 12;

/// Requests of many visitors at once share statements and transactions: each answer, and each cookie, is
/// that of the visitor who asked.
#[tokio::test]
async fn answers_and_cookies_of_interleaved_requests_are_each_visitors_own() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let app = application(Sessions::new(ledger, key_ring()));
    let visits: Vec<_> = (0..VISITORS)
        .map(|nth| {
            let visitor = Visitor::new(&app);
            tokio::spawn(async move {
                let user = format!("user{nth}");
                assert_eq!(visitor.post(&format!("/login/{user}"), "").await.status, 200);
                for round in 1..=EACH {
                    assert_eq!(visitor.post("/add", "").await.body, round.to_string(), "{user}");
                    if round % 4 == 0 {
                        assert_eq!(visitor.get("/renew").await.status, 200);
                    }
                    assert_eq!(visitor.get("/show").await.body, format!("{user} {round}"));
                }
                visitor.cookie(NAME).unwrap()
            })
        })
        .collect();
    let mut cookies = Vec::new();
    for visit in visits {
        cookies.push(visit.await.unwrap());
    }
    for (nth, cookie) in cookies.iter().enumerate() {
        let visitor = Visitor::new(&app);
        visitor.put_cookie(NAME, cookie.as_str());
        assert_eq!(visitor.get("/show").await.body, format!("user{nth} {EACH}"));
    }
}

/// Who is signed in stands apart from the values: a page that keeps what a visitor types under any name,
/// however well chosen, signs nobody in.
#[tokio::test]
async fn a_value_of_any_name_signs_nobody_in() {
    const KEYS: [Key<String>; 4] =
        [Key::new("user"), Key::new("user_id"), Key::new("authenticated_at"), Key::new("assurance")];
    #[handler]
    fn keep(session: Session, Path(nth): Path<usize>) -> Result<()> {
        Ok(session.set(&KEYS[nth], &"alice".to_owned())?)
    }
    #[handler]
    fn look(session: Session) -> String {
        format!("{:?} {:?}", session.user(), session.authenticated_at())
    }
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let pages = Route::new().at("/keep/:nth", keep).at("/look", look);
    let visitor = Visitor::new(&app(pages.with(Sessions::new(ledger, key_ring()))));
    for nth in 0..KEYS.len() {
        assert_eq!(visitor.post(&format!("/keep/{nth}"), "").await.status, 200);
    }
    assert_eq!(visitor.get("/look").await.body, "None None");
}
