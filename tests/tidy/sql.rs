//! SQL lives in files of its own: one statement in each of `src/store/sql/`, one object in each of `schema/`.

use std::collections::BTreeSet;

use crate::refuse;
use crate::source::{Masked, mask};
use crate::tree::{files, rust_files};

const STATEMENTS: &str = "src/store/sql";

#[test]
fn every_statement_is_included_exactly_once() {
    let included: Vec<_> = rust_files()
        .filter(|(file, _)| file.is_under(&["src"]))
        .flat_map(|(file, rust)| inclusions(&file.path, &rust.masked))
        .collect();
    let mut offences = Vec::new();
    for statement in files().iter().filter(|file| file.is_under(&[STATEMENTS])) {
        let users: Vec<_> =
            included.iter().filter(|one| one.path == statement.path).map(|one| &one.user).collect();
        match users[..] {
            [] => offences.push(statement.at(1, "no `include_str!` in src uses it; use it or delete it")),
            [_] => {}
            _ => offences
                .push(statement.at(1, &format!("included by {users:?}; name it once and share the name"))),
        }
    }
    refuse(&offences);
}

/// Comments have travelled with every statement: 20 MB of server log in 24 s of conflicts.
#[test]
fn no_comment_is_sent_with_a_statement() {
    let mut offences = Vec::new();
    for (file, rust) in rust_files().filter(|(file, _)| file.is_under(&["src/store"])) {
        for inclusion in inclusions(&file.path, &rust.masked).iter().filter(|one| !one.is_bare) {
            offences.push(format!("{}: wrap it in `bare(…)`, or in an `Sql` that does so", inclusion.user));
        }
    }
    for file in files().iter().filter(|file| file.is_under(&[STATEMENTS])) {
        let behind = file.text.lines().enumerate().skip_while(|(_, line)| line.starts_with("--"));
        for (nth, _) in behind.filter(|(_, line)| line.contains("--") || line.contains("/*")) {
            offences.push(file.at(nth + 1, "a comment behind the header is sent; say it in the header"));
        }
    }
    refuse(&offences);
}

#[test]
fn every_statement_says_what_it_does_and_what_no_row_means() {
    let statements = files().iter().filter(|file| file.is_under(&[STATEMENTS]));
    let offences: Vec<_> = statements
        .flat_map(|file| header_offences(&file.text).into_iter().map(|(line, what)| file.at(line, &what)))
        .collect();
    refuse(&offences);
}

#[test]
fn no_statement_is_written_inside_rust() {
    // The kit's statements name databases and tables that a test has made.
    let ours = rust_files()
        .filter(|(file, _)| file.is_under(&["src", "projector/src"]) && !file.is_under(&["src/test"]));
    let offences: Vec<_> = ours
        .flat_map(|(file, rust)| {
            let statements = rust.masked.strings.iter().filter(|string| is_statement(&string.text));
            let advice = "a statement inside Rust; give it a file and a header in src/store/sql/";
            statements.map(|string| file.at(string.line, advice))
        })
        .collect();
    refuse(&offences);
}

#[test]
fn migrations_are_numbered_without_a_gap_and_named_after_their_object() {
    let mut offences = Vec::new();
    let mut numbers = Vec::new();
    let migrations = files().iter().filter(|file| file.is_under(&["schema"]) && file.path.ends_with(".sql"));
    for file in migrations {
        match migration_number(&file.path["schema/".len()..]) {
            Some(number) => numbers.push((number, file)),
            None => {
                offences.push(file.at(1, "name it V<number>__<object>.sql, in lower case with underscores"))
            }
        }
    }
    numbers.sort_by_key(|(number, _)| *number);
    for (expected, (number, file)) in (1..).zip(&numbers) {
        if *number != expected {
            offences.push(
                file.at(1, &format!("number {number} stands where {expected} is due; number without a gap")),
            );
            break;
        }
    }
    refuse(&offences);
}

/// An `include_str!` and the file it takes in.
struct Inclusion {
    user: String,
    path: String,
    /// Whether its comments are taken away.
    is_bare: bool,
}

/// The calls that take the comments of a statement away.
const BARING: &[&str] = &["bare(", "Sql::new(", "Sql::joined(", "of_live_row("];

fn inclusions(user: &str, masked: &Masked) -> Vec<Inclusion> {
    let before = |start: usize| masked.code[..start].trim_end().strip_suffix("include_str!(");
    let texts = masked.strings.iter().filter_map(|string| Some((string, before(string.start)?)));
    texts
        .map(|(text, before)| Inclusion {
            user: format!("{user}:{}", text.line),
            path: beside(user, &text.text),
            is_bare: BARING.iter().any(|call| before.trim_end().ends_with(call)),
        })
        .collect()
}

/// A path relative to the file that names it, as seen from the repository's root.
fn beside(file: &str, relative: &str) -> String {
    let mut parts: Vec<_> = file.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The parts that a statement's header lacks, by line.
fn header_offences(text: &str) -> Vec<(usize, String)> {
    let header = header(text);
    let mut offences = Vec::new();
    if header.lines().next().is_none_or(|said| said.trim().is_empty()) {
        offences.push((1, "open with `-- ` and a sentence that says what the statement does".to_owned()));
    }
    if !header.to_lowercase().contains("no row") {
        offences.push((1, "say in the header what `No row` means, also if it can't be".to_owned()));
    }
    let parameters = parameters(&code(text));
    if !parameters.is_empty() && !header.contains("Parameters") {
        offences.push((1, "add a `Parameters` section to the header, a line for each".to_owned()));
    }
    let explained = self::parameters(&header);
    let missing = parameters.difference(&explained);
    offences
        .extend(missing.map(|n| (1, format!("say in the header's `Parameters` what ${n} is and its type"))));
    offences
}

/// The comment that a file opens with.
fn header(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.trim().strip_prefix("--"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The statement without its comments.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("--").next().unwrap_or("").to_owned() + "\n").collect()
}

/// The numbers of the parameters that a text names.
fn parameters(text: &str) -> BTreeSet<u32> {
    let after_sign = text.split('$').skip(1);
    after_sign.filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()).collect()
}

/// The beginnings of statements, each with signs. A statement has one of the signs; prose that begins with
/// the same word has none.
const STATEMENT_SIGNS: &[(&str, &[&str])] = &[
    ("select ", &[" from ", "(", "$", "select 1"]),
    ("insert into ", &["(", " values", " select ", " default "]),
    ("update ", &[" set "]),
    ("delete from ", &[""]),
    ("with ", &[" as (", " as materialized (", " as not materialized ("]),
    ("copy ", &[" stdin", " stdout"]),
    ("lock table ", &[""]),
    ("truncate ", &["truncate table"]),
    ("create table ", &["("]),
    ("create index ", &[" on "]),
    ("alter table ", &[" add ", " drop ", " rename ", " attach ", " detach ", " set "]),
    ("drop table ", &[""]),
];

/// Transaction control (`begin`, `set transaction …`, `commit`, `rollback`) is no statement of its own.
fn is_statement(text: &str) -> bool {
    let words: Vec<_> = text.split_whitespace().map(str::to_lowercase).filter(|word| word != "\\n").collect();
    let text = words.join(" ") + " ";
    STATEMENT_SIGNS
        .iter()
        .any(|(start, signs)| text.starts_with(start) && signs.iter().any(|sign| text.contains(sign)))
}

/// The number of `V<number>__<object>.sql`.
fn migration_number(name: &str) -> Option<u32> {
    let (number, object) = name.strip_prefix('V')?.strip_suffix(".sql")?.split_once("__")?;
    let named = object.starts_with(|c: char| c.is_ascii_lowercase())
        && object.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    number.parse().ok().filter(|_| named)
}

#[test]
fn a_statement_is_told_from_prose() {
    for sql in [
        "SELECT 1",
        "select version\\n from session",
        "\n  insert into event (kind) values ($1)",
        "update session set version = $1",
        "Delete from session",
        "with appended as (select 1) table appended",
        "copy event to stdout",
    ] {
        assert!(is_statement(sql), "{sql} was not caught");
    }
    for prose in [
        "select a sink with --sink",
        "update the schema with `projector migrate`",
        "with the session's own words",
        "begin isolation level serializable",
        "rollback",
        "set transaction read only",
        "the rows to select from (all of them)",
        "copy the keys to a safe place",
    ] {
        assert!(!is_statement(prose), "{prose} was taken for a statement");
    }
}

#[test]
fn an_inclusion_is_found_across_lines_and_folders() {
    let included = |call: &str| {
        let text = format!(
            "// include_str!(\"a.sql\")\nconst A: &str = {call}include_str!(\n    \"../sql/append.sql\"\n);"
        );
        let found = inclusions("src/store/feed/read.rs", &mask(&text)).into_iter();
        found.map(|one| (one.user, one.path, one.is_bare)).collect::<Vec<_>>()
    };
    let (user, path) = ("src/store/feed/read.rs:3".to_owned(), "src/store/sql/append.sql".to_owned());
    assert_eq!(included(""), [(user.clone(), path.clone(), false)]);
    assert_eq!(included("bare("), [(user, path, true)]);
}

#[test]
fn a_header_is_complete_or_named_for_what_it_lacks() {
    let whole = "-- Reads a session.\n-- Parameters: $1 uuid, the session.\n-- No row: it is not live.\nselect $1 -- $2\n";
    assert_eq!(header_offences(whole), []);
    assert_eq!(header_offences("select $1, $12").len(), 5);
    let partial = header_offences("-- Reads.\n-- No row: none.\n-- Parameters\n--   $1 uuid\nselect $1, $2");
    assert_eq!(partial.len(), 1);
    assert!(partial[0].1.contains("$2"), "{partial:?}");
}

#[test]
fn a_migration_is_named_after_its_object() {
    assert_eq!(migration_number("V12__ended_session.sql"), Some(12));
    for name in
        ["12__session.sql", "V1_session.sql", "V1__Session.sql", "V__session.sql", "V1__.sql", "V1__a.up.sql"]
    {
        assert_eq!(migration_number(name), None, "{name}");
    }
}
