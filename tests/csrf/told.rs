//! Who hears of a request that another site may have sent (ASVS 16.3.3).

use std::sync::{Arc, Mutex};

use poem::http::{Method, StatusCode};
use poem::{EndpointExt, Result, Route, handler, post};
use session_ledger::Key;
use session_ledger::web::{Csrf, CsrfBuilder, Forged, Incident, Session, SessionError, Sessions};
use test_support::{App, CapturedLog, Visitor, app, key_ring};
use tracing::Level;

use crate::scene::{CROSS_SITE, EVIL, Scene, post_from_here, send, signed_in, token_of};

/// The application, and the incidents that it is told of.
fn listening(scene: &Scene, csrf: CsrfBuilder) -> (App, Arc<Mutex<Vec<Incident>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let hook = move |incident: &Incident| ear.lock().unwrap().push(incident.clone());
    let sessions = Sessions::builder(scene.ledger.clone(), key_ring()).on_incident(hook).build().unwrap();
    (scene.app_of(csrf.build().unwrap(), sessions), heard)
}

/// What gives the one request away, its origin, and whether it was refused.
fn told(heard: &Mutex<Vec<Incident>>) -> (Forged, Option<String>, bool) {
    let mut heard = heard.lock().unwrap();
    let [Incident::RequestForged { client, cause, origin, is_refused, .. }] = &heard[..] else {
        panic!("{heard:?}")
    };
    assert_eq!(client.ip.map(|ip| ip.to_string()).as_deref(), Some("192.0.2.1"));
    assert_eq!(heard[0].name(), "malicious_csrf");
    let told = (*cause, origin.clone(), *is_refused);
    heard.clear();
    told
}

#[tokio::test]
async fn asvs_16_3_3_each_refusal_is_an_incident_with_its_cause() {
    let scene = Scene::new().await;
    let (app, heard) = listening(&scene, Csrf::builder().strict().ask_token());
    let alice = signed_in(&app, "alice").await;
    send(&alice, Method::POST, "/change", CROSS_SITE, "").await;
    assert_eq!(told(&heard), (Forged::AnotherSite, Some(EVIL.to_owned()), true));
    send(&alice, Method::POST, "/change", &[("origin", "null")], "").await;
    assert_eq!(told(&heard), (Forged::AnotherOrigin, Some("null".to_owned()), true));
    send(&alice, Method::POST, "/change", &[], "").await;
    assert_eq!(told(&heard), (Forged::SiteUnknown, None, true));
    post_from_here(&alice, "/change", "").await;
    assert_eq!(told(&heard), (Forged::NoToken, None, true));
    post_from_here(&alice, "/change", "csrf_token=x").await;
    assert_eq!(told(&heard), (Forged::WrongToken, None, true));
    let long = format!("https://{}.example", "e".repeat(500));
    send(&alice, Method::POST, "/change", &[("origin", &long)], "").await;
    assert_eq!(told(&heard), (Forged::AnotherOrigin, Some(long[..200].to_owned()), true));
    post_from_here(&alice, "/change", &format!("csrf_token={}", token_of(&alice).await)).await;
    assert_eq!(heard.lock().unwrap().len(), 0);
    assert_eq!(scene.ran.times(), 1);
}

#[tokio::test]
async fn the_log_only_mode_refuses_nothing_and_tells_of_all() {
    let scene = Scene::new().await;
    let (app, heard) = listening(&scene, Csrf::builder().strict().ask_token().log_only());
    let alice = signed_in(&app, "alice").await;
    for (headers, cause) in [(CROSS_SITE, Forged::AnotherSite), (&[], Forged::SiteUnknown)] {
        let answer = send(&alice, Method::POST, "/change", headers, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "changed"));
        let (told, _, is_refused) = told(&heard);
        assert_eq!((told, is_refused), (cause, false));
    }
    let answer = post_from_here(&alice, "/save", "name=alice&csrf_token=wrong").await;
    assert_eq!((answer.body.as_str(), told(&heard).0), ("alice", Forged::WrongToken), "the form is whole");
}

/// A request that loses a race runs again, and is still one request.
#[tokio::test]
async fn a_request_that_runs_again_is_told_once() {
    const COUNT: Key<u32> = Key::new("count");
    #[handler]
    async fn race(session: Session) -> Result<String> {
        session.update(&COUNT, |count| *count += 1)?;
        let attempt = session.attempt();
        if attempt < 3 {
            Err(poem::Error::from_string("once more", StatusCode::CONFLICT))
        } else {
            Ok(attempt.to_string())
        }
    }
    let scene = Scene::new().await;
    let heard = Arc::new(Mutex::new(0));
    let ear = Arc::clone(&heard);
    let sessions = Sessions::builder(scene.ledger.clone(), key_ring())
        .on_incident(move |_| *ear.lock().unwrap() += 1)
        .retry_when(|error| error.status() == StatusCode::CONFLICT)
        .build()
        .unwrap();
    let csrf = Csrf::builder().log_only().build().unwrap();
    let visitor = Visitor::new(&app(Route::new().at("/race", post(race)).with(csrf).with(sessions)));
    assert_eq!(send(&visitor, Method::POST, "/race", CROSS_SITE, "").await.body, "3");
    assert_eq!(*heard.lock().unwrap(), 1);
}

#[tokio::test]
async fn the_log_has_a_line_for_a_refusal_and_few_for_a_flood() {
    let scene = Scene::new().await;
    let visitor = Visitor::new(&scene.app(Csrf::new()));
    let (log, _guard) = CapturedLog::listen(Level::WARN);
    send(&visitor, Method::POST, "/change", &[("origin", "https://evil.example\tforged=line")], "").await;
    let expected = "WARN session_ledger.request{method=POST}: a request that another site may have sent was refused \
                    incident=\"malicious_csrf\" owasp=\"malicious_csrf\" details=RequestForged { client: ";
    let told = log.lines();
    assert!(told.len() == 1 && told[0].starts_with(expected), "{told:?}");
    assert!(
        told[0].contains(
            r#"trust it with `CsrfBuilder::trust`, origin: Some("https://evil.example\tforged=line")"#
        ),
        "{told:?}"
    );
    for _ in 0..1_000 {
        send(&visitor, Method::POST, "/change", CROSS_SITE, "").await;
    }
    // Ten in each ten seconds, however slow the machine is.
    assert!((10..=30).contains(&log.lines().len()), "{}", log.lines().len());
}

#[tokio::test]
async fn what_is_let_through_for_the_log_s_sake_says_so() {
    let scene = Scene::new().await;
    let visitor = Visitor::new(&scene.app(Csrf::builder().log_only().build().unwrap()));
    let (log, _guard) = CapturedLog::listen(Level::WARN);
    send(&visitor, Method::POST, "/change", CROSS_SITE, "").await;
    let told = log.lines();
    let expected =
        "a request that another site may have sent was let through: `CsrfBuilder::log_only` is set";
    assert!(told.len() == 1 && told[0].contains(expected), "{told:?}");
}

/// Outside of `Sessions` it could neither tell of a refusal nor check a token.
#[tokio::test]
async fn outside_of_the_sessions_every_request_fails_so_that_the_first_test_finds_it() {
    let scene = Scene::new().await;
    let sessions = Sessions::new(scene.ledger.clone(), key_ring());
    let inside_out = Route::new().at("/change", crate::scene::change).data(scene.ran.clone());
    let visitor = Visitor::new(&app(inside_out.with(sessions).with(Csrf::new())));
    let (log, _guard) = CapturedLog::listen(Level::WARN);
    for method in [Method::GET, Method::POST] {
        let answer = send(&visitor, method, "/change", &[], "").await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    assert_eq!(scene.ran.times(), 0);
    let line = format!("ERROR a request could not be served cause={}", SessionError::NoMiddleware);
    assert_eq!(log.lines(), [line.clone(), line]);
}

#[test]
fn each_refusal_says_what_to_do_about_it() {
    let told = [
        (
            Forged::AnotherSite,
            "the browser says in `Sec-Fetch-Site` that a page of another origin has sent the request: if that origin is \
             yours, trust it with `CsrfBuilder::trust`",
        ),
        (
            Forged::AnotherOrigin,
            "the request's `Origin` is not its `Host`: if that origin is yours, or a proxy changes `Host`, trust it \
             with `CsrfBuilder::trust`",
        ),
        (
            Forged::SiteUnknown,
            "nothing says which page has sent the request, and it brings no token of its session: put \
             `Session::form_token` into the form",
        ),
        (
            Forged::NoToken,
            "the request brings no token of its session: put `Session::form_token` into the form",
        ),
        (
            Forged::WrongToken,
            "the request brings a token that is not of its session, or no longer: the form must be loaded again",
        ),
    ];
    for (forged, expected) in told {
        assert_eq!(forged.to_string(), expected);
    }
}
