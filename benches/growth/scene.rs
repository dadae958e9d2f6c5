//! A database to be filled, and the application in front of it.

use std::sync::Arc;

use private_postgres::{Options, Server};
use rand::rngs::SysRng;
use session_ledger::SessionId;
use session_ledger::internals::{Sealer, Secret, Witness};
use session_ledger::ledger::Ledger;
use session_ledger::session::{Policy, SessionState};
use session_ledger::web::Sessions;
use test_support::{App, Database, Visitor, key_ring};
use tokio_postgres::Client;

use crate::Result;
use crate::application::{Runs, application};

/// The cookie's name, for which the tokens are sealed.
pub(crate) const COOKIE: &str = "__Host-session";

/// The clients' user agent: of a usual length, as it is stored with each event.
pub(crate) const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0";

/// The settings that differ from the server's defaults. Autovacuum is off, as everything is vacuumed after it
/// was filled: so no measurement is disturbed by the clean-up of another.
pub(crate) const SETTINGS: [(&str, &str); 9] = [
    ("shared_buffers", "2GB"),
    ("max_wal_size", "8GB"),
    ("checkpoint_timeout", "30min"),
    ("wal_level", "replica"),
    ("work_mem", "128MB"),
    ("maintenance_work_mem", "512MB"),
    ("autovacuum", "off"),
    ("random_page_cost", "1.1"),
    ("max_pred_locks_per_transaction", "256"),
];

/// A database and its application.
pub(crate) struct Scene {
    pub(crate) ledger: Ledger,
    pub(crate) app: App,
    pub(crate) runs: Runs,
    /// A superuser's connection, for filling and looking.
    pub(crate) client: Client,
    pub(crate) database: Database,
    pub(crate) policy: Policy,
    /// The encoded state of a session after 1, 2, and 3 or more events.
    pub(crate) states: [Vec<u8>; 3],
    /// The one secret of all filled sessions.
    pub(crate) secret: Secret,
    sealer: Sealer,
}

impl Scene {
    /// An empty database: on `server`, or where the tests have their databases.
    pub(crate) async fn set(server: Option<&Server>) -> Result<Arc<Self>> {
        let database = match server {
            Some(server) => Database::on(server).await,
            None => Database::fresh().await,
        };
        // A read notes when the session was seen: one write, and one more on each later visit. Filled
        // sessions are up to ten days old, so each read would write; this keeps reads from it.
        let policy = Policy::default().extension_delay(13 * 24 * 3600);
        let ledger = Ledger::builder(database.config()).policy(policy.clone()).connect().await?;
        let runs = Runs::default();
        let app = application(Sessions::new(ledger.clone(), key_ring()), runs.clone());
        let client = database.connect().await;
        client.batch_execute(include_str!("sql/prepare.sql")).await?;
        let states = take_template(&app, &ledger, &client).await?;
        let (secret, sealer) = (Secret::generate(&mut SysRng)?, Sealer::new(key_ring(), COOKIE, ""));
        Ok(Arc::new(Self { ledger, app, runs, client, database, policy, states, secret, sealer }))
    }

    /// A browser that has just met the application.
    pub(crate) fn visitor(&self) -> Visitor {
        Visitor::new(&self.app).named(USER_AGENT)
    }

    /// The cookie's value of a filled session.
    pub(crate) fn token(&self, session: SessionId) -> Result<String> {
        let witness = Witness::of(&SessionState::default(), 1);
        Ok(self.sealer.mint(session, &self.secret, witness, &mut SysRng)?.expose().to_owned())
    }

    /// One figure of the database.
    pub(crate) async fn number(&self, query: &str) -> Result<i64> {
        Ok(self.client.query_one(query, &[]).await?.try_get(0)?)
    }
}

/// Makes a real session and ends it. The events and states of all others are copied from it.
async fn take_template(app: &App, ledger: &Ledger, client: &Client) -> Result<[Vec<u8>; 3]> {
    let visitor = Visitor::new(app).named(USER_AGENT);
    for path in ["/login/user-00000000", "/write", "/logout"] {
        let answer = visitor.post(path, "").await;
        if answer.status != 200 {
            return Err(format!("the real session failed at {path}: {answer:?}").into());
        }
    }
    let id: uuid::Uuid =
        client.query_one("select session_id from session_ledger.ended_session", &[]).await?.try_get(0)?;
    client.execute(include_str!("sql/take_template.sql"), &[&id]).await?;
    let mut states: [Vec<u8>; 3] = Default::default();
    for (version, state) in (1..).zip(&mut states) {
        *state = ledger.state_at(id.into(), version).await?.content.encode();
    }
    Ok(states)
}

/// A server of our own, as durable as the real thing.
pub(crate) fn start_server() -> Result<Server> {
    let options = Options::new().fsync(true);
    Ok(Server::start(SETTINGS.iter().fold(options, |options, (name, value)| options.setting(*name, *value)))?)
}
