//! The application on actix-session, kept in Redis, with actix-web.
//!
//! Behaviour that matters here: a change extends a session's time to live, reading does not (the default
//! policy). The session is loaded before each request. It is written as a whole after a handler that has
//! changed it, also after one that answers with an error. Of two parallel changes the later one overwrites
//! the other. A change that ends after a logout starts a new session with the old one's contents.
#![forbid(unsafe_code)]

use actix_session::config::PersistentSession;
use actix_session::storage::RedisSessionStore;
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::cookie::time::Duration;
use actix_web::error::{ErrorInternalServerError, ErrorUnauthorized};
use actix_web::web::{Data, Query, get, post, scope};
use actix_web::{App, HttpResponse, HttpServer, Result};
use peer_contract::{
    COUNT, Environment, Failure, IDLE_DAYS, Login, Orders, Pace, USER, over, ready, redis_url,
};

async fn health() -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn login(Query(login): Query<Login>, session: Session) -> Result<String> {
    session.renew();
    session.insert(USER, &login.user)?;
    session.insert(COUNT, 0)?;
    Ok(login.user)
}

async fn read(session: Session) -> Result<String> {
    let (user, count) = signed_in(&session)?;
    Ok(format!("{user} {count}"))
}

async fn change(Query(pace): Query<Pace>, session: Session) -> Result<String> {
    let (_, count) = signed_in(&session)?;
    pace.work().await;
    session.insert(COUNT, count + 1)?;
    Ok((count + 1).to_string())
}

async fn order(Query(pace): Query<Pace>, session: Session, orders: Data<Orders>) -> Result<String> {
    let (user, count) = signed_in(&session)?;
    orders.place(&user, pace).await.map_err(ErrorInternalServerError)?;
    session.insert(COUNT, count + 1)?;
    Ok((count + 1).to_string())
}

async fn logout(session: Session) -> HttpResponse {
    session.purge();
    HttpResponse::Ok().finish()
}

fn signed_in(session: &Session) -> Result<(String, i64)> {
    let user = session.get(USER)?.ok_or_else(|| ErrorUnauthorized("please sign in"))?;
    Ok((user, session.get(COUNT)?.unwrap_or_default()))
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let Environment { listen, database } = Environment::read()?;
    let orders = Data::new(Orders::open(database).await?);
    let store = RedisSessionStore::new(redis_url()?).await?;
    // A key in the source, as this is a benchmark; no application should have one.
    let key = Key::from(&[7; 64]);
    let lifecycle = PersistentSession::default().session_ttl(Duration::days(i64::from(IDLE_DAYS)));

    let server = HttpServer::new(move || {
        let sessions = SessionMiddleware::builder(store.clone(), key.clone());
        let sessions = sessions.session_lifecycle(lifecycle.clone()).build();
        let signed_in = scope("")
            .wrap(sessions)
            .route("/login", post().to(login))
            .route("/read", get().to(read))
            .route("/change", post().to(change))
            .route("/order", post().to(order))
            .route("/logout", post().to(logout));
        App::new().app_data(orders.clone()).route("/health", get().to(health)).service(signed_in)
    });
    // One worker for each processor, and SIGTERM handled here: the defaults give the first, not the second.
    let server = server.tcp_nodelay(true).disable_signals().bind(listen)?.run();
    ready()?;
    tokio::select! {
        served = server => Ok(served?),
        ended = over() => Ok(ended?),
    }
}
