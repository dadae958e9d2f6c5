//! One walk through an application, with the pooler and without.

use std::fmt::Write;

use session_ledger::Ledger;
use session_ledger::ledger::End;
use session_ledger::session::{EndReason, Policy, SessionId};
use test_support::{Database, Visitor};

use crate::{Scene, visitor};

/// Reads, writes, orders in a transaction that are kept, refused and undone, renewals, logins and a logout.
const PATHS: [&str; 20] = [
    "/untouched",
    "/show",
    "/add",
    "/login/alice",
    "/order/teapot/then/200",
    "/order/kettle/then/500",
    "/order/teapot/then/200",
    "/swallow",
    "/show",
    "/renew",
    "/flash/saved",
    "/flashes",
    "/then/303",
    "/then/503",
    "/undo",
    "/me",
    "/login/bob",
    "/logout",
    "/me",
    "/add",
];

#[tokio::test]
async fn every_answer_and_every_event_is_the_same() {
    let scene = Scene::set().await;
    let behind = walk(&scene.ledger().await, &scene.database).await;
    let scene = Scene::set().await;
    let direct = walk(&scene.database.ledger(Policy::default()).await, &scene.database).await;
    assert_eq!(behind, direct);
    assert!(direct.contains("/order/teapot/then/200 200"), "{direct}");
}

/// The results, a line each.
async fn walk(ledger: &Ledger, database: &Database) -> String {
    let mut told = String::new();
    let visitor = visitor(ledger);
    let thief = visit_all(&visitor, &mut told).await;
    let answer = thief.get("/show").await;
    writeln!(told, "a copy of a token that was replaced: {} {}", answer.status, answer.body).unwrap();
    revoke(ledger, &visitor, &mut told).await;
    for table in ["session", "ended_session", "event"] {
        let rows = database.count(&format!("session_ledger.{table}")).await;
        writeln!(told, "{table} {rows}").unwrap();
    }
    writeln!(told, "purchase {}", database.count("purchase").await).unwrap();
    told
}

/// Visits all paths. Returns a browser with the cookies that were good before the last one.
async fn visit_all(visitor: &Visitor, told: &mut String) -> Visitor {
    let mut before = visitor.copy();
    for path in PATHS {
        before = visitor.copy();
        let answer = visitor.get(path).await;
        let cookies = answer.set_cookies().len();
        writeln!(told, "{path} {} {} {cookies}", answer.status.as_u16(), answer.body).unwrap();
    }
    before
}

/// The work of an administrator: list, read, end one session and end all.
async fn revoke(ledger: &Ledger, visitor: &Visitor, told: &mut String) {
    visitor.get("/login/carol").await;
    visitor.copy().get("/add").await;
    let carol = "carol".into();
    let sessions = ledger.sessions(&carol).await.unwrap();
    let id = sessions[0].id;
    assert!(ledger.end(id, End::because(EndReason::Revoked).by("admin")).await.unwrap());
    assert!(!ledger.end(id, EndReason::Revoked).await.unwrap());
    writeln!(told, "ended: {} {}", visitor.get("/me").await.status, kinds(ledger, id).await).unwrap();
    visitor.get("/login/carol").await;
    let ended = ledger.end_all(&carol, EndReason::CredentialChanged).await.unwrap();
    writeln!(told, "ended all: {ended} {}", visitor.get("/me").await.status).unwrap();
    for name in ["alice", "bob", "carol"] {
        let page = ledger.sessions_page(&name.into(), None, 2).await.unwrap();
        writeln!(told, "{name} {} on a page", page.len()).unwrap();
        for session in ledger.sessions(&name.into()).await.unwrap() {
            let reason = session.ended.map(|(reason, _)| reason);
            writeln!(told, "{name} {} {reason:?} {}", session.version, kinds(ledger, session.id).await)
                .unwrap();
        }
    }
}

async fn kinds(ledger: &Ledger, session: SessionId) -> String {
    let history = ledger.history(session).await.unwrap();
    assert_eq!(ledger.history_page(session, 1, 2).await.unwrap(), history[1..history.len().min(3)]);
    let kinds: Vec<_> = history.iter().map(|recorded| recorded.entry.encoded.kind()).collect();
    kinds.join(" ")
}
