//! An application is told when it connects that its requests would fail, and what to do.

use session_ledger::Ledger;
use session_ledger::ledger::{SchemaError, StartError};
use test_support::Database;

use super::{AUDITOR, RUNTIME, in_role, ledger};

async fn refusal(database: &Database, role: &str) -> String {
    let connected = Ledger::builder(in_role(database.config(), role)).connect().await;
    let refused = connected.unwrap_err();
    assert!(matches!(refused, StartError::Schema(SchemaError::RightsMissing { .. })), "{refused}");
    refused.to_string()
}

/// It connected, and each of its writes was a 500.
#[tokio::test]
async fn an_application_without_its_rights_is_refused_when_it_connects() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let stranger = format!("stranger_of_{}", database.name());
    client.batch_execute(&format!("create role {stranger}")).await.unwrap();
    let told = [refusal(&database, &stranger).await, refusal(&database, AUDITOR).await];
    client.batch_execute(&format!("drop role {stranger}")).await.unwrap();
    assert!(
        told[0]
            .starts_with(&format!("user `{stranger}` lacks rights (delete on session, insert on activity, ")),
        "{}",
        told[0]
    );
    assert!(
        told[0].ends_with(&format!(
            "): run `grant session_ledger_runtime to \"{stranger}\"` as the owner of the schema; if there is no such \
             role, run `projector migrate` first, as a restored dump has lost the roles"
        )),
        "{}",
        told[0]
    );
    assert!(told[1].contains("lacks rights (delete on session, insert on activity, "), "{}", told[1]);
    ledger(&database, AUDITOR).await;
}

#[tokio::test]
async fn each_right_that_requests_need_is_missed() {
    let rights = [
        ("usage on schema session_ledger", "usage on schema session_ledger"),
        ("insert on session_ledger.session", "insert on session"),
        ("delete on session_ledger.session", "delete on session"),
        ("update on session_ledger.activity", "update on activity"),
        ("insert on session_ledger.ended_session", "insert on ended_session"),
        ("insert on session_ledger.login_step", "insert on login_step"),
        ("usage on sequence session_ledger.event_position", "usage on event_position"),
    ];
    for (right, told) in rights {
        let database = Database::fresh().await;
        let revoke = format!("revoke {right} from {RUNTIME}");
        database.connect().await.batch_execute(&revoke).await.unwrap();
        assert!(refusal(&database, RUNTIME).await.contains(&format!("lacks rights ({told})")), "{right}");
        Ledger::migrate(&database.config()).await.unwrap();
        Ledger::builder(in_role(database.config(), RUNTIME)).connect().await.unwrap();
    }
}

/// A login with an emoji in the browser's name was a 500.
#[tokio::test]
async fn a_database_in_which_not_every_text_can_be_stored_is_refused() {
    let beside = Database::fresh().await;
    let name = format!("latin_beside_{}", beside.name());
    let client = beside.connect().await;
    let create =
        format!("create database {name} template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'");
    client.batch_execute(&create).await.unwrap();
    let mut config = beside.config();
    config.dbname(&name);
    let told = [
        Ledger::migrate(&config).await.unwrap_err().to_string(),
        Ledger::builder(config).connect().await.unwrap_err().to_string(),
    ];
    client.batch_execute(&format!("drop database {name} with (force)")).await.unwrap();
    let refused = "the database's encoding is LATIN1, in which not every text can be stored: make one with \
                   `create database … encoding 'UTF8' template template0`";
    assert_eq!(told, [refused, refused]);
}
