//! An application with a form, behind the middleware.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use poem::http::{HeaderName, HeaderValue, Method, StatusCode};
use poem::web::{Data, Form, Path};
use poem::{EndpointExt, Result, Route, get, handler, post};
use serde::Deserialize;
use session_ledger::session::Policy;
use session_ledger::web::{Csrf, Session, Sessions};
use session_ledger::{Key, Ledger};
use test_support::{Answer, App, Database, Visitor, app, key_ring};

pub(crate) const OWN: &str = "https://shop.example";
pub(crate) const TRUSTED: &str = "https://pay.example";
pub(crate) const EVIL: &str = "https://evil.example";

/// The headers that a foreign page's form has.
pub(crate) const CROSS_SITE: &[(&str, &str)] = &[("sec-fetch-site", "cross-site"), ("origin", EVIL)];

const NAME: Key<String> = Key::new("name");

/// How often handlers that change something have run.
#[derive(Clone, Default)]
pub(crate) struct Ran(Arc<AtomicUsize>);

impl Ran {
    pub(crate) fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A database, and what stands on it.
pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
    pub(crate) ran: Ran,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(Policy::default()).await
    }

    pub(crate) async fn with(policy: Policy) -> Self {
        let database = Database::fresh().await;
        let ledger = Ledger::builder(database.config()).policy(policy).connect().await.unwrap();
        Self { database, ledger, ran: Ran::default() }
    }

    /// The application behind this middleware.
    pub(crate) fn app(&self, csrf: Csrf) -> App {
        self.app_of(csrf, Sessions::new(self.ledger.clone(), key_ring()))
    }

    pub(crate) fn app_of(&self, csrf: Csrf, sessions: Sessions) -> App {
        app(routes().with(csrf).data(self.ran.clone()).with(sessions))
    }

    /// How many rows a table of the ledger has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let query = format!("select count(*) from session_ledger.{table}");
        self.database.connect().await.query_one(&query, &[]).await.unwrap().get(0)
    }
}

/// Sends a request of a browser to the shop, with further headers. Cookies of the answer are kept.
pub(crate) async fn send(
    visitor: &Visitor,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = visitor.request(method, path, body);
    request.headers_mut().insert("host", HeaderValue::from_static("shop.example"));
    for (name, value) in headers {
        request.headers_mut().insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    let answer = visitor.call(request).await;
    for line in answer.set_cookies() {
        let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
        visitor.put_cookie(name, value);
    }
    answer
}

/// Posts as a page of the shop does, in a browser that says so.
pub(crate) async fn post_from_here(visitor: &Visitor, path: &str, body: &str) -> Answer {
    let headers = [("sec-fetch-site", "same-origin"), ("content-type", "application/x-www-form-urlencoded")];
    send(visitor, Method::POST, path, &headers, body).await
}

/// A browser with a session of this user.
pub(crate) async fn signed_in(app: &App, user: &str) -> Visitor {
    let visitor = Visitor::new(app);
    assert_eq!(send(&visitor, Method::GET, &format!("/enter/{user}"), &[], "").await.status, StatusCode::OK);
    visitor
}

/// The token on the page with the form.
pub(crate) async fn token_of(visitor: &Visitor) -> String {
    send(visitor, Method::GET, "/form", &[], "").await.body
}

fn routes() -> Route {
    Route::new()
        .at("/", get(home))
        .at("/change", change)
        .at("/form", get(form))
        .at("/save", post(save))
        .at("/enter/:user", get(enter))
        .at("/login/:user", post(log_in))
        .at("/logout", post(log_out))
        .at("/renew", get(renew))
}

#[handler]
fn home() -> &'static str {
    "home"
}

/// Changes something, with any method.
#[handler]
pub(crate) fn change(ran: Data<&Ran>) -> &'static str {
    ran.0.0.fetch_add(1, Ordering::SeqCst);
    "changed"
}

/// Shows the token of the page's form.
#[handler]
fn form(session: Session) -> Result<String> {
    Ok(session.form_token()?.map_or("none".to_owned(), |token| token.as_str().to_owned()))
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[handler]
fn save(session: Session, ran: Data<&Ran>, Form(named): Form<Named>) -> Result<String> {
    ran.0.0.fetch_add(1, Ordering::SeqCst);
    session.set(&NAME, &named.name)?;
    Ok(named.name)
}

/// Signs in by a GET, which no rule looks at: for tests that need somebody signed in.
#[handler]
fn enter(session: Session, Path(user): Path<String>) -> Result<()> {
    Ok(session.login(user)?)
}

#[handler]
fn log_in(session: Session, ran: Data<&Ran>, Path(user): Path<String>) -> Result<String> {
    ran.0.0.fetch_add(1, Ordering::SeqCst);
    session.login(user)?;
    Ok(session.form_token()?.map_or("none".to_owned(), |token| token.as_str().to_owned()))
}

#[handler]
fn log_out(session: Session, ran: Data<&Ran>) -> Result<&'static str> {
    ran.0.0.fetch_add(1, Ordering::SeqCst);
    session.logout()?;
    Ok("bye")
}

/// Offers a new cookie, and shows the token of the page's form.
#[handler]
fn renew(session: Session) -> Result<String> {
    session.renew()?;
    Ok(session.form_token()?.map_or("none".to_owned(), |token| token.as_str().to_owned()))
}
