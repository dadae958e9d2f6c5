//! How PostgreSQL goes about each statement of the library, in a database of 25,000 sessions and 100,000
//! events.
//!
//! A request must never scan a table, and appending must leave the indexes of `session` alone. Both keep
//! serializable transactions of different sessions out of each other's way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod alone;
mod check;
mod filling;
mod hot;
mod huge;
mod kept;
mod questions;
mod rebuilding;
mod relaying;
mod small;
mod statements;
mod upkeep;

use std::fs;
use std::path::{Path, PathBuf};

use check::{Check, RUNTIME};
use questions::QUESTIONS;
use rebuilding::REBUILDING;
use relaying::RELAYING;
use statements::STATEMENTS;
use test_support::Database;
use tokio_postgres::{Client, SimpleQueryMessage};
use upkeep::UPKEEP;

const SQL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/sql");
const SRC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// The tables that no request may scan. A partition's name begins with `event_`.
const TABLES: [&str; 6] = ["session", "ended_session", "login_step", "activity", "event", "event_"];

/// All statements with their expectations.
fn statements() -> impl Iterator<Item = &'static (&'static str, Check)> {
    [STATEMENTS, QUESTIONS, REBUILDING, RELAYING, UPKEEP].into_iter().flatten()
}

/// The text of a statement.
fn statement(file: &str) -> String {
    fs::read_to_string(Path::new(SQL).join(file)).unwrap()
}

#[tokio::test]
async fn every_statement_is_answered_by_an_index_with_a_plan_that_is_kept() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let filled = filling::fill(&client).await;
    client.batch_execute("set plan_cache_mode = force_generic_plan").await.unwrap();
    for (file, check) in statements() {
        if let Check::Plan { role, arguments, wanted } = check {
            let arguments = arguments.replace("ID", &format!("'{}'", filled.session));
            client.batch_execute(&format!("set role {role}")).await.unwrap();
            let plan = explain(&client, &statement(file), &arguments).await;
            for scan in *wanted {
                assert!(plan.contains(scan), "{file}: no `{scan}` in\n{plan}");
            }
            let scanned = plan.lines().filter_map(scanned_table).find(|table| match *role {
                RUNTIME => is_ours(table),
                // A relay reads many transactions at once, for which scanning an empty partition is as good.
                _ => is_ours(table) && (!table.starts_with("event_") || **table == filled.partition),
            });
            assert_eq!(scanned, None, "{file}:\n{plan}");
        }
    }
    client.batch_execute("reset role; reset plan_cache_mode").await.unwrap();
    kept::check(&client, filled.session).await;
}

#[test]
fn no_statement_is_left_out() {
    let mut files: Vec<_> =
        fs::read_dir(SQL).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let mut listed: Vec<_> = statements().map(|(file, _)| *file).collect();
    listed.sort();
    assert_eq!(
        files, listed,
        "give each statement a line in tests/plans/statements.rs, or in the file of its topic"
    );
}

#[test]
fn an_exemption_has_a_reason() {
    for (file, check) in statements() {
        if let Check::Exempt(reason) = check {
            assert!(reason.len() > 20, "{file}: {reason}");
        }
    }
}

#[test]
fn every_statement_says_what_it_does_and_what_no_row_means() {
    for (file, _) in statements() {
        let text = statement(file);
        let header: Vec<_> = text.lines().take_while(|line| line.starts_with("--")).collect();
        assert!(header.len() >= 2, "{file}");
        assert!(header.iter().any(|line| line.starts_with("-- No row: ")), "{file}");
        let has_parameters = text.lines().any(|line| !line.starts_with("--") && line.contains('$'));
        let tells_parameters = header.iter().any(|line| line.starts_with("-- Parameters: $1 "));
        assert_eq!(tells_parameters, has_parameters, "{file}");
    }
}

#[test]
fn every_statement_is_run_by_one_module() {
    let mut sources = Vec::new();
    collect(Path::new(SRC), &mut sources);
    let sources: String = sources.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for (file, _) in statements() {
        assert_eq!(sources.matches(&format!("sql/{file}\")")).count(), 1, "{file}");
    }
}

/// The plan of a prepared statement for any arguments.
async fn explain(client: &Client, text: &str, arguments: &str) -> String {
    let declares_cursor = text.lines().any(|line| line.starts_with("declare "));
    let explain = if declares_cursor {
        format!("explain (costs off) {text}")
    } else {
        client.batch_execute(&format!("prepare one as {text}")).await.unwrap();
        let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
        format!("explain (costs off) execute one{arguments}; deallocate one")
    };
    let told = client.simple_query(&explain).await.unwrap_or_else(|error| panic!("{text}: {error:?}"));
    let line = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    };
    told.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

fn scanned_table(line: &str) -> Option<&str> {
    line.split_once("Seq Scan on ")?.1.split_whitespace().next()
}

fn is_ours(table: &str) -> bool {
    TABLES.iter().any(|ours| table == *ours || (ours.ends_with('_') && table.starts_with(ours)))
}

fn collect(directory: &Path, sources: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(path);
        }
    }
}
