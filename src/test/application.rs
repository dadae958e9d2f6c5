//! An application under test.

use std::fmt;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::{Endpoint, EndpointExt, FromRequest, Request, Response, Result};

use super::Visitor;
use crate::session::UserId;
use crate::web::{Session, Sessions};

/// An application under test, and the sessions that stand around it.
#[derive(Clone)]
pub struct Application {
    endpoint: Arc<BoxEndpoint<'static, Response>>,
    sessions: Sessions,
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application").field("sessions", &self.sessions).finish_non_exhaustive()
    }
}

impl Application {
    /// The whole application, with its middleware, and the [`Sessions`] that are a part of it: a clone of the
    /// ones given to [`with`](EndpointExt::with).
    pub fn new(endpoint: impl Endpoint + 'static, sessions: &Sessions) -> Self {
        Self { endpoint: Arc::new(endpoint.map_to_response().boxed()), sessions: sessions.clone() }
    }

    /// A browser that has never been here.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(&self.endpoint)
    }

    /// A browser that this user has signed in with.
    ///
    /// The login takes the way of any other request, past the application's own page for it: the session has
    /// its events, the log the browser's address, the jar the cookie.
    pub async fn signed_in_as(&self, user: impl Into<UserId>) -> Visitor {
        let visitor = self.visitor();
        self.sign_in(&visitor, user).await;
        visitor
    }

    /// Signs a browser in, say one with an address of its own or with something in its cart.
    pub async fn sign_in(&self, visitor: &Visitor, user: impl Into<UserId>) {
        let door = Door(user.into()).with(self.sessions.clone()).map_to_response().boxed();
        let answer = visitor.of(&Arc::new(door)).post("/", "").await;
        assert!(answer.status.is_success(), "the login was answered with {answer:?}");
    }
}

/// An endpoint that signs in whoever comes.
struct Door(UserId);

impl Endpoint for Door {
    type Output = ();

    async fn call(&self, request: Request) -> Result<()> {
        Ok(Session::from_request_without_body(&request).await?.login(self.0.clone())?)
    }
}
