//! The search for a server, the place of its directory, and the message when there is none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod observe;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use observe::{Doomed, Scratch, answer};
use private_postgres::{Error, Options, Server};

#[test]
fn without_a_server_the_message_tells_where_it_looked_and_how_to_get_one() {
    let error = Server::start(Options::new().search_in([PathBuf::from("/nowhere/bin")])).unwrap_err();
    assert!(matches!(error, Error::NoServer { .. }));
    assert_eq!(
        error.to_string(),
        "No PostgreSQL server was found. The programs initdb and postgres were looked for in: /nowhere/bin. \
         Install one:\n  \
         Debian, Ubuntu:    apt-get install postgresql\n  \
         Fedora:            dnf install postgresql-server\n  \
         macOS (Homebrew):  brew install postgresql@18\n\
         Or set PG_BIN to the directory that holds the two programs."
    );
    let error = Server::start(Options::new().search_in([])).unwrap_err();
    assert!(error.to_string().contains("were looked for in: nowhere."));
}

#[test]
fn a_directory_that_is_named_is_the_only_one_tried() {
    let error = Server::start(Options::new().bin_dir("/nowhere/bin")).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, Error::Unusable { .. }), "{message}");
    assert!(
        message.starts_with(
            "No PostgreSQL server can be run from /nowhere/bin: /nowhere/bin/initdb cannot be run"
        )
    );

    let output = doomed().env("PG_BIN", "/nowhere/bin").output().unwrap();
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("No PostgreSQL server can be run from /nowhere/bin")
    );
}

#[test]
fn of_the_directories_to_search_the_first_with_a_server_is_taken() {
    let found = Server::start(Options::new()).unwrap().bin_dir().to_owned();
    let server = Server::start(Options::new().search_in(["/nowhere/bin".into(), found.clone()])).unwrap();
    assert_eq!(server.bin_dir(), found);
}

#[test]
fn a_long_temporary_directory_gives_way_to_a_short_one() {
    let scratch = Scratch::new("long");
    let long = scratch.0.join("d".repeat(110));
    fs::create_dir(&long).unwrap();
    fs::set_permissions(&long, Permissions::from_mode(0o777)).unwrap();
    starts_directly_under_tmp(&long);
}

#[test]
fn a_closed_temporary_directory_gives_way_to_an_open_one() {
    let scratch = Scratch::new("closed");
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o500)).unwrap();
    starts_directly_under_tmp(&scratch.0);
}

#[test]
fn an_odd_temporary_directory_is_no_hindrance() {
    let scratch = Scratch::new("it's 100% odd");
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o777)).unwrap();
    let mut command = doomed();
    command.env("TMPDIR", &scratch.0);
    let mut doomed = Doomed::spawn(command);
    assert_eq!(doomed.dir.parent(), Some(scratch.0.as_path()));
    assert_eq!(answer(&doomed.bin_dir, &doomed.connection_string, "SELECT 1"), "1");
    doomed.let_go();
    doomed.leaves_nothing_behind();
}

#[test]
fn variables_meant_for_other_servers_are_ignored() {
    let mut command = doomed();
    command.envs([
        ("PGDATA", "/nowhere"),
        ("PGPORT", "1"),
        ("PGOPTIONS", "--nonsense"),
        ("PGUSER", "nobody"),
    ]);
    let mut doomed = Doomed::spawn(command);
    assert_eq!(answer(&doomed.bin_dir, &doomed.connection_string, "SHOW port"), "5432");
    doomed.let_go();
    doomed.leaves_nothing_behind();
}

fn doomed() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doomed"));
    command.arg("return");
    command
}

fn starts_directly_under_tmp(tmpdir: &Path) {
    let mut command = doomed();
    command.env("TMPDIR", tmpdir);
    let mut doomed = Doomed::spawn(command);
    assert_eq!(doomed.dir.parent(), Some(Path::new("/tmp")));
    assert_eq!(answer(&doomed.bin_dir, &doomed.connection_string, "SELECT 1"), "1");
    doomed.let_go();
    doomed.leaves_nothing_behind();
}
