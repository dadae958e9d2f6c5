//! The application on poem's own `ServerSession`, kept in Redis.
//!
//! Behaviour that matters here: the cookie's `max_age` is also the session's time to live (without it neither
//! ends). A change extends it, reading does not. The session is loaded before each request, asked for or not.
//! It is written as a whole after a handler that has changed it, unless the handler fails. Of two parallel
//! changes the later one overwrites the other. A change that ends after a logout brings the session back.
#![forbid(unsafe_code)]

use std::time::Duration;

use peer_contract::{
    COUNT, Environment, Failure, IDLE_DAYS, Login, Orders, Pace, USER, over, ready, redis_url,
};
use poem::http::StatusCode;
use poem::listener::TcpAcceptor;
use poem::session::{CookieConfig, RedisStorage, ServerSession, Session};
use poem::web::{Data, Query};
use poem::{EndpointExt, Error, Result, Route, Server, get, handler, post};
use redis::aio::ConnectionManager;

#[handler]
fn health() {}

#[handler]
fn login(Query(login): Query<Login>, session: &Session) -> String {
    session.renew();
    session.set(USER, &login.user);
    session.set(COUNT, 0);
    login.user
}

#[handler]
fn read(session: &Session) -> Result<String> {
    let (user, count) = signed_in(session)?;
    Ok(format!("{user} {count}"))
}

#[handler]
async fn change(Query(pace): Query<Pace>, session: &Session) -> Result<String> {
    let (_, count) = signed_in(session)?;
    pace.work().await;
    session.set(COUNT, count + 1);
    Ok((count + 1).to_string())
}

#[handler]
async fn order(Query(pace): Query<Pace>, session: &Session, Data(orders): Data<&Orders>) -> Result<String> {
    let (user, count) = signed_in(session)?;
    orders.place(&user, pace).await.map_err(|_| Error::from_status(StatusCode::INTERNAL_SERVER_ERROR))?;
    session.set(COUNT, count + 1);
    Ok((count + 1).to_string())
}

#[handler]
fn logout(session: &Session) {
    session.purge();
}

fn signed_in(session: &Session) -> Result<(String, i64)> {
    let user = session.get(USER).ok_or_else(|| Error::from_status(StatusCode::UNAUTHORIZED))?;
    Ok((user, session.get(COUNT).unwrap_or_default()))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let Environment { listen, database } = Environment::read()?;
    let orders = Orders::open(database).await?;
    let storage = RedisStorage::new(ConnectionManager::new(redis::Client::open(redis_url()?)?).await?);
    let cookie = CookieConfig::default().max_age(Duration::from_secs(u64::from(IDLE_DAYS) * 24 * 3600));

    let sessions = Route::new()
        .at("/login", post(login))
        .at("/read", get(read))
        .at("/change", post(change))
        .at("/order", post(order))
        .at("/logout", post(logout))
        .with(ServerSession::new(cookie, storage))
        .data(orders);
    let app = Route::new().at("/health", get(health)).nest("/", sessions);
    let acceptor = TcpAcceptor::from_tokio(peer_contract::listen(&listen)?)?;
    ready()?;
    tokio::select! {
        served = Server::new_with_acceptor(acceptor).run(app) => Ok(served?),
        ended = over() => Ok(ended?),
    }
}
