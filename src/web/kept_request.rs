//! A request as it came, kept so that it can run again.

use std::sync::Arc;

use poem::error::ReadBodyError;
use poem::http::{self, Extensions, Method, StatusCode, Uri, Version, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Body, Request, RequestParts, Response, Result};

use super::client_address::source_of;
use super::face::Face;
use super::kept_body::KeptBody;
use crate::request::Incident;
use crate::request::arrival::Arrival;

/// The parts of a request that poem lets one keep, beside its [`Arrival`]. It lacks the path parameters of an
/// outer `Route`.
pub(super) struct KeptRequest {
    uri: Uri,
    /// The address as the browser has sent it: an outer `Route` may have cut a part off.
    original_uri: Uri,
    version: Version,
    extensions: Extensions,
    local_addr: LocalAddr,
    remote_addr: RemoteAddr,
    scheme: http::uri::Scheme,
    body: Kept,
}

/// The body of a request that may run again.
pub(super) enum Kept {
    /// It has none.
    Empty,
    Body(Arc<KeptBody>),
    /// It is not kept, so the request runs once.
    Nothing,
}

impl KeptRequest {
    /// The request, with the body that [`keep_body`] kept of it.
    pub(super) fn of(request: &Request, body: Kept) -> Self {
        Self {
            uri: request.uri().clone(),
            original_uri: request.original_uri().clone(),
            version: request.version(),
            extensions: request.extensions().clone(),
            local_addr: request.local_addr().clone(),
            remote_addr: request.remote_addr().clone(),
            scheme: request.scheme().clone(),
            body,
        }
    }

    /// Asks the browser to send the request again, method and body kept (RFC 9110, section 15.4.8).
    pub(super) fn send_again(&self) -> Response {
        // A request that was not read from a connection has no address but the one that a `Route` may have
        // cut.
        let uri = if self.original_uri.path() == "/" { &self.uri } else { &self.original_uri };
        let location = location(uri);
        let answer = Response::builder().status(StatusCode::TEMPORARY_REDIRECT);
        answer.header(header::LOCATION, location).header(header::CACHE_CONTROL, "no-store").finish()
    }

    /// The request once more, if its body was kept. `arrival` is what [`arrival_of`] gave for it.
    pub(super) fn request(&self, arrival: &Arrival) -> Option<Request> {
        let body = match &self.body {
            Kept::Empty => Body::empty(),
            Kept::Body(body) if body.can_be_read_again() => body.body(),
            Kept::Body(_) | Kept::Nothing => return None,
        };
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.method = arrival.method.clone();
        parts.uri = self.uri.clone();
        parts.version = self.version;
        parts.headers = arrival.headers.clone();
        parts.extensions = self.extensions.clone();
        let addresses = (self.local_addr.clone(), self.remote_addr.clone());
        let parts = RequestParts::from((parts, addresses.0, addresses.1, self.scheme.clone()));
        Some(Request::from_parts(parts, body))
    }
}

/// The address of a request on its own host. One that begins with two slashes would name another host
/// (CWE-601); a dot segment before it changes nothing else (RFC 3986, section 5.2.4).
fn location(uri: &Uri) -> String {
    let address = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    format!("{}{address}", if address.starts_with("//") { "/." } else { "" })
}

/// The parts of a request that the cycle looks at.
pub(super) fn arrival_of(request: &Request, body: &Kept, face: &Face) -> Arrival {
    let runs_once = matches!(body, Kept::Nothing);
    let source = source_of(request, face);
    let address = source.map(|source| source.address);
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let arrival = Arrival { method, headers, address, runs_once };
    if let Some(fault) = source.and_then(|source| source.fault) {
        face.shared.report(&Incident::ForwardingRejected { client: arrival.client(), fault });
    }
    arrival
}

/// Has the body kept as it is read, if it says that it is not too long.
pub(super) fn keep_body(request: &mut Request, face: &Face) -> Kept {
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
    request.set_data(Arc::clone(&kept));
    Kept::Body(kept)
}

/// Before a request takes anything from others: waits until its body is there. Says whether the request can
/// run again.
pub(super) async fn await_body(request: &Request) -> Result<bool> {
    let Some(body) = request.data::<Arc<KeptBody>>() else { return Ok(true) };
    body.fill().await.map_err(ReadBodyError::Io)?;
    Ok(body.can_be_read_again())
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
