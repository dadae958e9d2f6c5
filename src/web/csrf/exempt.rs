//! The endpoints that other sites may call. They are served from here, so that nothing else is exempt.

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::error::RouteError;
use poem::{Endpoint, Request, Response, Result, Route};

/// An exempt endpoint.
pub(super) type Exempted = Arc<BoxEndpoint<'static, Response>>;

/// The router of the exempt endpoints.
pub(super) struct Exempt(Route);

/// Asks the router whether it would serve a request. Only this file can put it among a request's data.
#[derive(Clone)]
struct Question;

/// An exempt endpoint that also answers [`Question`]s.
struct Answering(Exempted);

impl Exempt {
    /// The router without an endpoint.
    pub(super) fn new() -> Self {
        Self(Route::new())
    }

    /// Adds an endpoint.
    pub(super) fn at(self, path: &str, endpoint: Exempted) -> Result<Self, RouteError> {
        self.0.try_at(path, Answering(endpoint)).map(Self)
    }

    /// Whether a request is served from here. No endpoint runs for it.
    pub(super) async fn serves(&self, request: &Request) -> bool {
        let mut question = Request::builder().uri(request.uri().clone()).finish();
        question.set_data(Question);
        self.0.call(question).await.is_ok()
    }

    pub(super) async fn call(&self, request: Request) -> Result<Response> {
        self.0.call(request).await
    }
}

impl Endpoint for Answering {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Self::Output> {
        if request.data::<Question>().is_some() {
            return Ok(Response::default());
        }
        self.0.call(request).await
    }
}
