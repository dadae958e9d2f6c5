//! The door: which requests come in, and the headers that all answers have.

use std::net::IpAddr;
use std::sync::Arc;

use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response, Result};

use super::ServeError;
use super::refusal::Refusal;

/// The most bytes of a form; no form of the console comes near it.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// Allows the console's own files only: no script or style within a page, no frame around it, no form to
/// another site.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The names under which the console may be asked for.
#[derive(Clone, Debug)]
pub(super) struct Doors(Arc<[String]>);

impl Doors {
    /// This machine, and these hosts.
    pub(super) fn of(hosts: &[String]) -> Result<Self, ServeError> {
        for host in hosts {
            let is_name = !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte))
                && (!host.contains(':') || host.starts_with('['));
            if !is_name {
                return Err(ServeError::Host(host.clone()));
            }
        }
        Ok(Self(hosts.iter().map(|host| host.to_ascii_lowercase()).collect()))
    }

    /// Whether a request names one of the hosts: exactly once, and not another one in its address. A page of
    /// another site whose name leads to this machine would send its own name (DNS rebinding, CWE-350).
    fn are_open_to(&self, request: &Request) -> bool {
        let mut named = request.headers().get_all(header::HOST).iter();
        let (host, more) = (named.next().and_then(|host| host.to_str().ok()), named.next());
        let is_known = |host: &str| {
            let host = without_port(host).to_ascii_lowercase();
            is_this_machine(&host) || self.0.contains(&host)
        };
        host.is_some_and(is_known) && more.is_none() && request.uri().host().is_none_or(is_known)
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// Lets a request through to the endpoint, or refuses it.
pub(super) async fn guard<E: Endpoint>(doors: &Doors, endpoint: &E, request: Request) -> Result<Response> {
    if !doors.are_open_to(&request) {
        let refused =
            "The console is not served under this name. Start it with --allow-host if it should be.";
        return Err(Refusal::forbidden(refused).into());
    }
    let has_form = !matches!(*request.method(), Method::GET | Method::HEAD);
    if has_form && form_length(request.headers()).is_none_or(|length| length > FORM_BYTES_MAX) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE.into());
    }
    endpoint.call(request).await.map(IntoResponse::into_response)
}

fn form_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Adds the headers that all answers have. What is not for the public is kept nowhere.
pub(crate) fn dress(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let is_public =
        headers.get(header::CACHE_CONTROL).is_some_and(|value| value.as_bytes().starts_with(b"public"));
    if !is_public {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    answer
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn lets_in(hosts: &[&str], uri: &str) -> bool {
        let doors = Doors::of(&["Audit.example".to_owned()]).unwrap();
        let mut request = Request::builder().uri(uri.parse().unwrap()).finish();
        for host in hosts {
            request.headers_mut().append(header::HOST, host.parse().unwrap());
        }
        doors.are_open_to(&request)
    }

    #[test]
    fn only_this_machine_and_the_named_host_are_served() {
        for host in
            ["localhost", "localhost:8090", "127.0.0.1:8090", "127.8.8.8", "[::1]:80", "audit.example"]
        {
            assert!(lets_in(&[host], "/"), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.0.2.1",
            "",
            ":80",
            "audit.example.",
            "[::]",
        ] {
            assert!(!lets_in(&[host], "/"), "{host}");
        }
        assert!(!lets_in(&[], "/"));
        assert!(!lets_in(&["localhost", "localhost"], "/"), "said twice");
        assert!(!lets_in(&["localhost"], "http://evil.example/"), "another one in the address");
    }
}
