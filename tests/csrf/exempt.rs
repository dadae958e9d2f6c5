//! Endpoints that other sites may call: exempt is what is served there, and nothing else (CVE-2025-47910).

use poem::http::{Method, StatusCode};
use poem::web::Path;
use poem::{EndpointExt, Route, get, handler, post};
use session_ledger::web::{Csrf, Sessions};
use test_support::{Visitor, app, key_ring};

use crate::scene::{CROSS_SITE, Scene, change, send};

#[handler]
fn hook(Path(name): Path<String>) -> String {
    format!("hook {name}")
}

#[handler]
fn open(Path(rest): Path<String>) -> String {
    format!("open {rest}")
}

fn exempting() -> Csrf {
    Csrf::builder().exempt("/hooks/:name", post(hook)).exempt("/open/*rest", open).build().unwrap()
}

#[tokio::test]
async fn an_exempt_endpoint_is_served_whatever_the_browser_says() {
    let scene = Scene::new().await;
    let visitor = Visitor::new(&scene.app(exempting()));
    for headers in [CROSS_SITE, &[], &[("sec-fetch-site", "same-origin")], &[("origin", "null")]] {
        let answer = send(&visitor, Method::POST, "/hooks/paid", headers, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "hook paid"), "{headers:?}");
        let answer = send(&visitor, Method::DELETE, "/open/a/b", headers, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "open a/b"), "{headers:?}");
    }
    let answer = send(&visitor, Method::GET, "/hooks/paid", &[], "").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "the path stands for all methods");
}

/// In Go 1.25.0 a pattern exempted requests that another handler then served.
#[tokio::test]
async fn no_spelling_of_an_exempt_path_leads_to_another_endpoint() {
    let scene = Scene::new().await;
    let routes = Route::new()
        .at("/", change)
        .at("/change", change)
        .at("/hooks", change)
        .at("/hooks/", change)
        .at("/hooks/paid/", change)
        .at("/hooks/paid/change", change)
        .at("/open", change)
        .nest("/inner", Route::new().at("/hooks/paid", change).at("/*rest", change));
    let sessions = Sessions::new(scene.ledger.clone(), key_ring());
    let visitor = Visitor::new(&app(routes.with(exempting()).data(scene.ran.clone()).with(sessions)));
    for path in [
        "/",
        "/change",
        "/hooks",
        "/hooks/",
        "/hooks/paid/",
        "/hooks/paid/change",
        "/open",
        "/inner",
        "/inner/hooks/paid",
        "/inner/open/a",
        "/inner//hooks/paid",
        "//hooks/paid",
        "//change",
        "/./hooks/paid",
        "/HOOKS/paid",
        "/hooks/../change",
        "/hooks/paid/../../change",
        "/%68ooks/paid",
        "/hooks%2fpaid",
        "/hooks/..%2f..%2fchange",
        "/change?/hooks/paid",
        "/change/",
        "/change;/hooks/paid",
        "/open/../change",
        "https://shop.example/change",
        "https://shop.example",
        "/hooks/paid%00/x",
    ] {
        let answer = send(&visitor, Method::POST, path, CROSS_SITE, "").await;
        let is_exempt = answer.body.starts_with("hook ") || answer.body.starts_with("open ");
        assert!(is_exempt || answer.status == StatusCode::FORBIDDEN, "{path}: {}", answer.status);
        assert_eq!(scene.ran.times(), 0, "{path}");
    }
    let here = [("sec-fetch-site", "same-origin")];
    for path in ["/", "/change", "/hooks", "/hooks/paid/change", "/open", "/inner/hooks/paid"] {
        assert_eq!(send(&visitor, Method::POST, path, &here, "").await.body, "changed", "{path}");
    }
}

/// A path means what the middleware sees, as poem cuts off what an outer `Route` has matched.
#[tokio::test]
async fn within_a_route_the_path_is_the_rest() {
    let scene = Scene::new().await;
    let inner = Route::new().at("/change", change).with(exempting()).data(scene.ran.clone());
    let outer = Route::new().nest("/api", inner).at("/page", get(change).data(scene.ran.clone()));
    let visitor = Visitor::new(&app(outer.with(Sessions::new(scene.ledger.clone(), key_ring()))));
    assert_eq!(send(&visitor, Method::POST, "/api/hooks/x", CROSS_SITE, "").await.body, "hook x");
    assert_eq!(send(&visitor, Method::POST, "/hooks/x", CROSS_SITE, "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        send(&visitor, Method::POST, "/api/change", CROSS_SITE, "").await.status,
        StatusCode::FORBIDDEN
    );
}

/// The address alone is asked about: headers, body and data stay with the request.
#[tokio::test]
async fn an_exempt_endpoint_finds_the_request_as_it_came() {
    #[handler]
    fn echo(request: &poem::Request, body: String) -> String {
        let header = request.header("x-signature").unwrap_or_default();
        format!("{} {} {header} {body}", request.method(), request.uri())
    }
    let scene = Scene::new().await;
    let csrf = Csrf::builder().exempt("/echo", echo).build().unwrap();
    let visitor = Visitor::new(&scene.app(csrf));
    let headers = [CROSS_SITE, &[("x-signature", "s")]].concat();
    let answer = send(&visitor, Method::PUT, "/echo?a=1", &headers, "news").await;
    assert_eq!(answer.body, "PUT /echo?a=1 s news");
}
