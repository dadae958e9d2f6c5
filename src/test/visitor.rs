//! A browser without a screen: it keeps cookies by the rules of RFC 6265bis, and has an address.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use poem::endpoint::BoxEndpoint;
use poem::http::uri::Scheme;
use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Body, Endpoint, Request, RequestParts, Response};

use crate::web::plain_http::is_this_machine;

/// The cookies of a browser by their names.
type Jar = BTreeMap<String, Cookie>;

/// A cookie of a browser.
#[derive(Clone)]
struct Cookie {
    value: Vec<u8>,
    /// Whether the browser keeps it when it closes: it has a `Max-Age`.
    is_kept: bool,
}

/// The content type of a browser's forms.
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// One browser, at 192.0.2.1 unless it is put elsewhere. Its clones are tabs: they share its cookies.
///
/// It keeps cookies as a browser does, a `__Host-` cookie only with the attributes that it needs, and follows
/// no redirect, so that a test sees each.
#[derive(Clone)]
pub struct Visitor {
    app: Arc<BoxEndpoint<'static, Response>>,
    jar: Arc<Mutex<Jar>>,
    ip: IpAddr,
    headers: HeaderMap,
    scheme: Scheme,
}

/// An answer of the application.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub body: String,
}

/// Shows the names of the cookies, not what they hold.
impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut visitor = f.debug_struct("Visitor");
        visitor.field("ip", &self.ip).field("headers", &self.headers);
        visitor.field("cookies", &self.jar().keys().collect::<Vec<_>>()).finish()
    }
}

impl Visitor {
    /// A browser that has never been to this endpoint. [`Application::visitor`](super::Application::visitor)
    /// makes one for an application.
    pub fn new(app: &Arc<BoxEndpoint<'static, Response>>) -> Self {
        Self {
            app: Arc::clone(app),
            jar: Arc::default(),
            ip: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            headers: HeaderMap::from_iter([(header::USER_AGENT, HeaderValue::from_static("Visitor/1.0"))]),
            scheme: Scheme::HTTPS,
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
    pub fn named(self, user_agent: &str) -> Self {
        self.sending("user-agent", user_agent)
    }

    /// The same browser, which comes over plain http to this host. As a browser does, it drops Secure cookies
    /// unless the host is its own machine.
    #[must_use]
    pub fn over_http(self, host: &str) -> Self {
        Self { scheme: Scheme::HTTP, ..self.sending("host", host) }
    }

    /// The same browser, which sends this header with each request.
    #[must_use]
    pub fn sending(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("the name of a header");
        self.headers.insert(name, value.parse().expect("the value of a header"));
        self
    }

    /// Another browser with a copy of the cookies: a thief's, or the same one restored from a backup.
    #[must_use]
    pub fn copy(&self) -> Self {
        let jar = Arc::new(Mutex::new(self.jar().clone()));
        Self { jar, ..self.clone() }
    }

    /// The same browser, with the same cookies, at another application under the same name.
    #[must_use]
    pub fn of(&self, app: &Arc<BoxEndpoint<'static, Response>>) -> Self {
        Self { app: Arc::clone(app), ..self.clone() }
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar().get(name).map(|cookie| String::from_utf8_lossy(&cookie.value).into_owned())
    }

    /// Puts any cookie into the jar, to be kept until the browser closes.
    pub fn put_cookie(&self, name: &str, value: impl Into<Vec<u8>>) {
        self.jar().insert(name.to_owned(), Cookie { value: value.into(), is_kept: false });
    }

    /// Closes the browser and opens it again: of its cookies those with a `Max-Age` are left.
    pub fn reopen(&self) {
        self.jar().retain(|_, cookie| cookie.is_kept);
    }

    /// Gets a page. `path` may have a query.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    /// Posts a form, such as `item=3&quantity=2`; or a body of another content type, if
    /// [`sending`](Self::sending) says so.
    pub async fn post(&self, path: &str, form: &str) -> Answer {
        self.send(Method::POST, path, form).await
    }

    /// Sends a request with the cookies of the jar, and keeps those of the answer.
    pub async fn send(&self, method: Method, path: &str, body: &str) -> Answer {
        let answer = self.call(self.request(method, path, body)).await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            self.keep(line.to_str().expect("a Set-Cookie header is ASCII"));
        }
        answer
    }

    /// Sends a [`request`](Self::request) that the test has changed. Cookies of the answer are not kept.
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
        parts.headers = self.headers.clone();
        parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
        if parts.method == Method::POST && !parts.headers.contains_key(header::CONTENT_TYPE) {
            parts.headers.insert(header::CONTENT_TYPE, FORM);
        }
        let jar = self.jar();
        let pairs: Vec<_> =
            jar.iter().map(|(name, cookie)| [name.as_bytes(), b"=", &cookie.value].concat()).collect();
        if !pairs.is_empty() {
            let line = HeaderValue::from_bytes(&pairs.join(&b"; "[..])).expect("a cookie header");
            parts.headers.insert(header::COOKIE, line);
        }
        let remote = RemoteAddr(Addr::SocketAddr(SocketAddr::new(self.ip, 40_000)));
        let parts = RequestParts::from((parts, LocalAddr::default(), remote, self.scheme.clone()));
        Request::from_parts(parts, Body::from_string(body.to_owned()))
    }

    fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keeps_secure(&self) -> bool {
        let host = self.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        self.scheme == Scheme::HTTPS || host.is_some_and(is_this_machine)
    }

    /// Keeps a cookie unless a browser would refuse it; forgets it if it has expired.
    fn keep(&self, set_cookie: &str) {
        let mut parts = set_cookie.split(';').map(str::trim);
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a cookie");
        let attributes: Vec<String> = parts.map(str::to_ascii_lowercase).collect();
        let has = |attribute: &str| attributes.iter().any(|one| one == attribute);
        let host_bound =
            has("secure") && has("path=/") && !attributes.iter().any(|one| one.starts_with("domain"));
        if (name.starts_with("__Host-") && !host_bound) || (has("secure") && !self.keeps_secure()) {
            return;
        }
        let mut jar = self.jar();
        if has("max-age=0") {
            jar.remove(name);
        } else {
            let is_kept = attributes.iter().any(|one| one.starts_with("max-age="));
            jar.insert(name.to_owned(), Cookie { value: value.as_bytes().to_vec(), is_kept });
        }
    }
}

impl Answer {
    /// A header's value; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The `Set-Cookie` lines.
    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok()).collect()
    }
}
