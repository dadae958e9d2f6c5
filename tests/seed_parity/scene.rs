//! An application of a few pages on a database of its own.

use std::sync::{Arc, Mutex};

use poem::{Endpoint, EndpointExt, FromRequest, Request, Result, Route};
use session_ledger::Ledger;
use session_ledger::session::{EndReason, Policy, SessionId};
use session_ledger::web::{Incident, Session, Sessions, SessionsBuilder};
use test_support::{Database, Visitor, app, key_ring};

pub(crate) const NAME: &str = "__Host-session";

/// A page that does this with its session, whatever the method.
pub(crate) fn page<F>(work: F) -> Page<F>
where
    F: Fn(&Session) -> Result<String> + Send + Sync + 'static,
{
    Page(work)
}

pub(crate) struct Page<F>(F);

impl<F: Fn(&Session) -> Result<String> + Send + Sync + 'static> Endpoint for Page<F> {
    type Output = String;

    async fn call(&self, request: Request) -> Result<String> {
        (self.0)(&Session::from_request_without_body(&request).await?)
    }
}

/// Who is signed in, `-` for nobody.
pub(crate) fn who(session: &Session) -> Result<String> {
    Ok(session.user().map_or("-".to_owned(), |user| user.to_string()))
}

/// A database, the ledger on it, and the incidents that its applications have told of.
pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
    incidents: Arc<Mutex<Vec<&'static str>>>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(Policy::default()).await
    }

    pub(crate) async fn with(policy: Policy) -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(policy).await;
        Self { database, ledger, incidents: Arc::default() }
    }

    /// Settings of the middleware.
    pub(crate) fn builder(&self) -> SessionsBuilder {
        let told = Arc::clone(&self.incidents);
        let hook = move |incident: &Incident| told.lock().unwrap().push(incident.name());
        Sessions::builder(self.ledger.clone(), key_ring()).on_incident(hook)
    }

    /// A browser in front of these pages.
    pub(crate) fn visitor(&self, pages: Route) -> Visitor {
        Visitor::new(&app(pages.with(self.builder().build().unwrap())))
    }

    /// A browser in front of pages that sign in (`/login`), out (`/logout`) and say who is signed in
    /// (`/who`), beside these.
    pub(crate) fn member(&self, pages: Route) -> Visitor {
        self.visitor(members(pages))
    }

    /// What the incidents of this scene are called, each once told.
    pub(crate) fn incidents(&self) -> Vec<&'static str> {
        self.incidents.lock().unwrap().clone()
    }

    pub(crate) async fn events(&self) -> i64 {
        self.database.count("session_ledger.event").await
    }

    /// How many sessions are live.
    pub(crate) async fn live(&self) -> i64 {
        self.database.count("session_ledger.session").await
    }

    /// The only session of a user.
    pub(crate) async fn only(&self, user: &str) -> SessionId {
        let sessions = self.ledger.sessions(&user.into()).await.unwrap();
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        sessions[0].id
    }

    /// Why the only session of a user has ended, if it has.
    pub(crate) async fn ended(&self, user: &str) -> Option<EndReason> {
        let sessions = self.ledger.sessions(&user.into()).await.unwrap();
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        sessions[0].ended.clone().map(|(reason, _)| reason)
    }

    pub(crate) async fn kinds(&self, session: SessionId) -> Vec<String> {
        let history = self.ledger.history(session).await.unwrap();
        history.iter().map(|recorded| recorded.entry.encoded.kind().to_owned()).collect()
    }
}

pub(crate) fn members(pages: Route) -> Route {
    pages
        .at("/login", page(|session| Ok(session.login("alice").map(|()| String::new())?)))
        .at("/logout", page(|session| Ok(session.logout().map(|()| String::new())?)))
        .at("/who", page(who))
}
