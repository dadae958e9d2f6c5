//! Signing in to the console, and out of it.

use std::net::IpAddr;
use std::time::Instant;

use askama::Template;
use poem::http::{HeaderValue, StatusCode, header};
use poem::web::{Form, Query, RemoteAddr};
use poem::{IntoResponse, Response, Result, handler};
use serde::Deserialize;
use session_ledger::session::{Assurance, FailedLogin, LoginFailure};
use session_ledger::web::{IpNet, Session};

use super::{AtDesk, page, to};
use crate::serve::access::user_id;
use crate::serve::frame::{Frame, farewell};
use crate::serve::refusal::Refusal;
use crate::serve::url;
use crate::serve::users::NOBODYS;

/// The most characters of a name and of a password that are looked at.
const NAME_CHARS_MAX: usize = 100;
const PASSWORD_CHARS_MAX: usize = 1_000;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    frame: Frame,
    next: &'a str,
    name: &'a str,
    asks_password: bool,
    ended: Option<&'static str>,
    refused: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

#[handler]
pub(crate) fn ask(session: Session, desk: AtDesk<'_>, Query(Next { next }): Query<Next>) -> Result<Response> {
    page(&LoginPage {
        frame: Frame::of_stranger(),
        next: url::own(&next),
        name: "",
        asks_password: desk.access.asks_password(),
        ended: session.why_ended().as_ref().and_then(farewell),
        refused: None,
    })
}

#[handler]
pub(crate) async fn log_in(
    session: Session,
    desk: AtDesk<'_>,
    remote: &RemoteAddr,
    Form(Credentials { name, password, next }): Form<Credentials>,
) -> Result<Response> {
    let next = url::own(&next);
    if !desk.access.asks_password() {
        session.login_with(user_id(NOBODYS), &["none"], Assurance::Aal1)?;
        return Ok(to(next));
    }
    let name: String = name.trim().chars().take(NAME_CHARS_MAX).collect();
    let address = address(remote, &desk.trusted_proxies);
    if let Err(wait) = desk.tries.begin(&name, address, Instant::now()) {
        let seconds = wait.as_secs() + 1;
        session.login_failed(FailedLogin::of_unknown().because(LoginFailure::Locked));
        let told = format!("Too many logins have failed. Please try again in {seconds} seconds.");
        let mut answer = refused(next, &name, told, StatusCode::TOO_MANY_REQUESTS)?;
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return Ok(answer);
    }
    let user = desk.access.user(&name).map_err(Refusal::from)?;
    // A name that nobody has may be a password in the wrong field, and the trail is no place for that.
    let failed = if user.is_some() { FailedLogin::of(user_id(&name)) } else { FailedLogin::of_unknown() };
    let is_short = password.chars().nth(PASSWORD_CHARS_MAX).is_none();
    let password = if is_short { password } else { String::new() };
    if !desk.passwords.check(user.map(|user| user.hash), password).await {
        session.login_failed(failed);
        let told = "There is no user with this name and password.".to_owned();
        return refused(next, &name, told, StatusCode::UNPROCESSABLE_ENTITY);
    }
    desk.tries.succeeded(&name, address);
    session.login(user_id(&name))?;
    tracing::info!(user = %name, ?address, "signed in to the console");
    Ok(to(next))
}

#[handler]
pub(crate) fn log_out(session: Session) -> Result<Response> {
    session.logout()?;
    Ok(to("/login"))
}

fn refused(next: &str, name: &str, told: String, status: StatusCode) -> Result<Response> {
    let frame = Frame::of_stranger();
    let form = page(&LoginPage { frame, next, name, asks_password: true, ended: None, refused: Some(told) })?;
    Ok(form.with_status(status).into_response())
}

/// The address whose tries are counted. That of a proxy stands for anybody.
fn address(remote: &RemoteAddr, proxies: &[IpNet]) -> Option<IpAddr> {
    let ip = remote.as_socket_addr()?.ip().to_canonical();
    (!proxies.iter().any(|network| network.contains(&ip))).then_some(ip)
}
