//! The address of a request's client.

use poem::{Addr, Request};

use super::face::Face;
use crate::request::forwarded::Source;

/// The address that the application's hook tells, or the one that trusted proxies tell, or the connection's.
/// None for a connection that has no address of IP, say one of a unix socket.
pub(super) fn source_of(request: &Request, face: &Face) -> Option<Source> {
    if let Some(told) = face.client.as_ref().and_then(|client| client(request)) {
        return Some(Source::known(told));
    }
    match &request.remote_addr().0 {
        Addr::SocketAddr(peer) => Some(face.shared.proxies.source(peer.ip(), request.headers())),
        _ => None,
    }
}
