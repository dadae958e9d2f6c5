//! The place where a request meets its session, and what is kept of it there so that it can run again.
//!
//! Nothing is copied before the handler asks for its session: most requests never do, or do not run again. So
//! a request runs again as it was when it asked, at the address and with the data that it came with.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use poem::error::ReadBodyError;
use poem::http::{self, Extensions, Method, StatusCode, Uri, Version, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Body, Request, RequestParts, Response, Result};

use super::client_address::source_of;
use super::face::Face;
use super::kept::{Kept, keep_body};
use super::path_params::PathParams;
use crate::request::arrival::Arrival;
use crate::request::visit::Visit;
use crate::request::{Incident, SessionError};

/// What the middleware gives a run of a request. Extractors find it among the request's data.
pub(super) struct Reception {
    face: Arc<Face>,
    /// The method as it came: poem's router makes a GET of a HEAD.
    method: Method,
    /// The address as it came: an inner `Route` may cut a part off.
    uri: Uri,
    /// The data as it came. What the layers within add, they add again.
    extensions: Extensions,
    /// The path parameters as they came, from a `Route` around the middleware. None if they cannot be told.
    path_params: Option<PathParams>,
    body: Kept,
    /// On the heap, as most requests do not ask.
    asked: OnceLock<Box<Asked>>,
    /// Whether the handler has returned. Whoever keeps the request gets no session any more.
    is_over: AtomicBool,
}

/// A run of a request that has asked for its session or its transaction.
struct Asked {
    visit: Arc<Visit>,
    request: KeptRequest,
}

/// The parts of a request that poem lets one keep, beside its [`Arrival`].
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

impl Reception {
    /// For the first run of a request, whose body is kept from now on as it is read.
    pub(super) fn of(request: &mut Request, face: &Arc<Face>) -> Arc<Self> {
        let body = keep_body(request, face);
        Arc::new(Self {
            face: Arc::clone(face),
            method: request.method().clone(),
            uri: request.uri().clone(),
            extensions: request.extensions().clone(),
            path_params: PathParams::of(request),
            body,
            asked: OnceLock::new(),
            is_over: AtomicBool::new(false),
        })
    }

    /// The visit, if the request has asked for one.
    pub(super) fn visit(&self) -> Option<&Arc<Visit>> {
        self.asked.get().map(|asked| &asked.visit)
    }

    /// The visit of the request, which asks for it.
    ///
    /// # Errors
    ///
    /// [`SessionError::Over`]: the handler has returned.
    pub(super) fn visit_of(&self, request: &Request) -> Result<&Arc<Visit>, SessionError> {
        let asked = || {
            let method = self.method.clone();
            let arrival = arrival_of(request, method, matches!(self.body, Kept::Nothing), &self.face);
            let visit = Arc::new(Visit::new(Arc::clone(&self.face.shared), arrival, 1));
            Box::new(Asked { visit, request: KeptRequest::of(request) })
        };
        let visit = &self.asked.get_or_init(asked).visit;
        // Looked at last: either this sees that the handler has returned, or the middleware sees the visit.
        if self.is_over.load(Ordering::SeqCst) { Err(SessionError::Over) } else { Ok(visit) }
    }

    /// The handler has returned.
    pub(super) fn close(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    /// Before a request takes anything from others: waits until its body is there. Says whether it is, so
    /// that the request can run again for sure.
    pub(super) async fn await_body(&self) -> Result<bool> {
        match &self.body {
            Kept::Empty => Ok(true),
            Kept::Body(body) => {
                body.fill().await.map_err(ReadBodyError::Io)?;
                Ok(body.can_be_read_again())
            }
            Kept::Stream(_) | Kept::Nothing => Ok(false),
        }
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
    pub(super) async fn once_more(&self, number: u32) -> Option<(Request, Arc<Self>)> {
        let Asked { visit, request } = &**self.asked.get()?;
        let body = match &self.body {
            Kept::Empty => Body::empty(),
            Kept::Body(body) | Kept::Stream(body) if body.can_be_read_again() => body.body(),
            Kept::Body(_) | Kept::Stream(_) | Kept::Nothing => return None,
        };
        let visit = Arc::new(visit.once_more(number));
        let mut again = self.path_params.as_ref()?.give(request.bare(&visit.arrival)).await?;
        *again.uri_mut() = self.uri.clone();
        again.extensions_mut().clone_from(&self.extensions);
        again.set_body(body);
        let next = Self {
            face: Arc::clone(&self.face),
            method: self.method.clone(),
            uri: self.uri.clone(),
            extensions: self.extensions.clone(),
            path_params: self.path_params.clone(),
            body: self.body.clone(),
            asked: OnceLock::from(Box::new(Asked { visit, request: request.clone() })),
            is_over: AtomicBool::new(false),
        };
        Some((again, Arc::new(next)))
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

    /// The request once more, at the address that the browser has sent, without body and data.
    fn bare(&self, arrival: &Arrival) -> Request {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.method = arrival.method.clone();
        parts.uri = self.original_uri.clone();
        parts.version = self.version;
        parts.headers = arrival.headers.clone();
        let (local_addr, remote_addr) = (self.local_addr.clone(), self.remote_addr.clone());
        let parts = RequestParts::from((parts, local_addr, remote_addr, self.scheme.clone()));
        Request::from_parts(parts, Body::empty())
    }
}

/// The address of a request on its own host. One that begins with two slashes would name another host
/// (CWE-601); a dot segment before it changes nothing else (RFC 3986, section 5.2.4).
fn location(uri: &Uri) -> String {
    let address = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    format!("{}{address}", if address.starts_with("//") { "/." } else { "" })
}

/// The parts of a request that the cycle looks at.
fn arrival_of(request: &Request, method: Method, runs_once: bool, face: &Face) -> Arrival {
    let source = source_of(request, face);
    let address = source.map(|source| source.address);
    let headers = request.headers().clone();
    let arrival = Arrival { method, headers, address, runs_once };
    if let Some(fault) = source.and_then(|source| source.fault) {
        face.shared.report(&Incident::ForwardingRejected { client: arrival.client(), fault });
    }
    arrival
}

#[test]
fn a_request_is_sent_again_to_its_own_host() {
    let location = |uri: &str| location(&uri.parse().unwrap());
    assert_eq!(location("/cart/2/add?n=1"), "/cart/2/add?n=1");
    assert_eq!(location("https://shop.example/cart"), "/cart");
    assert_eq!(location("//elsewhere.example/cart"), "/.//elsewhere.example/cart");
    assert_eq!(location("https://shop.example//elsewhere.example/cart"), "/.//elsewhere.example/cart");
}
