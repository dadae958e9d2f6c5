//! The door: forms are taken from the shop's own pages only. `SameSite=Lax` already keeps the cookie out of
//! most other requests. The door also refuses requests without a cookie, such as a forged login.

use std::sync::Arc;

use poem::http::{HeaderMap, Method, StatusCode, header};
use poem::{Endpoint, Error, IntoResponse, Request, Response, Result};

/// The most bytes of a form; no form of the shop comes near it.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// Lets a request through to the endpoint, or refuses it.
pub(crate) async fn guard<E: Endpoint>(endpoint: Arc<E>, request: Request) -> Result<Response> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        if !is_from_here(request.headers()) {
            return Err(Error::from_string(
                "This form was sent from another site, so nothing was done.",
                StatusCode::FORBIDDEN,
            ));
        }
        if form_length(request.headers()).is_none_or(|length| length > FORM_BYTES_MAX) {
            return Err(StatusCode::PAYLOAD_TOO_LARGE.into());
        }
    }
    endpoint.call(request).await.map(IntoResponse::into_response)
}

/// Browsers say where a request comes from, in `Sec-Fetch-Site` or else in `Origin`. A client that sends
/// neither is no browser, and carries nobody's cookie by accident.
fn is_from_here(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    origin.map(|(_, authority)| authority).is_some_and(|authority| Some(authority) == host)
}

fn form_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
