//! A shop on a pool of one connection.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use poem::error::InternalServerError;
use poem::http::StatusCode;
use poem::web::Path;
use poem::{EndpointExt, Error, Result, Route, handler, post};
use session_ledger::Ledger;
use session_ledger::session::Policy;
use session_ledger::web::{Session, Sessions, SignedIn, Tx};
use test_support::{App, COUNT, Database, Visitor, app, key_ring};

pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
    pub(crate) shop: App,
}

#[handler]
fn show(session: Session) -> Result<String> {
    let user = session.user().map_or("-".to_owned(), |user| user.to_string());
    Ok(format!("{user} {}", session.get(&COUNT)?.unwrap_or_default()))
}

#[handler]
fn add(session: Session) -> Result<()> {
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?)
}

#[handler]
fn logout(session: SignedIn) -> Result<()> {
    Ok(session.logout()?)
}

pub(crate) async fn insert(tx: &Tx) -> Result<()> {
    tx.execute("insert into purchase values (1)", &[]).await.map_err(InternalServerError)?;
    Ok(())
}

/// The transaction begins with the session's load.
#[handler]
async fn order(tx: Tx, session: Session) -> Result<()> {
    insert(&tx).await?;
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

/// The transaction begins after the session's load, ahead of its first statement.
#[handler]
async fn order_later(session: Session, tx: Tx) -> Result<()> {
    session.update(&COUNT, |count| *count += 1)?;
    insert(&tx).await
}

/// The transaction is a part of the request.
#[handler]
async fn order_apart(session: Session) -> Result<()> {
    let part = session.transaction(async |session, tx| {
        insert(&tx).await?;
        Ok(session.update(&COUNT, |count| *count += 1)?)
    });
    part.await
}

#[handler]
async fn buy(tx: Tx) -> Result<()> {
    insert(&tx).await
}

/// Buys, and then rolls back.
#[handler]
async fn regret(tx: Tx) -> Result<()> {
    insert(&tx).await?;
    Err(Error::from_status(StatusCode::CONFLICT))
}

/// Keeps a transaction busy.
#[handler]
async fn sleep(tx: Tx, session: Session, Path(seconds): Path<u32>) -> Result<()> {
    session.update(&COUNT, |count| *count += 1)?;
    insert(&tx).await?;
    let sleep = format!("select pg_sleep({seconds})");
    tx.batch_execute(&sleep).await.map_err(InternalServerError)?;
    Ok(())
}

#[handler]
async fn panics(tx: Tx, session: Session) -> Result<()> {
    session.update(&COUNT, |count| *count += 1)?;
    insert(&tx).await?;
    panic!("a handler's bug")
}

/// The shop's pages.
pub(crate) fn pages() -> Route {
    Route::new()
        .at("/show", show)
        .at("/add", post(add))
        .at("/login", post(login))
        .at("/logout", post(logout))
        .at("/order", post(order))
        .at("/order-later", post(order_later))
        .at("/order-apart", post(order_apart))
        .at("/buy", post(buy))
        .at("/regret", post(regret))
        .at("/sleep/:seconds", post(sleep))
        .at("/panics", post(panics))
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let database = Database::fresh().await;
        database.connect().await.batch_execute("create table purchase (items integer)").await.unwrap();
        let (ledger, shop) = open_shop(&database).await;
        Self { database, ledger, shop }
    }

    /// A signed-in visitor.
    pub(crate) async fn customer(&self) -> Visitor {
        let visitor = Visitor::new(&self.shop);
        assert_eq!(visitor.post("/login", "").await.status, 200);
        visitor
    }

    /// Waits until no connection of the ledger does anything, holds a lock or is inside a transaction.
    pub(crate) async fn come_to_rest(&self) {
        let ours = "datname = current_database() and application_name = 'session-ledger'";
        let busy = format!("pg_stat_activity where state <> 'idle' and {ours}");
        let locks = format!("pg_locks join pg_stat_activity using (pid) where {ours}");
        let patience = Instant::now() + Duration::from_secs(10);
        while self.database.count(&busy).await + self.database.count(&locks).await > 0 {
            assert!(Instant::now() < patience, "a connection is left busy");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The number of live sessions, and of items bought.
    pub(crate) async fn books(&self) -> (i64, i64) {
        let sessions = self.database.count("session_ledger.session").await;
        (sessions, self.database.count("purchase").await)
    }

    pub(crate) async fn is_sound(&self) {
        self.come_to_rest().await;
        let verification = self.database.ledger(Policy::default()).await.verify(|_| {}).await.unwrap();
        assert!(verification.is_equal(), "{:?}", verification.differences);
    }
}

/// The shop on a new pool of one connection.
pub(crate) async fn open_shop(database: &Database) -> (Ledger, App) {
    let ledger = Ledger::builder(database.config()).connections_max(1).connect().await.unwrap();
    let shop = app(pages().with(Sessions::new(ledger.clone(), key_ring())));
    (ledger, shop)
}

/// Polls `future` this number of times, each time when it asks for it, and then drops it. Returns its output
/// if it was done.
pub(crate) async fn poll_times<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), times);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
