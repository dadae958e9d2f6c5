//! Logging in and out.

use std::time::Duration;

use askama::Template;
use deadpool_postgres::Pool;
use poem::http::StatusCode;
use poem::web::{Data, Form, Html, Query};
use poem::{IntoResponse, Response, Result, handler};
use serde::Deserialize;
use session_ledger::session::{FailedLogin, Flash};
use session_ledger::web::Session;

use super::{render, to};
use crate::database;
use crate::frame::{Frame, NOTICES};
use crate::passwords::Passwords;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    frame: Frame,
    next: &'a str,
    name: &'a str,
    refused: bool,
}

/// The page to go to afterwards.
#[derive(Deserialize)]
struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
    /// Whether the box is ticked; a browser leaves it out otherwise.
    remember: Option<String>,
}

/// How long after a visit a browser is remembered.
const REMEMBERED: Duration = Duration::from_secs(14 * 24 * 3600);

#[handler]
pub(crate) fn form(session: Session, Query(Next { next }): Query<Next>) -> Result<Html<String>> {
    let frame = Frame::new(&session, "/login")?;
    render(&LoginPage { frame, next: destination(&next), name: "", refused: false })
}

/// Binds the user to the session, which keeps its cart and gets a new token. After a wrong password nothing
/// is kept: a visitor without a session still has none.
#[handler]
pub(crate) async fn log_in(
    session: Session,
    pool: Data<&Pool>,
    passwords: Data<&Passwords>,
    Form(Credentials { name, password, next, remember }): Form<Credentials>,
) -> Result<Response> {
    let name = name.trim();
    let next = destination(&next);
    let hash = database::password_hash(&pool, name).await?;
    // A name that nobody has may be a password in the wrong field, and the trail is no place for that.
    let failed = if hash.is_some() { FailedLogin::of(name) } else { FailedLogin::of_unknown() };
    if !passwords.check(hash, password).await {
        session.login_failed(failed);
        let frame = Frame::without_notices(&session, "/login")?;
        let page = render(&LoginPage { frame, next, name, refused: true })?;
        return Ok(page.with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response());
    }
    session.login(name)?;
    if remember.is_some() {
        session.remember(REMEMBERED)?;
    } else {
        session.forget()?;
    }
    session.flash(NOTICES, Flash::info(format!("Welcome, {name}.")))?;
    Ok(to(next))
}

#[handler]
pub(crate) fn log_out(session: Session) -> Result<Response> {
    session.logout()?;
    Ok(to("/"))
}

/// The page of the shop that a path means: a login never leads to another site (CWE-601).
pub(crate) fn destination(path: &str) -> &'static str {
    match path.trim_start_matches('/').split('/').next() {
        Some("cart") => "/cart",
        Some("orders") => "/orders",
        Some("devices" | "history") => "/devices",
        _ => "/",
    }
}

#[test]
fn a_login_leads_to_a_page_of_the_shop_only() {
    assert_eq!(destination("/devices"), "/devices");
    for elsewhere in
        ["//example.com/cart", "https://example.com", "/\\example.com", "", "javascript:alert(1)"]
    {
        assert_eq!(destination(elsewhere), "/");
    }
}
