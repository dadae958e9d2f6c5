//! A shop, and the browsers that are signed in to it.

use std::net::IpAddr;
use std::sync::Arc;

use poem::error::InternalServerError;
use poem::web::{Data, Path};
use poem::{EndpointExt, Result, Route, get, handler, post};
use session_ledger::ledger::Builder;
use session_ledger::session::SessionId;
use session_ledger::web::{NotSignedIn, Session, Sessions, SignedIn, Tx};
use session_ledger::{Key, Ledger};
use test_support::{App, Database, Visitor, app, key_ring};
use tokio::sync::Semaphore;

const COUNT: Key<u32> = Key::new("count");

pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
    pub(crate) shop: App,
    pub(crate) gate: Gate,
}

/// A signed-in browser and its session.
pub(crate) struct Browser {
    pub(crate) visitor: Visitor,
    pub(crate) session: SessionId,
}

/// Where a handler waits until the test lets it go on.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) arrived: Arc<Semaphore>,
    pub(crate) open: Arc<Semaphore>,
}

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<String> {
    session.login(user)?;
    Ok(session.id().ok_or_else(NotSignedIn::default)?.to_string())
}

#[handler]
fn add(session: Session) -> Result<String> {
    session.update(&COUNT, |count| *count += 1)?;
    Ok(session.id().ok_or_else(NotSignedIn::default)?.to_string())
}

#[handler]
fn me(session: SignedIn) -> String {
    session.user().to_string()
}

/// Writes a row, and waits at the gate before its request is committed.
#[handler]
async fn order(session: SignedIn, tx: Tx, Data(gate): Data<&Gate>) -> Result<()> {
    tx.execute("insert into purchase values ('book')", &[]).await.map_err(InternalServerError)?;
    if session.attempt() == 1 {
        gate.arrived.add_permits(1);
        gate.open.acquire().await.map_err(InternalServerError)?.forget();
    }
    Ok(())
}

/// The shop on a ledger.
pub(crate) fn shop(ledger: &Ledger, gate: &Gate) -> App {
    let route = Route::new()
        .at("/login/:user", post(login))
        .at("/add", post(add))
        .at("/me", get(me))
        .at("/order", post(order))
        .data(gate.clone());
    app(route.with(Sessions::new(ledger.clone(), key_ring())))
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let database = Database::fresh().await;
        let ledger = database.builder().connect().await.unwrap();
        Self::on(database, ledger).await
    }

    /// With this connection to the database.
    pub(crate) async fn through(database: Database, builder: Builder) -> Self {
        let ledger = builder.connect().await.unwrap();
        Self::on(database, ledger).await
    }

    async fn on(database: Database, ledger: Ledger) -> Self {
        // Whether a commit has reached the disk is not asked here.
        let settings = format!(
            "alter database {} set synchronous_commit = off; create table purchase (item text not null)",
            database.name()
        );
        database.connect().await.batch_execute(&settings).await.unwrap();
        let gate = Gate { arrived: Arc::new(Semaphore::new(0)), open: Arc::new(Semaphore::new(0)) };
        Self { shop: shop(&ledger, &gate), database, ledger, gate }
    }

    pub(crate) async fn signed_in(&self, user: &str) -> Browser {
        Browser::signed_in(Visitor::new(&self.shop), user).await
    }

    /// A browser that signs in from this address.
    pub(crate) async fn signed_in_at(&self, user: &str, ip: &str) -> Browser {
        Browser::signed_in(Visitor::new(&self.shop).at(ip.parse().unwrap()), user).await
    }

    /// The number of live sessions.
    pub(crate) async fn live(&self) -> i64 {
        self.database.count("session_ledger.session").await
    }

    /// Asserts that the rows follow from the log.
    pub(crate) async fn is_sound(&self) {
        let verification = self.ledger.verify(|_| {}).await.unwrap();
        assert!(verification.is_equal(), "{:?}", verification.differences);
    }
}

impl Browser {
    async fn signed_in(visitor: Visitor, user: &str) -> Self {
        let answer = visitor.post(&format!("/login/{user}"), "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        Self { visitor, session: answer.body.parse().unwrap() }
    }

    pub(crate) async fn is_signed_in(&self) -> bool {
        match self.visitor.get("/me").await.status.as_u16() {
            200 => true,
            401 => false,
            other => panic!("{other}"),
        }
    }

    /// Goes on with the same cookie from another address, and changes its session.
    pub(crate) async fn moves_to(&self, shop: &App, ip: &str) {
        let moved = self.visitor.of(shop).at(ip.parse::<IpAddr>().unwrap());
        assert_eq!(moved.post("/add", "").await.status, 200);
    }
}
