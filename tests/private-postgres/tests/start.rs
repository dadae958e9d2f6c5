//! A server starts, follows its options, and is gone when it is dropped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod observe;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;

use observe::{Doomed, Scratch, answer, is_alive, is_root, postmaster, soon};
use private_postgres::{Error, Options, Server};

fn show(server: &Server, setting: &str) -> String {
    answer(server.bin_dir(), &server.connection_string("postgres"), &format!("SHOW {setting}"))
}

#[test]
fn a_server_listens_on_its_socket_alone_and_is_set_up_for_tests() {
    let server = Server::start(Options::new()).unwrap();
    assert_eq!(show(&server, "listen_addresses"), "");
    assert_eq!(show(&server, "wal_level"), "logical");
    assert_eq!(show(&server, "fsync"), "off");
    assert_eq!(show(&server, "max_connections"), "200");
    assert_eq!(show(&server, "max_pred_locks_per_transaction"), "256");
    assert_eq!(show(&server, "server_encoding"), "UTF8");
    assert!(show(&server, "server_version").starts_with(&server.version().to_string()));
}

#[test]
fn both_forms_of_the_address_lead_to_the_named_database_as_postgres() {
    let server = Server::start(Options::new()).unwrap();
    answer(server.bin_dir(), &server.url("postgres"), r#"CREATE DATABASE "it's \ & odd""#);
    for address in [server.connection_string(r"it's \ & odd"), server.url(r"it's \ & odd")] {
        let who = answer(server.bin_dir(), &address, "SELECT current_user, current_database()");
        assert_eq!(who, r"postgres|it's \ & odd");
    }
}

#[test]
fn settings_and_fsync_of_the_options_reach_the_server() {
    let odd = r"it's \ odd";
    let options = Options::new().fsync(true).setting("max_connections", "20").setting("app.name", odd);
    let server = Server::start(options).unwrap();
    assert_eq!(show(&server, "fsync"), "on");
    assert_eq!(show(&server, "max_connections"), "20");
    assert_eq!(show(&server, "app.name"), odd);
}

#[test]
fn only_its_user_may_enter_the_directory_and_that_is_never_root() {
    let server = Server::start(Options::new()).unwrap();
    let directory = fs::metadata(server.socket_dir()).unwrap();
    assert_eq!(directory.permissions().mode() & 0o777, 0o700);
    assert_ne!(directory.uid(), 0);
    assert!(server.log_path().starts_with(server.socket_dir()));
    assert!(fs::read_to_string(server.log_path()).unwrap().contains("ready to accept connections"));
}

#[test]
fn an_ordinary_user_can_start_one() {
    let scratch = Scratch::new("ordinary");
    // Only root may be allowed into the directory of the build.
    let program = scratch.0.join("doomed");
    fs::copy(env!("CARGO_BIN_EXE_doomed"), &program).unwrap();
    let mut command = Command::new(&program);
    command.arg("return").current_dir("/");
    if is_root() {
        command.uid(65534).gid(65534);
    }
    let mut doomed = Doomed::spawn(command);
    assert_ne!(fs::metadata(&doomed.dir).unwrap().uid(), 0);
    assert_eq!(answer(&doomed.bin_dir, &doomed.connection_string, "SELECT 1"), "1");
    doomed.let_go();
    doomed.leaves_nothing_behind();
}

#[test]
fn eight_can_be_started_at_once() {
    let threads: Vec<_> = (0..8).map(|_| thread::spawn(|| Server::start(Options::new()))).collect();
    let servers: Vec<Server> = threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect();
    for (number, server) in servers.iter().enumerate() {
        answer(server.bin_dir(), &server.url("postgres"), &format!("CREATE TABLE only_{number} ()"));
    }
    for (number, server) in servers.iter().enumerate() {
        let tables = "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'";
        assert_eq!(answer(server.bin_dir(), &server.url("postgres"), tables), format!("only_{number}"));
    }
}

#[test]
fn a_stopped_server_leaves_nothing_behind() {
    let server = Server::start(Options::new()).unwrap();
    let (dir, process) = (server.socket_dir().to_owned(), postmaster(server.socket_dir()));
    server.stop();
    assert!(!dir.exists() && !is_alive(&process), "stopping waits for the end");
}

#[test]
fn a_server_that_others_restarted_is_stopped_too() {
    let server = Server::start(Options::new()).unwrap();
    let (dir, before) = (server.socket_dir().to_owned(), postmaster(server.socket_dir()));
    let owner = fs::metadata(&dir).unwrap();
    let mut restart = Command::new(server.bin_dir().join("pg_ctl"));
    restart.args(["restart", "-s", "-w", "-D"]).arg(dir.join("data")).arg("-l").arg(dir.join("log"));
    if is_root() {
        restart.uid(owner.uid()).gid(owner.gid());
    }
    assert!(restart.current_dir("/").status().unwrap().success());
    let after = postmaster(&dir);
    assert_ne!(before, after);
    server.stop();
    assert!(!dir.exists());
    assert!(!is_alive(&after));
}

#[test]
fn a_setting_that_is_refused_shows_the_end_of_the_log_and_leaves_nothing_behind() {
    let error = Server::start(Options::new().setting("max_connections", "many")).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, Error::NotReady { .. }), "{message}");
    assert!(message.starts_with("The PostgreSQL server did not become ready. Its log, which should say why"));
    assert!(message.contains(r#"invalid value for parameter "max_connections": "many""#), "{message}");
    let dir = message.split('"').find_map(|part| part.strip_suffix("/data/postgresql.conf"));
    soon("its directory should be gone", || !std::path::Path::new(dir.expect("a path in the log")).exists());
}
