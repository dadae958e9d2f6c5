//! The token of a form goes with the session's cookie: a login and a renewal replace both.

use poem::http::{Method, StatusCode};
use session_ledger::session::Policy;
use session_ledger::web::Csrf;
use test_support::App;

use crate::scene::{CROSS_SITE, Scene, post_from_here, send, signed_in, token_of};
use crate::token::is_taken;

fn asking(scene: &Scene) -> App {
    scene.app(Csrf::builder().ask_token().build().unwrap())
}

/// ASVS 7.2.4: nothing from before a login is good for anything after it.
#[tokio::test]
async fn asvs_7_2_4_a_login_replaces_the_token_at_once() {
    let scene = Scene::new().await;
    let alice = signed_in(&asking(&scene), "alice").await;
    let before = token_of(&alice).await;
    let body = format!("csrf_token={before}");
    let answer = post_from_here(&alice, "/login/alice", &body).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!is_taken(&alice, &before).await, "of before the login");
    assert!(is_taken(&alice, &answer.body).await, "of the page that the login has answered with");
    assert!(is_taken(&alice, &token_of(&alice).await).await);
}

#[tokio::test]
async fn a_form_of_before_a_renewal_is_taken_within_the_grace() {
    let scene = Scene::new().await;
    let alice = signed_in(&asking(&scene), "alice").await;
    let before = token_of(&alice).await;
    let offering = send(&alice, Method::GET, "/renew", &[], "").await.body;
    // The browser shows the new cookie from now on.
    assert!(is_taken(&alice, &before).await);
    assert!(is_taken(&alice, &offering).await, "of the page that came with the new cookie");
    assert!(is_taken(&alice, &token_of(&alice).await).await);
}

#[tokio::test]
async fn a_form_is_taken_over_one_renewal_and_refused_after_the_next() {
    let scene = Scene::with(Policy::default().renewal_grace(0)).await;
    let alice = signed_in(&asking(&scene), "alice").await;
    let before = token_of(&alice).await;
    let offering = send(&alice, Method::GET, "/renew", &[], "").await.body;
    assert!(is_taken(&alice, &offering).await, "of the page that came with the new cookie, which it shows");
    assert!(is_taken(&alice, &before).await, "somebody may have been filling it in, however long that takes");
    send(&alice, Method::GET, "/renew", &[], "").await;
    assert!(is_taken(&alice, &offering).await, "still");
    assert!(!is_taken(&alice, &before).await, "two renewals ago, and its grace is over");
}

/// The browser never got the answer with the new cookie.
#[tokio::test]
async fn an_offer_that_is_lost_changes_nothing_for_the_forms() {
    let scene = Scene::with(Policy::default().renewal_grace(0)).await;
    let alice = signed_in(&asking(&scene), "alice").await;
    let before = token_of(&alice).await;
    alice.call(alice.request(Method::GET, "/renew", "")).await;
    assert!(is_taken(&alice, &before).await);
}

/// A forged login would make the visitor use the attacker's account; a forged logout is a nuisance.
#[tokio::test]
async fn asvs_3_5_1_login_and_logout_are_checked_like_all_others() {
    let scene = Scene::new().await;
    let app = scene.app(Csrf::new());
    let alice = signed_in(&app, "alice").await;
    let before = scene.count("event").await;
    for path in ["/login/mallory", "/logout"] {
        let answer = send(&alice, Method::POST, path, CROSS_SITE, "").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(answer.body, "This was sent from another site, so nothing was done.");
        assert_eq!(answer.set_cookies(), Vec::<&str>::new());
        let stranger = test_support::Visitor::new(&app);
        assert_eq!(send(&stranger, Method::POST, path, CROSS_SITE, "").await.status, StatusCode::FORBIDDEN);
        assert_eq!(stranger.cookie("__Host-session"), None);
    }
    assert_eq!((scene.count("event").await, scene.ran.times()), (before, 0), "she is signed in still");
    assert_eq!(post_from_here(&alice, "/logout", "").await.status, StatusCode::OK);
    assert_eq!(scene.count("ended_session").await, 1);
}

/// ASVS 3.5.3: no route that changes something listens to GET.
#[tokio::test]
async fn asvs_3_5_3_a_logout_by_get_is_refused_by_the_router() {
    let scene = Scene::new().await;
    let alice = signed_in(&scene.app(Csrf::new()), "alice").await;
    let answer = send(&alice, Method::GET, "/logout", CROSS_SITE, "").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(scene.count("session").await, 1);
}
