//! A request as it came, kept so that it can run again.

use bytes::Bytes;
use poem::http::{Extensions, HeaderMap, HeaderValue, Method, Uri, Version, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Body, Request, RequestParts, Result};

use crate::session::Client;

/// All that poem lets one keep of a request. It lacks the path parameters of an outer `Route`.
#[derive(Clone)]
pub(super) struct Arrival {
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    extensions: Extensions,
    local_addr: LocalAddr,
    remote_addr: RemoteAddr,
    scheme: poem::http::uri::Scheme,
    /// None if it was not kept: then the request runs once.
    body: Option<Bytes>,
}

impl Arrival {
    /// The request, with the body that [`keep_body`] kept of it.
    pub(super) fn of(request: &Request, body: Option<Bytes>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: request.headers().clone(),
            extensions: request.extensions().clone(),
            local_addr: request.local_addr().clone(),
            remote_addr: request.remote_addr().clone(),
            scheme: request.scheme().clone(),
            body,
        }
    }

    /// The request once more, if its body was kept.
    pub(super) fn request(&self) -> Option<Request> {
        let body = Body::from_bytes(self.body.clone()?);
        let (mut parts, ()) = poem::http::Request::new(()).into_parts();
        parts.method = self.method.clone();
        parts.uri = self.uri.clone();
        parts.version = self.version;
        parts.headers = self.headers.clone();
        parts.extensions = self.extensions.clone();
        let addresses = (self.local_addr.clone(), self.remote_addr.clone());
        let parts = RequestParts::from((parts, addresses.0, addresses.1, self.scheme.clone()));
        Some(Request::from_parts(parts, body))
    }

    /// Whether the request's method says that it will write: then it stands in line with the others that do.
    pub(super) fn writes(&self) -> bool {
        !self.method.is_safe()
    }

    /// The lines of the Cookie header.
    pub(super) fn cookies(&self) -> impl Iterator<Item = &[u8]> {
        self.headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes)
    }

    /// From where the request came.
    pub(super) fn client(&self) -> Client {
        let ip = match &self.remote_addr.0 {
            Addr::SocketAddr(address) => Some(address.ip()),
            _ => None,
        };
        let user_agent = self.headers.get(header::USER_AGENT);
        let user_agent = user_agent.map(|value| String::from_utf8_lossy(value.as_bytes()));
        Client::new(ip, user_agent.as_deref())
    }
}

/// Reads the body into memory if it says that it has at most `bytes_max` bytes. The request keeps it too.
pub(super) async fn keep_body(request: &mut Request, bytes_max: usize) -> Result<Option<Bytes>> {
    let upgrade = request.headers().contains_key(header::UPGRADE);
    if upgrade || body_length(request).is_none_or(|length| length > bytes_max) {
        return Ok(None);
    }
    let body = request.take_body();
    // To read one that is empty would clear 4 KiB of memory first.
    if body.is_empty() {
        return Ok(Some(Bytes::new()));
    }
    // On the heap: it holds a buffer of 4 KiB, which would travel in the future of every request.
    let body = Box::pin(body.into_bytes_limit(bytes_max)).await?;
    request.set_body(body.clone());
    Ok(Some(body))
}

/// How long the body says it is; none if it does not say. A request without either header has no body
/// (RFC 9112, section 6.3).
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
