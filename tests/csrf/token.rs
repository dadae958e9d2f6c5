//! Tokens of forms: where they are read from, and whose they are.

use poem::http::{Method, StatusCode, header};
use session_ledger::session::Policy;
use session_ledger::token::KeyRing;
use session_ledger::web::{Csrf, Sessions};
use test_support::{Answer, Visitor};

use crate::scene::{Scene, post_from_here, send, signed_in, token_of};

const REFUSED: &str = "Nothing was done. Please load the page again and send this once more.";

async fn save(visitor: &Visitor, token: &str) -> Answer {
    post_from_here(visitor, "/save", &format!("name=alice&csrf_token={token}")).await
}

pub(crate) async fn is_taken(visitor: &Visitor, token: &str) -> bool {
    let answer = save(visitor, token).await;
    match answer.status {
        StatusCode::OK => assert_eq!(answer.body, "alice", "the handler finds the form as it came"),
        StatusCode::FORBIDDEN => assert_eq!(answer.body, REFUSED),
        status => panic!("{status}"),
    }
    answer.status == StatusCode::OK
}

#[tokio::test]
async fn asvs_7_6_2_a_token_is_read_without_a_row_or_a_cookie() {
    let scene = Scene::new().await;
    let visitor = Visitor::new(&scene.app(Csrf::builder().ask_token().build().unwrap()));
    let answer = send(&visitor, Method::GET, "/form", &[], "").await;
    assert_eq!((answer.body.as_str(), answer.set_cookies()), ("none", vec![]), "there is no session");
    assert_eq!((scene.count("event").await, scene.count("session").await), (0, 0));

    let alice = signed_in(&scene.app(Csrf::new()), "alice").await;
    let before = scene.count("event").await;
    let answer = send(&alice, Method::GET, "/form", &[], "").await;
    assert_eq!((answer.body.len(), answer.set_cookies()), (86, vec![]));
    assert_eq!(scene.count("event").await, before);
}

/// Nothing of theirs can be touched, so their first form needs no token; a foreign page's is refused anyway.
#[tokio::test]
async fn a_visitor_without_a_session_is_asked_for_no_token() {
    let scene = Scene::new().await;
    let app = scene.app(Csrf::builder().ask_token().build().unwrap());
    let visitor = Visitor::new(&app);
    let answer = post_from_here(&visitor, "/save", "name=visitor").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "visitor"));
    let answer = post_from_here(&visitor, "/save", "name=visitor").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "it has a session now");
    assert!(is_taken(&visitor, &token_of(&visitor).await).await);
}

#[tokio::test]
async fn each_page_shows_another_text_and_all_are_taken() {
    let scene = Scene::new().await;
    let app = scene.app(Csrf::builder().ask_token().build().unwrap());
    let alice = signed_in(&app, "alice").await;
    let (first, second) = (token_of(&alice).await, token_of(&alice).await);
    assert_ne!(first, second);
    // 64 bytes of which each half is random: no half is the same by chance.
    assert_ne!(first[..43], second[..43]);
    assert_ne!(first[43..], second[43..]);
    for token in [&first, &second, &first] {
        assert!(is_taken(&alice, token).await);
    }
}

#[tokio::test]
async fn a_token_of_another_session_or_of_nobody_is_refused() {
    let scene = Scene::new().await;
    let app = scene.app(Csrf::builder().ask_token().build().unwrap());
    let (alice, bob, again) =
        (signed_in(&app, "alice").await, signed_in(&app, "bob").await, signed_in(&app, "alice").await);
    let token = token_of(&alice).await;
    let changed_at = |place: usize| {
        let other = if token[place..].starts_with('A') { "B" } else { "A" };
        format!("{}{other}{}", &token[..place], &token[place + 1..])
    };
    let cookie = alice.cookie("__Host-session").unwrap();
    for (name, odd) in [
        ("another user's", token_of(&bob).await),
        ("the same user's elsewhere", token_of(&again).await),
        ("changed in the mask", changed_at(0)),
        ("changed in the proof", changed_at(60)),
        ("cut", token[..85].to_owned()),
        ("longer", format!("{token}A")),
        ("padded", format!("{token}==")),
        ("half", token[..43].to_owned()),
        ("nothing", String::new()),
        ("zero", "A".repeat(86)),
        ("the cookie", cookie),
    ] {
        assert_ne!(odd, token);
        assert!(!is_taken(&alice, &odd).await, "{name}");
    }
    assert!(is_taken(&alice, &token).await);
}

#[tokio::test]
async fn a_token_comes_in_a_header_or_in_a_small_form() {
    let scene = Scene::new().await;
    let app = scene.app(Csrf::builder().ask_token().build().unwrap());
    let alice = signed_in(&app, "alice").await;
    let token = token_of(&alice).await;
    let form = format!("csrf_token={token}&name=alice");
    let posted = async |headers: &[(&str, &str)], body: &str| {
        let headers = [&[("sec-fetch-site", "same-origin")], headers].concat();
        send(&alice, Method::POST, "/change", &headers, body).await.status
    };
    let form_type = ("content-type", "application/x-www-form-urlencoded");
    assert_eq!(posted(&[("x-csrf-token", &token)], "{}").await, StatusCode::OK);
    assert_eq!(
        posted(&[("content-type", "Application/X-WWW-Form-Urlencoded; charset=utf-8")], &form).await,
        200
    );
    assert_eq!(posted(&[form_type, ("x-csrf-token", "other")], &form).await, StatusCode::FORBIDDEN);
    for kind in ["text/plain", "multipart/form-data; boundary=x", "application/json"] {
        assert_eq!(posted(&[("content-type", kind)], &form).await, StatusCode::FORBIDDEN, "{kind}");
    }
    assert_eq!(posted(&[("content-type", "")], &form).await, StatusCode::FORBIDDEN, "no type");
    let padded = |length: usize| format!("{form}&x={}", "x".repeat(length - form.len() - 3));
    assert_eq!(posted(&[form_type], &padded(64 * 1024)).await, StatusCode::OK);
    assert_eq!(posted(&[form_type], &padded(64 * 1024 + 1)).await, StatusCode::FORBIDDEN);
    let address = format!("/change?csrf_token={token}");
    let answer = send(&alice, Method::POST, &address, &[("sec-fetch-site", "same-origin")], "").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "an address is written to logs (ASVS 14.2.1)");
}

/// A browser of before 2020 says nothing, and has no JavaScript either.
#[tokio::test]
async fn under_the_strict_rule_the_token_speaks_for_a_browser_that_says_nothing() {
    let scene = Scene::new().await;
    let alice = signed_in(&scene.app(Csrf::builder().strict().build().unwrap()), "alice").await;
    let form_type = ("content-type", "application/x-www-form-urlencoded");
    let with = format!("name=alice&csrf_token={}", token_of(&alice).await);
    let answer = send(&alice, Method::POST, "/save", &[form_type], &with).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "alice"));
    let answer = send(&alice, Method::POST, "/save", &[form_type], "name=alice").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::FORBIDDEN, REFUSED));
}

#[tokio::test]
async fn a_token_outlives_the_rotation_of_keys_as_the_cookie_does() {
    const OLD: &str = "0a0b0c0d AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";
    const NEW: &str = "1a1b1c1d IQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";
    let scene = Scene::new().await;
    let ring = |text: String| KeyRing::parse(&text).unwrap();
    let sessions = Sessions::new(scene.ledger.clone(), ring(format!("primary {OLD}")));
    let app = scene.app_of(Csrf::builder().ask_token().build().unwrap(), sessions.clone());
    let alice = signed_in(&app, "alice").await;
    let token = token_of(&alice).await;
    sessions.reload_keys(&ring(format!("primary {NEW}; accept-old {OLD}"))).unwrap();
    assert!(is_taken(&alice, &token).await);
    let newer = token_of(&alice).await;
    sessions.reload_keys(&ring(format!("primary {OLD}; accept-only {NEW}"))).unwrap();
    assert!(is_taken(&alice, &newer).await);
    sessions.reload_keys(&ring(format!("primary {OLD}; retired {NEW}"))).unwrap();
    assert!(is_taken(&alice, &token).await);
    assert!(!is_taken(&alice, &newer).await);
}

#[tokio::test]
async fn a_page_with_a_token_is_kept_by_no_cache() {
    let scene = Scene::with(Policy::default()).await;
    let alice = signed_in(&scene.app(Csrf::new()), "alice").await;
    let answer = send(&alice, Method::GET, "/form", &[], "").await;
    assert_eq!(answer.headers.get(header::CACHE_CONTROL).unwrap(), "no-store");
    assert_eq!(answer.headers.get(header::VARY).unwrap(), "Cookie");
}
