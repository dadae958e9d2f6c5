//! A table that is small beside the others: it must not be read as a whole for the sake of a few sessions.

use test_support::Database;

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
    let plan = explain(&client, &statement("load_many.sql"), &sessions).await;
    assert_eq!(plan.lines().filter_map(scanned_table).find(|table| is_ours(table)), None, "{plan}");
}

#[tokio::test]
async fn activity_is_looked_up_by_its_index_from_the_first_row_on() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    client.batch_execute("vacuum analyze session_ledger.activity").await.unwrap();
    client.batch_execute("set plan_cache_mode = force_generic_plan").await.unwrap();
    let no_session = "'00000000-0000-0000-0000-000000000000'";
    for (file, arguments) in [("load.sql", no_session), ("load_many.sql", "array[]::uuid[]")] {
        let plan = explain(&client, &statement(file), arguments).await;
        assert!(plan.contains("Index Scan using a_session_was_last_seen_once"), "{file}:\n{plan}");
    }
}
