//! Servers that die. All of them commit with fsync.

use std::sync::Arc;
use std::time::Duration;

use private_postgres::{Crash, Options, Server};
use session_ledger::Ledger;
use tokio_postgres::{Client, Config, NoTls};

/// A primary, and a standby that has every commit before it is acknowledged.
pub(crate) struct Pair {
    primary: Arc<Server>,
    standby: Arc<Server>,
}

impl Pair {
    pub(crate) async fn start() -> Self {
        let primary = prepared().await;
        let standby = blocking({
            let primary = Arc::clone(&primary);
            move || {
                Server::standby_of(&primary, Options::new().fsync(true).setting("cluster_name", "second"))
                    .unwrap()
            }
        })
        .await;
        let client = connect(&config(&primary)).await;
        client.batch_execute("alter system set synchronous_standby_names = 'second'").await.unwrap();
        client.batch_execute("select pg_reload_conf()").await.unwrap();
        let synchronous = "select count(*) from pg_stat_replication where sync_state = 'sync'";
        tokio::time::timeout(Duration::from_secs(30), async {
            while client.query_one(synchronous, &[]).await.unwrap().get::<_, i64>(0) == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .expect("the standby becomes synchronous");
        Self { primary, standby: Arc::new(standby) }
    }

    /// Both hosts, the primary first.
    pub(crate) fn config(&self) -> Config {
        let (first, second) = (self.primary.socket_dir().display(), self.standby.socket_dir().display());
        let text = format!(
            "host={first},{second} port=5432 user=postgres dbname=postgres target_session_attrs=read-write"
        );
        text.parse().unwrap()
    }

    /// The primary alone, and the standby alone.
    pub(crate) fn each(&self) -> (Config, Config) {
        (config(&self.primary), config(&self.standby))
    }

    /// Ends the primary, then promotes the standby, and returns how to connect to it.
    pub(crate) async fn fail_over(&self, crash: Crash) -> Config {
        let (primary, standby) = (Arc::clone(&self.primary), Arc::clone(&self.standby));
        blocking(move || {
            primary.crash(crash).unwrap();
            standby.promote().unwrap();
        })
        .await;
        config(&self.standby)
    }
}

/// A single server.
pub(crate) struct Single(Arc<Server>);

impl Single {
    pub(crate) async fn start() -> Self {
        Self(prepared().await)
    }

    pub(crate) fn config(&self) -> Config {
        config(&self.0)
    }

    pub(crate) async fn crash_and_start_again(&self, crash: Crash) {
        let server = Arc::clone(&self.0);
        blocking(move || {
            server.crash(crash).unwrap();
            server.start_again().unwrap();
        })
        .await;
    }
}

pub(crate) async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A server with the schema and an application's table.
async fn prepared() -> Arc<Server> {
    let server = blocking(|| Server::start(Options::new().fsync(true)).unwrap()).await;
    Ledger::migrate(&config(&server)).await.unwrap();
    connect(&config(&server)).await.batch_execute("create table purchase (item text)").await.unwrap();
    Arc::new(server)
}

fn config(server: &Server) -> Config {
    server.connection_string("postgres").parse().unwrap()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}
