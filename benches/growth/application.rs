//! The application that clients visit: one route for each measured operation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use poem::error::InternalServerError;
use poem::web::{Data, Path};
use poem::{EndpointExt, Result, Route, get, handler, post};
use session_ledger::Key;
use session_ledger::web::{Session, Sessions, SignedIn, Tx};
use test_support::{App, app};

const COUNT: Key<u32> = Key::new("count");

/// How often handlers ran: more often than there were requests, if some had to run again.
#[derive(Clone, Default)]
pub(crate) struct Runs(Arc<AtomicU64>);

impl Runs {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The application behind the middleware.
pub(crate) fn application(sessions: Sessions, runs: Runs) -> App {
    let route = Route::new()
        .at("/read", get(read))
        .at("/write", post(write))
        .at("/order", post(order))
        .at("/login/:user", post(login))
        .at("/logout", post(logout));
    app(route.data(runs).with(sessions))
}

#[handler]
fn read(session: Session, Data(runs): Data<&Runs>) -> Result<String> {
    runs.add_one();
    Ok(session.get(&COUNT)?.unwrap_or_default().to_string())
}

#[handler]
fn write(session: Session, Data(runs): Data<&Runs>) -> Result<()> {
    runs.add_one();
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

/// One insert of the application's and one change of the session, in one transaction.
#[handler]
async fn order(tx: Tx, session: Session, Data(runs): Data<&Runs>) -> Result<()> {
    runs.add_one();
    let insert = "insert into purchase (session_id, item) values ($1, $2)";
    let insert = tx.prepare_cached(insert).await.map_err(InternalServerError)?;
    let id = session.id().map(|id| id.as_uuid()).unwrap_or_default();
    tx.execute(&insert, &[&id, &"a bench"]).await.map_err(InternalServerError)?;
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
fn login(session: Session, Data(runs): Data<&Runs>, Path(user): Path<String>) -> Result<()> {
    runs.add_one();
    Ok(session.login(user)?)
}

#[handler]
fn logout(session: SignedIn) -> Result<()> {
    Ok(session.logout()?)
}
