//! Whose history is asked for: a session's id that a browser has sent may be another user's.

use poem::web::{Data, Path};
use poem::{EndpointExt, Result, Route, get, handler};
use session_ledger::ledger::QuestionError;
use session_ledger::session::{EventFilter, SessionId};
use session_ledger::web::{Sessions, SignedIn, Tx};
use session_ledger::{Ledger, Session};
use test_support::{App, Visitor, app, key_ring};
use uuid::Uuid;

use super::Scene;

#[handler]
fn login(session: Session, user: Path<String>) -> Result<String> {
    session.login(user.0)?;
    Ok(session.id().map(|id| id.to_string()).unwrap_or_default())
}

#[handler]
async fn of_session(session: SignedIn, ledger: Data<&Ledger>, id: Path<Uuid>) -> Result<String> {
    let filter = EventFilter::of_session(SessionId::from(id.0)).of(session.user().clone());
    Ok(ledger.events_page(&filter, None, 50).await?.events.len().to_string())
}

#[handler]
async fn in_transaction(tx: Tx, session: SignedIn, id: Path<Uuid>) -> Result<String> {
    let filter = EventFilter::of_session(SessionId::from(id.0)).of(session.user().clone());
    Ok(tx.events_page(&filter, None, 50).await?.events.len().to_string())
}

#[handler]
async fn with_cursor(ledger: Data<&Ledger>, cursor: Path<String>) -> Result<String> {
    let page = ledger.events_page(&EventFilter::of_user("alice"), Some(&cursor.0), 50).await?;
    Ok(page.events.len().to_string())
}

fn shop(ledger: &Ledger) -> App {
    app(Route::new()
        .at("/login/:user", get(login))
        .at("/history/:id", get(of_session))
        .at("/history-in-transaction/:id", get(in_transaction))
        .at("/page/:cursor", get(with_cursor))
        .data(ledger.clone())
        .with(Sessions::new(ledger.clone(), key_ring())))
}

#[tokio::test]
async fn another_users_session_is_not_found_and_neither_is_one_that_never_was() {
    let scene = Scene::set().await;
    let shop = shop(&scene.ledger);
    let (alice, bob) = (Visitor::new(&shop), Visitor::new(&shop));
    let own = alice.get("/login/alice").await.body;
    let others = bob.get("/login/bob").await.body;
    for path in ["/history", "/history-in-transaction"] {
        let answer = alice.get(&format!("{path}/{own}")).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "2"), "{path}");
        for id in [&others, &Uuid::from_u128(7).to_string()] {
            let answer = alice.get(&format!("{path}/{id}")).await;
            let expected = (404, "There is no such session.");
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), expected, "{path}");
        }
    }
    let refused = alice.get("/page/bogus").await;
    assert_eq!((refused.status.as_u16(), refused.body.as_str()), (400, "What was asked for has no answer."));
}

#[tokio::test]
async fn an_unknown_session_is_not_found_and_a_known_one_without_such_events_is_empty() {
    let scene = Scene::set().await;
    scene.walk(&["/login/alice", "/logout"]).await;
    let known = scene.ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    let none = EventFilter::of_session(known).kind("cleared");
    for filter in [none.clone(), none.clone().of("alice")] {
        assert_eq!(scene.ledger.events_page(&filter, None, 9).await.unwrap().events, []);
    }
    let unknown = SessionId::from(Uuid::from_u128(7));
    for (filter, session) in [
        (EventFilter::of_session(unknown), unknown),
        (EventFilter::of_session(unknown).of("alice"), unknown),
        (EventFilter::of_session(known).of("bob"), known),
        (none.of("bob"), known),
    ] {
        let refused = scene.ledger.events_page(&filter, None, 9).await.unwrap_err();
        assert!(matches!(refused, QuestionError::NoSuchSession { .. }), "{filter:?}");
        assert_eq!(refused.to_string(), format!("there is no such session: {session}"));
    }
}
