//! `projector subscriptions`.

use projector::output::Format;
use projector::{Answer, subscriptions};
use serde_json::{Value, json};
use session_ledger::Ledger;
use test_support::Database;

use super::capture::Capture;
use super::{projector, stderr, stdout, stories};

/// Two subscriptions: one is held and has seen all, the other nothing.
async fn two(database: &Database) -> Ledger {
    let ledger = stories::tell(database).await;
    let mut mailer = ledger.subscription("mailer", "host-1").await.unwrap();
    let batch = mailer.next_batch(100).await.unwrap();
    mailer.checkpoint(batch).await.unwrap();
    ledger.subscription("audit", "host-2").await.unwrap().release().await.unwrap();
    ledger
}

#[tokio::test]
async fn the_subscriptions_are_listed_with_their_lag() {
    let database = Database::fresh().await;
    let ledger = two(&database).await;
    let mut capture = Capture::terminal_of(60);
    assert_eq!(
        subscriptions::list(&ledger, Format::Table, &mut capture.console()).await.unwrap(),
        Answer::Yes
    );
    assert_eq!(
        capture.out(),
        "NAME    LAG  SINCE                 DELIVERED  HELD BY\n\
         audit   30   2025-03-01T09:00:00Z  0\n\
         mailer  0                          30         host-1\n"
    );
    assert_eq!(capture.notes(), "Left out in this narrow terminal: MOVED. `--format csv` has all.\n");
    let output =
        projector(&database.config()).args(["subscriptions", "list", "--format", "json"]).output().unwrap();
    let listed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        listed[0],
        json!({
            "name": "audit", "delivered": 0, "lag": 30, "lag_is_exact": true, "lag_since": "2025-03-01T09:00:00.125456Z",
            "holder": null, "held_until": null, "moved_at": null
        })
    );
    assert_eq!((&listed[1]["holder"], &listed[1]["lag_since"]), (&json!("host-1"), &Value::Null));
    assert!(listed[1]["held_until"].is_string() && listed[1]["moved_at"].is_string());
}

#[tokio::test]
async fn without_subscriptions_the_answer_is_no() {
    let database = Database::fresh().await;
    let output = projector(&database.config()).args(["subscriptions", "list"]).output().unwrap();
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), String::new()));
    assert_eq!(stderr(&output), "There is no subscription: `projector relay --create` makes one.\n");
}

#[tokio::test]
async fn a_subscription_is_dropped_by_its_exact_name_unless_it_is_held() {
    let database = Database::fresh().await;
    let _ledger = two(&database).await;
    let drop = |name: &str| {
        let output = projector(&database.config()).args(["subscriptions", "drop", name]).output().unwrap();
        (output.status.code(), stdout(&output) + &stderr(&output))
    };
    let typo = "error: there is no subscription `adit`; did you mean `audit`? There are `audit`, `mailer`\n";
    assert_eq!(drop("adit"), (Some(2), typo.to_owned()));
    let dropped = "Dropped subscription `audit`, and its place in the log.\n";
    assert_eq!(drop("audit"), (Some(0), dropped.to_owned()));
    assert_eq!(
        drop("audit"),
        (Some(2), "error: there is no subscription `audit`; there are `mailer`\n".to_owned())
    );
    let (code, held) = drop("mailer");
    assert!(
        code == Some(2) && held.starts_with("error: subscription `mailer` is held by `host-1` until 2"),
        "{held}"
    );
}
