//! A request that is under way when its session ends, one order at a time.

use poem::http::{Method, header};
use session_ledger::session::SessionId;
use test_support::{Answer, Visitor};

use crate::stage::{NAME, Stage};

/// Every way to write, with and without a change of the session.
const WAYS: [&str; 7] = [
    "/tx-first/0/gate",
    "/tx-first/1/gate",
    "/session-first/0/gate",
    "/session-first/1/gate",
    "/part/0/gate",
    "/part/1/gate",
    "/session-only/1/gate",
];

/// Sends a request, ends its session while its handler is at work, and returns the answer.
async fn overtaken(stage: &Stage, visitor: &Visitor, session: SessionId, path: &str) -> Answer {
    let under_way = {
        let (tab, path) = (visitor.clone(), path.to_owned());
        tokio::spawn(async move { tab.post(&path, "").await })
    };
    stage.bench.arrival().await;
    let elsewhere = Stage::moved(visitor, &stage.there);
    assert_eq!(elsewhere.post("/logout", "").await.status, 200);
    assert!(stage.is_over(session).await);
    stage.bench.open();
    under_way.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_overtaken_by_a_logout_leaves_nothing_behind() {
    let stage = Stage::new().await;
    for path in WAYS {
        let (visitor, session) = stage.sign_in("alice").await;
        let cookie = visitor.cookie(NAME);
        let answer = overtaken(&stage, &visitor, session, path).await;
        assert_eq!(answer.status, 401, "{path}: {answer:?}");
        assert!(answer.set_cookies().is_empty(), "{path}: {answer:?}");
        assert_eq!(visitor.cookie(NAME), cookie, "{path}");
        assert!(stage.bench.runs(session) > 0 && stage.is_over(session).await, "{path}");
        assert_eq!(visitor.get("/me").await.status, 401, "{path}");
    }
    assert_eq!(stage.database.count("work").await, 0);
    assert_eq!(stage.database.count("session_ledger.session").await, 0, "no session was made again");
    stage.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_run_again_is_answered_503_and_leaves_nothing_behind() {
    let stage = Stage::new().await;
    for path in ["/tx-first/0/gate", "/session-first/1/gate", "/session-only/1/gate"] {
        let (visitor, session) = stage.sign_in("alice").await;
        let mut request = visitor.request(Method::POST, path, "a body of unknown length");
        request.headers_mut().remove(header::CONTENT_LENGTH);
        request.headers_mut().insert(header::TRANSFER_ENCODING, header::HeaderValue::from_static("chunked"));
        let tab = visitor.clone();
        let under_way = tokio::spawn(async move { tab.call(request).await });
        stage.bench.arrival().await;
        assert!(stage.revoke(session).await);
        stage.bench.open();
        let answer = under_way.await.unwrap();
        assert_eq!(answer.status, 503, "{path}: {answer:?}");
        assert_eq!(answer.headers.get(header::RETRY_AFTER).unwrap(), "1", "{path}");
        assert!(answer.set_cookies().is_empty() && stage.bench.runs(session) == 1, "{path}: {answer:?}");
    }
    assert_eq!(stage.database.count("work").await, 0);
    stage.verify().await;
}

/// CVE-2025-46336 of rack-session: a request that ran across the logout saved its session again, and the old
/// cookie opened it, signed in.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_runs_across_the_logout_does_not_make_the_session_again() {
    let stage = Stage::new().await;
    let (visitor, session) = stage.sign_in("alice").await;
    let thief = visitor.copy();
    let answer = overtaken(&stage, &visitor, session, "/visit/gate").await;
    // The handler serves everybody, so it has run again, for an anonymous visitor.
    let (user, new) = answer.body.split_once(' ').unwrap();
    assert!(answer.status == 200 && user == "-" && new != session.to_string(), "{answer:?}");
    assert!(stage.is_over(session).await);
    let old = format!("session_ledger.session where session_id = '{session}'");
    assert_eq!(stage.database.count(&old).await, 0);
    // It writes to another session, which the old cookie does not open.
    assert_eq!(stage.database.count("session_ledger.session where user_id is null").await, 1);
    assert_ne!(visitor.cookie(NAME), thief.cookie(NAME));
    for browser in [&visitor, &thief] {
        assert_eq!(browser.get("/me").await.status, 401);
    }
    stage.verify().await;
}

/// The story of a bug: a part of a request that is a transaction by itself loaded the session again, found
/// that it had ended, and did its work all the same, for an anonymous visitor.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_request_is_not_done_for_a_session_that_has_ended_before_it() {
    let stage = Stage::new().await;
    let (signed_in, session) = stage.sign_in("alice").await;
    let anonymous = Visitor::new(&stage.here);
    let answer = anonymous.post("/visit/0", "").await;
    let cart = answer.body.strip_prefix("- ").unwrap().parse().unwrap();
    for (visitor, session, status, body) in [
        (signed_in, session, 401, "please sign in"),
        (anonymous, cart, 409, "Your session has ended. Please load the page again."),
    ] {
        let tab = visitor.clone();
        let under_way = tokio::spawn(async move { tab.post("/part-later/gate", "").await });
        stage.bench.arrival().await;
        assert!(stage.revoke(session).await);
        stage.bench.open();
        let answer = under_way.await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (status, body));
        assert!(answer.set_cookies().is_empty() && stage.bench.runs(session) == 0, "{answer:?}");
    }
    assert_eq!(stage.database.count("work").await, 0);
    assert_eq!(stage.database.count("session_ledger.session").await, 0);
    stage.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_comes_first_is_waited_for_and_stays() {
    let stage = Stage::new().await;
    let (visitor, session) = stage.sign_in("alice").await;
    assert_eq!(visitor.post("/tx-first/1/0", "").await.status, 200);
    assert!(stage.revoke(session).await);
    assert!(!stage.revoke(session).await, "a session ends once");
    assert_eq!((stage.database.count("work").await, stage.late().await), (1, 0));
    stage.verify().await;
}
