//! The `Set-Cookie` header: how the browser is to keep a token, and how it is to forget it.

use std::time::Duration;

use super::frame::TEXT;
use super::sealer::Token;

/// How the browser keeps the token: a cookie that scripts can't read, for the whole site, never for another
/// domain. The default is the strictest that works for a site with logins from links: `__Host-session`,
/// `Secure`, `SameSite=Lax`, gone when the browser closes (OWASP ASVS 3.3.1 to 3.3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieSettings {
    /// The cookie's name. With the prefix `__Host-` no other domain and no plain HTTP response can set it.
    pub name: String,
    /// Whether requests from other sites carry it.
    pub same_site: SameSite,
    /// How long the browser keeps it, in whole seconds, at most 400 days; `None` until the browser closes.
    /// The server's own deadlines hold either way.
    pub max_age: Option<Duration>,
    /// Whether it is sent over HTTPS only. `false` is for local development, and needs a name without a
    /// prefix.
    pub secure: bool,
}

/// Which requests from other sites carry the cookie. It is always stated, as browsers take different
/// defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Only following a link.
    #[default]
    Lax,
    /// None.
    Strict,
}

impl Default for CookieSettings {
    fn default() -> Self {
        let name = "__Host-session".to_owned();
        Self { name, same_site: SameSite::default(), max_age: None, secure: true }
    }
}

impl CookieSettings {
    /// The `Set-Cookie` value that hands `token` to the browser. It is as secret as the token.
    pub fn set_cookie(&self, token: &Token) -> String {
        let max_age = self.max_age.map(|age| format!("; Max-Age={}", age.as_secs()));
        self.header(token.expose(), &max_age.unwrap_or_default())
    }

    /// The `Set-Cookie` value that makes the browser forget the token. It repeats the attributes, since
    /// browsers take a cookie with others for another cookie, or refuse it for its prefix.
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

/// Why browsers would refuse a cookie.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
