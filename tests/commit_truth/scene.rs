//! A shop behind a wire, and the expected contents of its tables.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use poem::error::InternalServerError;
use poem::http::{Method, header};
use poem::web::{Data, Path};
use poem::{EndpointExt, Request, Result, Route, handler, post};
use session_ledger::Ledger;
use session_ledger::session::Policy;
use session_ledger::web::{Session, Sessions, SignedIn, Tx};
use test_support::{Answer, App, COUNT, Database, Visitor, Wire, app, key_ring};

pub(crate) const COOKIE: &str = "__Host-session";

/// How often handlers ran.
#[derive(Clone, Default)]
pub(crate) struct Runs(Arc<AtomicUsize>);

pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) wire: Wire,
    pub(crate) shop: App,
    runs: Runs,
}

#[handler]
fn show(session: Session) -> Result<String> {
    let user = session.user().map_or("-".to_owned(), |user| user.to_string());
    Ok(format!("{user} {}", session.get(&COUNT)?.unwrap_or_default()))
}

#[handler]
pub(crate) fn add(session: Session, Data(runs): Data<&Runs>) -> Result<()> {
    runs.0.fetch_add(1, Ordering::SeqCst);
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
fn login(session: Session, Data(runs): Data<&Runs>) -> Result<()> {
    runs.0.fetch_add(1, Ordering::SeqCst);
    Ok(session.login("alice")?)
}

#[handler]
fn logout(session: SignedIn, Data(runs): Data<&Runs>) -> Result<()> {
    runs.0.fetch_add(1, Ordering::SeqCst);
    Ok(session.logout()?)
}

/// Buys an item and counts that in the session.
#[handler]
async fn order(session: Session, tx: Tx, item: Path<String>, Data(runs): Data<&Runs>) -> Result<()> {
    insert(&tx, &item.0, runs).await?;
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

/// Buys an item and leaves the session alone.
#[handler]
async fn buy(tx: Tx, item: Path<String>, Data(runs): Data<&Runs>) -> Result<()> {
    insert(&tx, &item.0, runs).await
}

async fn insert(tx: &Tx, item: &str, runs: &Runs) -> Result<()> {
    runs.0.fetch_add(1, Ordering::SeqCst);
    // Without a key: an item that is bought twice is there twice.
    tx.execute("insert into purchase (item) values ($1)", &[&item]).await.map_err(InternalServerError)?;
    Ok(())
}

/// A database with the application's own table.
pub(crate) async fn database() -> Database {
    let database = Database::fresh().await;
    let table = "create table purchase (item text not null)";
    database.connect().await.batch_execute(table).await.unwrap();
    database
}

/// The shop on a ledger.
pub(crate) fn shop(ledger: Ledger, runs: &Runs) -> App {
    let route = Route::new()
        .at("/show", show)
        .at("/add", post(add))
        .at("/login", post(login))
        .at("/logout", post(logout))
        .at("/order/:item", post(order))
        .at("/buy/:item", post(buy))
        .data(runs.clone());
    app(route.with(Sessions::new(ledger, key_ring())))
}

impl Scene {
    /// A shop that has one connection, over a wire.
    pub(crate) async fn set() -> Self {
        let (database, runs) = (database().await, Runs::default());
        let wire = Wire::prompt(&database.config());
        let ledger = Ledger::builder(wire.config()).connections_max(1).connect().await.unwrap();
        Self { shop: shop(ledger, &runs), database, wire, runs }
    }

    /// Another process of the same shop, without trouble.
    pub(crate) async fn other_process(&self) -> App {
        shop(self.database.ledger(Policy::default()).await, &Runs::default())
    }

    /// How often handlers have run.
    pub(crate) fn runs(&self) -> usize {
        self.runs.0.load(Ordering::SeqCst)
    }

    /// The number of rows of an item.
    pub(crate) async fn purchases(&self, item: &str) -> i64 {
        self.database.count(&format!("purchase where item = '{item}'")).await
    }

    /// Asserts that the projection follows from the log, that the log has no gap, and that no connection is
    /// inside a transaction.
    pub(crate) async fn is_sound(&self) {
        let verification = self.database.ledger(Policy::default()).await.verify(|_| {}).await.unwrap();
        assert!(verification.is_equal(), "{:?}", verification.differences);
        let open =
            "pg_stat_activity where datname = current_database() and state like 'idle in transaction%'";
        assert_eq!(self.database.count(open).await, 0, "no connection is left inside a transaction");
    }
}

/// A request that cannot run again, as it does not say how long its body is.
pub(crate) fn unrepeatable(visitor: &Visitor, path: &str) -> Request {
    let mut request = visitor.request(Method::POST, path, "");
    request.headers_mut().remove(header::CONTENT_LENGTH);
    request.headers_mut().insert(header::TRANSFER_ENCODING, "chunked".parse().unwrap());
    request
}

/// The contents of a visitor's session: `user count`.
pub(crate) async fn shown(visitor: &Visitor) -> String {
    let answer: Answer = visitor.get("/show").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}
