//! However the process that started a server dies, the server and its directory go too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod observe;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use observe::{Doomed, Scratch, drop_dead, is_alive, postmaster, send, soon};
use private_postgres::{Options, Server};

#[test]
fn a_panicking_thread_takes_its_server_along() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = thread::spawn(move || {
        let server = Server::start(Options::new()).unwrap();
        sender.send((server.socket_dir().to_owned(), postmaster(server.socket_dir()))).unwrap();
        panic!("as told");
    });
    let (dir, process) = receiver.recv().unwrap();
    thread.join().unwrap_err();
    assert!(!dir.exists() && !is_alive(&process));
}

#[test]
fn nothing_is_left_of_a_parent_that_returns() {
    ends_by_itself("return");
}

#[test]
fn nothing_is_left_of_a_parent_that_panics() {
    ends_by_itself("panic");
}

#[test]
fn nothing_is_left_of_a_parent_that_exits() {
    ends_by_itself("exit");
}

#[test]
fn nothing_is_left_of_a_parent_that_aborts() {
    ends_by_itself("abort");
}

#[test]
fn nothing_is_left_of_an_interrupted_parent() {
    ends_by_signal("INT");
}

#[test]
fn nothing_is_left_of_a_terminated_parent() {
    ends_by_signal("TERM");
}

#[test]
fn nothing_is_left_of_a_killed_parent() {
    ends_by_signal("KILL");
}

#[test]
fn nothing_is_left_of_a_server_that_was_stopped_in_its_tracks() {
    let mut doomed = Doomed::start("return");
    send("STOP", &doomed.postmaster);
    doomed.signal("KILL");
    doomed.leaves_nothing_behind();
}

#[test]
fn nothing_is_left_of_a_server_that_was_killed_before_its_parent() {
    let mut doomed = Doomed::start("return");
    let segment = shared_memory(&doomed.dir);
    assert!(exists(&segment));
    send("KILL", &doomed.postmaster);
    doomed.signal("KILL");
    doomed.leaves_nothing_behind();
    assert!(!exists(&segment));
}

#[test]
fn nothing_is_left_of_a_parent_that_is_killed_before_the_server_is_ready() {
    let scratch = Scratch::new("early");
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o777)).unwrap();
    let entries = || fs::read_dir(&scratch.0).unwrap().count();
    // The moments of a start: the directory is made, initdb runs, the server starts.
    for sign in ["log", "data/PG_VERSION", "data/postmaster.pid", "data/global/pg_control"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doomed"));
        let mut parent =
            command.arg("return").env("TMPDIR", &scratch.0).stdin(Stdio::piped()).spawn().unwrap();
        soon("the start should have come this far", || {
            let dirs = fs::read_dir(&scratch.0).unwrap().flatten();
            dirs.into_iter().any(|entry| entry.path().join(sign).exists())
        });
        send("KILL", &parent.id().to_string());
        drop_dead(&mut parent);
        soon("the directory should be gone", || entries() == 0);
    }
}

fn ends_by_itself(end: &str) {
    let mut doomed = Doomed::start(end);
    doomed.let_go();
    doomed.leaves_nothing_behind();
}

fn ends_by_signal(signal: &str) {
    let mut doomed = Doomed::start("return");
    doomed.signal(signal);
    doomed.leaves_nothing_behind();
}

/// The id of the server's segment of shared memory, from line 7 of its file.
fn shared_memory(dir: &Path) -> String {
    let state = fs::read_to_string(dir.join("data/postmaster.pid")).unwrap();
    state.lines().nth(6).and_then(|line| line.split_whitespace().nth(1)).unwrap().to_owned()
}

fn exists(segment: &str) -> bool {
    let output = Command::new("ipcs").arg("-m").output().unwrap();
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .any(|line| line.split_whitespace().nth(1) == Some(segment))
}
