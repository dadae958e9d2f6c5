//! The command line: wrong arguments, and the help texts.

use super::{bare_projector, stderr, stdout};

const NO_DATABASE: &str = "error: no database is named: give --database or set DATABASE_URL, to a URL such as \
    postgresql://shop@localhost/shop or to keys and values such as \"host=localhost user=shop dbname=shop\"\n";

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
        "postgresql://shop:hunter2@localhost:http/shop",
        "mysql://shop:hunter2@localhost/shop",
        "host=localhost password=correct hunter2",
        "user=shop password=hunter2",
        "shop:hunter2",
    ] {
        let output = bare_projector().args(["migrate", "--database", address]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{address}");
        let told = stderr(&output);
        assert!(
            told.starts_with("error: the database's address cannot be read: write a URL such as "),
            "{told}"
        );
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn a_bad_session_id_is_told_what_one_looks_like() {
    let output = bare_projector().args(["history", "42"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    let expected = "error: invalid value '42' for '<SESSION>': a session id looks like \
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
        &["relay", "--subscription", "audit", "--batch", "0"],
        &["keys"],
    ];
    for arguments in wrong {
        let output = bare_projector().args(arguments).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{arguments:?}");
        assert!(stderr(&output).contains("--help"), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn every_command_has_help_with_an_example_and_without_the_password_of_the_environment() {
    let commands: [&[&str]; 7] = [
        &["migrate"],
        &["verify"],
        &["rebuild"],
        &["history"],
        &["sessions"],
        &["relay"],
        &["keys", "generate"],
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
