//! Whether the application's own pages have sent a request, or another site has (CWE-352). A pure function of
//! the request's head. It decides as `CrossOriginProtection` of Go 1.25 does; the table of decisions is at
//! [`Csrf`](crate::web::Csrf).

use http::{HeaderMap, Method, Uri, header};

use super::origin::{Origin, authority_of};
use crate::plain_debug::plain_debug;

/// The header in which browsers say how the sender of a request stands to its receiver (W3C Fetch Metadata).
pub(crate) const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// How requests are judged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rule {
    /// Whether a request must come from the own pages for sure.
    pub(crate) is_strict: bool,
    /// Other origins that may send requests.
    pub(crate) trusted: Vec<Origin>,
}

/// The judgement of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its method promises to change nothing. Nobody has looked at where it comes from.
    Safe,
    /// It comes from the own pages, from a trusted origin, or from no browser.
    Own,
    /// Nothing says where it comes from.
    Unsure,
    /// Another site has sent it.
    Foreign(Forged),
}

/// Why a request is taken for one that another site has sent.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Forged {
    /// `Sec-Fetch-Site` says so.
    #[error(
        "the browser says in `Sec-Fetch-Site` that a page of another origin has sent the request: if that origin \
         is yours, trust it with `CsrfBuilder::trust`"
    )]
    AnotherSite,
    /// `Origin` names another host, or none.
    #[error(
        "the request's `Origin` is not its `Host`: if that origin is yours, or a proxy changes `Host`, trust it \
         with `CsrfBuilder::trust`"
    )]
    AnotherOrigin,
    /// Nothing says where the request comes from, and it brings no token of its session.
    #[error(
        "nothing says which page has sent the request, and it brings no token of its session: put \
         `Session::form_token` into the form"
    )]
    SiteUnknown,
    /// A token of the session is asked for, and there is none.
    #[error("the request brings no token of its session: put `Session::form_token` into the form")]
    NoToken,
    /// The token is of another session, or of before a login or a renewal.
    #[error(
        "the request brings a token that is not of its session, or no longer: the form must be loaded again"
    )]
    WrongToken,
}

plain_debug!(Forged);

impl Rule {
    /// Judges a request by its method, its address and its headers.
    pub(crate) fn judge(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Verdict {
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Verdict::Safe;
        }
        let origin = said(headers, header::ORIGIN.as_str());
        let is_trusted = origin.is_some_and(|origin| self.trusted.iter().any(|trusted| trusted.is(origin)));
        let unsaid = || match origin {
            _ if is_trusted => Verdict::Own,
            Some(origin) if !is_own(origin, uri, headers) => Verdict::Foreign(Forged::AnotherOrigin),
            _ if self.is_strict => Verdict::Unsure,
            _ => Verdict::Own,
        };
        match said(headers, SEC_FETCH_SITE) {
            Some(b"same-origin") => Verdict::Own,
            // No page has sent it: the visitor has, by a bookmark or by hand.
            Some(b"none") if !self.is_strict => Verdict::Own,
            Some(b"none") | None => unsaid(),
            Some(_) if is_trusted => Verdict::Own,
            Some(_) => Verdict::Foreign(Forged::AnotherSite),
        }
    }
}

/// The value of a header that says something.
fn said<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    headers.get(name).map(|value| value.as_bytes()).filter(|value| !value.is_empty())
}

/// Whether an origin is the host that the request was sent to. HTTP/2 says the host in the address.
fn is_own(origin: &[u8], uri: &Uri, headers: &HeaderMap) -> bool {
    let host = uri.authority().map(|authority| authority.as_str().as_bytes());
    let host = host.or_else(|| said(headers, header::HOST.as_str()));
    authority_of(origin).is_some_and(|authority| Some(authority.as_bytes()) == host)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn judge(uri: &str, headers: &[(&'static str, &[u8])]) -> Verdict {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.to_vec().try_into().unwrap()));
        Rule::default().judge(&Method::POST, &uri.parse().unwrap(), &HeaderMap::from_iter(headers))
    }

    #[test]
    fn an_empty_header_says_nothing() {
        assert_eq!(judge("/", &[("sec-fetch-site", b""), ("origin", b"")]), Verdict::Own);
        let foreign =
            [("sec-fetch-site", &b""[..]), ("origin", b"https://evil.example"), ("host", b"shop.example")];
        assert_eq!(judge("/", &foreign), Verdict::Foreign(Forged::AnotherOrigin));
    }

    #[test]
    fn a_value_is_known_by_its_exact_bytes() {
        for odd in [&b"Same-Origin"[..], b"same-origin ", b"none, same-origin", b"\xff"] {
            let verdict = judge("/", &[("sec-fetch-site", odd)]);
            assert_eq!(verdict, Verdict::Foreign(Forged::AnotherSite), "{odd:?}");
        }
    }

    #[test]
    fn the_host_is_that_of_the_address_if_it_has_one() {
        let origin = ("origin", &b"https://shop.example"[..]);
        let foreign = Verdict::Foreign(Forged::AnotherOrigin);
        assert_eq!(judge("https://shop.example/cart", &[origin]), Verdict::Own);
        assert_eq!(judge("https://evil.example/cart", &[origin, ("host", b"shop.example")]), foreign);
        assert_eq!(judge("/cart", &[origin, ("host", b"shop.example")]), Verdict::Own);
        assert_eq!(judge("/cart", &[origin, ("host", b"shop.example:8443")]), foreign);
        assert_eq!(judge("/cart", &[origin]), foreign, "no host at all");
        assert_eq!(judge("/cart", &[("origin", b"null"), ("host", b"null")]), foreign);
    }
}
