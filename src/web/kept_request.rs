//! The place where a request meets its session, and what is kept of it there so that it can run again.
//!
//! Nothing is copied before the handler asks for its session: most requests never do, or do not run again. So
//! a request runs again as it was when it asked, at the address and with the data that it came with.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use poem::error::ReadBodyError;
use poem::http::{self, Extensions, Method, StatusCode, Uri, Version, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Body, Request, RequestParts, Response, Result};

use super::face::Face;
use super::kept_body::KeptBody;
use crate::request::arrival::Arrival;
use crate::request::shared::Shared;
use crate::request::visit::Visit;

/// What the middleware gives a run of a request. Extractors find it among the request's data.
pub(super) struct Reception {
    shared: Arc<Shared>,
    /// The address as it came: an inner `Route` may cut a part off.
    uri: Uri,
    /// The data as it came. What the layers within add, they add again.
    extensions: Extensions,
    body: Kept,
    /// On the heap, as most requests do not ask.
    asked: OnceLock<Box<Asked>>,
}

/// A run of a request that has asked for its session or its transaction.
struct Asked {
    visit: Arc<Visit>,
    request: KeptRequest,
}

/// The parts of a request that poem lets one keep, beside its [`Arrival`]. It lacks the path parameters of an
/// outer `Route`.
#[derive(Clone)]
struct KeptRequest {
    /// When the first run asked.
    asked_at: Instant,
    /// The address as the browser has sent it: an outer `Route` may have cut a part off.
    original_uri: Uri,
    version: Version,
    local_addr: LocalAddr,
    remote_addr: RemoteAddr,
    scheme: http::uri::Scheme,
}

/// The body of a request that may run again.
#[derive(Clone)]
enum Kept {
    /// It has none.
    Empty,
    Body(Arc<KeptBody>),
    /// It is not kept, so the request runs once.
    Nothing,
}

impl Reception {
    /// For the first run of a request, whose body is kept from now on as it is read.
    pub(super) fn of(request: &mut Request, face: &Face) -> Arc<Self> {
        let body = keep_body(request, face);
        Arc::new(Self {
            shared: Arc::clone(&face.shared),
            uri: request.uri().clone(),
            extensions: request.extensions().clone(),
            body,
            asked: OnceLock::new(),
        })
    }

    /// The visit, if the request has asked for one.
    pub(super) fn visit(&self) -> Option<&Arc<Visit>> {
        self.asked.get().map(|asked| &asked.visit)
    }

    /// The visit of the request, which asks for it.
    pub(super) fn visit_of(&self, request: &Request) -> &Arc<Visit> {
        let asked = || {
            let arrival = arrival_of(request, matches!(self.body, Kept::Nothing));
            let visit = Arc::new(Visit::new(Arc::clone(&self.shared), arrival, 1));
            Box::new(Asked { visit, request: KeptRequest::of(request) })
        };
        &self.asked.get_or_init(asked).visit
    }

    /// Before a request takes anything from others: waits until its body is there. Says whether the request
    /// can run again.
    pub(super) async fn await_body(&self) -> Result<bool> {
        let Kept::Body(body) = &self.body else { return Ok(true) };
        body.fill().await.map_err(ReadBodyError::Io)?;
        Ok(body.can_be_read_again())
    }

    /// When the request asked for its session, if it did.
    pub(super) fn asked_at(&self) -> Option<Instant> {
        self.asked.get().map(|asked| asked.request.asked_at)
    }

    /// Asks the browser to send the request again, method and body kept (RFC 9110, section 15.4.8).
    pub(super) fn send_again(&self) -> Response {
        // A request that was not read from a connection has no address but the one that a `Route` may have
        // cut.
        let original = self.asked.get().map(|asked| &asked.request.original_uri);
        let uri = original.filter(|uri| uri.path() != "/").unwrap_or(&self.uri);
        let location = location(uri);
        let answer = Response::builder().status(StatusCode::TEMPORARY_REDIRECT);
        answer.header(header::LOCATION, location).header(header::CACHE_CONTROL, "no-store").finish()
    }

    /// The request once more, if it has asked for its session and its body was kept, and the reception of its
    /// next run, which has this number.
    pub(super) fn once_more(&self, number: u32) -> Option<(Request, Arc<Self>)> {
        let Asked { visit, request } = &**self.asked.get()?;
        let body = match &self.body {
            Kept::Empty => Body::empty(),
            Kept::Body(body) if body.can_be_read_again() => body.body(),
            Kept::Body(_) | Kept::Nothing => return None,
        };
        let visit = Arc::new(visit.once_more(number));
        let again = self.request(request, &visit.arrival, body);
        let next = Self {
            shared: Arc::clone(&self.shared),
            uri: self.uri.clone(),
            extensions: self.extensions.clone(),
            body: self.body.clone(),
            asked: OnceLock::from(Box::new(Asked { visit, request: request.clone() })),
        };
        Some((again, Arc::new(next)))
    }

    fn request(&self, kept: &KeptRequest, arrival: &Arrival, body: Body) -> Request {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.method = arrival.method.clone();
        parts.uri = self.uri.clone();
        parts.version = kept.version;
        parts.headers = arrival.headers.clone();
        parts.extensions = self.extensions.clone();
        let (local_addr, remote_addr) = (kept.local_addr.clone(), kept.remote_addr.clone());
        let parts = RequestParts::from((parts, local_addr, remote_addr, kept.scheme.clone()));
        Request::from_parts(parts, body)
    }
}

impl KeptRequest {
    fn of(request: &Request) -> Self {
        Self {
            asked_at: Instant::now(),
            original_uri: request.original_uri().clone(),
            version: request.version(),
            local_addr: request.local_addr().clone(),
            remote_addr: request.remote_addr().clone(),
            scheme: request.scheme().clone(),
        }
    }
}

/// The address of a request on its own host. One that begins with two slashes would name another host
/// (CWE-601); a dot segment before it changes nothing else (RFC 3986, section 5.2.4).
fn location(uri: &Uri) -> String {
    let address = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    format!("{}{address}", if address.starts_with("//") { "/." } else { "" })
}

/// The parts of a request that the cycle looks at.
fn arrival_of(request: &Request, runs_once: bool) -> Arrival {
    let peer = match &request.remote_addr().0 {
        Addr::SocketAddr(address) => Some(address.ip()),
        _ => None,
    };
    Arrival { method: request.method().clone(), headers: request.headers().clone(), peer, runs_once }
}

/// Has the body kept as it is read, if it says that it is not too long.
fn keep_body(request: &mut Request, face: &Face) -> Kept {
    let length = body_length(request).filter(|length| *length <= face.replay_bytes_max);
    let Some(length) = length.filter(|_| !request.headers().contains_key(header::UPGRADE)) else {
        return Kept::Nothing;
    };
    let body = request.take_body();
    if body.is_empty() {
        return Kept::Empty;
    }
    let kept = KeptBody::new(body, length, &face.budget);
    request.set_body(kept.body());
    Kept::Body(kept)
}

/// The length that the body announces, if it does. A request with neither header has no body (RFC 9112,
/// section 6.3).
fn body_length(request: &Request) -> Option<usize> {
    let headers = request.headers();
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return None;
    }
    match headers.get(header::CONTENT_LENGTH) {
        None if request.version() <= Version::HTTP_11 => Some(0),
        None => matches!(*request.method(), Method::GET | Method::HEAD).then_some(0),
        Some(length) => length.to_str().ok()?.parse().ok(),
    }
}

#[test]
fn a_request_is_sent_again_to_its_own_host() {
    let location = |uri: &str| location(&uri.parse().unwrap());
    assert_eq!(location("/cart/2/add?n=1"), "/cart/2/add?n=1");
    assert_eq!(location("https://shop.example/cart"), "/cart");
    assert_eq!(location("//elsewhere.example/cart"), "/.//elsewhere.example/cart");
    assert_eq!(location("https://shop.example//elsewhere.example/cart"), "/.//elsewhere.example/cart");
}
