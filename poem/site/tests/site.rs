//! Each part of the site, visited by a browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::{Method, StatusCode, header};
use poem::middleware::Cors;
use poem::{Endpoint, EndpointExt, Error, Response, Result, Route, handler};
use poem_site::{PARTNER, site};
use serde_json::Value;
use session_ledger::session::{EndReason, Policy};
use session_ledger::test::{Database, Visitor, key_ring};
use session_ledger::{Ledger, Session, Sessions};

struct Scene {
    database: Database,
    ledger: Ledger,
    app: Arc<BoxEndpoint<'static, Response>>,
}

impl Scene {
    async fn new() -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(Policy::default()).await;
        let site = site(Sessions::new(ledger.clone(), key_ring())).unwrap();
        Self { database, ledger, app: Arc::new(site.map_to_response().boxed()) }
    }

    fn visitor(&self) -> Visitor {
        Visitor::new(&self.app)
    }

    async fn signed_in(&self) -> Visitor {
        let visitor = self.visitor().sending("content-type", "application/json");
        assert_eq!(visitor.post("/api/login", r#"{ "user": "alice" }"#).await.status, 200);
        visitor
    }

    async fn events(&self) -> i64 {
        self.database.count("session_ledger.event").await
    }
}

#[tokio::test]
async fn an_api_holds_sessions_and_its_document_says_when_they_refuse() {
    let scene = Scene::new().await;
    let document: Value = serde_json::from_str(&scene.visitor().get("/api.json").await.body).unwrap();
    for (path, method) in [("/login", "post"), ("/cart", "post"), ("/account", "get")] {
        let responses = document["paths"][path][method]["responses"].as_object().unwrap();
        let statuses: Vec<_> = responses.keys().map(String::as_str).collect();
        assert_eq!(statuses, ["200", "401", "409", "503"], "{path}");
    }
    assert_eq!(document["paths"]["/account"]["get"]["security"][0], serde_json::json!({ "session": [] }));
    assert_eq!(document["components"]["securitySchemes"]["session"]["in"], "cookie");

    assert_eq!(scene.visitor().get("/api/account").await.status, 401);
    let alice = scene.signed_in().await;
    assert_eq!(alice.get("/api/account").await.body, "\"alice\"");
    assert_eq!(alice.post("/api/cart", "\"teapot\"").await.body, r#"{"items":["teapot"]}"#);
    let id = scene.ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    scene.ledger.end(id, EndReason::Revoked).await.unwrap();
    assert_eq!(alice.get("/api/account").await.status, 401);
    assert_eq!(alice.post("/api/cart", "\"cup\"").await.status, 409);
}

#[tokio::test]
async fn a_handler_below_nested_routes_finds_their_parameters_and_its_session() {
    let scene = Scene::new().await;
    let visitor = scene.visitor();
    visitor.post("/shops/by-name/tea/items/7", "").await;
    assert_eq!(visitor.post("/shops/by-name/coffee/items/9", "").await.body, "7 of tea, 9 of coffee");
    assert_eq!(visitor.post("/shops/by-name/tea/items/kettle", "").await.status, 400);
}

#[tokio::test]
async fn a_partners_page_uses_the_api_and_other_pages_do_not() {
    let scene = Scene::new().await;
    let before = scene.events().await;
    let preflight =
        scene.visitor().sending("origin", PARTNER).sending("access-control-request-method", "POST");
    let answer = preflight.send(Method::OPTIONS, "/api/cart", "").await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, PARTNER));
    assert_eq!((scene.events().await, answer.header("vary")), (before, ""), "no session was looked at");

    let partner = scene.signed_in().await.sending("origin", PARTNER).sending("sec-fetch-site", "cross-site");
    let answer = partner.post("/api/cart", "\"teapot\"").await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-credentials")), (200, "true"));
    let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
    assert_eq!(vary, ["Sec-Fetch-Site, Origin", "Cookie"], "caches keep visitors apart");
    let failed = scene.visitor().sending("origin", PARTNER).get("/api/account").await;
    assert_eq!((failed.status.as_u16(), failed.header("access-control-allow-origin")), (401, PARTNER));

    let evil = partner.copy().sending("origin", "https://evil.example");
    assert_eq!(evil.post("/api/cart", "\"teapot\"").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_compressed_answer_sets_the_cookie_as_any_other() {
    let scene = Scene::new().await;
    let visitor = scene.visitor().sending("accept-encoding", "gzip");
    let request = visitor.request(Method::POST, "/shops/by-name/tea/items/7", "");
    let mut response = scene.app.get_response(request).await;
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
    assert!(response.headers()[header::SET_COOKIE].to_str().unwrap().starts_with("__Host-session="));
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let body = response.take_body().into_bytes().await.unwrap();
    assert_eq!(body[..2], [0x1f, 0x8b], "gzip's first bytes");
}

#[tokio::test]
async fn a_handler_that_panics_is_a_500_that_leaves_nothing() {
    let scene = Scene::new().await;
    let answer = scene.visitor().post("/panic", "").await;
    assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (500, 0));
    assert_eq!(scene.events().await, 0);
}

#[tokio::test]
async fn public_files_cost_no_session_and_those_of_members_need_one() {
    let scene = Scene::new().await;
    let visitor = scene.visitor();
    let style = visitor.get("/public/site.css").await;
    assert_eq!((style.status.as_u16(), style.header("vary"), style.set_cookies().len()), (200, "", 0));
    for path in ["/members/report.txt", "/members/no-such-file.txt"] {
        assert_eq!(visitor.get(path).await.status, 401, "{path}");
    }
    let alice = scene.signed_in().await;
    let report = alice.get("/members/report.txt").await;
    assert_eq!((report.body.as_str(), report.header("cache-control")), ("for members\n", "no-store"));
    assert_eq!(alice.get("/members/no-such-file.txt").await.status, 404);
}

/// Why `Cors` stands outside: inside it makes an answer of the handler's error, and what the handler had done is
/// committed.
#[tokio::test]
async fn what_makes_an_answer_of_an_error_commits_it_inside_and_not_outside() {
    #[handler]
    fn fail(session: Session) -> Result<()> {
        session.login("alice")?;
        Err(Error::from_status(StatusCode::BAD_REQUEST))
    }
    for (is_inside, starts) in [(false, 0), (true, 1)] {
        let scene = Scene::new().await;
        let sessions = Sessions::new(scene.ledger.clone(), key_ring());
        let (page, cors) = (Route::new().at("/", fail), Cors::new().allow_origin(PARTNER));
        let app = if is_inside {
            page.with(cors).with(sessions).map_to_response().boxed()
        } else {
            page.with(sessions).with(cors).map_to_response().boxed()
        };
        let answer = Visitor::new(&Arc::new(app)).sending("origin", PARTNER).post("/", "").await;
        assert_eq!(answer.status, 400);
        assert_eq!(scene.database.count("session_ledger.session").await, starts, "inside: {is_inside}");
    }
}
