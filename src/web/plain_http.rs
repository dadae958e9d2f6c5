//! A Secure cookie in answer to plain http. A browser drops it without a word: the login succeeds, the
//! visitor stays a stranger, and each click leaves a session that nobody holds. So the log tells of it, once.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use poem::http::{HeaderMap, header};

/// Whether it was told.
#[derive(Default)]
pub(super) struct PlainHttp {
    is_told: AtomicBool,
}

/// The most of a host's name that the log is told: it is the client's word.
const HOST_CHARS_MAX: usize = 100;

impl PlainHttp {
    /// Tells of a Secure cookie that is set in answer to a request over plain http, if its browser drops it.
    pub(super) fn tell(&self, cookie: &str, request: &HeaderMap) {
        if self.is_told.load(Ordering::Relaxed) {
            return;
        }
        let Some(host) = host_of_dropped(request) else { return };
        if !self.is_told.swap(true, Ordering::Relaxed) {
            let host: String = host.chars().take(HOST_CHARS_MAX).collect();
            tracing::warn!(
                cookie,
                host,
                "browsers drop a Secure cookie that comes over plain http, so nobody stays signed in: serve https, \
                 let the proxy in front send `X-Forwarded-Proto: https`, or, to develop in a network of your own, \
                 set `CookieSettings::default().name(\"session\").insecure()`; told once"
            );
        }
    }
}

/// The host of a request over plain http whose browser drops a Secure cookie. None where the browser itself
/// is on https, with a proxy in between, or on this machine.
fn host_of_dropped(request: &HeaderMap) -> Option<&str> {
    let host = request.get(header::HOST)?.to_str().ok()?;
    (!is_this_machine(host) && !is_https_before_proxy(request)).then_some(host)
}

/// A proxy says it, or the browser: it sends `Sec-Fetch-Site` to https (and to this machine) only.
fn is_https_before_proxy(request: &HeaderMap) -> bool {
    let says = |name: &str, word: &str| {
        let lines = request.get_all(name).iter();
        lines.filter_map(|line| line.to_str().ok()).any(|line| line.to_ascii_lowercase().contains(word))
    };
    request.contains_key("sec-fetch-site")
        || says("x-forwarded-proto", "https")
        || says("forwarded", "proto=https")
        || says("forwarded", "proto=\"https")
        || says("origin", "https://")
}

/// Whether a browser takes this host, with or without a port, for its own machine, and keeps Secure cookies.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_several_names() {
        for host in
            ["localhost", "LocalHost:8080", "shop.localhost", "127.0.0.1", "127.9.9.9:80", "[::1]:8080"]
        {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["localhost.example", "mylocalhost", "192.168.1.7:8080", "10.0.0.1", "[fe80::1]", ""] {
            assert!(!is_this_machine(host), "{host}");
        }
    }

    #[test]
    fn a_cookie_is_dropped_where_the_browser_sees_plain_http() {
        let dropped = |headers: &[(&'static str, &'static str)]| {
            let pairs = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            let request = HeaderMap::from_iter(pairs);
            host_of_dropped(&request).map(ToOwned::to_owned)
        };
        assert_eq!(dropped(&[("host", "192.168.1.7:8080")]).as_deref(), Some("192.168.1.7:8080"));
        assert_eq!(
            dropped(&[("host", "shop.local"), ("x-forwarded-proto", "http")]).as_deref(),
            Some("shop.local")
        );
        assert_eq!(
            dropped(&[("host", "shop.local"), ("origin", "http://shop.local")]).as_deref(),
            Some("shop.local")
        );
        for kept in [
            &[("host", "localhost:8080")][..],
            &[("host", "shop.example"), ("x-forwarded-proto", "https")],
            &[("host", "shop.example"), ("forwarded", "for=192.0.2.1;proto=HTTPS")],
            &[("host", "shop.example"), ("forwarded", "proto=\"https\";for=_x")],
            &[("host", "shop.example"), ("origin", "https://shop.example")],
            &[("host", "shop.example"), ("sec-fetch-site", "same-origin")],
            &[],
        ] {
            assert_eq!(dropped(kept), None, "{kept:?}");
        }
    }
}
