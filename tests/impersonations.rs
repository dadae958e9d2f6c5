//! Who acted as a user, and in which of their own sessions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use futures_util::TryStreamExt;
use poem::web::Path;
use poem::{EndpointExt, Result, Route, handler, post};
use session_ledger::ledger::End;
use session_ledger::ledger::Impersonation;
use session_ledger::session::{EndReason, Policy, SessionId, UserId};
use session_ledger::{Ledger, Session, Sessions};
use test_support::{Database, Visitor, app, key_ring};

#[handler]
fn login(session: Session, user: Path<String>) -> Result<()> {
    Ok(session.login(user.0)?)
}

#[handler]
fn act_as(session: Session, user: Path<String>) -> Result<()> {
    Ok(session.impersonate(user.0, "A ticket.")?)
}

#[handler]
fn act_as_oneself(session: Session) -> Result<()> {
    Ok(session.end_impersonation()?)
}

async fn all(ledger: &Ledger, user: &str) -> Vec<Impersonation> {
    ledger.impersonations_stream(&UserId::from(user)).try_collect().await.unwrap()
}

fn ids(found: &[Impersonation]) -> Vec<SessionId> {
    found.iter().map(|one| one.session.id).collect()
}

#[tokio::test]
async fn sessions_in_which_somebody_acted_as_a_user_are_listed_apart_from_the_users_own() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let app = app(Route::new()
        .at("/login/:user", post(login))
        .at("/as/:user", post(act_as))
        .at("/oneself", post(act_as_oneself))
        .with(Sessions::new(ledger.clone(), key_ring())));
    let (bob, alice, carol) = (Visitor::new(&app), Visitor::new(&app), Visitor::new(&app));
    bob.post("/login/bob", "").await;
    for admin in [(&alice, "alice"), (&carol, "carol")] {
        admin.0.post(&format!("/login/{}", admin.1), "").await;
        admin.0.post("/as/bob", "").await;
    }
    alice.post("/oneself", "").await;
    alice.post("/as/bob", "").await;
    let id_of = async |user: &str| ledger.sessions(&UserId::from(user)).await.unwrap()[0].id;
    let (of_bob, of_alice, of_carol) = (id_of("bob").await, id_of("alice").await, id_of("carol").await);

    let found = all(&ledger, "bob").await;
    assert_eq!(ids(&found), [of_carol, of_alice], "each once, the latest started first");
    assert_eq!(found[1].by, Some("alice".into()));
    let began: Vec<_> = ledger.history(of_alice).await.unwrap();
    let last = began.iter().rfind(|one| one.entry.encoded.kind() == "impersonation_started").unwrap();
    assert_eq!(found[1].began_at, last.entry.occurred_at);
    assert_eq!(found[1].session, ledger.sessions(&UserId::from("alice")).await.unwrap()[0]);
    assert_eq!(all(&ledger, "alice").await, []);

    // They are alice's and carol's sessions: ending bob's leaves them alone.
    let ended = ledger.end_all(&UserId::from("bob"), End::because(EndReason::Revoked)).await.unwrap();
    assert_eq!(ended, 1);
    assert_eq!(ids(&all(&ledger, "bob").await), [of_carol, of_alice]);
    assert!(found.iter().all(|one| one.session.ended.is_none()) && of_bob != of_alice);

    assert!(ledger.end(of_carol, End::because(EndReason::Revoked)).await.unwrap());
    let pages = async |before, limit| ledger.impersonations_page(&"bob".into(), before, limit).await.unwrap();
    let first = pages(None, 1).await;
    assert_eq!(ids(&first), [of_carol]);
    assert_eq!(first[0].session.ended.as_ref().unwrap().0, EndReason::Revoked);
    assert_eq!(ids(&pages(Some(of_carol), 1).await), [of_alice]);
    assert_eq!(pages(Some(of_alice), 1).await, []);
}

/// Whoever holds the token may do something else from then on, so it is another token.
#[tokio::test]
async fn sm13_acting_as_another_and_as_oneself_again_each_replace_the_token() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let app = app(Route::new()
        .at("/login/:user", post(login))
        .at("/as/:user", post(act_as))
        .at("/oneself", post(act_as_oneself))
        .with(Sessions::new(ledger.clone(), key_ring())));
    let alice = Visitor::new(&app);
    alice.post("/login/alice", "").await;
    for path in ["/as/bob", "/as/carol", "/oneself"] {
        let old = alice.copy();
        assert_eq!(alice.post(path, "").await.set_cookies().len(), 1, "{path}");
        assert_eq!(old.post("/oneself", "").await.status, 307, "{path}: the old token opens nothing");
    }
    assert!(alice.post("/oneself", "").await.set_cookies().is_empty(), "nothing has changed");
    let id = ledger.sessions(&UserId::from("alice")).await.unwrap()[0].id;
    let kinds: Vec<String> = ledger.history(id).await.unwrap()[2..]
        .iter()
        .map(|one| one.entry.encoded.kind().to_owned())
        .collect();
    let acts = ["impersonation_started", "impersonation_started", "impersonation_ended"];
    assert_eq!(kinds, acts.map(|act| [act, "renewed"]).concat());
}
