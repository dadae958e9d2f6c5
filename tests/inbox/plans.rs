//! How PostgreSQL goes about the statements of an inbox: by their keys, however much it remembers.

use tokio_postgres::Client;

use super::Scene;

const FILL: &str = "
    insert into session_ledger_inbox.session (inbox, session_id, log, version, event_id, recorded_at, may_go)
    select 'mailer', gen_random_uuid(), 'log', 1, gen_random_uuid(), now(), true from generate_series(1, 20000);
    insert into session_ledger_inbox.event (inbox, session_id, log, version, event_id, recorded_at)
    select inbox, session_id, log, version, event_id, recorded_at from session_ledger_inbox.session;
    analyze session_ledger_inbox.session;
    analyze session_ledger_inbox.event";

const SESSION: &str = "'01010101-0101-0101-0101-010101010101'::uuid";

/// The plan of a statement with these arguments.
async fn plan(client: &Client, statement: &str, arguments: &[&str]) -> String {
    let mut body: String =
        statement.lines().skip_while(|line| line.starts_with("--")).collect::<Vec<_>>().join("\n");
    for (nth, argument) in arguments.iter().enumerate().rev() {
        body = body.replace(&format!("${}", nth + 1), argument);
    }
    let rows = client.query(&format!("explain {body}"), &[]).await.unwrap();
    rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect()
}

#[tokio::test]
async fn each_statement_follows_a_key() {
    let client = Scene::set().await.consumers.connect().await;
    client.batch_execute(FILL).await.unwrap();
    let (of_session, of_event) =
        ("using an_inbox_knows_a_session_once on session", "using an_inbox_handles_an_event_once on event");
    let reached = include_str!("../../src/store/sql/inbox_reached.sql");
    let handled = include_str!("../../src/store/sql/inbox_handled.sql");
    let handle = include_str!("../../src/store/sql/inbox_handle.sql");
    let forget = include_str!("../../src/store/sql/inbox_forget.sql");
    let key = ["'mailer'", "'log'", SESSION];
    let event = [&key[..], &["1"]].concat();
    let handling =
        [&key[..], &["1", SESSION, "null", "now()", "false", "0", "true", "1", SESSION, "now()"]].concat();
    let forgetting = ["'mailer'", "now()", SESSION, "10"];
    let cases: [(&str, &[&str], &[&str]); 4] = [
        (reached, &key, &[of_session]),
        (handled, &event, &[of_event]),
        (handle, &handling, &["Conflict Arbiter Indexes: an_inbox_knows_a_session_once"]),
        (forget, &forgetting, &[of_session, of_event]),
    ];
    for (statement, arguments, wanted) in cases {
        let plan = plan(&client, statement, arguments).await;
        for wanted in wanted {
            assert!(plan.contains(wanted), "{wanted} in\n{plan}");
        }
        for table in ["session", "event"] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{plan}");
        }
    }
}
