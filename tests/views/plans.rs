//! How PostgreSQL goes about the questions that people ask: by an index, however many events there are.
//!
//! `VIEWS_EVENTS=1000000 cargo test --locked --test views plans` asks of a million events.

use std::env;

use test_support::Database;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::{analyst, connect};

const FILL: &str = include_str!("fill.sql");

/// How many events are made if the environment does not say. Fewer than the planner would rather scan.
const EVENTS: u64 = 100_000;

/// The statements of the library's own questions.
const STATEMENTS: [(&str, &str); 6] = [
    ("logins", include_str!("../../src/store/sql/logins_page.sql")),
    ("failures", include_str!("../../src/store/sql/failed_logins_page.sql")),
    ("counts", include_str!("../../src/store/sql/count_logins.sql")),
    ("events", include_str!("../../src/store/sql/events_page.sql")),
    ("span", include_str!("../../src/store/sql/events_of_span.sql")),
    ("live", include_str!("../../src/store/sql/live_page.sql")),
];

/// Questions, the indexes that answer them, and the tables that are not touched at all.
const QUESTIONS: &[(&str, &[&str], &[&str])] = &[
    (
        "select * from session_ledger.login where user_id = 'user 7' order by began_at desc limit 50",
        &["login_step_by_user", "a_session_ends_once", "a_session_is_live_once", "a_session_was_last_seen_once"],
        &[],
    ),
    (
        "select * from session_ledger.login where client_ip = '10.7.3.7'",
        &["login_step_by_address", "a_session_ends_once"],
        &[],
    ),
    (
        "select * from session_ledger.login where client_ip <<= '10.7.3.0/24' order by began_at",
        &["login_step_by_address", "client_ip >= '10.7.3.0/24'"],
        &[],
    ),
    (
        "select user_id, began_at from session_ledger.login
          where began_at between now() - interval '5 min' and now()",
        &["login_step_by_time"],
        &["ended_session", "session", "activity"],
    ),
    (
        "select * from session_ledger.session_end
          where reason = 'revoked' and ended_at > now() - interval '3 hours' order by ended_at desc limit 100",
        &["ended_session_by_reason", "event_otherwise"],
        &[],
    ),
    (
        "select reason, count(*) from session_ledger.session_end where ended_at > now() - interval '5 min' group by 1",
        &["ended_session_by_time"],
        &["event_otherwise"],
    ),
    (
        "select * from session_ledger.live_session where user_id = 'user 10'",
        &["session_by_user"],
        &[],
    ),
    (
        "select * from session_ledger.impersonation where user_id = 'user 7'",
        &["login_step_by_user", "a_session_ends_once"],
        &[],
    ),
    (
        "select kind, count(*) from session_ledger.session_event
          where recorded_at between now() - interval '40 min' and now() - interval '35 min' group by 1",
        &["Bitmap Index Scan on event_", "_recorded_at_idx"],
        &["login_step", "ended_session"],
    ),
    (
        "execute logins('user 7', null, null, '1970-01-01', '9999-12-31', null, null, '9999-12-31', ID, 9, 100)",
        &["login_step_by_user", "a_session_ends_once", "a_session_is_live_once"],
        &[],
    ),
    (
        "execute logins(null, '10.7.3.0', '10.7.3.255', '1970-01-01', '9999-12-31', null, null, '9999-12-31', ID, 9, 100)",
        &["login_step_by_address", "a_session_ends_once", "a_session_is_live_once"],
        &[],
    ),
    (
        "execute logins(null, null, null, '1970-01-01', '9999-12-31', null, null, '9999-12-31', ID, 9, 100)",
        &["login_step_by_time", "a_session_ends_once", "a_session_is_live_once"],
        &[],
    ),
    (
        "execute counts(null, null, null, now() - interval '5 min', now(), null, null, 60)",
        &["login_step_by_time"],
        &["ended_session", "session", "activity"],
    ),
    (
        "execute events('{ended}', null, null, null, '1970-01-01', '9999-12-31', null, '1970-01-01', '9999-12-31', NONE, 0, 100, 'user 7', null)",
        &["session_by_user", "ended_session_by_user", "_pkey on event_", "Incremental Sort"],
        &[],
    ),
    (
        "execute events(null, null, null, null, '1970-01-01', '9999-12-31', null, '1970-01-01', '9999-12-31', NONE, 0, 100, null, ID)",
        &["_pkey on event_"],
        &["session", "ended_session"],
    ),
    (
        "execute events(null, null, null, null, '1970-01-01', '9999-12-31', 'revoked', '1970-01-01', '9999-12-31', NONE, 0, 100, 'user 7', ID)",
        &["_pkey on event_"],
        &[],
    ),
    (
        "execute span('{ended}', null, null, null, '1970-01-01', '9999-12-31', 'revoked', now() - interval '40 min', now() - interval '35 min', NONE, 0, 100)",
        &["Bitmap Index Scan on event_", "_recorded_at_idx", "a_session_ends_once"],
        &["session", "login_step"],
    ),
    (
        "execute live('user 10', null, null, null, NONE, 256, 256)",
        &["session_by_user", "a_session_is_live_once", "a_session_was_last_seen_once"],
        &["ended_session", "login_step"],
    ),
    (
        "execute live(null, '10.7.3.0', '10.7.3.255', null, NONE, 10000, 256)",
        &["a_session_is_live_once on session", "login_step_by_address", "a_session_was_last_seen_once"],
        &["ended_session"],
    ),
    (
        "execute live(null, null, null, ID, ID, 256, 256)",
        &["a_session_is_live_once on session", "a_session_was_last_seen_once"],
        &["ended_session", "login_step"],
    ),
    (
        "select * from session_ledger.login_failure where user_id = 'user 7' order by failed_at desc limit 50",
        &["failed_login_by_user"],
        &[],
    ),
    (
        "execute failures('user 7', null, null, '1970-01-01', '9999-12-31', null, '9999-12-31', ID, 100)",
        &["failed_login_by_user"],
        &[],
    ),
    (
        "execute failures(null, '10.7.3.0', '10.7.3.255', '1970-01-01', '9999-12-31', null, '9999-12-31', ID, 100)",
        &["failed_login_by_address"],
        &[],
    ),
    (
        "execute failures(null, null, null, now() - interval '1 hour', '9999-12-31', 'locked', '9999-12-31', ID, 100)",
        &["failed_login_by_time"],
        &[],
    ),
    (
        "select * from session_ledger.session_event where session_id = ID order by version",
        &["_pkey on event_", "a_login_step_is_an_event", "a_session_ends_once"],
        &[],
    ),
];

/// The tables that grow with the events, beside the partitions.
const LARGE: [&str; 4] = ["login_step", "ended_session", "session", "failed_login"];

#[tokio::test]
async fn questions_are_answered_by_indexes() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let events = env::var("VIEWS_EVENTS").map_or(EVENTS, |events| events.parse().unwrap());
    client.batch_execute(&FILL.replace(":events", &events.to_string())).await.unwrap();
    // BRIN counts pages when a vacuum comes by.
    let vacuum = "vacuum analyze session_ledger.event, session_ledger.login_step, session_ledger.session,
        session_ledger.ended_session, session_ledger.activity, session_ledger.failed_login";
    client.batch_execute(vacuum).await.unwrap();
    let session: String =
        client.query_one("select session_id::text from one where n = 77", &[]).await.unwrap().get(0);
    // At the beginning of a month there are two. An empty partition may be scanned.
    let partitions = "select distinct split_part(tableoid::regclass::text, '.', 2) from session_ledger.event";
    let partitions = client.query(partitions, &[]).await.unwrap();
    let large: Vec<&str> = partitions.iter().map(|row| row.get(0)).chain(LARGE).collect();
    let analyst = analyst(&database).await;
    let runtime = connect(&database, "session_ledger_runtime").await;
    for (name, text) in STATEMENTS {
        runtime.batch_execute(&format!("prepare {name} as {text}")).await.unwrap();
    }
    // As the library has them planned: for the values of each question.
    runtime.batch_execute("set plan_cache_mode = force_custom_plan").await.unwrap();
    for (question, wanted, absent) in QUESTIONS {
        let question = question.replace("ID", &format!("'{session}'"));
        let question = question.replace("NONE", "'00000000-0000-0000-0000-000000000000'");
        let asker = if question.starts_with("execute") { &runtime } else { &analyst };
        let plan = explain(asker, &question).await;
        for part in *wanted {
            assert!(plan.contains(part), "no `{part}` for {question}\n{plan}");
        }
        let scanned = tables(&plan, "Seq Scan on ").find(|table| large.contains(table));
        assert_eq!(scanned, None, "{question}\n{plan}");
        let read = tables(&plan, " on ").find(|table| absent.contains(table));
        assert_eq!(read, None, "{question}\n{plan}");
        asker.batch_execute(&question).await.unwrap();
    }
}

/// The tables that stand behind these words in a plan.
fn tables<'a>(plan: &'a str, words: &'a str) -> impl Iterator<Item = &'a str> {
    plan.lines().filter_map(move |line| line.split_once(words)?.1.split_whitespace().next())
}

async fn explain(client: &Client, question: &str) -> String {
    let told = client.simple_query(&format!("explain (costs off) {question}")).await.unwrap();
    let line = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    };
    told.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}
