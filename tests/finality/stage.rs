//! An application that writes its own rows in its sessions' transactions, and the judge of their commit
//! times.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use poem::error::InternalServerError;
use poem::web::{Data, Path};
use poem::{EndpointExt, Result, Route, get, handler, post};
use private_postgres::{Options, Server};
use session_ledger::ledger::{Difference, End, Finding, Irregularity};
use session_ledger::session::{EndReason, Event, Policy, SessionId};
use session_ledger::web::{NotSignedIn, Session, Sessions, SignedIn, Tx};
use session_ledger::{Key, Ledger};
use test_support::{App, Database, Visitor, app, key_ring};
use tokio::sync::{OnceCell, Semaphore};
use tokio_postgres::Client;

/// The cookie of the sessions.
pub(crate) const NAME: &str = "__Host-session";

const COUNT: Key<u32> = Key::new("count");
const INSERT: &str = "insert into work (session_id) values ($1)";

/// After this many seconds without use a session is over; the clock of [`Stage::later`] is further ahead.
const IDLE: u32 = 600;

/// Kept until the program ends, which ends the server too.
static SERVER: OnceCell<Server> = OnceCell::const_new();

/// One database, with three applications on it: two processes that know nothing of each other, and one that
/// finds all sessions overdue.
pub(crate) struct Stage {
    pub(crate) database: Database,
    client: Client,
    pub(crate) ledger: Ledger,
    pub(crate) here: App,
    pub(crate) there: App,
    pub(crate) later: App,
    pub(crate) bench: Bench,
}

/// Data that handlers share with the test.
#[derive(Clone, Default)]
pub(crate) struct Bench(Arc<Shared>);

struct Shared {
    /// How often a handler has done the work of a session.
    runs: Mutex<HashMap<SessionId, u32>>,
    /// A permit for each handler that has come to the gate, and for each that may pass.
    arrived: Semaphore,
    open: Semaphore,
}

impl Default for Shared {
    fn default() -> Self {
        Self { runs: Mutex::default(), arrived: Semaphore::new(0), open: Semaphore::new(0) }
    }
}

impl Stage {
    /// An application with the usual rules.
    pub(crate) async fn new() -> Self {
        Self::with(Policy::default().idle_timeout(IDLE)).await
    }

    pub(crate) async fn with(policy: Policy) -> Self {
        let server = SERVER.get_or_init(|| async {
            let options = Options::new().setting("track_commit_timestamp", "on");
            Server::start(options).unwrap_or_else(|error| panic!("{error}"))
        });
        let database = Database::on(server.await).await;
        let client = database.connect().await;
        client.batch_execute(SCHEMA).await.unwrap();
        let ledger = |options: &str| {
            let mut config = database.config();
            config.options(options);
            Ledger::builder(config).policy(policy.clone()).connections_max(32).connect()
        };
        let (ledger, later) = (ledger("").await.unwrap(), ledger("-c stage.ahead=1h").await.unwrap());
        let bench = Bench::default();
        let [here, there] = [&ledger, &ledger].map(|ledger| application(ledger, &bench));
        let later = application(&later, &bench);
        Self { database, client, ledger, here, there, later, bench }
    }

    /// A signed-in browser, and its session.
    pub(crate) async fn sign_in(&self, user: &str) -> (Visitor, SessionId) {
        let visitor = Visitor::new(&self.here);
        let answer = visitor.post(&format!("/login/{user}"), "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        (visitor, answer.body.parse().unwrap())
    }

    /// The same browser at another process.
    pub(crate) fn moved(visitor: &Visitor, app: &App) -> Visitor {
        let moved = Visitor::new(app);
        moved.put_cookie(NAME, visitor.cookie(NAME).unwrap());
        moved
    }

    /// Ends a session as an administrator does.
    pub(crate) async fn revoke(&self, session: SessionId) -> bool {
        self.ledger.end(session, End::because(EndReason::Revoked).by("admin")).await.unwrap()
    }

    /// The number of rows that committed after their session's end had, by the server's own record of the two
    /// transactions.
    pub(crate) async fn late(&self) -> i64 {
        self.database.count(LATE).await
    }

    /// The number of rows that a session's requests have written.
    pub(crate) async fn rows(&self, session: SessionId) -> i64 {
        let count = format!("select count(*) from work where session_id = '{session}'");
        self.client.query_one(&count, &[]).await.unwrap().get(0)
    }

    /// Whether the log tells the session's end last, and only once.
    pub(crate) async fn is_over(&self, session: SessionId) -> bool {
        let history = self.ledger.history(session).await.unwrap();
        let ends = history.iter().filter(|event| matches!(event.entry.event(), Ok(Event::Ended(_)))).count();
        let last = history.last().is_some_and(|event| matches!(event.entry.event(), Ok(Event::Ended(_))));
        assert!(ends <= 1 && (ends == 0 || last), "something follows the end of {session}");
        ends == 1
    }

    /// Asserts that nothing in the log follows an end, and that the projection follows from the log. The
    /// stage's own clock is found: it was replaced, and events that it calls later were recorded before.
    pub(crate) async fn verify(&self) {
        let report = self.ledger.verify(|_| {}).await.unwrap();
        assert_eq!(report.irregularities, [Irregularity::FunctionReplaced { function: "clock" }]);
        assert_eq!(report.differences.len() as u64, report.differences_total);
        let of_the_clock =
            |one: &&Difference| matches!(one.finding, Finding::OutOfPlace { column: "recorded_at", .. });
        let others: Vec<_> = report.differences.iter().filter(|one| !of_the_clock(one)).collect();
        assert!(others.is_empty(), "{others:?}");
    }
}

/// The clock belongs to the connection, so that one process can be later than another.
const SCHEMA: &str = "
    create table work (session_id uuid not null);
    create index work_by_session on work (session_id);
    create or replace function session_ledger.clock() returns timestamptz language sql volatile parallel safe
        return clock_timestamp() + coalesce(current_setting('stage.ahead', true), '0')::interval";

const LATE: &str = "work
    join session_ledger.event on event.session_id = work.session_id and event.kind = 'ended'
   where pg_xact_commit_timestamp(work.xmin) > pg_xact_commit_timestamp(event.transaction_id::xid)";

impl Bench {
    /// How often a handler has done the work of a session, committed or not.
    pub(crate) fn runs(&self, session: SessionId) -> u32 {
        self.0.runs.lock().unwrap().get(&session).copied().unwrap_or_default()
    }

    /// Waits until a handler has done its work and stands at the gate.
    pub(crate) async fn arrival(&self) {
        tokio::time::timeout(Duration::from_secs(10), self.0.arrived.acquire())
            .await
            .expect("a handler comes to the gate")
            .unwrap()
            .forget();
    }

    /// Lets the handler go on.
    pub(crate) fn open(&self) {
        self.0.open.add_permits(1);
    }

    /// Takes the time that the path asks for. At the gate only the first run of a request waits.
    async fn pause(&self, pace: &str, attempt: u32) {
        match pace {
            "gate" if attempt == 1 => {
                self.0.arrived.add_permits(1);
                self.0.open.acquire().await.unwrap().forget();
            }
            "gate" => {}
            millis => tokio::time::sleep(Duration::from_millis(millis.parse().unwrap())).await,
        }
    }
}

fn application(ledger: &Ledger, bench: &Bench) -> App {
    let route = Route::new()
        .at("/login/:user", post(login))
        .at("/logout", post(logout))
        .at("/me", get(me))
        .at("/tx-first/:changes/:pace", post(tx_first))
        .at("/session-first/:changes/:pace", post(session_first))
        .at("/part/:changes/:pace", post(part))
        .at("/part-later/:pace", post(part_later))
        .at("/session-only/:changes/:pace", post(session_only))
        .at("/visit/:pace", post(visit));
    app(route.data(bench.clone()).with(Sessions::new(ledger.clone(), key_ring())))
}

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<String> {
    session.login(user)?;
    Ok(session.id().map(|id| id.to_string()).unwrap_or_default())
}

#[handler]
fn logout(session: SignedIn) -> Result<()> {
    Ok(session.logout()?)
}

#[handler]
fn me(session: SignedIn) -> String {
    session.user().to_string()
}

#[handler]
async fn tx_first(
    tx: Tx,
    session: SignedIn,
    Data(bench): Data<&Bench>,
    Path((changes, pace)): Path<(u32, String)>,
) -> Result<()> {
    work(bench, session.id().ok_or_else(NotSignedIn::default)?, &session, Some(&tx), (changes, &pace)).await
}

#[handler]
async fn session_first(
    session: SignedIn,
    tx: Tx,
    Data(bench): Data<&Bench>,
    Path((changes, pace)): Path<(u32, String)>,
) -> Result<()> {
    work(bench, session.id().ok_or_else(NotSignedIn::default)?, &session, Some(&tx), (changes, &pace)).await
}

/// Serves signed-in users; knows the user before its transaction begins.
#[handler]
async fn part(
    session: SignedIn,
    Data(bench): Data<&Bench>,
    Path((changes, pace)): Path<(u32, String)>,
) -> Result<()> {
    let id = session.id().ok_or_else(NotSignedIn::default)?;
    let bench = bench.clone();
    session
        .transaction(async |session, tx| work(&bench, id, &session, Some(&tx), (changes, &pace)).await)
        .await
}

/// Serves everybody, and takes its time before its transaction begins.
#[handler]
async fn part_later(session: Session, Data(bench): Data<&Bench>, Path(pace): Path<String>) -> Result<()> {
    let id = session.id().ok_or_else(NotSignedIn::default)?;
    bench.pause(&pace, session.attempt()).await;
    let bench = bench.clone();
    session.transaction(async |session, tx| work(&bench, id, &session, Some(&tx), (0, "0")).await).await
}

#[handler]
async fn session_only(
    session: SignedIn,
    Data(bench): Data<&Bench>,
    Path((changes, pace)): Path<(u32, String)>,
) -> Result<()> {
    work(bench, session.id().ok_or_else(NotSignedIn::default)?, &session, None, (changes, &pace)).await
}

/// Serves everybody, and keeps something in the visitor's session.
#[handler]
async fn visit(session: Session, Data(bench): Data<&Bench>, Path(pace): Path<String>) -> Result<String> {
    session.update(&COUNT, |count| *count += 1)?;
    bench.pause(&pace, session.attempt()).await;
    let user = session.user().map_or("-".to_owned(), |user| user.to_string());
    Ok(format!("{user} {}", session.id().ok_or_else(NotSignedIn::default)?))
}

/// Does `changes` changes of the session and, in a transaction, writes a row.
async fn work(
    bench: &Bench,
    id: SessionId,
    session: &Session,
    tx: Option<&Tx>,
    (changes, pace): (u32, &str),
) -> Result<()> {
    *bench.0.runs.lock().unwrap().entry(id).or_default() += 1;
    if let Some(tx) = tx {
        tx.execute(INSERT, &[&id.as_uuid()]).await.map_err(InternalServerError)?;
    }
    for _ in 0..changes {
        session.update(&COUNT, |count| *count += 1)?;
    }
    bench.pause(pace, session.attempt()).await;
    Ok(())
}
