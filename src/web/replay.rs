//! Keeping a request so that it can run again.

use bytes::Bytes;
use poem::http::{Extensions, HeaderMap, Method, Uri, Version, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Body, Request, RequestParts, Result};

/// All that poem lets one keep of a request. It lacks the path parameters of an outer `Route`.
pub(super) struct Replay {
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    extensions: Extensions,
    local_addr: LocalAddr,
    remote_addr: RemoteAddr,
    scheme: poem::http::uri::Scheme,
    body: Bytes,
}

impl Replay {
    /// Reads the body into memory if it says that it has at most `bytes_max` bytes. The first attempt runs the
    /// request itself; without a [`Replay`] it is the only one.
    pub(super) async fn keep(mut request: Request, bytes_max: usize) -> Result<(Request, Option<Self>)> {
        let upgrade = request.headers().contains_key(header::UPGRADE);
        if upgrade || body_length(&request).is_none_or(|length| length > bytes_max) {
            return Ok((request, None));
        }
        let body = take_body(&mut request, bytes_max).await?;
        let replay = Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: request.headers().clone(),
            extensions: request.extensions().clone(),
            local_addr: request.local_addr().clone(),
            remote_addr: request.remote_addr().clone(),
            scheme: request.scheme().clone(),
            body,
        };
        Ok((request, Some(replay)))
    }

    /// The request once more.
    pub(super) fn request(&self) -> Request {
        let (mut parts, ()) = poem::http::Request::new(()).into_parts();
        parts.method = self.method.clone();
        parts.uri = self.uri.clone();
        parts.version = self.version;
        parts.headers = self.headers.clone();
        parts.extensions = self.extensions.clone();
        let addresses = (self.local_addr.clone(), self.remote_addr.clone());
        let parts = RequestParts::from((parts, addresses.0, addresses.1, self.scheme.clone()));
        Request::from_parts(parts, Body::from_bytes(self.body.clone()))
    }
}

/// The body, which the request keeps too. To read one that is empty would clear 4 KiB of memory first.
async fn take_body(request: &mut Request, bytes_max: usize) -> Result<Bytes> {
    let body = request.take_body();
    if body.is_empty() {
        return Ok(Bytes::new());
    }
    // On the heap: it holds a buffer of 4 KiB, which would travel in the future of every request.
    let body = Box::pin(body.into_bytes_limit(bytes_max)).await?;
    request.set_body(body.clone());
    Ok(body)
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
