//! The reasons why browsers would refuse a cookie.

use crate::plain_debug::plain_debug;

/// Why browsers would refuse a cookie.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are what the message names")]
pub enum CookieSettingsError {
    /// The name is not a token (RFC 6265, section 4.1.1).
    #[error(
        "The cookie setting `name` is {name:?}, but must be one or more letters, digits and \
         !#$%&'*+-.^_`|~ only."
    )]
    Name { name: String },
    /// Browsers ignore a cookie whose name and value have more than 4096 bytes (OWASP ASVS 3.3.5).
    #[error(
        "The cookie setting `name` has {found} bytes, but may have {most} at most; choose a shorter name."
    )]
    NameLength { found: usize, most: usize },
    /// Browsers know the prefix in any case, other servers don't.
    #[error(
        "The cookie setting `name` is {name:?}; spell its prefix {prefix} exactly, or choose another name."
    )]
    PrefixSpelling { name: String, prefix: &'static str },
    /// Browsers refuse the prefix without `Secure`.
    #[error(
        "The cookie setting `name` is {name:?}, and browsers accept its prefix {prefix} only on secure cookies; \
         set `secure`, or choose a name without the prefix for local development."
    )]
    PrefixInsecure { name: String, prefix: &'static str },
    /// Browsers refuse such a cookie from other sites unless it is `Secure`.
    #[error(
        "The cookie setting `{setting}` needs a secure cookie; set `secure`, or leave `{setting}` as it is by default."
    )]
    InsecureForOthers { setting: &'static str },
    /// Browsers ignore a cookie for a domain that is none.
    #[error(
        "The cookie setting `domain` is {domain:?}, but must be a domain name such as \"example.org\", without a dot \
         before it, a port or a scheme."
    )]
    Domain { domain: String },
    /// Browsers take a path that does not begin with `/` for another one.
    #[error(
        "The cookie setting `path` is {path:?}, but must begin with a slash, and be at most 1024 printable ASCII \
         characters without a semicolon and without a blank at the end."
    )]
    Path { path: String },
    /// Browsers keep no cookie for longer than 400 days, and none for a part of a second.
    #[error("The cookie setting `max_age` must be whole seconds, at least 1 and at most {most} (400 days).")]
    MaxAge { most: u32 },
    /// The prefix promises that the cookie belongs to one host, and to all of it.
    #[error(
        "The cookie setting `name` is {name:?}, and browsers accept its prefix __Host- only without `domain` and with \
         the path \"/\"; leave `{setting}` as it is by default, or choose a name with the prefix __Secure-."
    )]
    PrefixOfHost { name: String, setting: &'static str },
}

plain_debug!(CookieSettingsError);
