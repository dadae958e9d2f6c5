//! The address of a database, as `psql` takes it, on a real server.

use std::fs;
use std::process::Command;

use private_postgres::{Options, Server};
use session_ledger::Ledger;
use session_ledger::ledger::Address;
use tokio_postgres::{Client, NoTls};

/// The name of the operating system's user.
fn system_user() -> String {
    String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap().trim().to_owned()
}

/// A server that lets users in by `method`, and a connection from before.
async fn server(method: &str) -> (Server, Client) {
    let server = Server::start(Options::new()).unwrap();
    let config: tokio_postgres::Config = server.connection_string("postgres").parse().unwrap();
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let user = system_user();
    client
        .batch_execute(&format!(
            "do $$ begin if not exists (select from pg_roles where rolname = '{user}') then create role \"{user}\"; end if; \
             end $$;
             alter role \"{user}\" superuser login password 'hunter2';"
        ))
        .await
        .unwrap();
    let rules: String = client.query_one("show hba_file", &[]).await.unwrap().get(0);
    fs::write(rules, format!("local all all {method}\n")).unwrap();
    client.batch_execute("select pg_reload_conf()").await.unwrap();
    let loaded = "select count(*) = 1 and bool_and(auth_method = $1) from pg_hba_file_rules";
    while !client.query_one(loaded, &[&method]).await.unwrap().get::<_, bool>(0) {
        tokio::task::yield_now().await;
    }
    (server, client)
}

/// The address with nothing but the socket and the database in it.
fn address(server: &Server, variables: &[(&str, &str)]) -> Address {
    let folder = server.socket_dir().display().to_string();
    Address::read("postgres:///postgres", |name| match name {
        "PGHOST" => Some(folder.clone()),
        _ => variables.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned()),
    })
    .unwrap()
}

#[tokio::test]
async fn without_a_user_the_systems_user_comes_in_as_a_peer() {
    let (server, _client) = server("peer").await;
    Ledger::at(address(&server, &[])).migrate().await.unwrap();
    let ledger = Ledger::at(address(&server, &[])).connect().await.unwrap();
    assert!(ledger.sessions(&"alice".into()).await.unwrap().is_empty());
    let stranger =
        Ledger::at(address(&server, &[("PGUSER", "postgres_stranger")])).connect().await.unwrap_err();
    assert_eq!(
        stranger.to_string(),
        "the database is not available: Peer authentication failed for user \"postgres_stranger\" (28000)"
    );
}

#[tokio::test]
async fn a_password_that_is_wanted_and_missing_is_asked_for() {
    let (server, _client) = server("scram-sha-256").await;
    let refused = Ledger::at(address(&server, &[])).migrate().await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the database is not available: the server asks for a password: set PGPASSWORD or write one into the address; a \
         password file is not read"
    );
    Ledger::at(address(&server, &[("PGPASSWORD", "hunter2")])).migrate().await.unwrap();
}
