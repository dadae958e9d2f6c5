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
    /// `Max-Age` is given in seconds.
    #[error("The cookie setting `max_age` must be whole seconds.")]
    MaxAgeFraction,
    /// `Max-Age=0` removes a cookie.
    #[error(
        "The cookie setting `max_age` is zero, which removes the cookie at once; leave it unset instead."
    )]
    MaxAgeZero,
    /// Browsers cap the age at 400 days.
    #[error("The cookie setting `max_age` is {found} seconds, but may be {most} (400 days) at most.")]
    MaxAgeLength { found: u64, most: u64 },
}

plain_debug!(CookieSettingsError);
