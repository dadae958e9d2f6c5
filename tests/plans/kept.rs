//! Kept plans: planning a request's statement anew for each execution would cost more than executing it.

use tokio_postgres::Client;
use uuid::Uuid;

use super::{Check, RUNTIME, statement, statements};

/// PostgreSQL plans a prepared statement for its values five times, and then decides whether that pays.
const TRIED: i64 = 5;

/// Statements that look at one partition of the log if they are planned with the session known. Few
/// requests run them, or none.
const OF_ONE_PARTITION: [&str; 5] =
    ["event_at_version.sql", "hash_at_version.sql", "history.sql", "history_page.sql", "why_ended.sql"];

/// Makes sure that no statement of a request is planned each time.
pub(crate) async fn check(client: &Client, session: Uuid) {
    let mut each_time = Vec::new();
    for (file, check) in statements() {
        let text = statement(file);
        let Check::Plan { role: RUNTIME, arguments, .. } = check else { continue };
        if OF_ONE_PARTITION.contains(file) || text.lines().any(|line| line.starts_with("declare ")) {
            continue;
        }
        let arguments = arguments.replace("ID", &format!("'{session}'"));
        if custom_plans(client, &text, &arguments).await > TRIED {
            each_time.push(file);
        }
    }
    assert!(each_time.is_empty(), "planned each time: {each_time:?}");
}

/// How often a statement is planned that is executed twice as often as PostgreSQL tries.
async fn custom_plans(client: &Client, text: &str, arguments: &str) -> i64 {
    client.batch_execute(&format!("prepare one as {text}")).await.unwrap();
    let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
    for _ in 0..2 * TRIED {
        // Some fail, as their work has been done already; they have been planned all the same.
        client.batch_execute(&format!("execute one{arguments}")).await.ok();
    }
    let plans = "select custom_plans from pg_prepared_statements where name = 'one'";
    let planned = client.query_one(plans, &[]).await.unwrap().get(0);
    client.batch_execute("deallocate one").await.unwrap();
    planned
}
