//! The cookie: what it holds, what it says, and which one is believed.

use data_encoding::BASE64URL_NOPAD;
use poem::{EndpointExt, Route};
use session_ledger::token::{CookieSettings, KeyRing, SameSite};
use session_ledger::web::Sessions;
use test_support::{Visitor, app};

use crate::scene::{NAME, Scene, members};

/// Attributes. There, the cookie was not Secure by default, had no SameSite and no prefix.
#[tokio::test]
async fn the_cookie_is_a_secure_one_of_its_host_by_default_and_its_page_is_no_page_for_caches() {
    let scene = Scene::new().await;
    let answer = scene.member(Route::new()).post("/login", "").await;
    let (_, attributes) = answer.set_cookies()[0].split_once(';').unwrap();
    assert_eq!(attributes, " Path=/; Secure; HttpOnly; SameSite=Lax");
    assert!(answer.set_cookies()[0].starts_with(NAME));
    assert_eq!((answer.header("vary"), answer.header("cache-control")), ("Cookie", "no-store"));
}

/// The settings of the cookie. There, the removal did not know path and domain of the session's own cookie.
#[tokio::test]
async fn the_removal_repeats_each_attribute_that_the_cookie_was_set_with() {
    let scene = Scene::new().await;
    let settings = CookieSettings::default()
        .name("__Secure-shop")
        .domain("example.org")
        .path("/shop")
        .same_site(SameSite::Strict);
    let sessions = scene.builder().cookie(settings).build().unwrap();
    let visitor = Visitor::new(&app(members(Route::new()).with(sessions)));
    let attributes = "Domain=example.org; Path=/shop; Secure; HttpOnly; SameSite=Strict";
    let set = visitor.post("/login", "").await;
    assert!(set.set_cookies()[0].ends_with(attributes), "{set:?}");
    let removed = visitor.post("/logout", "").await;
    assert!(removed.set_cookies()[0].contains(&format!("{attributes}; Max-Age=0")), "{removed:?}");
}

/// A setting of the cookie that browsers would refuse is refused. There, cookies of any kind were set.
#[tokio::test]
async fn a_cookie_that_browsers_drop_is_refused_before_the_first_request() {
    let scene = Scene::new().await;
    for settings in [
        CookieSettings::default().domain("example.org"),
        CookieSettings::default().insecure(),
        CookieSettings::default().name("a b"),
        CookieSettings::default().name("session").insecure().same_site(SameSite::None),
    ] {
        assert!(scene.builder().cookie(settings.clone()).build().is_err(), "{settings:?}");
    }
}

/// There, a lenient base64 took many texts for one cookie, and a forged one was an event.
#[tokio::test]
async fn one_text_alone_is_the_cookie_and_any_other_is_told_of() {
    let scene = Scene::new().await;
    let visitor = scene.member(Route::new());
    visitor.post("/login", "").await;
    let token = visitor.cookie(NAME).unwrap();
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
    let mut forged = bytes.clone();
    *forged.last_mut().unwrap() ^= 1;
    let others = [
        format!("{token}="),
        format!("{token}!"),
        format!(" {token}").replacen(' ', "%20", 1),
        data_encoding::BASE64.encode(&bytes).replace(['-', '_'], "+"),
        token[1..].to_owned(),
        BASE64URL_NOPAD.encode(&forged),
    ];
    for (nth, other) in others.iter().enumerate().filter(|(_, other)| **other != token) {
        let visitor = visitor.copy();
        visitor.put_cookie(NAME, other.as_str());
        assert_eq!(visitor.get("/who").await.body, "-", "text {nth}");
        assert_eq!(scene.incidents().len(), nth + 1, "text {nth}");
    }
    assert!(scene.incidents().iter().all(|name| *name == "crypt_decrypt_fail"));
    assert_eq!(visitor.get("/who").await.body, "alice");
}

/// There, cookies were good under another name, and for another application with the same key.
#[tokio::test]
async fn a_cookie_of_another_name_or_audience_opens_nothing() {
    let scene = Scene::new().await;
    let visitor = scene.member(Route::new());
    visitor.post("/login", "").await;
    let token = visitor.cookie(NAME).unwrap();
    let renamed = scene.builder().cookie(CookieSettings::default().name("__Host-other"));
    let tenant = scene.builder().audience("tenant");
    for (name, other) in [("__Host-other", renamed), (NAME, tenant)] {
        let visitor = Visitor::new(&app(members(Route::new()).with(other.build().unwrap())));
        visitor.put_cookie(name, token.as_str());
        assert_eq!(visitor.get("/who").await.body, "-", "{name}");
    }
}

/// There was one key without a name, and another one logged everybody out.
#[tokio::test]
async fn a_new_key_takes_over_and_cookies_of_the_old_one_open_until_it_is_retired() {
    const NEW: &str = "0b0b0c0d BQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";
    const OLD: &str = "0a0b0c0d AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";
    let scene = Scene::new().await;
    let visitor = scene.member(Route::new());
    visitor.post("/login", "").await;
    for (old, opens) in [("accept-old", "alice"), ("retired", "-")] {
        let keys = KeyRing::parse(&format!("primary {NEW}\n{old} {OLD}")).unwrap();
        let sessions = Sessions::new(scene.ledger.clone(), keys);
        let moved = visitor.copy().of(&app(members(Route::new()).with(sessions)));
        assert_eq!(moved.get("/who").await.body, opens, "{old}");
    }
}

/// There, the id was in the database as the cookie held it.
#[tokio::test]
async fn the_database_has_nothing_that_opens_a_session() {
    let scene = Scene::new().await;
    let visitor = scene.member(Route::new());
    visitor.post("/login", "").await;
    let token = visitor.cookie(NAME).unwrap();
    let query = "select row_to_json(s)::text || (select json_agg(e)::text from session_ledger.event as e)
                   from session_ledger.session as s";
    let rows: String = scene.database.connect().await.query_one(query, &[]).await.unwrap().get(0);
    assert!(rows.contains("token_hash") && !rows.contains(&token), "{rows}");
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
    assert!(!rows.contains(&data_encoding::HEXLOWER.encode(&bytes[17..])), "{rows}");
}

/// There, the first of two cookies was taken.
#[tokio::test]
async fn of_two_cookies_neither_is_believed() {
    let scene = Scene::new().await;
    let visitor = scene.member(Route::new());
    visitor.post("/login", "").await;
    let mut request = visitor.request(poem::http::Method::GET, "/who", "");
    let planted = format!("{NAME}={}", visitor.cookie(NAME).unwrap());
    request.headers_mut().append("cookie", planted.parse().unwrap());
    assert_eq!(visitor.call(request).await.body, "-");
    assert_eq!(scene.incidents(), ["malicious_direct_reference"]);
}
