//! An application, and requests that hang on purpose.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::stream;
use poem::error::InternalServerError;
use poem::http::{Method, header};
use poem::middleware::CatchPanic;
use poem::web::Data;
use poem::{Body, Endpoint, EndpointExt, Request, Result, Route, handler, post};
use session_ledger::Ledger;
use session_ledger::web::{Session, Sessions, SignedIn, Tx};
use test_support::{Answer, App, COUNT, Database, Visitor, app, key_ring};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

/// The gate at which handlers with a transaction wait.
const GATE: i64 = 4712;

/// The signs that handlers give.
#[derive(Clone)]
pub(crate) struct Signs {
    /// One more for each handler that has been called.
    pub(crate) entered: Arc<Semaphore>,
    /// Lets handlers go that wait for it.
    pub(crate) gate: Arc<Notify>,
    /// How often the handler that adds has run.
    adds: Arc<AtomicUsize>,
}

pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
    pub(crate) app: App,
    pub(crate) signs: Signs,
}

#[handler]
fn add(session: Session, Data(signs): Data<&Signs>) -> Result<()> {
    signs.adds.fetch_add(1, Ordering::SeqCst);
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
fn show(session: Session) -> Result<String> {
    let user = session.user().map_or("-".to_owned(), |user| user.to_string());
    Ok(format!("{user} {}", session.get(&COUNT)?.unwrap_or_default()))
}

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?)
}

#[handler]
fn logout(session: SignedIn) -> Result<()> {
    Ok(session.logout()?)
}

/// Reads the body after it has asked for the session.
#[handler]
async fn upload(session: Session, body: Body, Data(signs): Data<&Signs>) -> Result<String> {
    signs.entered.add_permits(1);
    let body = body.into_string().await?;
    Ok(format!("{} {}", session.get(&COUNT)?.unwrap_or_default(), body.len()))
}

/// Reads the body after it has begun a transaction.
#[handler]
async fn upload_tx(_tx: Tx, body: Body, Data(signs): Data<&Signs>) -> Result<String> {
    signs.entered.add_permits(1);
    Ok(body.into_string().await?)
}

/// Looks at the session, and takes its time.
#[handler]
async fn slow(session: Session, Data(signs): Data<&Signs>) -> String {
    let user = session.user().map_or("-".to_owned(), |user| user.to_string());
    signs.entered.add_permits(1);
    signs.gate.notified().await;
    user
}

/// Changes the session, and returns when it is let go.
#[handler]
async fn add_slowly(session: Session, Data(signs): Data<&Signs>) -> Result<()> {
    session.update(&COUNT, |count| *count += 1)?;
    signs.entered.add_permits(1);
    signs.gate.notified().await;
    Ok(())
}

/// Gives its session to a job that outlives the request.
fn give_to_job(session: &Session, signs: &Signs) {
    let (session, gate) = (session.clone(), Arc::clone(&signs.gate));
    tokio::spawn(async move {
        gate.notified().await;
        drop(session);
    });
}

#[handler]
async fn job_then_hang(session: Session, Data(signs): Data<&Signs>) {
    give_to_job(&session, signs);
    signs.entered.add_permits(1);
    std::future::pending().await
}

#[handler]
async fn job_then_panic(session: Session, Data(signs): Data<&Signs>) {
    give_to_job(&session, signs);
    panic!("a handler's bug");
}

#[handler]
async fn job_then_return(session: Session, Data(signs): Data<&Signs>) {
    give_to_job(&session, signs);
}

/// Holds a connection until the gate in the database opens.
#[handler]
async fn hold(tx: Tx, session: Session, Data(signs): Data<&Signs>) -> Result<String> {
    signs.entered.add_permits(1);
    let wait = format!("select pg_advisory_xact_lock_shared({GATE})");
    tx.batch_execute(&wait).await.map_err(InternalServerError)?;
    Ok(session.get(&COUNT)?.unwrap_or_default().to_string())
}

/// Keeps a connection at work for a while, and changes the session.
#[handler]
async fn work(tx: Tx, session: Session) -> Result<()> {
    tx.batch_execute("select pg_sleep(0.2)").await.map_err(InternalServerError)?;
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

/// Gives its transaction to a job that outlives the request.
#[handler]
async fn give_away(tx: Tx, Data(signs): Data<&Signs>) {
    let gate = Arc::clone(&signs.gate);
    tokio::spawn(async move {
        gate.notified().await;
        drop(tx);
    });
}

/// Holds a transaction, and rolls it back when it is let go.
#[handler]
async fn regret(_tx: Tx, Data(signs): Data<&Signs>) -> Result<()> {
    signs.entered.add_permits(1);
    signs.gate.notified().await;
    Err(poem::Error::from_status(poem::http::StatusCode::CONFLICT))
}

/// The application's pages.
pub(crate) fn pages(signs: &Signs) -> impl Endpoint + use<> {
    Route::new()
        .at("/add", poem::get(add).post(add))
        .at("/show", show)
        .at("/login", post(login))
        .at("/logout", post(logout))
        .at("/upload", post(upload))
        .at("/uploadtx", post(upload_tx))
        .at("/slow", post(slow))
        .at("/add-slowly", post(add_slowly))
        .at("/job-then-hang", post(job_then_hang))
        .at("/job-then-panic", post(job_then_panic))
        .at("/job-then-return", post(job_then_return))
        .at("/hold", poem::get(hold).post(hold))
        .at("/work", poem::get(work).post(work))
        .at("/give-away", post(give_away))
        .at("/regret", post(regret))
        .data(signs.clone())
}

impl Signs {
    pub(crate) fn none() -> Self {
        Self { entered: Arc::new(Semaphore::new(0)), gate: Arc::default(), adds: Arc::default() }
    }

    /// How often the handler that adds has run since this was last asked.
    pub(crate) fn adds(&self) -> usize {
        self.adds.swap(0, Ordering::SeqCst)
    }

    /// Waits until as many more handlers have been called.
    pub(crate) async fn wait_for_handlers(&self, count: u32) {
        let entered = self.entered.acquire_many(count);
        let entered = tokio::time::timeout(Duration::from_secs(10), entered).await;
        entered.expect("the handlers are called").unwrap().forget();
    }
}

impl Scene {
    pub(crate) async fn with_connections(connections: usize) -> Self {
        let database = Database::fresh().await;
        let ledger = Ledger::builder(database.config()).connections_max(connections).connect().await.unwrap();
        let signs = Signs::none();
        let sessions = Sessions::new(ledger.clone(), key_ring());
        let app = app(pages(&signs).with(sessions).with(CatchPanic::new()));
        Self { database, ledger, app, signs }
    }

    pub(crate) async fn set() -> Self {
        Self::with_connections(16).await
    }

    /// A signed-in visitor.
    pub(crate) async fn customer(&self) -> Visitor {
        let visitor = Visitor::new(&self.app);
        assert_eq!(visitor.post("/login", "").await.status, 200);
        visitor
    }

    /// The number of connections of the ledger that are in this state.
    pub(crate) async fn connections(&self, state: &str) -> i64 {
        let ours = format!(
            "pg_stat_activity where datname = current_database() and application_name = 'session-ledger' and {state}"
        );
        self.database.count(&ours).await
    }

    /// Waits until this number of connections of the ledger is in this state.
    pub(crate) async fn wait_for_connections(&self, count: i64, state: &str) {
        let patience = Instant::now() + Duration::from_secs(10);
        while self.connections(state).await != count {
            assert!(Instant::now() < patience, "{count} connections where {state}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Closes the gate in the database. It opens when the client is dropped.
    pub(crate) async fn close_gate(&self) -> tokio_postgres::Client {
        let client = self.database.connect().await;
        client.batch_execute(&format!("select pg_advisory_lock({GATE})")).await.unwrap();
        client
    }
}

/// A request whose body never comes, and which does not say how long it is.
pub(crate) fn silent(visitor: &Visitor, path: &str) -> Request {
    let mut request = visitor.request(Method::POST, path, "");
    request.headers_mut().remove(header::CONTENT_LENGTH);
    request.headers_mut().insert(header::TRANSFER_ENCODING, "chunked".parse().unwrap());
    request.set_body(never());
    request
}

/// A request whose body never comes, though it says how long it is.
pub(crate) fn announced(visitor: &Visitor, path: &str, bytes: usize) -> Request {
    let mut request = visitor.request(Method::POST, path, "");
    request.headers_mut().insert(header::CONTENT_LENGTH, bytes.into());
    request.set_body(never());
    request
}

fn never() -> Body {
    Body::from_bytes_stream(stream::pending::<std::io::Result<bytes::Bytes>>())
}

/// Sends a request, and goes on meanwhile. Aborting the task is a client that hangs up.
pub(crate) fn send(visitor: &Visitor, request: Request) -> JoinHandle<Answer> {
    let visitor = visitor.clone();
    tokio::spawn(async move { visitor.call(request).await })
}

/// The outcome of what must not take longer than a wait for the database may.
pub(crate) async fn in_time<T>(what: &str, asked: impl Future<Output = T>) -> T {
    let bound = Duration::from_secs(8);
    tokio::time::timeout(bound, asked).await.unwrap_or_else(|_| panic!("{what} is not answered in time"))
}
