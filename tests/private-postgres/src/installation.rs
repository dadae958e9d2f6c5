//! Finds an installed PostgreSQL.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::account::Account;
use crate::{Error, Options};

/// The places where packages put the server outside `PATH`; the star stands for a version.
const USUAL: [&str; 11] = [
    "/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
    "/usr/pgsql-*/bin",                                   // PGDG on Fedora, RHEL
    "/usr/lib/postgresql*/bin",                           // SUSE
    "/usr/libexec/postgresql*",                           // Alpine
    "/opt/homebrew/opt/postgresql@*/bin",                 // Homebrew on ARM
    "/usr/local/opt/postgresql@*/bin",                    // Homebrew on Intel
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",    // Homebrew on Linux
    "/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
    "/opt/local/lib/postgresql*/bin",                     // MacPorts
    "/Library/PostgreSQL/*/bin",                          // EDB on macOS
    "/usr/local/pgsql*/bin",                              // built from source
];

/// A PostgreSQL whose server can be run.
#[derive(Debug)]
pub(crate) struct Installation {
    pub(crate) bin_dir: PathBuf,
    /// The major version.
    pub(crate) version: u32,
}

impl Installation {
    /// The installation that was asked for, or else the first that the account can run.
    pub(crate) fn find(options: &Options, account: &Account) -> Result<Self, Error> {
        let named = || env::var_os("PG_BIN").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        match (&options.bin_dir, &options.search) {
            (Some(dir), _) => Self::named(dir, account),
            (None, Some(dirs)) => {
                let places = dirs.iter().map(|dir| dir.display().to_string()).collect();
                Self::first(dirs.clone(), account).ok_or(Error::NoServer { searched: places })
            }
            (None, None) => match named() {
                Some(dir) => Self::named(&dir, account),
                None => Self::first(usual_dirs(), account)
                    .ok_or_else(|| Error::NoServer { searched: usual_places() }),
            },
        }
    }

    fn named(dir: &Path, account: &Account) -> Result<Self, Error> {
        Self::at(dir, account).map_err(|reason| Error::Unusable { dir: dir.to_owned(), reason })
    }

    fn first(dirs: Vec<PathBuf>, account: &Account) -> Option<Self> {
        dirs.iter().find_map(|dir| Self::at(dir, account).ok())
    }

    /// The installation of this directory, if the account can run it.
    fn at(dir: &Path, account: &Account) -> Result<Self, String> {
        version(account, &dir.join("initdb"))?;
        let version = version(account, &dir.join("postgres"))?;
        Ok(Self { bin_dir: home(dir), version })
    }
}

/// The real directory of the programs. A directory of `PATH` may hold links to a few of them only, and a psql
/// or pg_dump beside those can be of another version.
fn home(dir: &Path) -> PathBuf {
    let program = dir.join("postgres").canonicalize().ok();
    let home = program.as_deref().and_then(Path::parent).filter(|home| home.join("initdb").exists());
    home.unwrap_or(dir).to_owned()
}

/// Asks a program for its major version: `postgres (PostgreSQL) 18.6 (Debian ...)` is 18, `19beta1` is 19.
fn version(account: &Account, program: &Path) -> Result<u32, String> {
    let asked = account.command(program).arg("--version").output();
    let output = asked.map_err(|error| format!("{} cannot be run ({error})", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let number = text.split(' ').nth(2).and_then(|word| word.split(|c: char| !c.is_ascii_digit()).next());
    number.and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        let complaint = String::from_utf8_lossy(&output.stderr);
        format!("{} does not tell its version ({})", program.display(), complaint.trim())
    })
}

/// The places that are searched when neither `PG_BIN` nor an option names a directory.
fn usual_dirs() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<PathBuf> = env::split_paths(&path).filter(|dir| dir.is_absolute()).collect();
    dirs.extend(configured());
    let mut versioned: Vec<(f32, PathBuf)> = USUAL.iter().flat_map(|pattern| matches(pattern)).collect();
    versioned.sort_by(|a, b| b.0.total_cmp(&a.0));
    dirs.extend(versioned.into_iter().map(|(_, dir)| dir));
    dirs.retain(|dir| dir.join("postgres").exists());
    dirs
}

/// The same places for a person to read.
fn usual_places() -> Vec<String> {
    let first = ["PG_BIN (not set)", "the directories of PATH", "the directory that pg_config names"];
    first.into_iter().chain(USUAL).map(str::to_owned).collect()
}

/// The directory that `pg_config` names.
fn configured() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let dir = PathBuf::from(std::str::from_utf8(&output.stdout).ok()?.trim());
    dir.is_absolute().then_some(dir)
}

/// The directories that match a pattern, each with its version; one without a version counts as the oldest.
fn matches(pattern: &str) -> Vec<(f32, PathBuf)> {
    let Some((before, after)) = pattern.split_once('*') else { return Vec::new() };
    let Some((parent, prefix)) = before.rsplit_once('/') else { return Vec::new() };
    let names = fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names
        .filter_map(|name| {
            let version = name.to_str()?.strip_prefix(prefix)?;
            let number = if version.is_empty() { 0.0 } else { version.parse().ok()? };
            Some((number, PathBuf::from(format!("{before}{version}{after}"))))
        })
        .collect()
}
