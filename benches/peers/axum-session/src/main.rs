//! The application on axum_session with its PostgreSQL store, with axum.
//!
//! Behaviour that matters here: sessions live in the memory of the process for an hour after their last use.
//! After that, or after a restart, they are read from the database. A process does not see the changes of
//! another. The lifespan is 14 days, and every request extends it. The session is written as a whole after a
//! handler that has changed it, and otherwise every 10 seconds at most. Two parallel changes in one process
//! change the same session in memory: changes of different values are both kept, but a value that was read
//! before is overwritten.
#![forbid(unsafe_code)]

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum_session::{SessionConfig, SessionLayer, SessionStore};
use axum_session_sqlx::{SessionPgPool, SessionPgSession};
use peer_contract::{
    CONNECTIONS_MAX, COUNT, Environment, Failure, IDLE_DAYS, INSERT_PURCHASE, Login, PURCHASE_TABLE, Pace,
    SERIALIZABLE, USER, over, ready,
};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;

async fn login(session: SessionPgSession, Query(login): Query<Login>) -> String {
    session.renew();
    session.set(USER, &login.user);
    session.set(COUNT, 0);
    login.user
}

async fn read(session: SessionPgSession) -> Result<String, StatusCode> {
    let (user, count) = signed_in(&session)?;
    Ok(format!("{user} {count}"))
}

async fn change(session: SessionPgSession, Query(pace): Query<Pace>) -> Result<String, StatusCode> {
    let (_, count) = signed_in(&session)?;
    pace.work().await;
    session.set(COUNT, count + 1);
    Ok((count + 1).to_string())
}

async fn order(
    session: SessionPgSession,
    State(pool): State<PgPool>,
    Query(pace): Query<Pace>,
) -> Result<String, StatusCode> {
    let (user, count) = signed_in(&session)?;
    place(&pool, &user, pace).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    session.set(COUNT, count + 1);
    Ok((count + 1).to_string())
}

async fn place(pool: &PgPool, who: &str, pace: Pace) -> sqlx::Result<()> {
    let mut transaction = pool.begin_with(SERIALIZABLE).await?;
    sqlx::query(INSERT_PURCHASE).bind(who).execute(&mut *transaction).await?;
    pace.work().await;
    transaction.commit().await
}

async fn logout(session: SessionPgSession) {
    session.destroy();
}

fn signed_in(session: &SessionPgSession) -> Result<(String, i64), StatusCode> {
    let user = session.get(USER).ok_or(StatusCode::UNAUTHORIZED)?;
    Ok((user, session.get(COUNT).unwrap_or_default()))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let environment = Environment::read()?;
    // One pool for the store and the application, as the store's documentation shows it.
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS_MAX as u32);
    let pool = pool.connect_with(database(&environment)).await?;
    sqlx::query(PURCHASE_TABLE).execute(&pool).await?;
    let config = SessionConfig::default().with_lifetime(Duration::days(i64::from(IDLE_DAYS)));
    let store = SessionStore::<SessionPgPool>::new(Some(pool.clone().into()), config).await?;

    // Health stays outside, as the middleware starts and writes a session for every visitor without one.
    let app = Router::new()
        .route("/login", post(login))
        .route("/read", get(read))
        .route("/change", post(change))
        .route("/order", post(order))
        .route("/logout", post(logout))
        .layer(SessionLayer::new(store))
        .route("/health", get(async || ()))
        .with_state(pool);
    let listener = peer_contract::listen(&environment.listen)?;
    ready()?;
    tokio::select! {
        served = axum::serve(listener, app) => Ok(served?),
        ended = over() => Ok(ended?),
    }
}

fn database(environment: &Environment) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host(&environment.host())
        .port(environment.port())
        .username(environment.user())
        .password(&environment.password())
        .database(environment.database_name())
}
