//! The headers of an answer that speak of its session: the cookie, and that caches must keep out.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::shared::Shared;
use crate::token::Token;

/// An order to the browser about its token.
pub(crate) enum CookieChange {
    /// Keep this token for so many seconds, or until the browser closes.
    Set { token: Token, max_age: Option<u32> },
    /// Forget the token.
    Remove,
}

/// The work that is left on an answer once its request is settled.
pub(crate) struct Completion {
    /// The order to the browser about its token, if there is one.
    pub(super) cookie: Option<CookieChange>,
    /// The device cookie that the browser is given, if it is.
    pub(super) device: Option<Token>,
    /// Whether somebody is signed in.
    pub(super) is_signed_in: bool,
    /// Whether the handler has asked for the session, so that the answer depends on the cookie.
    pub(super) looked_at_session: bool,
    /// Whether a part of the request is committed already, so that it must not run again.
    pub(super) is_partly_committed: bool,
}

impl Completion {
    /// Nothing is left to do.
    pub(super) const NOTHING: Self = Self {
        cookie: None,
        device: None,
        is_signed_in: false,
        looked_at_session: false,
        is_partly_committed: false,
    };

    /// Whether the browser must be told something about its token, whatever the answer is.
    pub(crate) fn changes_cookie(&self) -> bool {
        self.cookie.is_some() || self.device.is_some()
    }

    /// Whether the browser is given a token.
    pub(crate) fn sets_cookie(&self) -> bool {
        matches!(self.cookie, Some(CookieChange::Set { .. }))
    }

    /// Whether the request may run again.
    pub(crate) fn may_run_again(&self) -> bool {
        !self.is_partly_committed
    }

    /// Completes the headers of the answer.
    ///
    /// `Vary: Cookie` goes on every answer to a request that looked at its session. `Cache-Control: no-store`
    /// goes where a cookie is set, whatever the handler said, and where somebody is signed in, unless the
    /// handler said otherwise (ASVS 14.2.2).
    pub(crate) fn apply(self, headers: &mut HeaderMap, shared: &Shared) {
        if !self.looked_at_session {
            return;
        }
        let varies = headers.get_all(header::VARY).iter().any(|value| names_cookie(value.as_bytes()));
        if !varies {
            headers.append(header::VARY, HeaderValue::from_static("Cookie"));
        }
        if self.is_signed_in && !headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if let Some(change) = self.cookie {
            let cookie = match change {
                CookieChange::Set { token, max_age } => shared.cookie.set_cookie(&token, max_age),
                CookieChange::Remove => shared.cookie.removal(),
            };
            add_cookie(headers, cookie);
        }
        if let (Some(token), Some(cookie)) = (self.device, &shared.devices) {
            add_cookie(headers, cookie.set_cookie(&token));
        }
    }
}

/// Checked settings and a base64 token always make a valid header.
fn add_cookie(headers: &mut HeaderMap, cookie: String) {
    if let Ok(mut value) = HeaderValue::try_from(cookie) {
        value.set_sensitive(true);
        headers.append(header::SET_COOKIE, value);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

fn names_cookie(vary: &[u8]) -> bool {
    let name: &HeaderName = &header::COOKIE;
    vary.split(|byte| *byte == b',').any(|field| {
        let field = field.trim_ascii();
        field == b"*" || field.eq_ignore_ascii_case(name.as_str().as_bytes())
    })
}
