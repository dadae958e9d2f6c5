//! Texts within addresses of pages.

use std::fmt::Write;

/// The text as the value of a query, or as a part of a path: all but letters, digits and `-._~` is escaped
/// (RFC 3986).
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").ok();
        }
    }
    encoded
}

/// The page of a user.
pub(super) fn user(name: &str) -> String {
    format!("/users?name={}", encoded(name))
}

/// The page of the console that an address means; another site's means the first page (CWE-601).
pub(super) fn own(address: &str) -> &str {
    let is_own = address.starts_with('/')
        && !address.starts_with("//")
        && address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_own { address } else { "/" }
}

#[test]
fn a_text_stays_within_its_place() {
    assert_eq!(encoded("a b&c=d/é?#%+"), "a%20b%26c%3Dd%2F%C3%A9%3F%23%25%2B");
    assert_eq!(user("x&cursor=1"), "/users?name=x%26cursor%3D1");
}

#[test]
fn only_an_address_of_the_console_is_gone_to() {
    assert_eq!(own("/users?name=a%20b"), "/users?name=a%20b");
    for other in ["//example.com", "https://example.com", "/\\example.com", "", "javascript:alert(1)", "/a b"]
    {
        assert_eq!(own(other), "/");
    }
}
