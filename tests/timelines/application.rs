//! The application of these tests. An answer's body names the session, its user and the number that it
//! holds: `id user number`.

use std::time::Duration;

use poem::web::Path;
use poem::{EndpointExt, Result, Route, handler, post};
use session_ledger::Ledger;
use session_ledger::session::{Assurance, Key, StepUp};
use session_ledger::web::{Session, Sessions, SignedIn};
use test_support::{App, app, key_ring};

const NUMBER: Key<u32> = Key::new("number");

/// The application behind the middleware. It refuses at once what it would have the browser send again, as no
/// time passes here by itself.
pub(crate) fn application(ledger: &Ledger) -> App {
    let routes = Route::new()
        .at("/show", post(show))
        .at("/me", post(me))
        .at("/add", post(add))
        .at("/login/:user", post(login))
        .at("/prove", post(prove))
        .at("/recent/:seconds", post(recent))
        .at("/remember/:seconds", post(remember))
        .at("/forget", post(forget))
        .at("/logout", post(logout));
    let sessions = Sessions::builder(ledger.clone(), key_ring()).refuse_superseded();
    app(routes.with(sessions.build().unwrap()))
}

fn told(session: &Session) -> Result<String> {
    let id = session.id().map_or("-".to_owned(), |id| id.to_string());
    let user = session.user().map_or("-".to_owned(), |user| user.to_string());
    Ok(format!("{id} {user} {}", session.get(&NUMBER)?.unwrap_or_default()))
}

#[handler]
fn show(session: Session) -> Result<String> {
    told(&session)
}

#[handler]
fn me(session: SignedIn) -> Result<String> {
    told(&session)
}

#[handler]
fn add(session: Session) -> Result<String> {
    session.update(&NUMBER, |number| *number += 1)?;
    told(&session)
}

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<String> {
    session.login(user)?;
    told(&session)
}

#[handler]
fn prove(session: SignedIn) -> Result<String> {
    session.reauthenticate(&["pwd"], Assurance::Aal1)?;
    told(&session)
}

#[handler]
fn recent(session: SignedIn, Path(seconds): Path<u32>) -> Result<String> {
    session.demand(&StepUp::within(seconds))?;
    told(&session)
}

#[handler]
fn remember(session: Session, Path(seconds): Path<u64>) -> Result<String> {
    session.remember(Duration::from_secs(seconds))?;
    told(&session)
}

#[handler]
fn forget(session: Session) -> Result<String> {
    session.forget()?;
    told(&session)
}

#[handler]
fn logout(session: Session) -> Result<String> {
    session.logout()?;
    told(&session)
}
