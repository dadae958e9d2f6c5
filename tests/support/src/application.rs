//! An application that does one thing with its session for each path.

use poem::error::InternalServerError;
use poem::http::{StatusCode, header};
use poem::web::Path;
use poem::{EndpointExt, Error, Response, Result, Route, get, handler};
use session_ledger::session::{Key, Timeouts};
use session_ledger::web::{Session, Sessions, SignedIn, Tx};

use crate::{App, app};

/// A counter that `/add` adds one to.
pub const COUNT: Key<u32> = Key::new("count");

/// A text that `/keep/:text` sets.
pub const TEXT: Key<String> = Key::new("text");

/// The application behind the middleware.
pub fn application(sessions: Sessions) -> App {
    let route = Route::new()
        .at("/untouched", get(untouched))
        .at("/show", get(show))
        .at("/add", get(add).post(add))
        .at("/keep/:text", get(keep))
        .at("/large/:bytes", get(large))
        .at("/undo", get(undo))
        .at("/flash/:message", get(flash))
        .at("/flashes", get(flashes))
        .at("/login/:user", get(login).post(login))
        .at("/logout", get(logout).post(logout))
        .at("/renew", get(renew))
        .at("/discard", get(discard))
        .at("/short/:seconds", get(short))
        .at("/me", get(me))
        .at("/then/:status", get(then))
        .at("/then-err/:status", get(then_err))
        .at("/order/:item/then/:status", get(order))
        .at("/buy/:item", get(buy))
        .at("/swallow", get(swallow));
    app(route.with(sessions))
}

#[handler]
fn untouched() -> &'static str {
    "untouched"
}

/// The answer `user count`, with `-` for nobody.
#[handler]
fn show(session: Session) -> Result<String> {
    let user = session.user().map_or("-".to_owned(), |user| user.to_string());
    Ok(format!("{user} {}", session.get(&COUNT)?.unwrap_or_default()))
}

#[handler]
fn add(session: Session) -> Result<String> {
    let count = session.update(&COUNT, |count| {
        *count += 1;
        *count
    })?;
    Ok(count.to_string())
}

#[handler]
fn keep(session: Session, Path(text): Path<String>) -> Result<()> {
    Ok(session.set(&TEXT, &text)?)
}

#[handler]
fn large(session: Session, Path(bytes): Path<usize>) -> Result<()> {
    Ok(session.set(&TEXT, &"x".repeat(bytes))?)
}

#[handler]
fn undo(session: Session) -> Result<()> {
    session.set(&TEXT, &"for a moment".to_owned())?;
    Ok(session.remove(&TEXT)?)
}

#[handler]
fn flash(session: Session, Path(message): Path<String>) -> Result<()> {
    Ok(session.flash("", &message)?)
}

#[handler]
fn flashes(session: Session) -> Result<String> {
    let messages = session.take_flash("")?;
    Ok(messages.into_iter().map(|message| message.text).collect::<Vec<_>>().join(","))
}

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<()> {
    Ok(session.login(user)?)
}

#[handler]
fn logout(session: SignedIn) -> Result<()> {
    Ok(session.logout()?)
}

#[handler]
fn renew(session: Session) -> Result<()> {
    Ok(session.renew()?)
}

#[handler]
fn discard(session: Session) -> Result<()> {
    Ok(session.discard_session()?)
}

#[handler]
fn short(session: Session, Path(seconds): Path<u32>) -> Result<()> {
    Ok(session.set_timeouts(Timeouts::default().idle(seconds))?)
}

#[handler]
fn me(session: SignedIn) -> String {
    session.user().to_string()
}

/// Changes the session, then answers with a status.
#[handler]
fn then(session: Session, Path(status): Path<u16>) -> Result<Response> {
    session.update(&COUNT, |count| *count += 1)?;
    answer(status)
}

/// Changes the session, then fails with a status.
#[handler]
fn then_err(session: Session, Path(status): Path<u16>) -> Result<()> {
    session.update(&COUNT, |count| *count += 1)?;
    Err(Error::from_response(answer(status)?))
}

/// Orders an item in the application's own table and changes the session, then answers with a status.
#[handler]
async fn order(tx: Tx, session: Session, Path((item, status)): Path<(String, u16)>) -> Result<Response> {
    let insert = "insert into purchase (item) values ($1)";
    tx.execute(insert, &[&item]).await.map_err(InternalServerError)?;
    session.update(&COUNT, |count| *count += 1)?;
    answer(status)
}

/// Orders an item and leaves the session as it is.
#[handler]
async fn buy(tx: Tx, Path(item): Path<String>) -> Result<()> {
    let insert = "insert into purchase (item) values ($1)";
    tx.execute(insert, &[&item]).await.map_err(InternalServerError)?;
    Ok(())
}

/// Swallows an error of its own statement and claims success.
#[handler]
async fn swallow(tx: Tx, session: Session) -> Result<&'static str> {
    session.update(&COUNT, |count| *count += 1)?;
    tx.execute("insert into no_such_table values (1)", &[]).await.ok();
    Ok("all is well")
}

fn answer(status: u16) -> Result<Response> {
    let status = StatusCode::from_u16(status).map_err(InternalServerError)?;
    let mut response = Response::builder().status(status);
    if status.is_redirection() {
        response = response.header(header::LOCATION, "/show");
    }
    Ok(response.finish())
}
