//! How handlers come by their sessions and transactions.

use std::sync::Arc;

use poem::{FromRequest, Request, RequestBody, Result};

use super::kept_request::Reception;
use super::stale_reads::tell_bound;
use crate::request::visit::Visit;
use crate::request::{Recent, Session, SessionError, SignedIn, Tx};

impl<'a> FromRequest<'a> for Session {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        let visit = visit_of(request).await?;
        visit.open().await.map_err(|error| visit.note_fault(error))?;
        Ok(Self { visit })
    }
}

impl<'a> FromRequest<'a> for SignedIn {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        Ok(Self::of(Session::from_request(request, body).await?)?)
    }
}

impl<'a, const SECONDS: u32> FromRequest<'a> for Recent<SECONDS> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        Ok(Self::of(SignedIn::from_request(request, body).await?)?)
    }
}

impl<'a> FromRequest<'a> for Tx {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        let visit = visit_of(request).await?;
        Ok(Self::of(Arc::clone(&visit)).await.map_err(|error| visit.note_fault(error))?)
    }
}

/// The visit of a request that is behind the middleware, once the request's body is there.
async fn visit_of(request: &Request) -> Result<Arc<Visit>> {
    let reception = reception_of(request)?;
    let visit = reception.visit_of(request)?;
    tell_bound(request, visit);
    if !reception.await_body().await? {
        visit.note_that_it_runs_once();
    }
    Ok(Arc::clone(visit))
}

/// The place where a request meets its session, if it is behind the middleware.
pub(super) fn reception_of(request: &Request) -> Result<&Arc<Reception>, SessionError> {
    request.data::<Arc<Reception>>().ok_or_else(|| {
        let cause = SessionError::NoMiddleware;
        tracing::error!(%cause, "a request could not be served");
        cause
    })
}
