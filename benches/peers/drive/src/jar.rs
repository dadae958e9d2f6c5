//! The cookies of one browser.

use hyper::header::HeaderValue;

/// The cookies that a browser sends back. Attributes are ignored, `Secure` too: everything here is loopback.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jar {
    header: Option<HeaderValue>,
}

impl Jar {
    /// The `Cookie` header, if there is any cookie.
    pub(crate) fn header(&self) -> Option<&HeaderValue> {
        self.header.as_ref()
    }

    /// Keeps the latest of each name, and forgets the cookies that the server removes.
    pub(crate) fn take_in(&mut self, set_cookies: &[HeaderValue]) {
        for set_cookie in set_cookies.iter().filter_map(|value| value.to_str().ok()) {
            let before = self.header.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default();
            let after = merged(before, set_cookie);
            self.header = if after.is_empty() { None } else { HeaderValue::from_str(&after).ok() };
        }
    }
}

/// A `Cookie` header with one `Set-Cookie` taken in.
fn merged(cookies: &str, set_cookie: &str) -> String {
    let mut parts = set_cookie.split(';').map(str::trim);
    let fresh = parts.next().unwrap_or_default();
    let (name, value) = fresh.split_once('=').unwrap_or((fresh, ""));
    let is_other =
        |pair: &&str| !pair.is_empty() && pair.split_once('=').is_none_or(|(other, _)| other != name);
    let others = cookies.split("; ").filter(is_other);
    let kept = (!value.trim_matches('"').is_empty() && !parts.any(takes_back)).then_some(fresh);
    others.chain(kept).collect::<Vec<_>>().join("; ")
}

/// Whether an attribute ends the cookie at once. For this, servers send dates of 1970 or of a year before
/// today, so an `Expires` counts only if it comes with an empty value.
fn takes_back(attribute: &str) -> bool {
    let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
    name.eq_ignore_ascii_case("max-age") && value.parse::<i64>().is_ok_and(|seconds| seconds <= 0)
}

#[test]
fn the_latest_cookie_of_a_name_is_sent_back_until_it_is_taken_back() {
    assert_eq!(merged("", "id=a; Path=/; Secure; Max-Age=60"), "id=a");
    assert_eq!(merged("id=a; csrf=x", "id=b=; HttpOnly"), "csrf=x; id=b=");
    assert_eq!(merged("id=a; csrf=x", "id=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"), "csrf=x");
    assert_eq!(merged("id=a", "id=gone; max-age=0") + &merged("id=a", "id=\"\"; Path=/"), "");
    assert_eq!(merged("identity=a", "id=b"), "identity=a; id=b");
}
