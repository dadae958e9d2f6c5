//! A migrated database for each test, on a private server for each test program.

use std::env;
use std::sync::atomic::{AtomicU32, Ordering};

use private_postgres::{Options, Server};
use tokio::runtime;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, Config, NoTls};
use uuid::Uuid;

use super::uptime::Ahead;
use crate::ledger::{Builder, Ledger};
use crate::session::Policy;

/// The migrated database that all others on the private server are copied from.
const TEMPLATE: &str = "template_of_the_ledger";

/// Kept until the program ends, which ends the server too.
static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

/// A migrated database that no other test uses.
///
/// The first one of a test program starts a private PostgreSQL, an installed one that `PG_BIN`, `PATH` or the
/// usual folders lead to. It listens on no network address, and is gone with all its data when the program
/// ends, however it ends. If `DATABASE_URL` is set, databases are made beside the one that it names, and
/// dropped again; its role must be a superuser.
#[derive(Debug)]
pub struct Database {
    config: Config,
    name: String,
    pub(crate) ahead: Ahead,
}

/// The server on which databases are made.
enum Cluster {
    /// A private server that ends with the program. Databases are copied from [`TEMPLATE`] and go when it
    /// ends.
    Private { config: Config, _server: Server },
    /// A server of others, where nothing may stay behind, no template either.
    Named { config: Config },
}

impl Database {
    /// Makes one.
    pub async fn fresh() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let cluster = CLUSTER.get_or_init(Cluster::find).await;
        let nth = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ledger_{nth}_{}", Uuid::new_v4().simple());
        let config = cluster.config().clone().dbname(&name).clone();
        match cluster {
            Cluster::Private { .. } => cluster.create(&name, TEMPLATE).await,
            Cluster::Named { .. } => {
                cluster.create(&name, "template0").await;
                Ledger::migrate(&config).await.expect("the database can be migrated");
            }
        }
        Self { config, name, ahead: Ahead::default() }
    }

    /// Makes a database on a server of the test's own. The server ends with the test, and must live as long
    /// as the test.
    pub async fn on(server: &Server) -> Self {
        let name = format!("ledger_{}", Uuid::new_v4().simple());
        let config: Config = address_on(server);
        let create = format!("create database {name} template template0");
        connect(&config).await.batch_execute(&create).await.expect("the database can be made");
        let config = config.clone().dbname(&name).clone();
        Ledger::migrate(&config).await.expect("the database can be migrated");
        Self { config, name, ahead: Ahead::default() }
    }

    /// The configuration to connect to it, as a superuser.
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// A ledger on it with the given policy.
    pub async fn ledger(&self, policy: Policy) -> Ledger {
        self.builder().policy(policy).connect().await.expect("the database is migrated")
    }

    /// A builder of a ledger on it, to which time passes as [`set_clock_ahead`](Self::set_clock_ahead) says.
    pub fn builder(&self) -> Builder {
        Ledger::builder(self.config()).uptime(self.ahead.uptime())
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        let count = format!("select count(*) from {table}");
        self.connect().await.query_one(&count, &[]).await.expect("the table is there").get(0)
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A new connection as a superuser, say for the application's own tables; closed when the client is
    /// dropped.
    pub async fn connect(&self) -> Client {
        connect(&self.config).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(Cluster::Named { config }) = CLUSTER.get() {
            let (config, drop) =
                (config.clone(), format!("drop database if exists {} with (force)", self.name));
            // A test's runtime cannot wait here, so another one does.
            let dropped = std::thread::spawn(move || {
                let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(async { connect(&config).await.batch_execute(&drop).await }).ok();
            });
            dropped.join().ok();
        }
    }
}

impl Cluster {
    async fn find() -> Self {
        if let Ok(url) = env::var("DATABASE_URL") {
            return Self::Named { config: url.parse().expect("DATABASE_URL is a connection string") };
        }
        let server = Server::start(Options::default()).unwrap_or_else(|error| panic!("{error}"));
        let config = address_on(&server);
        let cluster = Self::Private { config, _server: server };
        cluster.create(TEMPLATE, "template0").await;
        let template = cluster.config().clone().dbname(TEMPLATE).clone();
        Ledger::migrate(&template).await.expect("the template can be migrated");
        cluster
    }

    fn config(&self) -> &Config {
        let (Self::Private { config, .. } | Self::Named { config }) = self;
        config
    }

    async fn create(&self, name: &str, template: &str) {
        let create = format!("create database {name} template {template}");
        let made = connect(self.config()).await.batch_execute(&create).await;
        made.unwrap_or_else(|error| panic!("the database {name} cannot be made: {error:?}"));
    }
}

fn address_on(server: &Server) -> Config {
    server.connection_string("postgres").parse().expect("an address")
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("the test server takes connections");
    tokio::spawn(connection);
    client
}
