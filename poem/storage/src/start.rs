//! The start of a session: a request of its own to the library's middleware, which nobody has sent and whose
//! cookie nobody gets.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Body, Endpoint, EndpointExt, FromRequest, Request, RequestParts, Response};
use rand::rngs::SysRng;
use serde_json::Value;
use session_ledger::ledger::tokio_postgres;
use session_ledger::session::{EndReason, SessionId, Timeouts, UserId};
use session_ledger::token::{KeyRing, KeyState};
use session_ledger::web::SessionError;
use session_ledger::{Session, Sessions, Tx};
use uuid::Uuid;

use crate::{ENTRY, SetupError};

/// A key for tokens that are dropped where they are made.
pub(crate) fn passing_key() -> Result<KeyRing, SetupError> {
    Ok(KeyRing::parse(&KeyRing::generate_entry(KeyState::Primary, &mut SysRng)?)?)
}

/// A session to be started.
#[derive(Clone)]
pub(crate) struct Start {
    /// The hash of the cookie's id.
    pub(crate) hash: [u8; 32],
    pub(crate) entries: BTreeMap<String, Value>,
    pub(crate) user: Option<UserId>,
    /// Seconds of its own idle limit.
    pub(crate) idle: Option<u32>,
}

/// Starts sessions.
#[derive(Clone)]
pub(crate) struct Starter(Arc<BoxEndpoint<'static, Response>>);

impl Starter {
    pub(crate) fn new(sessions: Sessions) -> Self {
        Self(Arc::new(Door.with(sessions).boxed()))
    }

    /// Starts a session, in place of the one that the cookie leads to, if any: both or nothing.
    pub(crate) async fn start(&self, start: Start) -> poem::Result<()> {
        let (mut parts, ()) = poem::http::Request::new(()).into_parts();
        parts.extensions.insert(start);
        let parts = RequestParts::from((parts, LocalAddr::default(), RemoteAddr::default(), Scheme::HTTPS));
        self.0.call(Request::from_parts(parts, Body::empty())).await.map(drop)
    }
}

impl fmt::Debug for Starter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Starter")
    }
}

/// The endpoint behind the middleware.
struct Door;

impl Endpoint for Door {
    type Output = ();

    async fn call(&self, request: Request) -> poem::Result<()> {
        let Some(start) = request.data::<Start>() else { return Ok(()) };
        let tx = Tx::from_request_without_body(&request).await?;
        let session = Session::from_request_without_body(&request).await?;
        end_former(&tx, start).await?;
        if let Some(user) = &start.user {
            session.login(user.clone())?;
        }
        for (name, entry) in &start.entries {
            let value = ENTRY.encode(entry).map_err(SessionError::from)?;
            session.set_value(name, value)?;
        }
        if let Some(seconds) = start.idle {
            session.set_timeouts(Timeouts::default().idle(seconds))?;
        }
        match session.id() {
            Some(id) => lead_to(&tx, start, id).await,
            None => Ok(()),
        }
    }
}

/// Ends the session that the cookie has led to: its user is another now.
async fn end_former(tx: &Tx, start: &Start) -> poem::Result<()> {
    let select = include_str!("session_of.sql");
    let row = tx.query_opt(select, &[&start.hash.as_slice()]).await.map_err(refused)?;
    if let Some(row) = row {
        let reason = if start.user.is_some() { EndReason::UserSwitched } else { EndReason::LoggedOut };
        // One that has ended meanwhile is not begun again by a request that comes late.
        if !tx.end(SessionId::from(row.get::<_, Uuid>(0)), reason).await? {
            return Err(SessionError::Ended { reason: None }.into());
        }
    }
    Ok(())
}

async fn lead_to(tx: &Tx, start: &Start, session: SessionId) -> poem::Result<()> {
    let insert = include_str!("lead_to.sql");
    tx.execute(insert, &[&start.hash.as_slice(), &session.as_uuid()]).await.map_err(refused)?;
    Ok(())
}

/// An error of the application's own statement, by which the middleware tells a lost race.
fn refused(error: tokio_postgres::Error) -> poem::Error {
    session_ledger::Error::from(error).into()
}
