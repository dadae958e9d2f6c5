//! The real program, as `cargo run -p shop` starts it.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use test_support::Database;

/// A running shop. It ends when it is dropped, with its PostgreSQL, also when a test panics.
pub(crate) struct Shop {
    process: Child,
    url: String,
    /// Dropped after the program has ended.
    _database: Option<Database>,
}

impl Shop {
    /// Starts it on any port: with a PostgreSQL of its own, or on a database of its own where `DATABASE_URL`
    /// names a server.
    pub(crate) async fn open(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
        command.args(["--listen", "127.0.0.1:0"]).args(arguments).env_remove("SESSION_LEDGER_KEYS");
        let mut database = None;
        if let Ok(url) = env::var("DATABASE_URL") {
            let own = Database::fresh().await;
            command.env("DATABASE_URL", with_database(&url, own.name()));
            database = Some(own);
        }
        let process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut shop = Self { process, url: String::new(), _database: database };
        let mut said = BufReader::new(shop.process.stdout.take().unwrap()).lines();
        let url = said.by_ref().find_map(|line| {
            let line = line.ok()?;
            Some(format!("http://{}", line.split_once("http://")?.1))
        });
        // Its later output must not fill the pipe.
        std::thread::spawn(move || said.for_each(drop));
        shop.url = url.expect("the shop says where it listens");
        shop
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let asked = Command::new("kill").arg(self.process.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            self.process.kill().ok();
        }
        self.process.wait().ok();
    }
}

/// The same server with another database: the last setting counts.
fn with_database(url: &str, name: &str) -> String {
    match url {
        url if !url.contains("://") => format!("{url} dbname={name}"),
        url if url.contains('?') => format!("{url}&dbname={name}"),
        url => format!("{url}?dbname={name}"),
    }
}
