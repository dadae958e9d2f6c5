//! Who comes in, and who does not.

use poem::http::StatusCode;

use crate::pages::page;
use crate::scene::{HOST, PASSWORD, Scene, log_in};

#[tokio::test]
async fn a_user_signs_in_and_comes_to_the_page_that_was_wanted() {
    let scene = Scene::with_users(&[("anna", "reader")]).await;
    let stranger = scene.stranger();
    let answer = stranger.get("/users?name=a%20b").await;
    let login = "/login?next=%2Fusers%3Fname%3Da%2520b";
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, login));
    let form = page(&stranger, login).await;
    assert!(form.contains("name=\"next\" value=\"/users?name=a%20b\""), "{form}");
    let credentials = format!("name=anna&password={}&next=%2Fwho", PASSWORD.replace(' ', "+"));
    let answer = stranger.post("/login", &credentials).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/who"));
    let cookie = answer.set_cookies()[0].to_owned();
    assert!(
        cookie.starts_with("console=") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let body = page(&stranger, "/who").await;
    assert!(body.contains("<span class=\"who\">anna</span>") && body.contains(">reader</span>"), "{body}");

    let evil = stranger.post("/login", &credentials.replace("%2Fwho", "//evil.example")).await;
    assert_eq!(evil.header("location"), "/");
    assert_eq!(stranger.post("/logout", "").await.header("location"), "/login");
    assert_eq!(stranger.get("/who").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_look_alike_and_must_wait() {
    let scene = Scene::with_users(&[("anna", "reader")]).await;
    let stranger = scene.stranger();
    for (name, password) in [("nobody", PASSWORD), ("anna", "wrong"), ("", "wrong"), ("%3Cb%3E", "wrong")] {
        let answer = log_in(&stranger, name, password).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("There is no user with this name and password."), "{}", answer.body);
        assert!(!answer.body.contains("<b>") && answer.set_cookies().is_empty());
    }
    for _ in 0..2 {
        assert_eq!(log_in(&stranger, "anna", "wrong").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let elsewhere = scene.stranger().at([198, 51, 100, 7].into());
    let refused = log_in(&elsewhere, "anna", PASSWORD).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "even with the right one");
    assert!(refused.body.contains("Too many logins have failed."), "{}", refused.body);
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(scene.logins("console:anna").await, 0);
}

#[tokio::test]
async fn a_line_that_is_taken_out_of_the_file_counts_at_once() {
    let scene = Scene::with_users(&[("anna", "ender"), ("bert", "reader")]).await;
    let (_, id) = scene.customer_named("alice").await;
    let anna = scene.signed_in("anna").await;
    scene.write_users(&[("anna", "reader"), ("bert", "reader")]);
    assert_eq!(anna.get(&format!("/sessions/{id}/end")).await.status, StatusCode::FORBIDDEN);
    scene.write_users(&[("bert", "reader")]);
    let answer = anna.get("/users?name=alice").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(
        answer.body.contains("Your name is not among the users of the console any more."),
        "{}",
        answer.body
    );
    std::fs::remove_file(scene.users_file()).unwrap();
    let bert = scene.stranger();
    assert_eq!(log_in(&bert, "bert", PASSWORD).await.status, StatusCode::SERVICE_UNAVAILABLE);
}

/// The application's users cannot name themselves into the console, whatever key ring both have.
#[tokio::test]
async fn a_session_of_the_application_opens_nothing_here() {
    let scene = Scene::open().await;
    let customer = scene.customer();
    customer.get("/login/console:local").await;
    let thief = scene.stranger();
    thief.put_cookie("console", customer.cookie("__Host-session").unwrap());
    assert_eq!(thief.get("/who").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn another_host_name_is_refused_before_anything_else() {
    let scene = Scene::open().await;
    let viewer = scene.viewer().await;
    for host in ["evil.example", "localhost.evil.example", "192.0.2.1:8090"] {
        let answer = viewer.clone().sending("host", host).get("/users?name=alice").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{host}");
        assert!(answer.body.contains("--allow-host"), "{}", answer.body);
    }
    assert_eq!(scene.notes("console:local").await, [""; 0]);
    let named = Scene::with_users(&[("anna", "reader")]).await;
    assert_eq!(
        named.stranger().sending("host", "audit.example").get("/login").await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn every_answer_has_the_headers_that_protect_it() {
    let scene = Scene::open().await;
    let viewer = scene.viewer().await;
    let evil = viewer.clone().sending("host", "evil.example");
    for answer in
        [viewer.get("/").await, viewer.get("/login").await, viewer.get("/nowhere").await, evil.get("/").await]
    {
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(!answer.body.contains(" style=") && !answer.body.contains("<style"), "{}", answer.body);
        let scripts = answer.body.matches("<script").count();
        assert_eq!(scripts, answer.body.matches("<script src=\"/console.js?v=").count());
    }
    let body = page(&viewer, "/").await;
    for kind in ["/console.css?v=", "/console.js?v="] {
        let address = body.split('"').find(|part| part.starts_with(kind)).unwrap();
        let file = scene.stranger().get(address).await;
        assert_eq!((file.status, file.header("x-content-type-options")), (StatusCode::OK, "nosniff"));
        assert!(file.header("cache-control").contains("immutable"));
    }
    assert_eq!(HOST, "localhost:8090");
}
