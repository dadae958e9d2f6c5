//! The `Set-Cookie` header, which tells the browser to keep a token or to forget it.

mod error;
mod validation;

use serde::Deserialize;

use super::sealer::Token;
pub use error::CookieSettingsError;

/// The attributes of the session's cookie.
///
/// The default is the strictest that works for a site with logins from links: `__Host-session`, `Secure`,
/// `SameSite=Lax`, gone when the browser closes (OWASP ASVS 3.3.1 to 3.3.4). Scripts can never read the
/// cookie; it is valid for the whole host and for no other one. An application that is shared between hosts
/// or embedded in other sites needs more, and gives something up for it:
///
/// - [`same_site`](Self::same_site) `None` is for an application in a frame of another site. It gives up the
///   browser's protection against forged requests (CSRF): any site can send requests with the cookie.
/// - [`partitioned`](Self::partitioned) is for the same, where browsers block such cookies. It gives up the
///   one login for all: the application has a session for each site that embeds it.
/// - [`domain`](Self::domain) is for several hosts below one name. It gives up the prefix `__Host-`: each
///   host below the name gets the cookie, and can set one beside it, with which the right one is not
///   believed.
/// - [`path`](Self::path) is for several applications on one host. It gives up the prefix `__Host-`, too, and
///   keeps nothing secret: pages of one host can read each other.
///
/// A browser takes a cookie with another domain or path for another cookie, and a request with two of the
/// name is a visitor's. So a site that changes one of them changes the name, too.
///
/// ```
/// use session_ledger::token::{CookieSettings, SameSite};
///
/// let strict = CookieSettings::default().same_site(SameSite::Strict);
/// assert!(strict.validate().is_ok());
///
/// let for_local_development = CookieSettings::default().name("session").insecure();
/// assert!(for_local_development.validate().is_ok());
/// ```
///
/// How long a browser keeps the cookie is a matter of each session: until it closes, or as long as
/// [`Session::remember`](crate::web::Session::remember) says.
///
/// It reads from a configuration file through serde; an unknown setting is an error. `same_site` is `"lax"`,
/// `"strict"` or `"none"`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
#[doc(alias("CookieConfig", "with_name", "with_secure"))]
#[doc(alias("cookie_name", "cookie_secure", "SESSION_COOKIE_NAME"))]
pub struct CookieSettings {
    /// The cookie's name.
    pub name: String,
    /// Whether the browser sends the cookie with requests from other sites.
    pub same_site: SameSite,
    /// Whether the browser sends the cookie over HTTPS only.
    pub secure: bool,
    /// The domain whose hosts get the cookie; `None` for the host alone that sets it.
    pub domain: Option<String>,
    /// The path below which the browser sends the cookie.
    pub path: String,
    /// Whether the browser keeps a cookie for each site that embeds the application.
    pub partitioned: bool,
}

/// Which requests from other sites carry the cookie. The header always states it, because browsers differ in
/// their defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SameSite {
    /// Only requests that follow a link.
    #[default]
    Lax,
    /// No request.
    Strict,
    /// All requests, those of frames and scripts of other sites included. It needs a secure cookie, and an
    /// application that tells forged requests by itself.
    None,
}

impl Default for CookieSettings {
    fn default() -> Self {
        let name = "__Host-session".to_owned();
        let (same_site, path) = (SameSite::default(), "/".to_owned());
        Self { name, same_site, secure: true, domain: None, path, partitioned: false }
    }
}

impl CookieSettings {
    /// Another name. With the prefix `__Host-`, no other domain and no plain HTTP response can set the
    /// cookie.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Another rule for requests from other sites.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// The browser sends the cookie over plain HTTP too. This is for local development, and needs a name
    /// without a prefix.
    pub fn insecure(mut self) -> Self {
        self.secure = false;
        self
    }

    /// All hosts of this domain get the cookie: `example.org` itself, and all below it. Browsers refuse a
    /// domain that the host is not below, and one under which anybody can register, such as `co.uk`. The name
    /// must not have the prefix `__Host-`; `__Secure-` is the next best (ASVS 3.3.1).
    ///
    /// ```
    /// use session_ledger::token::CookieSettings;
    ///
    /// let shared = CookieSettings::default().name("__Secure-session").domain("example.org");
    /// assert!(shared.validate().is_ok());
    /// ```
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// The browser sends the cookie with requests to this path and below it only. The name must not have the
    /// prefix `__Host-`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The browser keeps a cookie for each site that embeds the application in a frame (CHIPS), also if it
    /// keeps no other cookies of embedded sites. Its use is with [`SameSite::None`].
    ///
    /// ```
    /// use session_ledger::token::{CookieSettings, SameSite};
    ///
    /// let embedded = CookieSettings::default().same_site(SameSite::None).partitioned();
    /// assert!(embedded.validate().is_ok());
    /// ```
    pub fn partitioned(mut self) -> Self {
        self.partitioned = true;
        self
    }

    /// The `Set-Cookie` value that hands `token` to the browser, to be kept for `max_age` seconds, or until
    /// the browser closes. It is as secret as the token.
    #[doc(hidden)]
    pub fn set_cookie(&self, token: &Token, max_age: Option<u32>) -> String {
        let max_age = max_age.map(|seconds| format!("; Max-Age={seconds}"));
        self.header(token.expose(), &max_age.unwrap_or_default())
    }

    /// The `Set-Cookie` value that makes the browser forget the token. It repeats the attributes, since
    /// browsers treat a cookie with other attributes as another cookie, or refuse it because of its prefix.
    #[doc(hidden)]
    pub fn removal(&self) -> String {
        self.header("", "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    }

    fn header(&self, value: &str, expiry: &str) -> String {
        let Self { name, path, .. } = self;
        let domain = self.domain.as_ref().map_or_else(String::new, |domain| format!("; Domain={domain}"));
        let secure = if self.secure { "; Secure" } else { "" };
        let same_site = match self.same_site {
            SameSite::Lax => "Lax",
            SameSite::Strict => "Strict",
            SameSite::None => "None",
        };
        let partitioned = if self.partitioned { "; Partitioned" } else { "" };
        format!(
            "{name}={value}{domain}; Path={path}{secure}; HttpOnly; SameSite={same_site}{partitioned}{expiry}"
        )
    }
}
