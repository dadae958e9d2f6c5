//! The application on session-ledger, with poem.
//!
//! Behaviour that matters here: a session lives 14 days after its last use (the default). Reading extends it,
//! by a write of its own once a minute at most. Changes are appended after the handler has returned, in the
//! transaction of the handler's own statements if it has one, at the version that was read. Of two parallel
//! changes the second waits for the first if both come to the same process, and otherwise runs again: none is
//! lost.
#![forbid(unsafe_code)]

use peer_contract::{
    CONNECTIONS_MAX, COUNT, Environment, Failure, INSERT_PURCHASE, Login, PURCHASE_TABLE, Pace, over, ready,
};
use poem::error::InternalServerError;
use poem::listener::TcpAcceptor;
use poem::web::Query;
use poem::{EndpointExt, Result, Route, Server, get, handler, post};
use session_ledger::{Key, KeyRing, Ledger, Session, Sessions, SignedIn, Tx};
use tokio_postgres::NoTls;

/// A key in the source, as this is a benchmark; no application should have one.
const KEYS: &str = "primary 00000001 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

const CLICKS: Key<i64> = Key::new(COUNT);

#[handler]
fn health() {}

#[handler]
fn login(Query(login): Query<Login>, session: Session) -> Result<String> {
    session.login(login.user.as_str())?;
    session.set(&CLICKS, &0)?;
    Ok(login.user)
}

#[handler]
fn read(session: SignedIn) -> Result<String> {
    let count = session.get(&CLICKS)?.unwrap_or_default();
    Ok(format!("{} {count}", session.user().as_str()))
}

#[handler]
async fn change(Query(pace): Query<Pace>, session: SignedIn) -> Result<String> {
    let count = session.get(&CLICKS)?.unwrap_or_default() + 1;
    pace.work().await;
    session.set(&CLICKS, &count)?;
    Ok(count.to_string())
}

#[handler]
async fn order(Query(pace): Query<Pace>, tx: Tx, session: SignedIn) -> Result<String> {
    let insert = tx.prepare_cached(INSERT_PURCHASE).await.map_err(InternalServerError)?;
    tx.execute(&insert, &[&session.user().as_str()]).await.map_err(InternalServerError)?;
    let count = session.get(&CLICKS)?.unwrap_or_default() + 1;
    pace.work().await;
    session.set(&CLICKS, &count)?;
    Ok(count.to_string())
}

#[handler]
fn logout(session: SignedIn) -> Result<()> {
    Ok(session.logout()?)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let Environment { listen, database } = Environment::read()?;
    Ledger::migrate(&database).await?;
    let (client, connection) = database.connect(NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(PURCHASE_TABLE).await?;
    drop(client);
    let ledger = Ledger::builder(database).connections_max(CONNECTIONS_MAX).connect().await?;

    // Around the whole application, as the library asks for: a request without a session only passes through.
    let app = Route::new()
        .at("/health", get(health))
        .at("/login", post(login))
        .at("/read", get(read))
        .at("/change", post(change))
        .at("/order", post(order))
        .at("/logout", post(logout))
        .with(Sessions::new(ledger, KeyRing::parse(KEYS)?));
    let acceptor = TcpAcceptor::from_tokio(peer_contract::listen(&listen)?)?;
    ready()?;
    tokio::select! {
        served = Server::new_with_acceptor(acceptor).run(app) => Ok(served?),
        ended = over() => Ok(ended?),
    }
}
