//! The token that a request brings, and whether it is that of its session.

use poem::http::{HeaderName, header};
use poem::{FromRequest, Request, Result};

use crate::request::Session;
use crate::request::form::FormProof;
use crate::token::form_token::FIELD;

/// The header in which a script sends the token.
const HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

/// The largest form that is searched for the token.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// Checks the token that a request brings for its session, which is loaded for it.
pub(super) async fn proof_of(request: &mut Request) -> Result<FormProof> {
    // It waits until the body is there, and only then takes anything from others.
    let session = Session::from_request_without_body(request).await?;
    let token = match request.headers().get(&HEADER) {
        Some(token) => Some(token.as_bytes().to_vec()),
        None => in_form(request).await?,
    };
    Ok(session.prove_form(token.as_deref()))
}

/// The token in the form that the request brings. The handler finds the form as it came.
async fn in_form(request: &mut Request) -> Result<Option<Vec<u8>>> {
    if !is_small_form(request) {
        return Ok(None);
    }
    let form = request.take_body().into_bytes_limit(FORM_BYTES_MAX).await?;
    let token = field(&form).map(ToOwned::to_owned);
    request.set_body(form);
    Ok(token)
}

fn is_small_form(request: &Request) -> bool {
    let headers = request.headers();
    let kind = headers.get(header::CONTENT_TYPE).map(|kind| kind.as_bytes());
    let kind = kind.and_then(|kind| kind.split(|byte| *byte == b';').next()).unwrap_or_default();
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    kind.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
        && length.is_some_and(|length: usize| length <= FORM_BYTES_MAX)
}

/// The value of the token's field. Neither its name nor a token has a character that forms escape.
fn field(form: &[u8]) -> Option<&[u8]> {
    let mut pairs = form.split(|byte| *byte == b'&');
    pairs.find_map(|pair| pair.strip_prefix(FIELD.as_bytes())?.strip_prefix(b"="))
}

#[test]
fn the_token_is_found_in_its_field_only() {
    assert_eq!(field(b"quantity=1&csrf_token=abc&name=x"), Some(&b"abc"[..]));
    assert_eq!(field(b"csrf_token="), Some(&b""[..]));
    for form in [&b""[..], b"csrf_token", b"my_csrf_token=abc", b"csrf_token2=abc", b"name=csrf_token=abc"] {
        assert_eq!(field(form), None, "{form:?}");
    }
}
