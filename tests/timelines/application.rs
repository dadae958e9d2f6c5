//! The application of these tests. An answer's body names the session, its user and the number that it
//! holds: `id user number`.

use std::time::Duration;

use poem::web::Path;
use poem::{EndpointExt, Result, Route, handler, post};
use session_ledger::Ledger;
use session_ledger::session::{Assurance, Key, Login, StepUp, Timeouts, UserId};
use session_ledger::web::{OtherSessions, RequestSettings, Session, Sessions, SignedIn};
use test_support::{App, app, key_ring};

const NUMBER: Key<u32> = Key::new("number");

/// What is granted.
const OPERATION: &str = "pay";

/// The application behind the middleware. It refuses at once what it would have the browser send again, as no
/// time passes here by itself.
pub(crate) fn application(ledger: &Ledger) -> App {
    let routes = Route::new()
        .at("/show", post(show))
        .at("/me", post(me))
        .at("/add", post(add))
        .at("/login/:user/:method", post(login))
        .at("/login-instead/:user/:method", post(login_instead))
        .at("/prove/:method", post(prove))
        .at("/recent/:seconds", post(recent))
        .at("/recent-by/:method/:seconds", post(recent_by))
        .at("/strong", post(strong))
        .at("/remember/:seconds", post(remember))
        .at("/forget", post(forget))
        .at("/renew", post(renew))
        .at("/limit/:idle/:absolute", post(limit))
        .at("/renewal-every/:seconds", post(renewal_every))
        .at("/grant/:seconds", post(grant))
        .at("/take-grant", post(take_grant))
        .at("/factor/:factor/:ends_others", post(change_factor))
        .at("/as/:user", post(act_as))
        .at("/as-self", post(act_as_self))
        .at("/logout", post(logout));
    // Known for as long as a timeline, unless this run does without.
    let bytes = RequestSettings::default().known_sessions_bytes;
    let sessions = Sessions::builder(ledger.clone(), key_ring())
        .known_sessions(bytes, Duration::from_secs(24 * 3_600))
        .refuse_superseded();
    app(routes.with(sessions.build().unwrap()))
}

fn told(session: &Session) -> Result<String> {
    let id = session.id().map_or("-".to_owned(), |id| id.to_string());
    let user = session.user().map_or("-".to_owned(), |user| user.to_string());
    Ok(format!("{id} {user} {}", session.get(&NUMBER)?.unwrap_or_default()))
}

/// How much a method proves.
fn level(method: &str) -> Assurance {
    if method == "otp" { Assurance::Aal2 } else { Assurance::Aal1 }
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
fn login(session: Session, Path((user, method)): Path<(String, String)>) -> Result<String> {
    session.login_with(user, &[&method], level(&method))?;
    told(&session)
}

#[handler]
async fn login_instead(session: Session, Path((user, method)): Path<(String, String)>) -> Result<String> {
    let user = UserId::from(user);
    let in_the_way = session.sessions_in_the_way(&user).await?;
    let chosen = in_the_way.first().map(|one| one.id);
    session.login(Login::of(user).by(&[&method]).assurance(level(&method)).instead_of(chosen))?;
    told(&session)
}

#[handler]
fn prove(session: SignedIn, Path(method): Path<String>) -> Result<String> {
    session.reauthenticate(&[&method], level(&method))?;
    told(&session)
}

#[handler]
fn recent(session: SignedIn, Path(seconds): Path<u32>) -> Result<String> {
    session.demand(&StepUp::within(seconds))?;
    told(&session)
}

#[handler]
fn recent_by(session: SignedIn, Path((method, seconds)): Path<(String, u32)>) -> Result<String> {
    let methods: &[&str] = if method == "otp" { &["otp"] } else { &["pwd"] };
    session.demand(&StepUp::within(seconds).by(methods))?;
    told(&session)
}

#[handler]
fn strong(session: SignedIn) -> Result<String> {
    session.demand(&StepUp::at_any_age().assurance(Assurance::Aal2))?;
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
fn renew(session: Session) -> Result<String> {
    session.renew()?;
    told(&session)
}

/// A number of seconds; 0 for none.
fn some(seconds: u32) -> Option<u32> {
    Some(seconds).filter(|seconds| *seconds > 0)
}

#[handler]
fn limit(session: Session, Path((idle, absolute)): Path<(u32, u32)>) -> Result<String> {
    session.set_timeouts(Timeouts::default().idle(some(idle)).absolute(some(absolute)))?;
    told(&session)
}

#[handler]
fn renewal_every(session: Session, Path(seconds): Path<u32>) -> Result<String> {
    session.set_renewal_timeout(some(seconds))?;
    told(&session)
}

#[handler]
fn grant(session: SignedIn, Path(seconds): Path<u32>) -> Result<String> {
    session.grant(OPERATION, seconds)?;
    told(&session)
}

#[handler]
fn take_grant(session: Session) -> Result<String> {
    session.take_grant(OPERATION)?;
    told(&session)
}

#[handler]
fn change_factor(session: SignedIn, Path((factor, ends)): Path<(String, bool)>) -> Result<String> {
    session.factor_changed(&factor, if ends { OtherSessions::End } else { OtherSessions::Keep })?;
    told(&session)
}

#[handler]
fn act_as(session: SignedIn, Path(user): Path<String>) -> Result<String> {
    session.impersonate(user, "A ticket.")?;
    told(&session)
}

#[handler]
fn act_as_self(session: SignedIn) -> Result<String> {
    session.end_impersonation()?;
    told(&session)
}

#[handler]
fn logout(session: Session) -> Result<String> {
    session.logout()?;
    told(&session)
}
