//! Origins: the `Origin` header of a request, and origins that an application trusts.

use std::fmt;

use http::uri::Authority;

use crate::plain_debug::plain_debug;

/// An origin as browsers write it: `scheme://host`, and `:port` if that is not the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(String);

/// An origin that no browser would send, so that trusting it would do nothing.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the trusted origin {origin:?} {problem}: write it as browsers send it, such as `https://pay.example`"
)]
pub struct OriginError {
    origin: String,
    problem: OriginProblem,
}

plain_debug!(OriginError);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OriginProblem {
    Opaque,
    Scheme,
    Host,
    Rest,
    UpperCase,
    OwnPort,
}

impl Origin {
    /// Reads an origin that an application trusts.
    ///
    /// # Errors
    ///
    /// It is not written as browsers write it.
    pub(crate) fn parse(text: &str) -> Result<Self, OriginError> {
        let refused = |problem| OriginError { origin: text.to_owned(), problem };
        match problem_of(text) {
            None => Ok(Self(text.to_owned())),
            Some(problem) => Err(refused(problem)),
        }
    }

    /// Whether this is the origin that a header names.
    pub(crate) fn is(&self, header: &[u8]) -> bool {
        self.0.as_bytes() == header
    }
}

/// The host and port in an `Origin` header; none for `null` and for what no browser sends.
pub(crate) fn authority_of(origin: &[u8]) -> Option<&str> {
    let (_, authority) = std::str::from_utf8(origin).ok()?.split_once("://")?;
    let is_more = authority.contains(['/', '?', '#', '@', '\\']);
    (!authority.is_empty() && !is_more).then_some(authority)
}

fn problem_of(text: &str) -> Option<OriginProblem> {
    if text == "null" {
        return Some(OriginProblem::Opaque);
    }
    let Some((scheme, authority)) = text.split_once("://") else { return Some(OriginProblem::Scheme) };
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    if !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) || !scheme.bytes().all(is_scheme) {
        return Some(OriginProblem::Scheme);
    }
    if authority.contains(['/', '?', '#', '@', '\\']) {
        return Some(OriginProblem::Rest);
    }
    let is_host = authority.parse::<Authority>().is_ok_and(|authority| {
        let has_port = authority.as_str().len() > authority.host().len();
        !authority.host().is_empty() && (!has_port || authority.port_u16().is_some())
    });
    if !is_host || !text.is_ascii() {
        return Some(OriginProblem::Host);
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some(OriginProblem::UpperCase);
    }
    let own_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    authority.ends_with(own_port).then_some(OriginProblem::OwnPort)
}

impl fmt::Display for OriginProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Opaque => "stands for any page that hides where it is from",
            Self::Scheme => "has no scheme",
            Self::Host => "has no host, or one that is not written in ASCII, or a port that is none",
            Self::Rest => "has more than scheme, host and port",
            Self::UpperCase => "has capital letters",
            Self::OwnPort => "names the port that its scheme has anyway",
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_trusted_as_browsers_write_it() {
        for text in [
            "https://pay.example",
            "https://pay.example:8443",
            "http://localhost:3000",
            "https://[2001:db8::1]:8443",
            "https://xn--gre-9na.example",
            "capacitor://localhost",
            "http://pay.example:443",
        ] {
            assert!(Origin::parse(text).unwrap().is(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn an_origin_that_no_browser_sends_is_refused_with_the_reason() {
        for (text, problem) in [
            ("null", "stands for any page that hides where it is from"),
            ("", "has no scheme"),
            ("pay.example", "has no scheme"),
            ("://pay.example", "has no scheme"),
            ("//pay.example", "has no scheme"),
            ("*://pay.example", "has no scheme"),
            ("https://", "has no host, or one that is not written in ASCII, or a port that is none"),
            ("https://:8443", "has no host, or one that is not written in ASCII, or a port that is none"),
            (
                "https://pay.example:",
                "has no host, or one that is not written in ASCII, or a port that is none",
            ),
            ("https://*.pay.example?", "has more than scheme, host and port"),
            (
                "https://größe.example",
                "has no host, or one that is not written in ASCII, or a port that is none",
            ),
            ("https://pay.example/", "has more than scheme, host and port"),
            ("https://pay.example#x", "has more than scheme, host and port"),
            ("https://me@pay.example", "has more than scheme, host and port"),
            ("https://Pay.example", "has capital letters"),
            ("https://pay.example:443", "names the port that its scheme has anyway"),
            ("http://pay.example:80", "names the port that its scheme has anyway"),
        ] {
            let told = Origin::parse(text).unwrap_err().to_string();
            let expected = format!(
                "the trusted origin {text:?} {problem}: write it as browsers send it, such as `https://pay.example`"
            );
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn the_authority_of_a_header_is_that_of_an_origin_and_nothing_else() {
        assert_eq!(authority_of(b"https://shop.example"), Some("shop.example"));
        assert_eq!(authority_of(b"http://shop.example:8080"), Some("shop.example:8080"));
        for odd in [
            "null",
            "shop.example",
            "https://",
            "https://shop.example/",
            "https://evil@shop.example",
            "https://a?b",
        ] {
            assert_eq!(authority_of(odd.as_bytes()), None, "{odd}");
        }
        assert_eq!(authority_of(b"https://\xff.example"), None);
    }
}
