//! The device cookie: it stands beside the session's, and is kept for long.

use std::time::Duration;

use super::Token;
use super::set_cookie::{CookieSettings, CookieSettingsError};
use crate::session::seconds::BROWSER_KEEPS_MAX;

/// The attributes of the device cookie.
pub(crate) struct DeviceCookie {
    cookie: CookieSettings,
    /// For how many seconds the browser keeps it.
    max_age: u32,
}

impl DeviceCookie {
    /// The one that stands beside `cookie`, with a name of its own.
    ///
    /// # Errors
    ///
    /// Browsers would refuse it, or keep it for another time.
    pub(crate) fn beside(cookie: &CookieSettings, max_age: Duration) -> Result<Self, CookieSettingsError> {
        let cookie = CookieSettings { name: format!("{}-device", cookie.name), ..cookie.clone() };
        cookie.validate()?;
        match u32::try_from(max_age.as_secs()) {
            Ok(seconds @ 1..=BROWSER_KEEPS_MAX) if max_age.subsec_nanos() == 0 => {
                Ok(Self { cookie, max_age: seconds })
            }
            _ => Err(CookieSettingsError::MaxAge { most: BROWSER_KEEPS_MAX }),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.cookie.name
    }

    /// The `Set-Cookie` value that hands `token` to the browser.
    pub(crate) fn set_cookie(&self, token: &Token) -> String {
        self.cookie.set_cookie(token, Some(self.max_age))
    }
}
