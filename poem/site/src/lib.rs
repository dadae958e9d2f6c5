//! Sessions beside the rest of poem: an API with poem-openapi, nested routes, static files, CORS, compression
//! and caught panics. Each part is a file; [`site`] puts them together, in the order that matters.
//!
//! # The order of middleware, from the outside
//!
//! | middleware | why there |
//! |---|---|
//! | `Compression` | it sees the last form of each answer, errors included |
//! | `Cors` | it answers a preflight before anything is done, and marks the errors of sessions too |
//! | `CatchPanic` | a panic rolls back wherever it is caught; here it is caught from all that follows |
//! | `Sessions` | it must see the handler's own `Err`: what is made an `Ok` inside of it is committed |
//! | `Csrf` | it asks for the session |
//! | `CookieJarManager`, `AddData` and all that puts something into a request | a request that runs again needs it anew |
//! | the routes | |
//!
//! **`Cors` never goes inside.** It makes an answer of each error, so that `Sessions` would commit what a
//! handler has failed to do. Name its origins one by one, too: with a pattern, a function or no origin at all it
//! replaces the header `Vary`, and the `Cookie` that `Sessions` has put there is lost.
#![forbid(unsafe_code)]

pub mod api;
pub mod files;
pub mod panic;
pub mod shops;

use poem::http::Method;
use poem::middleware::{CatchPanic, Compression, Cors};
use poem::{Endpoint, EndpointExt, Route};
use session_ledger::Sessions;
use session_ledger::web::{Csrf, CsrfSettingsError};

/// The page of another origin that may use the API with its visitors' cookies.
pub const PARTNER: &str = "https://partner.example";

/// The whole site.
///
/// # Errors
///
/// The partner's origin is not written as browsers send it.
pub fn site(sessions: Sessions) -> Result<impl Endpoint, CsrfSettingsError> {
    let api = api::service();
    let routes = Route::new()
        .at("/api.json", api.spec_endpoint())
        .nest("/api", api)
        .nest("/shops", shops::routes())
        .nest("/public", files::public())
        .nest("/members", files::members())
        .at("/panic", panic::Panics);
    let cors = Cors::new()
        .allow_origin(PARTNER)
        .allow_methods([Method::GET, Method::POST])
        .allow_header("content-type")
        .allow_credentials(true);
    Ok(routes
        .with(Csrf::builder().trust(PARTNER).build()?)
        .with(sessions)
        .with(CatchPanic::new())
        .with(cors)
        .with(Compression::new()))
}
