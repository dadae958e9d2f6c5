//! The `Set-Cookie` header, which tells the browser to keep a token or to forget it.

mod error;

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::frame::TEXT;
use super::sealer::Token;
use crate::session::seconds;
pub use error::CookieSettingsError;

/// The attributes of the session's cookie.
///
/// The default is the strictest that works for a site with logins from links: `__Host-session`, `Secure`,
/// `SameSite=Lax`, gone when the browser closes (OWASP ASVS 3.3.1 to 3.3.4). Scripts can never read the
/// cookie; it is valid for the whole site and for no other domain.
///
/// ```
/// use std::time::Duration;
/// use session_ledger::token::{CookieSettings, SameSite};
///
/// let kept = CookieSettings::default().same_site(SameSite::Strict).max_age(Duration::from_secs(86_400));
/// assert!(kept.validate().is_ok());
///
/// let for_local_development = CookieSettings::default().name("session").insecure();
/// assert!(for_local_development.validate().is_ok());
/// ```
///
/// It reads from a configuration file through serde; an unknown setting is an error. `same_site` is `"lax"`
/// or `"strict"`, `max_age` a number of seconds or a text such as `"30d"`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CookieSettings {
    /// The cookie's name.
    pub name: String,
    /// Whether the browser sends the cookie with requests from other sites.
    pub same_site: SameSite,
    /// How long the browser keeps the cookie, in whole seconds, at most 400 days; `None` until it closes. The
    /// server's own deadlines hold either way.
    #[serde(deserialize_with = "max_age")]
    pub max_age: Option<Duration>,
    /// Whether the browser sends the cookie over HTTPS only.
    pub secure: bool,
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
}

impl Default for CookieSettings {
    fn default() -> Self {
        let name = "__Host-session".to_owned();
        Self { name, same_site: SameSite::default(), max_age: None, secure: true }
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

    /// The browser keeps the cookie for `max_age`, also when it closes.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// The browser sends the cookie over plain HTTP too. This is for local development, and needs a name
    /// without a prefix.
    pub fn insecure(mut self) -> Self {
        self.secure = false;
        self
    }

    /// The `Set-Cookie` value that hands `token` to the browser. It is as secret as the token.
    #[doc(hidden)]
    pub fn set_cookie(&self, token: &Token) -> String {
        let max_age = self.max_age.map(|age| format!("; Max-Age={}", age.as_secs()));
        self.header(token.expose(), &max_age.unwrap_or_default())
    }

    /// The `Set-Cookie` value that makes the browser forget the token. It repeats the attributes, since
    /// browsers treat a cookie with other attributes as another cookie, or refuse it because of its prefix.
    #[doc(hidden)]
    pub fn removal(&self) -> String {
        self.header("", "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    }

    /// Whether browsers will accept these settings.
    ///
    /// # Errors
    /// Names the setting that they would refuse, and why.
    pub fn validate(&self) -> Result<(), CookieSettingsError> {
        self.validate_name()?;
        self.validate_max_age()
    }

    fn header(&self, value: &str, expiry: &str) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        let same_site = match self.same_site {
            SameSite::Lax => "Lax",
            SameSite::Strict => "Strict",
        };
        format!("{}={value}; Path=/{secure}; HttpOnly; SameSite={same_site}{expiry}", self.name)
    }

    fn validate_name(&self) -> Result<(), CookieSettingsError> {
        let name = &self.name;
        if name.is_empty() || !name.bytes().all(is_token_byte) {
            return Err(CookieSettingsError::Name { name: name.clone() });
        }
        if name.len() + TEXT > PAIR_MAX {
            return Err(CookieSettingsError::NameLength { found: name.len(), most: PAIR_MAX - TEXT });
        }
        let Some(prefix) = prefix_of(name) else { return Ok(()) };
        if !name.starts_with(prefix) {
            return Err(CookieSettingsError::PrefixSpelling { name: name.clone(), prefix });
        }
        if !self.secure {
            return Err(CookieSettingsError::PrefixInsecure { name: name.clone(), prefix });
        }
        Ok(())
    }

    fn validate_max_age(&self) -> Result<(), CookieSettingsError> {
        match self.max_age {
            Some(age) if age.subsec_nanos() != 0 => Err(CookieSettingsError::MaxAgeFraction),
            Some(age) if age.is_zero() => Err(CookieSettingsError::MaxAgeZero),
            Some(age) if age > MAX_AGE_MAX => {
                Err(CookieSettingsError::MaxAgeLength { found: age.as_secs(), most: MAX_AGE_MAX.as_secs() })
            }
            _ => Ok(()),
        }
    }
}

fn max_age<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(seconds::optional(deserializer)?.map(|seconds| Duration::from_secs(seconds.into())))
}

/// The most bytes of a name and its value together that browsers accept.
const PAIR_MAX: usize = 4096;
/// The longest age that browsers accept.
const MAX_AGE_MAX: Duration = Duration::from_secs(400 * 24 * 60 * 60);
/// The name prefixes that browsers know; a longer one goes before its own beginning.
const PREFIXES: [&str; 4] = ["__Host-Http-", "__Host-", "__Http-", "__Secure-"];

/// The prefix that a browser sees in `name`. Browsers ignore the case.
fn prefix_of(name: &str) -> Option<&'static str> {
    let begins =
        |prefix: &&str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    PREFIXES.into_iter().find(begins)
}

/// `tchar` of RFC 9110, section 5.6.2.
const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}
