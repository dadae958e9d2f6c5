//! What a newcomer reads when the first start fails: `main` prints the `Debug` of its error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::env;
use std::error::Error;
use std::process::Command;

use private_postgres::{Options, Server};
use session_ledger::session::{Policy, UserId};
use session_ledger::{KeyRing, Ledger};
use test_support::Database;
use tokio_postgres::Config;

/// Set for the test below when it is to be the README's program.
const AS_PROGRAM: &str = "RUN_AS_THE_PROGRAM";

const KEYS: &str = "primary 5f0c21aa AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

/// Begins as the README's program does, for the tests that run this file again. The harness prints the error
/// of a test as it prints that of `main`.
#[tokio::test]
async fn the_program() -> Result<(), Box<dyn Error>> {
    if env::var_os(AS_PROGRAM).is_none() {
        return Ok(());
    }
    let _ledger = Ledger::from_env()?.connect().await?;
    let _keys = KeyRing::from_env()?;
    Ok(())
}

/// What the README's program prints when it fails in an environment.
fn hello(variables: &[(&str, &str)]) -> String {
    let mut program = Command::new(env::current_exe().unwrap());
    program.args(["--exact", "the_program", "--nocapture"]).env(AS_PROGRAM, "yes");
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        program.env_remove(name);
    }
    program.env_remove("DATABASE_URL").env_remove("SESSION_LEDGER_KEYS").envs(variables.iter().copied());
    let output = program.output().unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap();
    let line = told.lines().find_map(|line| line.split_once("Error: ")).unwrap_or_else(|| panic!("{told}"));
    line.1.to_owned()
}

#[test]
fn a_program_without_a_database_in_its_environment_says_what_to_set() {
    assert_eq!(
        hello(&[]),
        "no database is named: set DATABASE_URL to a URL such as postgresql://shop@localhost/shop or to keys and values such \
         as \"host=localhost user=shop dbname=shop\", or set PGHOST, PGUSER and PGDATABASE"
    );
    let shown = hello(&[("DATABASE_URL", "postgres://shop:hunter2@db.example/shop")]);
    assert!(
        shown.starts_with("setting `sslmode` must be given for the database host \"db.example\": `require`"),
        "{shown}"
    );
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_program_whose_database_is_away_says_so() {
    assert_eq!(
        hello(&[("DATABASE_URL", "postgres:///shop?host=/nowhere")]),
        "the database is not available: no server has its socket there: start the server, or name its host, or the folder of \
         its socket, in the address"
    );
    assert_eq!(
        hello(&[("DATABASE_URL", "postgres://shop:hunter2@127.0.0.1:9/shop")]),
        "the database is not available: error connecting to server: Connection refused (os error 111)"
    );
}

#[tokio::test]
async fn a_program_without_the_schema_or_without_keys_names_the_command_that_makes_them() {
    let server = Server::start(Options::new()).unwrap();
    let empty = server.url("postgres");
    let told = tokio::task::spawn_blocking(move || hello(&[("DATABASE_URL", empty.as_str())])).await.unwrap();
    assert!(
        told.starts_with("the database's schema is at version 0, this library needs ")
            && told.ends_with(": run `projector migrate`"),
        "{told}"
    );
    let migrated = Database::on(&server).await;
    let address = server.url(migrated.name());
    let told = tokio::task::spawn_blocking(move || {
        let no_keys = hello(&[("DATABASE_URL", address.as_str())]);
        let no_primary = KEYS.replace("primary", "retired");
        (no_keys, hello(&[("DATABASE_URL", address.as_str()), ("SESSION_LEDGER_KEYS", no_primary.as_str())]))
    });
    let (no_keys, no_primary) = told.await.unwrap();
    assert_eq!(no_keys, "SESSION_LEDGER_KEYS is not set: `projector keys generate` prints a line for it");
    assert_eq!(
        no_primary,
        "SESSION_LEDGER_KEYS cannot be used: The key ring has no primary key; exactly one key must be primary, to seal new \
         tokens."
    );
}

/// It was 300 characters of `DbError { … }`.
#[tokio::test]
async fn a_refusal_of_the_database_is_its_message_without_the_row_that_it_quotes() {
    let database = Database::fresh().await;
    let config: Config = database.config().options("-c role=session_ledger_relay").clone();
    let ledger = Ledger::builder(config).without_requests().connect().await.unwrap();
    let refused = ledger.sessions(&UserId::from("alice")).await.unwrap_err();
    assert_eq!(
        format!("{refused:?}"),
        "the database refused a statement: permission denied for table session (42501)"
    );
    let boxed: Box<dyn Error> = KeyRing::parse("").unwrap_err().into();
    assert_eq!(
        format!("{boxed:?}"),
        "The key ring has no primary key; exactly one key must be primary, to seal new tokens."
    );
    let none = Ledger::builder(database.config()).connections_max(0).connect().await.unwrap_err();
    assert_eq!(format!("{none:?}"), "setting `connections_max` must be at least 1");
    let policy = Ledger::builder(database.config()).policy(Policy::default().idle_timeout(0));
    let error = policy.connect().await.unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
}
