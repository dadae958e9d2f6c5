//! A small table among large ones: it must not be scanned for a few sessions.

use session_ledger::Ledger;
use session_ledger::ledger::RebuildOptions;
use session_ledger::session::Policy;
use test_support::Database;
use tokio_postgres::Client;

use super::{explain, filling, is_ours, scanned_table, statement};

#[tokio::test]
async fn sessions_are_looked_up_however_little_activity_there_is() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let filled = filling::fill(&client).await;
    let few = "delete from session_ledger.activity
                where session_id not in (select session_id from session_ledger.activity limit 3000)";
    client.batch_execute(few).await.unwrap();
    client.batch_execute("vacuum full analyze session_ledger.activity").await.unwrap();
    client.batch_execute("set plan_cache_mode = force_generic_plan").await.unwrap();
    let sessions = format!("array['{}']::uuid[]", filled.session);
    let plan = explain(&client, &statement("load_group.sql"), &sessions).await;
    assert_eq!(plan.lines().filter_map(scanned_table).find(|table| is_ours(table)), None, "{plan}");
}

/// The statements of requests that look a session up, with their arguments.
const LOOKUPS: [(&str, &str); 7] = [
    ("load.sql", "NONE, true"),
    ("load_marked.sql", "NONE, '\\x00'"),
    ("load_group.sql", "array[NONE]::uuid[]"),
    (
        "append.sql",
        "NONE, 4, 5, now(), null, null, null, null, null, null, null, null, null, null, null, null, null, null, \
                    null, null, null, null, null, null, null, null, null, null, null, null, null",
    ),
    (
        "end.sql",
        "NONE, 4, 5, now(), now(), now(), null, null, null, null, null, null, null, null, null, null, null, null, null, \
                 null, null, null, null, null, null, null",
    ),
    ("fence.sql", "NONE, 4"),
    ("fence_known.sql", "NONE, 4, null, null"),
];

#[tokio::test]
async fn sessions_are_looked_up_from_the_first_on() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    client.batch_execute("set plan_cache_mode = force_generic_plan").await.unwrap();
    assert_looked_up(&client, "migrated").await;
    client.batch_execute("vacuum analyze session_ledger.session, session_ledger.activity").await.unwrap();
    assert_looked_up(&client, "vacuumed").await;

    client
        .batch_execute("vacuum full analyze session_ledger.session, session_ledger.activity")
        .await
        .unwrap();
    Ledger::migrate(&database.config()).await.unwrap();
    assert_looked_up(&client, "vacuumed in full, and migrated").await;
}

#[tokio::test]
async fn sessions_are_looked_up_after_a_rebuild() {
    let database = Database::fresh().await;
    database.ledger(Policy::default()).await.rebuild(RebuildOptions::default(), |_| {}).await.unwrap();
    let client = database.connect().await;
    client.batch_execute("set plan_cache_mode = force_generic_plan").await.unwrap();
    assert_looked_up(&client, "rebuilt").await;
}

async fn assert_looked_up(client: &Client, when: &str) {
    for (file, arguments) in LOOKUPS {
        let arguments = arguments.replace("NONE", "'00000000-0000-0000-0000-000000000000'");
        let plan = explain(client, &statement(file), &arguments).await;
        assert!(plan.contains("Index Scan using a_session_is_live_once"), "{when}: {file}:\n{plan}");
        if file.starts_with("load") {
            assert!(
                plan.contains("Index Scan using a_session_was_last_seen_once"),
                "{when}: {file}:\n{plan}"
            );
        }
        assert_eq!(
            plan.lines().filter_map(scanned_table).find(|table| is_ours(table)),
            None,
            "{when}: {file}:\n{plan}"
        );
    }
}
