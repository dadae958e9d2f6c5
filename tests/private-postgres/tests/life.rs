//! A server is copied, crashes, starts again and is promoted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod observe;

use std::thread;
use std::time::{Duration, Instant};

use observe::answer;
use private_postgres::{Crash, Options, Server};

fn ask(server: &Server, question: &str) -> String {
    answer(server.bin_dir(), &server.connection_string("postgres"), question)
}

#[test]
fn a_standby_follows_its_primary_until_it_is_promoted() {
    let primary = Server::start(Options::new()).unwrap();
    let standby = Server::standby_of(&primary, Options::new().setting("cluster_name", "second")).unwrap();
    ask(&primary, "create table crossing as select 7 as at");
    let deadline = Instant::now() + Duration::from_secs(30);
    while ask(&standby, "select to_regclass('crossing') is not null") != "t" {
        assert!(Instant::now() < deadline, "the table should have arrived");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(ask(&primary, "select application_name, state from pg_stat_replication"), "second|streaming");
    assert_eq!(ask(&standby, "show transaction_read_only"), "on");
    standby.promote().unwrap();
    assert_eq!(ask(&standby, "insert into crossing values (8) returning at"), "8");
    let refusal = primary.promote().unwrap_err().to_string();
    assert!(refusal.starts_with("The server could not be handled as asked, by: promote -w"), "{refusal}");
}

#[test]
fn a_server_comes_back_from_either_crash_with_what_it_had() {
    let server = Server::start(Options::new().fsync(true)).unwrap();
    ask(&server, "create table kept as select 1 as crashes");
    for crash in [Crash::Kill, Crash::Immediate] {
        server.crash(crash).unwrap();
        server.start_again().unwrap();
        ask(&server, "update kept set crashes = crashes + 1");
    }
    assert_eq!(ask(&server, "select crashes from kept"), "3");
    let dir = server.socket_dir().to_owned();
    server.stop();
    assert!(!dir.exists(), "a server that was started again is removed like any other");
}
