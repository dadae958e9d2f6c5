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

/// The library's own questions that are planned for their values.
const ASKED: [(&str, &str); 6] = [
    ("network", include_str!("../../src/store/sql/logins_from_network.sql")),
    ("failures", include_str!("../../src/store/sql/failed_logins_page.sql")),
    ("counts", include_str!("../../src/store/sql/count_logins.sql")),
    ("span", include_str!("../../src/store/sql/events_of_span.sql")),
    ("live", include_str!("../../src/store/sql/live_page.sql")),
    ("live_count", include_str!("../../src/store/sql/count_live.sql")),
];

/// Those whose plans are kept, with settings that `store/connection/reader.rs` says.
const LOOKED_UP: [(&str, &str); 6] = [
    ("of_user", include_str!("../../src/store/sql/logins_of_user.sql")),
    ("from_address", include_str!("../../src/store/sql/logins_from_address.sql")),
    ("latest", include_str!("../../src/store/sql/latest_logins.sql")),
    ("signed_in", include_str!("../../src/store/sql/signed_in.sql")),
    ("events", include_str!("../../src/store/sql/events_of_user.sql")),
    ("session", include_str!("../../src/store/sql/events_of_session.sql")),
];
const READING: &str = include_str!("../../src/store/connection/reader.rs");

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
        "execute of_user('user 7', '9999-12-31', ID, 9, 100, '1970-01-01', null, null, null, null)",
        &["Index Scan Backward using login_step_by_user", "Presorted Key", "a_session_ends_once", "a_session_is_live_once"],
        &[],
    ),
    (
        "execute from_address('10.7.3.7', '9999-12-31', ID, 9, 100, '1970-01-01', null, null)",
        &["Index Scan Backward using login_step_by_address", "Presorted Key", "a_session_ends_once"],
        &[],
    ),
    (
        "execute latest('9999-12-31', ID, 9, 100, '1970-01-01', null)",
        &["Index Scan Backward using login_step_by_time", "Presorted Key", "a_session_ends_once"],
        &[],
    ),
    (
        "execute signed_in(now() - interval '3 h', now() - interval '3 h', ID, 50, '1970-01-01', '9999-12-31', null, null, null)",
        &["Index Only Scan Backward using session_by_start", "Index Scan Backward using ended_session_by_length",
          "a_login_step_is_an_event"],
        &[],
    ),
    (
        "execute network('10.7.3.0', '10.7.3.255', '9999-12-31', ID, 9, 100, '1970-01-01', null)",
        &["login_step_by_address", "a_session_ends_once", "a_session_is_live_once"],
        &[],
    ),
    (
        "execute counts(null, null, null, now() - interval '5 min', now(), null, null, 60)",
        &["login_step_by_time"],
        &["ended_session", "session", "activity"],
    ),
    (
        "execute events('user 7', NONE, 0, 100, '{ended}', null, null, null, '1970-01-01', '9999-12-31', null, '1970-01-01', '9999-12-31')",
        &["Index Only Scan using session_by_user", "Index Scan using ended_session_by_user", "_pkey on event_",
          "Incremental Sort"],
        &["login_step"],
    ),
    (
        "execute session(ID, 'user 7', 0, 100, null, null, null, null, '1970-01-01', '9999-12-31', null, '1970-01-01', '9999-12-31')",
        &["_pkey on event_", "a_session_ends_once"],
        &["login_step"],
    ),
    (
        "execute span(NONE, 0, 100, '{ended}', null, null, null, '1970-01-01', '9999-12-31', 'revoked', now() - interval '40 min', now() - interval '35 min')",
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
        "execute live_count('user 10', null, null, null, NONE, 10000)",
        &["session_by_user"],
        &["ended_session", "login_step"],
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
    let looking_up = connect(&database, "session_ledger_runtime").await;
    for (name, text) in ASKED {
        runtime.batch_execute(&format!("prepare {name} as {text}")).await.unwrap();
    }
    for (name, text) in LOOKED_UP {
        looking_up.batch_execute(&format!("prepare {name} as {text}")).await.unwrap();
    }
    // As the library has them planned: for the values of each question, or for all.
    runtime.batch_execute("set plan_cache_mode = force_custom_plan").await.unwrap();
    looking_up.batch_execute(&settings_of_reading()).await.unwrap();
    for (question, wanted, absent) in QUESTIONS {
        let question = question.replace("ID", &format!("'{session}'"));
        let question = question.replace("NONE", "'00000000-0000-0000-0000-000000000000'");
        let is_looked_up = |(name, _): &(&str, &str)| question.starts_with(&format!("execute {name}("));
        let asker = match question.starts_with("execute") {
            true if LOOKED_UP.iter().any(is_looked_up) => &looking_up,
            true => &runtime,
            false => &analyst,
        };
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

/// The settings under which the library looks questions up, for a whole connection.
fn settings_of_reading() -> String {
    let begin = READING.split_once("const BEGIN_LOOKING_UP: &str = \"").unwrap().1.split_once('"').unwrap().0;
    let settings: Vec<_> =
        begin.split(';').skip(1).map(|one| one.replace("\\", "").replace("set local", "set")).collect();
    assert!(settings.len() > 3, "{begin}");
    settings.join(";")
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
