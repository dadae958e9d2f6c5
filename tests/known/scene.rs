//! A shop in two processes on one database.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use poem::error::InternalServerError;
use poem::http::StatusCode;
use poem::web::{Data, Path};
use poem::{EndpointExt, Error, Result, Route, get, handler, post};
use session_ledger::ledger::Builder;
use session_ledger::session::{Policy, SessionId, StepUp};
use session_ledger::web::{OtherSessions, Recent, Session, Sessions, SignedIn, StaleReads, Tx};
use session_ledger::{Key, Ledger};
use test_support::{App, Database, Visitor, app, key_ring};

pub(crate) const COOKIE: &str = "__Host-session";

const COUNT: Key<u32> = Key::new("count");

/// Longer than any of these tests.
pub(crate) const LONG: Duration = Duration::from_secs(24 * 3_600);

/// How old plain reads of the routes under `/stale` may be.
pub(crate) const BOUND: Duration = Duration::from_secs(60);

/// The paths of requests that begin with the session as it is known, and how many each adds to its count. All
/// but `/peek` and `/refuse` insert a row, if they commit.
pub(crate) const PATHS: [(&str, u32, u16); 7] = [
    ("/add", 1, 200),
    ("/peek", 0, 200),
    ("/refuse", 0, 409),
    ("/order", 1, 200),
    ("/order-late", 1, 200),
    ("/buy", 0, 200),
    ("/order-refuse", 0, 409),
];

/// What the handlers of a process have done.
#[derive(Clone, Default)]
pub(crate) struct Process {
    runs: Arc<AtomicUsize>,
    pub(crate) incidents: Arc<Mutex<Vec<String>>>,
}

pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) ledgers: [Ledger; 2],
    pub(crate) apps: [App; 2],
    pub(crate) processes: [Process; 2],
}

impl Process {
    pub(crate) fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }

    /// The names of the incidents so far.
    pub(crate) fn incidents(&self) -> Vec<String> {
        self.incidents.lock().unwrap().clone()
    }
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(Policy::default()).await
    }

    pub(crate) async fn with(policy: Policy) -> Self {
        let database = Database::fresh().await;
        let table = "create table purchase (count int not null)";
        database.connect().await.batch_execute(table).await.unwrap();
        let builder = |database: &Database| database.builder().policy(policy.clone()).connections_max(4);
        let (here, there) = (process(builder(&database)).await, process(builder(&database)).await);
        Self { database, ledgers: [here.0, there.0], apps: [here.1, there.1], processes: [here.2, there.2] }
    }

    /// A browser that has signed in here, and that both processes know; and the same browser there.
    pub(crate) async fn alice(&self) -> (Visitor, Visitor) {
        let here = Visitor::new(&self.apps[0]);
        let there = here.of(&self.apps[1]);
        assert_eq!(here.post("/login/alice", "").await.status, 200);
        for browser in [&here, &there] {
            // The first one shows the new token.
            assert_eq!(browser.post("/add", "").await.status, 200);
            assert_eq!(browser.get("/show").await.status, 200);
        }
        (here, there)
    }

    /// The session of a browser.
    pub(crate) async fn session(&self, browser: &Visitor) -> SessionId {
        browser.get("/id").await.body.parse().unwrap()
    }

    pub(crate) async fn purchases(&self) -> i64 {
        self.database.count("purchase").await
    }

    /// Makes sure that the rows are what the log says, and that no event lies before the one that it follows.
    pub(crate) async fn is_sound(&self) {
        let verification = self.ledgers[0].verify(|_| {}).await.unwrap();
        assert!(verification.is_equal(), "{:?}", verification.differences);
        let back = "(select occurred_at < lag(occurred_at) over (partition by session_id order by version) as is_back
                       from session_ledger.event) as one where is_back";
        assert_eq!(self.database.count(back).await, 0, "time goes on within a session");
    }
}

/// A process of the shop.
pub(crate) async fn process(ledger: Builder) -> (Ledger, App, Process) {
    let (ledger, process) = (ledger.connect().await.unwrap(), Process::default());
    let incidents = Arc::clone(&process.incidents);
    let sessions = Sessions::builder(ledger.clone(), key_ring())
        .known_sessions(1 << 20, LONG)
        .on_incident(move |incident| incidents.lock().unwrap().push(incident.name().to_owned()))
        .build()
        .unwrap();
    let route = Route::new()
        .at("/show", get(show))
        .at("/id", get(id))
        .at("/add", post(add))
        .nest("/stale", stale().with(StaleReads::up_to(BOUND)))
        .at("/peek", post(peek))
        .at("/refuse", post(refuse))
        .at("/order", post(order))
        .at("/order-late", post(order_late))
        .at("/buy", post(buy))
        .at("/order-refuse", post(order_refuse))
        .at("/part", post(part))
        .at("/login/:user", post(login))
        .at("/renew", post(renew))
        .at("/factor", post(change_factor))
        .at("/logout", post(logout))
        .data(process.clone());
    let app = app(route.with(sessions));
    (ledger, app, process)
}

/// Routes whose plain reads may be of what is old.
fn stale() -> Route {
    Route::new()
        .at("/show", get(show).post(peek))
        .at("/user", get(who))
        .at("/recent", get(recent))
        .at("/demand", get(demand))
        .at("/zero", get(zero))
        .at("/add", get(add))
        .at("/buy", get(buy))
        .at("/order-late", get(order_late))
        .at("/part", get(part))
        .at("/fail", get(fail))
        .at("/exact", get(show).with(StaleReads::up_to(Duration::ZERO)))
}

fn count(session: &Session) -> Result<u32> {
    Ok(session.get(&COUNT)?.unwrap_or_default())
}

fn add_one(session: &Session) -> Result<String> {
    session.update(&COUNT, |count| *count += 1)?;
    Ok(count(session)?.to_string())
}

fn run(process: &Process) {
    process.runs.fetch_add(1, Ordering::SeqCst);
}

async fn insert(tx: &Tx, session: &Session) -> Result<()> {
    let count = i32::try_from(count(session)?).unwrap();
    tx.execute("insert into purchase values ($1)", &[&count]).await.map_err(InternalServerError)?;
    Ok(())
}

fn refused(session: &Session) -> Result<String> {
    Err(Error::from_string(count(session)?.to_string(), StatusCode::CONFLICT))
}

#[handler]
fn show(session: Session) -> Result<String> {
    Ok(count(&session)?.to_string())
}

#[handler]
fn id(session: Session) -> String {
    session.id().map_or_else(String::new, |id| id.to_string())
}

#[handler]
fn who(session: SignedIn) -> String {
    session.user().to_string()
}

#[handler]
fn recent(session: Recent<3_600>) -> Result<String> {
    Ok(count(&session)?.to_string())
}

#[handler]
fn demand(session: SignedIn) -> Result<String> {
    let seen = count(&session)?;
    session.demand(&StepUp::within(3_600))?;
    Ok(seen.to_string())
}

/// Keeps a value that what is old has already.
#[handler]
fn zero(session: SignedIn) -> Result<()> {
    Ok(session.set(&COUNT, &2)?)
}

#[handler]
fn fail(session: SignedIn) -> Result<String> {
    Err(Error::from_string(count(&session)?.to_string(), StatusCode::INTERNAL_SERVER_ERROR))
}

#[handler]
fn add(session: SignedIn, Data(process): Data<&Process>) -> Result<String> {
    run(process);
    add_one(&session)
}

#[handler]
fn peek(session: SignedIn, Data(process): Data<&Process>) -> Result<String> {
    run(process);
    Ok(count(&session)?.to_string())
}

#[handler]
fn refuse(session: SignedIn, Data(process): Data<&Process>) -> Result<String> {
    run(process);
    refused(&session)
}

#[handler]
async fn order(tx: Tx, session: SignedIn, Data(process): Data<&Process>) -> Result<String> {
    run(process);
    insert(&tx, &session).await?;
    add_one(&session)
}

/// The session comes first.
#[handler]
async fn order_late(session: SignedIn, tx: Tx, Data(process): Data<&Process>) -> Result<String> {
    run(process);
    let added = add_one(&session)?;
    insert(&tx, &session).await?;
    Ok(added)
}

#[handler]
async fn buy(tx: Tx, session: SignedIn, Data(process): Data<&Process>) -> Result<String> {
    run(process);
    insert(&tx, &session).await?;
    Ok(count(&session)?.to_string())
}

#[handler]
async fn order_refuse(tx: Tx, session: SignedIn, Data(process): Data<&Process>) -> Result<String> {
    run(process);
    insert(&tx, &session).await?;
    refused(&session)
}

/// Looks at the session, and commits a part by itself.
#[handler]
async fn part(session: SignedIn, Data(process): Data<&Process>) -> Result<String> {
    run(process);
    let seen = count(&session)?;
    let work = async |session: Session, tx: Tx| {
        insert(&tx, &session).await?;
        add_one(&session)
    };
    let added = session.transaction(work).await?;
    Ok(format!("{seen} {added}"))
}

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<()> {
    Ok(session.login(user)?)
}

#[handler]
fn renew(session: SignedIn) -> Result<()> {
    Ok(session.renew()?)
}

#[handler]
fn change_factor(session: SignedIn) -> Result<()> {
    Ok(session.factor_changed("pwd", OtherSessions::End)?)
}

#[handler]
fn logout(session: SignedIn) -> Result<()> {
    Ok(session.logout()?)
}
