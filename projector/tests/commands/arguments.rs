//! The command line: wrong arguments, and the help texts.

use test_support::Database;
use tokio_postgres::config::Host;

use super::{bare_projector, stderr, stdout};

const NO_DATABASE: &str = "error: no database is named: give --database or set DATABASE_URL, to a URL such as \
    postgresql://shop@localhost/shop or to keys and values such as \"host=localhost user=shop dbname=shop\", or set PGHOST, PGUSER \
    and PGDATABASE\n";

#[test]
fn a_missing_database_is_asked_for() {
    for database in [None, Some(""), Some("  ")] {
        let mut command = bare_projector();
        command.arg("verify").envs(database.map(|address| ("DATABASE_URL", address)));
        let output = command.output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(2), NO_DATABASE));
    }
}

#[test]
fn a_database_that_cannot_be_read_is_not_repeated() {
    for address in [
        "postgresql://shop:hunter2%@localhost/shop",
        "mysql://shop:hunter2@localhost/shop",
        "host=localhost password=correct hunter2",
        "shop:hunter2",
    ] {
        let output = bare_projector().args(["migrate", "--database", address]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{address}");
        let told = stderr(&output);
        assert!(
            told.starts_with("error: the database's address cannot be read: ")
                && told.contains("; write a URL such as "),
            "{told}"
        );
        assert!(!told.contains("hunter2"), "{told}");
    }
}

/// All of these were "the database's address cannot be read".
#[tokio::test]
async fn an_address_is_taken_in_every_form_that_psql_takes() {
    let database = Database::fresh().await;
    let config = database.config();
    let (Host::Unix(folder), port) = (&config.get_hosts()[0], config.get_ports().first().unwrap_or(&5432))
    else {
        return;
    };
    let (folder, port) = (folder.display().to_string(), port.to_string());
    let (user, name) = (config.get_user().unwrap(), database.name());
    let encoded = folder.replace('/', "%2F");
    let variables = [("PGHOST", folder.as_str()), ("PGPORT", port.as_str()), ("PGUSER", user)];
    let cases = [
        (format!("postgres:///{name}"), &variables[..]),
        (format!("dbname={name} user={user}"), &variables[..2]),
        (format!("postgres://{user}@{encoded}:{port}/{name}?sslmode=verify-full"), &[]),
        (format!("postgresql:///{name}?host={folder}&port={port}&user={user}"), &[]),
    ];
    for (address, variables) in cases {
        let mut command = bare_projector();
        command.arg("verify").env("DATABASE_URL", &address).envs(variables.iter().copied());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{address}: {}", stderr(&output));
    }
    let by_variables =
        bare_projector().arg("verify").envs(variables).env("PGDATABASE", name).output().unwrap();
    assert_eq!(by_variables.status.code(), Some(0), "{}", stderr(&by_variables));
    let pooled = format!("postgres:///{name}?pgbouncer=true");
    let refused = bare_projector().args(["verify", "--database", &pooled]).output().unwrap();
    assert_eq!(
        (refused.status.code(), stderr(&refused).as_str()),
        (
            Some(2),
            "error: `pgbouncer` is no parameter of a database's address: take it out; behind a pooler in transaction mode \
             an application calls `unnamed_statements()`, and `projector` takes the address of the server itself\n"
        )
    );
}

#[test]
fn a_bad_session_id_is_told_what_one_looks_like() {
    let output = bare_projector().args(["history", "42"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    let expected = "error: invalid value '42' for '[SESSION]': a session id looks like \
        0198b5c2-7a30-7cc3-98c4-dc0c0c07398f; `projector sessions --user USER` lists a user's\n";
    assert!(told.starts_with(expected), "{told}");
}

#[test]
fn a_wrong_argument_is_refused() {
    let wrong: [&[&str]; 7] = [
        &[],
        &["verify", "--fast"],
        &["sessions"],
        &["history", "0198b5c2-7a30-7cc3-98c4-dc0c0c07398f", "--format", "xml"],
        &["relay"],
        &["relay", "run", "--subscription", "audit", "--batch", "0"],
        &["keys"],
    ];
    for arguments in wrong {
        let output = bare_projector().args(arguments).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{arguments:?}");
        assert!(stderr(&output).contains("--help"), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn a_typo_is_answered_with_what_was_meant() {
    for (arguments, expected) in [
        (&["verfy"][..], "tip: a similar subcommand exists: 'verify'"),
        (&["relay", "run", "--subscripton", "a"], "tip: a similar argument exists: '--subscription'"),
        (&["verify", "--format", "jsn"], "tip: a similar value exists: 'json'"),
    ] {
        let output = bare_projector().args(arguments).output().unwrap();
        let told = stderr(&output);
        assert!(output.status.code() == Some(2) && told.contains(expected), "{told}");
    }
}

#[test]
fn a_number_out_of_its_range_is_told_the_range() {
    for (argument, value, expected) in [
        ("--batch", "0", "it must be a number from 1 to 10000"),
        ("--batch", "10001", "it must be a number from 1 to 10000"),
        ("--idle-ms", "soon", "it must be a number from 1 to 60000"),
    ] {
        let output =
            bare_projector().args(["relay", "run", "--subscription", "a", argument, value]).output().unwrap();
        let told = stderr(&output);
        assert!(
            output.status.code() == Some(2) && told.contains(&format!("{value}' for '{argument}")),
            "{told}"
        );
        assert!(told.contains(expected), "{told}");
    }
    let help = stdout(&bare_projector().args(["relay", "run", "--help"]).output().unwrap());
    assert!(help.contains("1 to 10000") && help.contains("1 to 60000"), "{help}");
}

#[test]
fn every_command_has_help_with_an_example_and_without_the_password_of_the_environment() {
    let commands: [&[&str]; 26] = [
        &["migrate"],
        &["verify"],
        &["rebuild"],
        &["history"],
        &["sessions"],
        &["logins"],
        &["who"],
        &["state-at"],
        &["stats"],
        &["end"],
        &["completions"],
        &["man"],
        &["relay", "run"],
        &["relay", "create"],
        &["relay", "filter"],
        &["relay", "list"],
        &["relay", "status"],
        &["relay", "dead-letters"],
        &["relay", "replay"],
        &["relay", "skip"],
        &["relay", "reset"],
        &["relay", "drop"],
        &["keys", "generate"],
        &["keys", "rotate"],
        &["keys", "retire"],
        &["keys", "list"],
    ];
    for command in commands {
        let mut help = bare_projector();
        help.args(command).arg("--help").env("DATABASE_URL", "postgresql://shop:hunter2@localhost/shop");
        let output = help.output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        let told = stdout(&output);
        let example = format!("Example: projector {}", command.join(" "));
        assert!(told.contains(&example) && told.contains("[env: DATABASE_URL]"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}
