//! Holds the statements to the order of the tables of columns: a parameter or a column is found by its
//! place.

use std::path::Path;

use super::log::columns::EventRow;
use super::projection::columns::{EndedRow, LiveRow, LoginRow};

/// How the columns of an event are named behind its session and version.
const PLACE: [&str; 2] = ["session_id", "version"];

#[test]
fn the_statements_that_write_events_take_their_columns_in_the_order_of_the_table() {
    let columns = listed(&[&PLACE, EventRow::NAMES].concat());
    for (file, first, version) in [
        ("create.sql", 19, "$2 + 1"),
        ("append.sql", 19, "$2 + 1"),
        ("end.sql", 14, "$2 + 1"),
        ("append_event.sql", 3, "$2"),
    ] {
        let session = if file == "append_event.sql" { "$1" } else { "session_id" };
        let values = listed(&parameters(first, EventRow::NAMES.len()));
        let insert = format!("event ( {columns} ) select {session}, {version}, {values} ");
        assert_contains(file, &insert);
    }
    let values: Vec<_> = parameters(20, 1 + EventRow::NAMES.len()).iter().map(|one| in_list(one)).collect();
    let insert = format!("event ( {columns} ) select given.session_id, {} from", listed(&values));
    assert_contains("append_group.sql", &insert);
    let values: Vec<_> = parameters(14, EventRow::NAMES.len()).iter().map(|one| in_list(one)).collect();
    let values = format!("given.session_id, ($2)[given.place] + 1, {}", listed(&values));
    assert_contains("end_group.sql", &format!("event ( {columns} ) select {values} from projected as given"));
}

#[test]
fn the_statements_that_read_events_name_their_columns_in_the_order_of_the_table() {
    let written = listed(&[&PLACE, EventRow::NAMES].concat());
    let recorded = format!(" {written}, recorded_at, transaction_id, position from");
    assert_contains("read_log.sql", &recorded.replace(" from", ", epoch from"));
    assert_contains("history.sql", &recorded);
    assert_contains("history_page.sql", &recorded);
    assert_contains("feed_events.sql", &recorded);
    assert_contains("events_of_session.sql", &recorded);
    assert_contains("events_of_user.sql", &recorded);
    assert_contains("events_of_span.sql", &recorded);
}

#[test]
fn the_statements_that_write_a_live_row_take_its_columns_in_the_order_of_the_table() {
    let names = [LiveRow::NAMES, &["resend"]].concat();
    let values = parameters(3, names.len());
    let columns = listed(&[&["session_id"], &names[..]].concat());
    assert_contains("create.sql", &format!("session ( {columns} ) select $1, {} where", listed(&values)));

    let assigned = |value: fn(&str) -> String| {
        let pairs = names.iter().zip(&values).filter(|(name, _)| **name != "started_at");
        let pairs: Vec<_> = pairs.map(|(name, parameter)| format!("{name} = {}", value(parameter))).collect();
        listed(&pairs)
    };
    assert_contains("append.sql", &format!("set {} where", assigned(str::to_owned)));
    assert_contains("append.sql", "and started_at = $4 returning");
    assert_contains("append_group.sql", &format!("set {} from", assigned(in_list)));
    assert_contains("append_group.sql", "and s.started_at = ($4)[given.place] returning");
}

#[test]
fn the_statements_that_end_a_session_take_its_columns_in_the_order_of_the_table() {
    let columns = listed(&[&["session_id"], EndedRow::NAMES].concat());
    let values = listed(&parameters(3, EndedRow::NAMES.len()));
    let insert = format!("ended_session ( {columns} ) select session_id, {values} from projected");
    assert_contains("end.sql", &insert);
    let values: Vec<_> = parameters(3, EndedRow::NAMES.len()).iter().map(|one| in_list(one)).collect();
    let values = format!("given.session_id, {}", listed(&values));
    let insert = format!("ended_session ( {columns} ) select {values} from projected as given");
    assert_contains("end_group.sql", &insert);
}

#[test]
fn the_statement_that_writes_a_step_of_a_login_takes_its_columns_in_the_order_of_the_table() {
    let columns = listed(&[&["session_id"], LoginRow::NAMES].concat());
    let values = listed(&parameters(1, 1 + LoginRow::NAMES.len()));
    assert_contains("append_login_step.sql", &format!("login_step ( {columns} ) select {values} where"));
}

#[test]
fn rows_are_copied_and_read_in_the_order_of_the_table() {
    let live = listed(&[&["session_id"], LiveRow::NAMES].concat());
    let ended = listed(&[&["session_id"], EndedRow::NAMES].concat());
    assert_contains("copy_live_rows.sql", &format!("session ( {live} ) from stdin"));
    assert_contains("copy_ended_rows.sql", &format!("ended_session ( {ended} ) from stdin"));
    assert_contains("read_live_rows.sql", &format!(" {live}, resend from session_ledger.session "));
    assert_contains("read_ended_rows.sql", &format!(" {ended} from session_ledger.ended_session "));
    let logins = listed(&[&["session_id"], LoginRow::NAMES].concat());
    assert_contains("copy_login_steps.sql", &format!("login_step ( {logins} ) from stdin"));
    assert_contains("read_login_steps.sql", &format!(" {logins} from session_ledger.login_step "));
}

#[test]
fn rows_are_summed_up_in_the_order_of_the_table() {
    for (table, names) in
        [("session", LiveRow::NAMES), ("ended_session", EndedRow::NAMES), ("login_step", LoginRow::NAMES)]
    {
        let columns = listed(&[&["session_id"], names].concat());
        let text = statement("range_sums.sql");
        let summed = format!("row( {columns} ) ");
        let (_, rest) = text.split_once(&summed).unwrap_or_else(|| panic!("{summed} is not in {text}"));
        let (_, from) = rest.split_once("( select * from ").unwrap_or_default();
        assert!(from.starts_with(&format!("session_ledger.{table} ")), "{table}");
    }
}

#[test]
fn rows_are_rebuilt_in_the_order_of_the_table() {
    let tables = [
        ("live_rows", "session", LiveRow::NAMES),
        ("ended_rows", "ended_session", EndedRow::NAMES),
        ("login_steps", "login_step", LoginRow::NAMES),
    ];
    for (file, table, names) in tables {
        let names = [&["session_id"], names].concat();
        let (columns, rebuilt) = (listed(&names), listed(&of_row("r", &names)));
        let resend = if table == "session" { ", resend" } else { "" };
        let copied = format!("rebuilt_{table} ( {columns}{resend} ) from stdin");
        assert_contains(&format!("stage_{file}.sql"), &copied);
        let added = format!("{table} ( {columns} ) select {rebuilt} from session_ledger.rebuilt_{table} ");
        assert_contains(&format!("add_{file}.sql"), &added);
    }
    let assigned: Vec<_> = LiveRow::NAMES.iter().map(|name| format!("{name} = r.{name}")).collect();
    assert_contains("mend_live_rows.sql", &format!("set {}, resend = ", listed(&assigned)));
}

/// A load needs no limits that follow from the state, but has the other columns in order.
#[test]
fn a_load_names_its_columns_in_the_order_of_the_table() {
    let not_needed = ["absolute_deadline", "idle_timeout"];
    let names = LiveRow::NAMES.iter().filter(|name| !not_needed.contains(name)).chain(&["resend"]);
    let columns: Vec<_> = names.map(|name| format!("s.{name}")).collect();
    for file in ["load.sql", "load_group.sql", "load_marked.sql", "live_page.sql"] {
        assert_contains(file, &format!(", {}, greatest(", listed(&columns)));
    }
}

/// A list of a user's sessions shows a part of each row.
#[test]
fn a_page_of_sessions_names_its_columns_in_the_order_of_the_tables() {
    let shown = |names: &[&'static str], not_shown: &[&str]| {
        let names = names.iter().copied().filter(|name| !not_shown.contains(name));
        listed(&["session_id"].into_iter().chain(names).collect::<Vec<_>>())
    };
    let hashes_and_state = ["token_hash", "superseded_hash", "head_hash", "user_id", "state", "ended_by"];
    let superseded = ["superseded_until", "superseded_accepted"];
    let live = shown(LiveRow::NAMES, &[&hashes_and_state[..], &superseded].concat());
    let ended = shown(EndedRow::NAMES, &hashes_and_state);
    assert_contains("sessions_page.sql", &format!(" {live} from session_ledger.session where"));
    assert_contains("sessions_page.sql", &format!(" {ended} from session_ledger.ended_session where"));
}

#[test]
fn each_column_has_a_type_and_a_list_type() {
    let counts =
        |names: &[&str], types: usize, lists: usize| assert_eq!((types, lists), (names.len(), names.len()));
    counts(LiveRow::NAMES, LiveRow::TYPES.len(), LiveRow::LIST_TYPES.len());
    counts(EndedRow::NAMES, EndedRow::TYPES.len(), EndedRow::LIST_TYPES.len());
    counts(LoginRow::NAMES, LoginRow::TYPES.len(), LoginRow::LIST_TYPES.len());
    counts(EventRow::NAMES, EventRow::TYPES.len(), EventRow::LIST_TYPES.len());
}

fn assert_contains(file: &str, part: &str) {
    let statement = statement(file);
    assert!(statement.contains(part), "{file} lacks\n{part}\nin\n{statement}");
}

fn listed(parts: &[impl AsRef<str>]) -> String {
    parts.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

fn of_row(row: &str, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("{row}.{name}")).collect()
}

fn parameters(first: usize, count: usize) -> Vec<String> {
    (first..first + count).map(|number| format!("${number}")).collect()
}

/// A parameter that is a list, at the place of one row.
fn in_list(parameter: &str) -> String {
    format!("({parameter})[given.place]")
}

/// A statement in one line, without its header and without casts.
fn statement(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/sql");
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("--"));
    let words: Vec<_> = lines.flat_map(str::split_whitespace).collect();
    let mut parts = words.join(" ").split("::").map(str::to_owned).collect::<Vec<_>>().into_iter();
    let first = parts.next().unwrap_or_default();
    parts.fold(first, |whole, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        whole + rest.strip_prefix("[]").unwrap_or(rest)
    })
}
