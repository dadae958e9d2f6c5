//! The real program, on a database with some history.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use session_ledger::Ledger;
use session_ledger::session::{EventFilter, LoginFilter, Policy};
use test_support::Database;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::stories;

/// A running console. It ends when it is dropped, also when a test panics.
pub(crate) struct Console {
    process: Child,
    url: String,
    database: Database,
    ledger: Ledger,
}

impl Console {
    pub(crate) async fn open(arguments: &[&str]) -> Self {
        let database = Database::fresh().await;
        let ledger = stories::tell(&database).await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_projector"));
        for name in ["RUST_LOG", "SESSION_LEDGER_KEYS", "SESSION_LEDGER_KEYS_FILE"] {
            command.env_remove(name);
        }
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments);
        command.env("DATABASE_URL", address(&database.config())).stdin(Stdio::null());
        let process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut console = Self { process, url: String::new(), database, ledger };
        let mut said = String::new();
        BufReader::new(console.process.stdout.take().unwrap()).read_line(&mut said).unwrap();
        console.url = said.trim().strip_prefix("The console listens on ").expect(&said).to_owned();
        console
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Signs somebody in to the application, from now on.
    pub(crate) async fn sign_in(&self, name: &str) {
        stories::sign_in(&self.database.ledger(Policy::default()).await, name).await;
    }

    /// The addresses of all pages, about the sessions of the stories, with names for them.
    pub(crate) async fn pages(&self) -> Vec<(&'static str, String)> {
        let logins = LoginFilter::all().of_user("alice");
        let logins = self.ledger.logins_page(&logins, None, 10).await.unwrap().logins;
        let (live, long) = (logins[0].session, logins.last().unwrap().session);
        let carts = EventFilter::of_session(long).kind("value_set");
        let carts = self.ledger.events_page(&carts, None, 10).await.unwrap().events;
        let step = carts.last().unwrap().entry.version;
        let fixed = [
            ("home", "/"),
            ("user", "/users?name=alice"),
            ("unknown", "/users?name=nobody"),
            ("network", "/network?address=192.0.2.0%2F24"),
            ("events", "/events?user=alice"),
            ("who", "/who"),
            ("activity-per-hour", "/activity"),
            ("activity-per-day", "/activity?per=day"),
            ("live", "/tail"),
            ("end-all", "/users/end?name=alice"),
            ("nowhere", "/nowhere"),
        ];
        let own = [
            ("session", format!("/sessions/{long}")),
            ("session-live", format!("/sessions/{live}")),
            ("step", format!("/sessions/{long}/steps/{step}")),
            ("end", format!("/sessions/{live}/end")),
        ];
        fixed.into_iter().map(|(name, path)| (name, path.to_owned())).chain(own).collect()
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn address(config: &Config) -> String {
    let host = match &config.get_hosts()[0] {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    };
    let (user, name) = (config.get_user().unwrap(), config.get_dbname().unwrap());
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let password = config.get_password().map(|password| String::from_utf8_lossy(password).into_owned());
    let password = password.map(|password| format!(" password='{password}'")).unwrap_or_default();
    format!("host={host} port={port} user={user} dbname={name}{password}")
}
