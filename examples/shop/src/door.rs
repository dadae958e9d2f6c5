//! The door: forms are small here, and a larger one is not read at all.

use std::sync::Arc;

use poem::http::{HeaderMap, Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response, Result};

/// The most bytes of a form; no form of the shop comes near it.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// Lets a request through to the endpoint, or refuses it.
pub(crate) async fn guard<E: Endpoint>(endpoint: Arc<E>, request: Request) -> Result<Response> {
    let has_form = !matches!(*request.method(), Method::GET | Method::HEAD);
    if has_form && form_length(request.headers()).is_none_or(|length| length > FORM_BYTES_MAX) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE.into());
    }
    endpoint.call(request).await.map(IntoResponse::into_response)
}

fn form_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
