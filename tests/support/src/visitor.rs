//! A browser without a screen: it keeps cookies by the rules of RFC 6265bis, and has an address.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use poem::endpoint::BoxEndpoint;
use poem::http::uri::Scheme;
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Body, Endpoint, EndpointExt, Request, RequestParts, Response};

/// An application to visit.
pub type App = Arc<BoxEndpoint<'static, Response>>;

/// Makes an application of an endpoint.
pub fn app(endpoint: impl Endpoint + 'static) -> App {
    Arc::new(endpoint.map_to_response().boxed())
}

/// One browser. Its clones are tabs: they share its cookies.
#[derive(Clone)]
pub struct Visitor {
    app: App,
    jar: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    ip: IpAddr,
    user_agent: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub body: String,
}

impl std::fmt::Debug for Visitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visitor").finish_non_exhaustive()
    }
}

impl Visitor {
    /// A browser that has never been to the application.
    pub fn new(app: &App) -> Self {
        Self {
            app: Arc::clone(app),
            jar: Arc::default(),
            ip: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            user_agent: "Visitor/1.0".to_owned(),
        }
    }

    /// The same browser at another address.
    #[must_use]
    pub fn at(mut self, ip: IpAddr) -> Self {
        self.ip = ip;
        self
    }

    /// The same browser under another name.
    #[must_use]
    pub fn named(mut self, user_agent: &str) -> Self {
        self.user_agent = user_agent.to_owned();
        self
    }

    /// Another browser with a copy of the cookies: a thief's, or the same one restored from a backup.
    #[must_use]
    pub fn copy(&self) -> Self {
        let jar = Arc::new(Mutex::new(self.jar.lock().unwrap().clone()));
        Self { jar, ..self.clone() }
    }

    /// The same browser, with the same cookies, at another application under the same name.
    #[must_use]
    pub fn of(&self, app: &App) -> Self {
        Self { app: Arc::clone(app), ..self.clone() }
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar.lock().unwrap().get(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// Puts any cookie into the jar.
    pub fn put_cookie(&self, name: &str, value: impl Into<Vec<u8>>) {
        self.jar.lock().unwrap().insert(name.to_owned(), value.into());
    }

    /// Gets a page.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    /// Posts a body.
    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.send(Method::POST, path, body).await
    }

    /// Sends a request with the cookies of the jar, and keeps those of the answer.
    pub async fn send(&self, method: Method, path: &str, body: &str) -> Answer {
        let answer = self.call(self.request(method, path, body)).await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            self.keep(line.to_str().expect("a Set-Cookie header is ASCII"));
        }
        answer
    }

    /// Sends a request as it is. Cookies of the answer are not kept.
    pub async fn call(&self, request: Request) -> Answer {
        let mut response = self.app.get_response(request).await;
        let body = response.take_body().into_string().await.expect("a body of text");
        Answer { status: response.status(), headers: response.headers().clone(), body }
    }

    /// The request that this browser would send.
    pub fn request(&self, method: Method, path: &str, body: &str) -> Request {
        let (mut parts, ()) = poem::http::Request::new(()).into_parts();
        parts.method = method;
        parts.uri = path.parse().expect("a path");
        parts.headers.insert(header::USER_AGENT, self.user_agent.parse().expect("a user agent"));
        parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
        let jar = self.jar.lock().unwrap();
        let pairs: Vec<_> = jar.iter().map(|(name, value)| [name.as_bytes(), b"=", value].concat()).collect();
        if !pairs.is_empty() {
            let line = HeaderValue::from_bytes(&pairs.join(&b"; "[..])).expect("a cookie header");
            parts.headers.insert(header::COOKIE, line);
        }
        let remote = RemoteAddr(Addr::SocketAddr(SocketAddr::new(self.ip, 40_000)));
        let parts = RequestParts::from((parts, LocalAddr::default(), remote, Scheme::HTTPS));
        Request::from_parts(parts, Body::from_string(body.to_owned()))
    }

    /// Keeps a cookie unless a browser would refuse it; forgets it if it has expired.
    fn keep(&self, set_cookie: &str) {
        let mut parts = set_cookie.split(';').map(str::trim);
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a cookie");
        let attributes: Vec<String> = parts.map(str::to_ascii_lowercase).collect();
        let has = |attribute: &str| attributes.iter().any(|one| one == attribute);
        let host_bound =
            has("secure") && has("path=/") && !attributes.iter().any(|one| one.starts_with("domain"));
        if name.starts_with("__Host-") && !host_bound {
            return;
        }
        let mut jar = self.jar.lock().unwrap();
        if has("max-age=0") {
            jar.remove(name);
        } else {
            jar.insert(name.to_owned(), value.as_bytes().to_vec());
        }
    }
}

impl Answer {
    /// The `Set-Cookie` lines.
    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok()).collect()
    }
}
