//! Stories of requests that commit a part by itself.

use poem::http::StatusCode;

use super::{PAST_GRACE, Scene};

/// The second change of the request counted as a sign that the browser had the token of the second login.
#[tokio::test]
async fn what_follows_a_part_of_a_late_request_is_late_as_well() {
    let scene = Scene::set().await;
    scene.keep_the_first_of_two_logins().await;
    scene.database.set_clock_ahead(PAST_GRACE / 2).await;
    assert_eq!(scene.browser.visit("/parts/2").await.status, StatusCode::OK);
    scene.database.set_clock_ahead(PAST_GRACE).await;
    let shown = scene.browser.visit("/show").await;
    assert!(shown.body.ends_with("alice [0, 2, 3]"), "{shown:?}");
    assert!(scene.incidents.lock().unwrap().is_empty());
}

/// A part was for the holder of the cookie that came with the request, which the part before had replaced. So
/// it was refused: "not signed in".
#[tokio::test]
async fn a_part_goes_on_with_the_session_that_the_part_before_has_made() {
    for is_new in [true, false] {
        let scene = Scene::set().await;
        if !is_new {
            scene.browser.visit("/change/0").await;
        }
        let went_on = scene.browser.visit("/login-and-go-on/alice").await;
        assert_eq!(went_on.status, StatusCode::OK, "{went_on:?}");
        let kept = if is_new { "alice [1, 2]" } else { "alice [0, 1, 2]" };
        let shown = scene.browser.visit("/show").await;
        assert!(shown.body.ends_with(kept), "{shown:?}");
        assert!(scene.incidents.lock().unwrap().is_empty());
    }
}

/// What followed the login in its own request counted as a sign that the browser had the new token.
#[tokio::test]
async fn a_login_whose_answer_was_lost_makes_no_thief_though_its_request_went_on() {
    let scene = Scene::set().await;
    scene.browser.visit("/change/0").await;
    let login = scene.browser.send("/login-and-go-on/alice");
    assert_eq!(scene.browser.arrive(&login, 0).await.status, StatusCode::OK);
    scene.database.set_clock_ahead(PAST_GRACE).await;
    let shown = scene.browser.visit("/show").await;
    assert_eq!(shown.status, StatusCode::OK, "{shown:?}");
    assert!(scene.incidents.lock().unwrap().is_empty());
}
