//! The application on tower-sessions with its PostgreSQL store, with axum.
//!
//! Behaviour that matters here: a session ends 14 days after its last change; reading does not count. It is
//! loaded when a handler first asks for a value. It is written as a whole after a handler that has changed
//! it, by an upsert in a transaction of its own; an answer of 500 and more skips that. Of two parallel
//! changes the later one overwrites the other. A change that ends after a logout brings the session back.
#![forbid(unsafe_code)]

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use peer_contract::{
    CONNECTIONS_MAX, COUNT, Environment, Failure, IDLE_DAYS, INSERT_PURCHASE, Login, PURCHASE_TABLE, Pace,
    SERIALIZABLE, USER, over, ready,
};
use tower_sessions::cookie::time::Duration;
use tower_sessions::session_store::ExpiredDeletion;
use tower_sessions::{Expiry, Session, SessionManagerLayer, session};
use tower_sessions_sqlx_store::PostgresStore;
use tower_sessions_sqlx_store::sqlx::{
    self, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// How often ended sessions are swept, in seconds: the interval of the store's own example.
const SWEEP: u64 = 60;

enum Problem {
    NotSignedIn,
    Store(session::Error),
    Database(sqlx::Error),
}

async fn login(session: Session, Query(login): Query<Login>) -> Result<String, Problem> {
    session.cycle_id().await?;
    session.insert(USER, &login.user).await?;
    session.insert(COUNT, 0).await?;
    Ok(login.user)
}

async fn read(session: Session) -> Result<String, Problem> {
    let (user, count) = signed_in(&session).await?;
    Ok(format!("{user} {count}"))
}

async fn change(session: Session, Query(pace): Query<Pace>) -> Result<String, Problem> {
    let (_, count) = signed_in(&session).await?;
    pace.work().await;
    session.insert(COUNT, count + 1).await?;
    Ok((count + 1).to_string())
}

async fn order(
    session: Session,
    State(pool): State<PgPool>,
    Query(pace): Query<Pace>,
) -> Result<String, Problem> {
    let (user, count) = signed_in(&session).await?;
    let mut transaction = pool.begin_with(SERIALIZABLE).await?;
    sqlx::query(INSERT_PURCHASE).bind(user).execute(&mut *transaction).await?;
    pace.work().await;
    transaction.commit().await?;
    session.insert(COUNT, count + 1).await?;
    Ok((count + 1).to_string())
}

async fn logout(session: Session) -> Result<(), Problem> {
    Ok(session.flush().await?)
}

async fn signed_in(session: &Session) -> Result<(String, i64), Problem> {
    let user = session.get(USER).await?.ok_or(Problem::NotSignedIn)?;
    Ok((user, session.get(COUNT).await?.unwrap_or_default()))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let environment = Environment::read()?;
    // One pool for the store and the application, as the store's documentation shows it.
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS_MAX as u32);
    let pool = pool.connect_with(database(&environment)).await?;
    sqlx::query(PURCHASE_TABLE).execute(&pool).await?;
    let store = PostgresStore::new(pool.clone());
    store.migrate().await?;
    let every = std::time::Duration::from_secs(SWEEP);
    tokio::spawn(store.clone().continuously_delete_expired(every));
    let idle = Duration::days(i64::from(IDLE_DAYS));
    let sessions = SessionManagerLayer::new(store).with_expiry(Expiry::OnInactivity(idle));

    let app = Router::new()
        .route("/login", post(login))
        .route("/read", get(read))
        .route("/change", post(change))
        .route("/order", post(order))
        .route("/logout", post(logout))
        .layer(sessions)
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

impl From<session::Error> for Problem {
    fn from(error: session::Error) -> Self {
        Self::Store(error)
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::NotSignedIn => StatusCode::UNAUTHORIZED.into_response(),
            Self::Store(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
            Self::Database(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }
}
