//! What is kept of a request's body, by what the request tells of it.

use std::sync::Arc;

use poem::Request;
use poem::http::{HeaderMap, HeaderValue, Method, Version, header};

use super::face::Face;
use super::kept_body::KeptBody;

/// The body of a request that may run again.
#[derive(Clone)]
pub(super) enum Kept {
    /// It has none.
    Empty,
    Body(Arc<KeptBody>),
    /// It does not tell its length, so nobody waits for it: it may never end.
    Stream(Arc<KeptBody>),
    /// It is not kept, so the request runs once.
    Nothing,
}

/// Has the body kept as it is read, if it does not say that it is too long.
pub(super) fn keep_body(request: &mut Request, face: &Face) -> Kept {
    let length = body_length(request);
    if is_upgrade(request.headers()) || matches!(length, Length::Chunked) {
        return Kept::Nothing;
    }
    let body = request.take_body();
    if body.is_empty() {
        return Kept::Empty;
    }
    let bytes = match length {
        Length::Known(bytes) => bytes,
        Length::Unknown | Length::Chunked => face.replay_bytes_max,
    };
    if bytes > face.replay_bytes_max {
        request.set_body(body);
        return Kept::Nothing;
    }
    let kept = KeptBody::new(body, bytes, &face.budget);
    request.set_body(kept.body());
    if matches!(length, Length::Known(_)) { Kept::Body(kept) } else { Kept::Stream(kept) }
}

/// Whether the connection may be given to the handler, which can happen once. An offer of HTTP/2, which
/// clients send along, is none: the server has declined it.
fn is_upgrade(headers: &HeaderMap) -> bool {
    let protocols = headers.get_all(header::UPGRADE).iter().map(HeaderValue::as_bytes);
    let mut protocols = protocols.flat_map(|line| line.split(|byte| *byte == b','));
    protocols.any(|protocol| !protocol.trim_ascii().eq_ignore_ascii_case(b"h2c"))
}

/// The length of a body, as its request tells it.
enum Length {
    Known(usize),
    /// It comes in pieces of HTTP/1.1.
    Chunked,
    /// It is one of HTTP/2, which need not tell it.
    Unknown,
}

/// A request of HTTP/1.1 with neither header has no body (RFC 9112, section 6.3).
fn body_length(request: &Request) -> Length {
    let headers = request.headers();
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return Length::Chunked;
    }
    match headers.get(header::CONTENT_LENGTH) {
        None if request.version() <= Version::HTTP_11 => Length::Known(0),
        None if matches!(*request.method(), Method::GET | Method::HEAD) => Length::Known(0),
        None => Length::Unknown,
        Some(length) => {
            let bytes = length.to_str().ok().and_then(|length| length.parse().ok());
            bytes.map_or(Length::Chunked, Length::Known)
        }
    }
}
