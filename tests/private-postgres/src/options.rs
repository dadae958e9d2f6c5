//! The options of a private server.

use std::path::{Path, PathBuf};

use crate::address::PORT;

/// How to start a [`Server`](crate::Server). The default suits most tests.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub(crate) bin_dir: Option<PathBuf>,
    pub(crate) search: Option<Vec<PathBuf>>,
    fsync: bool,
    settings: Vec<(String, String)>,
}

impl Options {
    /// The newest server that can be found, without fsync.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Uses the programs of this directory and searches nowhere, not even in `PG_BIN`.
    #[must_use]
    pub fn bin_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.bin_dir = Some(dir.into());
        self
    }

    /// Searches these directories, in this order, instead of `PG_BIN` and the usual places.
    #[must_use]
    pub fn search_in(mut self, dirs: impl IntoIterator<Item = PathBuf>) -> Self {
        self.search = Some(dirs.into_iter().collect());
        self
    }

    /// Whether commits survive a crash of the machine. Off by default, which is faster. Keep it on to test
    /// durability or the time of a commit.
    #[must_use]
    pub fn fsync(mut self, on: bool) -> Self {
        self.fsync = on;
        self
    }

    /// One more line for `postgresql.conf`; it wins over ours and over earlier ones of the same name.
    /// The value needs no quotes: `.setting("max_connections", "20")`.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// The lines to add to `postgresql.conf` for a socket in this directory.
    pub(crate) fn configuration(&self, socket_dir: &Path) -> String {
        let ours = [
            ("listen_addresses", String::new()),
            ("port", PORT.to_string()),
            ("unix_socket_directories", format!("\"{}\"", socket_dir.display())),
            ("wal_level", "logical".into()),
            ("fsync", if self.fsync { "on" } else { "off" }.into()),
            ("max_connections", "200".into()),
            // Many tests share a database: with too few of these SERIALIZABLE aborts without a conflict.
            ("max_pred_locks_per_transaction", "256".into()),
        ];
        let ours = ours.iter().map(|(name, value)| line(name, value));
        ours.chain(self.settings.iter().map(|(name, value)| line(name, value))).collect()
    }
}

/// One line of `postgresql.conf`, whose quoted values know C's escapes.
fn line(name: &str, value: &str) -> String {
    let value = value.replace('\\', r"\\").replace('\'', "''").replace('\n', r"\n");
    format!("{name} = '{value}'\n")
}
