//! `projector migrate`, and the other commands on a database that was not migrated.

use std::process::Output;

use test_support::Database;
use tokio_postgres::Config;

use super::{projector, stderr, stdout};

/// An empty database.
struct Unmigrated {
    /// A connection to the same server, to make the database and drop it.
    neighbour: Database,
    name: String,
}

impl Unmigrated {
    async fn create() -> Self {
        let neighbour = Database::fresh().await;
        let name = format!("unmigrated_beside_{}", neighbour.name());
        let create = format!("create database {name} template template0");
        neighbour.connect().await.batch_execute(&create).await.unwrap();
        Self { neighbour, name }
    }

    fn config(&self) -> Config {
        let mut config = self.neighbour.config();
        config.dbname(&self.name);
        config
    }

    fn run(&self, arguments: &[&str]) -> Output {
        projector(&self.config()).args(arguments).output().unwrap()
    }

    async fn drop(self) {
        let drop = format!("drop database {} with (force)", self.name);
        self.neighbour.connect().await.batch_execute(&drop).await.unwrap();
    }
}

#[tokio::test]
async fn a_migration_says_what_it_did_and_the_second_time_that_there_was_nothing_to_do() {
    let database = Unmigrated::create().await;
    let first = database.run(&["migrate"]);
    let second = database.run(&["migrate"]);
    database.drop().await;

    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    let told = stdout(&first);
    let lines: Vec<_> = told.lines().collect();
    let (last, applied) = lines.split_last().unwrap();
    assert_eq!(applied[0], "Applied V1__roles.");
    assert!(applied.contains(&"Applied V3__event."), "{told}");
    let migrations = applied.len();
    assert_eq!(
        *last,
        format!("The schema is up to date: {migrations} migrations applied, 13 partitions of the log made.")
    );

    assert_eq!(second.status.code(), Some(0), "{}", stderr(&second));
    let nothing = "Nothing was missing: the schema is up to date, the roles have their rights, and the log has its partitions.\n";
    assert_eq!((stdout(&second).as_str(), stderr(&second).as_str()), (nothing, ""));
}

#[tokio::test]
async fn a_database_that_was_not_migrated_is_refused_with_advice() {
    let database = Unmigrated::create().await;
    let session = "0198b5c2-7a30-7cc3-98c4-dc0c0c07398f";
    let commands: [&[&str]; 5] = [
        &["verify"],
        &["rebuild"],
        &["history", session],
        &["sessions", "--user", "alice"],
        &["relay", "run", "--subscription", "audit"],
    ];
    let outputs = commands.map(|arguments| (arguments, database.run(arguments)));
    database.drop().await;
    for (arguments, output) in outputs {
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let told = stderr(&output);
        assert!(told.starts_with("error: the database's schema is at version 0, "), "{told}");
        assert!(told.ends_with(": run `projector migrate`\n"), "{told}");
    }
}

#[tokio::test]
async fn a_database_of_a_later_version_is_left_alone() {
    let database = Unmigrated::create().await;
    assert!(database.run(&["migrate"]).status.success());
    let (client, connection) = database.config().connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let later = "insert into session_ledger.migration select 9999, 'later', applied_on, checksum
                   from session_ledger.migration limit 1";
    client.batch_execute(later).await.unwrap();
    let output = database.run(&["migrate"]);
    drop(client);
    database.drop().await;
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(told.starts_with("error: the database's schema is at version 9999, newer than the "), "{told}");
}
