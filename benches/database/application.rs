//! The application behind the library, called in the process: no HTTP is measured here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use poem::error::InternalServerError;
use poem::http::uri::Scheme;
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::web::{LocalAddr, Path, RemoteAddr};
use poem::{
    Addr, Body, Endpoint, EndpointExt, Request, RequestParts, Response, Result, Route, get, handler, post,
};
use session_ledger::session::Policy;
use session_ledger::web::{Session, Sessions, SessionsBuilder, SignedIn, Tx};
use session_ledger::{Key, Ledger};
use test_support::{App, app, key_ring};
use tokio_postgres::Config;

use crate::drive::Failure;
use crate::ground::COOKIE;

/// The number of connections, and of clients that use them.
pub(crate) const CONNECTIONS: usize = 16;

pub(crate) const PURCHASE: &str = include_str!("sql/purchase.sql");

const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0";

const KEYS: [Key<u64>; 3] = [Key::new("count"), Key::new("page"), Key::new("step")];

/// How often handlers ran. A handler that lost a race runs again.
#[derive(Clone, Default)]
struct Runs(Arc<AtomicU64>);

/// The application behind the middleware.
#[derive(Clone)]
pub(crate) struct Application {
    app: App,
    runs: Runs,
    calls: Runs,
    pub(crate) ledger: Ledger,
}

impl Application {
    pub(crate) async fn on(database: &Config, connections: usize) -> Result<Self, Failure> {
        Self::with(database, connections, |sessions| sessions).await
    }

    /// One that loads each session that a request asks for.
    pub(crate) async fn on_loading(database: &Config, connections: usize) -> Result<Self, Failure> {
        Self::with(database, connections, |sessions| sessions.known_sessions(0, Duration::ZERO)).await
    }

    async fn with(
        database: &Config,
        connections: usize,
        settings: impl FnOnce(SessionsBuilder) -> SessionsBuilder,
    ) -> Result<Self, Failure> {
        // A day, so that a measured read does not include the note that the session was seen. `benches/peers`
        // measures both.
        let policy = Policy::default().extension_delay(86_400);
        let builder = Ledger::builder(database.clone()).policy(policy);
        let ledger = builder.connections_max(connections).connect().await?;
        let route = Route::new()
            .at("/nothing", get(nothing))
            .at("/read", get(read))
            .at("/change/:values", post(change))
            .at("/login", post(login))
            .at("/logout", post(logout))
            .at("/order", post(order))
            .at("/stock/:looked_at/:taken", post(stock));
        let runs = Runs::default();
        let counted = runs.clone();
        let route = route.before(move |request| {
            counted.0.fetch_add(1, Ordering::Relaxed);
            async move { Ok(request) }
        });
        let sessions = settings(Sessions::builder(ledger.clone(), key_ring())).build()?;
        Ok(Self { app: app(route.with(sessions)), runs, calls: Runs::default(), ledger })
    }

    /// How often handlers have run so far.
    pub(crate) fn runs(&self) -> u64 {
        self.runs.0.load(Ordering::Relaxed)
    }

    /// How many requests were answered so far.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.0.load(Ordering::Relaxed)
    }

    /// Signs in, changes a value, and returns the token.
    pub(crate) async fn sign_in(&self) -> Result<Vec<u8>, Failure> {
        let answer = self.call(Method::POST, "/login", None).await?;
        let line = answer.headers().get(header::SET_COOKIE).ok_or("no cookie was set")?.as_bytes();
        let token = line[COOKIE.len() + 1..].split(|byte| *byte == b';').next().unwrap_or_default().to_vec();
        let cookie = HeaderValue::from_bytes(&[COOKIE.as_bytes(), b"=", &token].concat())?;
        self.call(Method::POST, "/change/1", Some(&cookie)).await?;
        Ok(token)
    }

    /// Answers a request. The answer must be a success.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        cookie: Option<&HeaderValue>,
    ) -> Result<Response, Failure> {
        self.calls.0.fetch_add(1, Ordering::Relaxed);
        let response = self.app.get_response(request(method, path, cookie)).await;
        match response.status() {
            StatusCode::OK => Ok(response),
            status => Err(format!("{path} was answered {status}").into()),
        }
    }
}

/// A request as a browser sends it.
pub(crate) fn request(method: Method, path: &str, cookie: Option<&HeaderValue>) -> Request {
    let (mut parts, ()) = poem::http::Request::new(()).into_parts();
    parts.method = method;
    parts.uri = path.parse().unwrap_or_default();
    parts.headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    if let Some(cookie) = cookie {
        parts.headers.insert(header::COOKIE, cookie.clone());
    }
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 40_000);
    let parts = RequestParts::from((
        parts,
        LocalAddr::default(),
        RemoteAddr(Addr::SocketAddr(address)),
        Scheme::HTTPS,
    ));
    Request::from_parts(parts, Body::empty())
}

#[handler]
pub(crate) fn nothing() {}

#[handler]
fn read(session: SignedIn) -> Result<String> {
    Ok(session.get(&KEYS[0])?.unwrap_or_default().to_string())
}

#[handler]
fn change(session: Session, Path(values): Path<usize>) -> Result<()> {
    for key in KEYS.iter().take(values) {
        session.update(key, |value| *value += 1)?;
    }
    Ok(())
}

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?)
}

#[handler]
fn logout(session: SignedIn) -> Result<()> {
    Ok(session.logout()?)
}

#[handler]
async fn order(tx: Tx, session: SignedIn) -> Result<()> {
    let insert = tx.prepare_cached(PURCHASE).await.map_err(InternalServerError)?;
    tx.execute(&insert, &[&session.user().as_str()]).await.map_err(InternalServerError)?;
    Ok(session.update(&KEYS[0], |value| *value += 1)?)
}

/// Reads one row that others change and changes another, beside a change of the session.
#[handler]
async fn stock(tx: Tx, session: Session, Path((looked_at, taken)): Path<(i64, i64)>) -> Result<()> {
    let look = tx.prepare_cached(include_str!("sql/look_at_stock.sql")).await.map_err(InternalServerError)?;
    tx.query_one(&look, &[&looked_at]).await.map_err(InternalServerError)?;
    let take = tx.prepare_cached(include_str!("sql/take_stock.sql")).await.map_err(InternalServerError)?;
    tx.query_one(&take, &[&taken]).await.map_err(InternalServerError)?;
    Ok(session.update(&KEYS[0], |value| *value += 1)?)
}
