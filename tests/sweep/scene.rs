//! A shop whose sessions have limits, and a sweeper.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use poem::error::InternalServerError;
use poem::web::{Data, Path};
use poem::{EndpointExt, Result, Route, get, handler, post};
use session_ledger::ledger::{Difference, Finding};
use session_ledger::session::{Policy, SessionId, Timeouts};
use session_ledger::web::{NotSignedIn, Session, Sessions, SignedIn, Tx};
use session_ledger::{Key, Ledger};
use test_support::{App, Database, Visitor, app, key_ring};

const COUNT: Key<u32> = Key::new("count");

/// Half an hour without a request, four hours in all.
pub(crate) const IDLE: u64 = 1_800;
pub(crate) const ABSOLUTE: u64 = 14_400;

pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
    pub(crate) shop: App,
    /// How often handlers that write ran.
    pub(crate) runs: Arc<AtomicUsize>,
}

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<String> {
    session.login(user)?;
    Ok(session.id().ok_or_else(NotSignedIn::default)?.to_string())
}

/// Stays signed in for a week without a request.
#[handler]
fn stay(session: Session) -> Result<()> {
    Ok(session.set_timeouts(Timeouts::default().idle(7 * 86_400).absolute(30 * 86_400))?)
}

#[handler]
async fn add_in_transaction(tx: Tx, session: Session, Data(runs): Data<&Arc<AtomicUsize>>) -> Result<()> {
    runs.fetch_add(1, Ordering::SeqCst);
    tx.execute("insert into purchase values ('book')", &[]).await.map_err(InternalServerError)?;
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
fn me(session: SignedIn) -> String {
    session.user().to_string()
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let database = Database::fresh().await;
        let settings = format!(
            "alter database {} set synchronous_commit = off; create table purchase (item text not null)",
            database.name()
        );
        database.connect().await.batch_execute(&settings).await.unwrap();
        let policy = Policy::default().idle_timeout(IDLE as u32).absolute_timeout(ABSOLUTE as u32);
        let ledger = database.ledger(policy).await;
        let runs = Arc::new(AtomicUsize::new(0));
        let route = Route::new()
            .at("/login/:user", post(login))
            .at("/stay", post(stay))
            .at("/add-tx", post(add_in_transaction))
            .at("/me", get(me))
            .data(Arc::clone(&runs));
        let shop = app(route.with(Sessions::new(ledger.clone(), key_ring())));
        Self { database, ledger, shop, runs }
    }

    pub(crate) async fn signed_in(&self, user: &str) -> (Visitor, SessionId) {
        let visitor = Visitor::new(&self.shop);
        let answer = visitor.post(&format!("/login/{user}"), "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        (visitor, answer.body.parse().unwrap())
    }

    pub(crate) async fn many(&self, user: &str, count: usize) -> Vec<(Visitor, SessionId)> {
        stream::iter(0..count).map(async |_| self.signed_in(user).await).buffer_unordered(16).collect().await
    }

    /// Lets so many seconds pass, counted from the start of the test.
    pub(crate) async fn pass(&self, seconds: u64) {
        self.database.set_clock_ahead(Duration::from_secs(seconds)).await;
    }

    /// A value of the database, as text.
    pub(crate) async fn ask(&self, query: &str) -> String {
        let row = self.database.connect().await.query_one(query, &[]).await.unwrap();
        row.get(0)
    }

    /// Asserts that the rows follow from the log. The tests' clock is ahead of the server's own, by which
    /// events are recorded.
    pub(crate) async fn is_sound(&self) {
        let differences = self.ledger.verify(|_| {}).await.unwrap().differences;
        let is_meant = |one: &&Difference| !matches!(one.finding, Finding::OutOfPlace { .. });
        assert_eq!(differences.iter().find(is_meant), None);
    }
}
