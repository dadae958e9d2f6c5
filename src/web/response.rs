//! What a response says about the session: its cookie, and that caches must keep out.

use poem::Response;
use poem::http::{HeaderName, HeaderValue, header};

use super::opened::CookieChange;
use crate::token::CookieSettings;

/// Completes the response of a request that looked at its session.
///
/// `Vary: Cookie` goes on all of them. `Cache-Control: no-store` goes where a cookie is set, whatever the
/// handler said, and where somebody is signed in, unless the handler said otherwise (ASVS 14.2.2).
pub(super) fn finish(
    mut response: Response,
    settings: &CookieSettings,
    change: Option<CookieChange>,
    signed_in: bool,
) -> Response {
    let headers = response.headers_mut();
    let varies = headers.get_all(header::VARY).iter().any(|value| names_cookie(value.as_bytes()));
    if !varies {
        headers.append(header::VARY, HeaderValue::from_static("Cookie"));
    }
    if signed_in && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Some(change) = change {
        let cookie = match change {
            CookieChange::Set(token) => settings.set_cookie(&token),
            CookieChange::Remove => settings.removal(),
        };
        // Checked settings and a base64 token always make a valid header.
        if let Ok(mut value) = HeaderValue::try_from(cookie) {
            value.set_sensitive(true);
            headers.append(header::SET_COOKIE, value);
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
    response
}

fn names_cookie(vary: &[u8]) -> bool {
    let name: &HeaderName = &header::COOKIE;
    vary.split(|byte| *byte == b',').any(|field| {
        let field = field.trim_ascii();
        field == b"*" || field.eq_ignore_ascii_case(name.as_str().as_bytes())
    })
}
