//! The application of these tests. An answer's body names the session and its user: `id user`.

use std::time::Duration;

use poem::web::Path;
use poem::{EndpointExt, Result, Route, get, handler, post};
use session_ledger::session::{Assurance, Key};
use session_ledger::web::{Session, Sessions, SignedIn, Tx};
use test_support::{App, app};

/// The changes that a session has seen.
pub(crate) const CHANGES: Key<Vec<u32>> = Key::new("changes");

/// The application behind the middleware.
pub(crate) fn application(sessions: Sessions) -> App {
    let routes = Route::new()
        .at("/show", get(show))
        .at("/me", get(me))
        .at("/change/:change", post(change))
        .at("/parts/:change", post(parts))
        .at("/login-and-go-on/:user", post(login_and_go_on))
        .at("/login/:user", post(login))
        .at("/reauthenticate", post(reauthenticate))
        .at("/renew", post(renew))
        .at("/remember", post(remember))
        .at("/logout", post(logout));
    app(routes.with(sessions))
}

fn told(session: &Session) -> String {
    let id = session.id().map_or("-".to_owned(), |id| id.to_string());
    let user = session.user().map_or("-".to_owned(), |user| user.to_string());
    format!("{id} {user}")
}

#[handler]
fn show(session: Session) -> Result<String> {
    let changes = session.get(&CHANGES)?.unwrap_or_default();
    Ok(format!("{} {changes:?}", told(&session)))
}

#[handler]
fn me(session: SignedIn) -> String {
    told(&session)
}

#[handler]
fn change(session: Session, Path(change): Path<u32>) -> Result<String> {
    session.update(&CHANGES, |changes| changes.push(change))?;
    Ok(told(&session))
}

#[handler]
fn remember(session: Session) -> Result<String> {
    session.remember(Duration::from_secs(24 * 3600))?;
    Ok(told(&session))
}

/// A change that is committed by itself, and one more behind it.
#[handler]
async fn parts(session: Session, Path(first): Path<u32>) -> Result<String> {
    let work = async |session: Session, _: Tx| {
        session.update(&CHANGES, |changes| changes.push(first))?;
        Ok(())
    };
    session.transaction(work).await?;
    session.update(&CHANGES, |changes| changes.push(first + 1))?;
    Ok(told(&session))
}

/// A login that is committed by itself, another part behind it, and one more change.
#[handler]
async fn login_and_go_on(session: Session, Path(user): Path<String>) -> Result<String> {
    session.transaction(async |session: Session, _: Tx| Ok(session.login(user.as_str())?)).await?;
    let work = async |session: Session, _: Tx| Ok(session.update(&CHANGES, |changes| changes.push(1))?);
    session.transaction(work).await?;
    session.update(&CHANGES, |changes| changes.push(2))?;
    Ok(told(&session))
}

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<String> {
    session.login(user)?;
    Ok(told(&session))
}

#[handler]
fn reauthenticate(session: SignedIn) -> Result<String> {
    session.reauthenticate(&["pwd"], Assurance::Aal1)?;
    Ok(told(&session))
}

#[handler]
fn renew(session: Session) -> Result<String> {
    session.renew()?;
    Ok(told(&session))
}

#[handler]
fn logout(session: Session) -> Result<String> {
    session.logout()?;
    Ok(told(&session))
}
