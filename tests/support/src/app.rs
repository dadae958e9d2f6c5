//! An application to visit, of any endpoint.

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::{Endpoint, EndpointExt, Response};

/// An application to visit.
pub type App = Arc<BoxEndpoint<'static, Response>>;

/// Makes an application of an endpoint.
pub fn app(endpoint: impl Endpoint + 'static) -> App {
    Arc::new(endpoint.map_to_response().boxed())
}
