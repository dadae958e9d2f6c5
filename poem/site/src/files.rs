//! Static files: those of everybody ask for no session and cost none, those of members ask once.

use poem::endpoint::StaticFilesEndpoint;
use poem::{Endpoint, EndpointExt, FromRequest, Request, Result};
use session_ledger::SignedIn;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/static");

/// Files for everybody.
pub fn public() -> impl Endpoint {
    StaticFilesEndpoint::new(format!("{FOLDER}/public"))
}

/// Files for whoever is signed in; 401 for others, whether there is such a file or not.
pub fn members() -> impl Endpoint {
    StaticFilesEndpoint::new(format!("{FOLDER}/members")).before(signed_in)
}

async fn signed_in(request: Request) -> Result<Request> {
    SignedIn::from_request_without_body(&request).await?;
    Ok(request)
}
