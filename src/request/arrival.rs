//! A request as the cycle sees it.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, Method, header};

use crate::session::Client;

/// Of a request, all that the cycle looks at.
#[derive(Clone)]
pub(crate) struct Arrival {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    /// The client's address, if it has one of IP and that is known.
    pub(crate) address: Option<IpAddr>,
    /// Whether the request cannot run again, as its body is not kept.
    pub(crate) runs_once: bool,
}

impl Arrival {
    /// Whether the request's method says that it will write: then it stands in line with the others that do.
    pub(super) fn writes(&self) -> bool {
        !self.method.is_safe()
    }

    /// Whether nobody may see the answer: a HEAD has no body, and a browser that loads a page in advance says
    /// so (W3C Fetch Metadata, `Sec-Purpose`; older ones in `Purpose`).
    pub(super) fn may_stay_unseen(&self) -> bool {
        let says_prefetch = |name: &str| {
            let purpose = self.headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
            let mut tokens = purpose.split(|byte| matches!(byte, b';' | b','));
            tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"prefetch"))
        };
        self.method == Method::HEAD || says_prefetch("sec-purpose") || says_prefetch("purpose")
    }

    /// The lines of the Cookie header.
    pub(super) fn cookies(&self) -> impl Iterator<Item = &[u8]> {
        self.headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes)
    }

    /// Where the request came from.
    pub(crate) fn client(&self) -> Client {
        let user_agent = self.headers.get(header::USER_AGENT);
        let user_agent = user_agent.map(|value| String::from_utf8_lossy(value.as_bytes()));
        Client::new(self.address, user_agent.as_deref())
    }
}
