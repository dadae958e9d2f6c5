//! The subscriptions: `projector relay list`, `status`, `create`, `filter`, `replay`, `reset`, `reopen` and
//! `drop`.

use projector::output::Format;
use projector::{Answer, subscriptions};
use serde_json::{Value, json};
use session_ledger::Ledger;
use session_ledger::ledger::Refusal;
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
    let output = projector(&database.config()).args(["relay", "list", "--format", "json"]).output().unwrap();
    let listed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        listed[0],
        json!({
            "name": "audit", "delivered": 0, "lag": 30, "lag_is_exact": true, "lag_since": "2025-03-01T09:00:00.125456Z",
            "holder": null, "held_until": null, "moved_at": null, "dead_letters": 0, "parked_sessions": 0,
            "closed_at": null, "closed_reason": null, "filter": "all events"
        })
    );
    assert_eq!((&listed[1]["holder"], &listed[1]["lag_since"]), (&json!("host-1"), &Value::Null));
    assert!(listed[1]["held_until"].is_string() && listed[1]["moved_at"].is_string());
}

#[tokio::test]
async fn without_subscriptions_the_answer_is_no() {
    let database = Database::fresh().await;
    let output = projector(&database.config()).args(["relay", "list"]).output().unwrap();
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), String::new()));
    assert_eq!(stderr(&output), "There is no subscription: `projector relay create` makes one.\n");
}

#[tokio::test]
async fn a_subscription_is_dropped_by_its_exact_name_unless_it_is_held() {
    let database = Database::fresh().await;
    let _ledger = two(&database).await;
    let drop = |name: &str| {
        let output = projector(&database.config()).args(["relay", "drop", name]).output().unwrap();
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

/// What the program answers, and what it tells.
fn run(database: &Database, arguments: &[&str]) -> (Option<i32>, String) {
    let output = projector(&database.config()).arg("relay").args(arguments).output().unwrap();
    (output.status.code(), stdout(&output) + &stderr(&output))
}

#[tokio::test]
async fn a_subscription_with_a_filter_is_made_told_and_changed() {
    let database = Database::fresh().await;
    stories::tell(&database).await;
    let create = ["create", "mailer", "--kind", "logged_in", "--note", "exported", "--user", "alice"];
    let made = "Made subscription `mailer`, from the beginning of the log: `logged_in`, notes `exported` of alice.\n";
    assert_eq!(run(&database, &create), (Some(0), made.to_owned()));
    let again = "error: there is a subscription `mailer` already: `projector relay filter` changes what it is delivered\n";
    assert_eq!(run(&database, &create), (Some(2), again.to_owned()));
    let status = "subscription     mailer\n\
                  is delivered     `logged_in`, notes `exported` of alice\n\
                  lag              30, the first from 2025-03-01T09:00:00Z\n\
                  held by          nobody\n\
                  last moved       never\n\
                  dead letters     0\n\
                  parked sessions  0\n";
    assert_eq!(run(&database, &["status", "mailer"]), (Some(0), status.to_owned()));
    let changed = "Subscription `mailer` is delivered all events from now on.\n";
    assert_eq!(run(&database, &["filter", "mailer"]), (Some(0), changed.to_owned()));
    let unknown = "error: there is no subscription `maler`; did you mean `mailer`? There are `mailer`\n";
    assert_eq!(run(&database, &["filter", "maler"]), (Some(2), unknown.to_owned()));
    assert_eq!(run(&database, &["status", "maler"]), (Some(2), unknown.to_owned()));
    let (code, told) = run(&database, &["create", "other", "--kind", "loged_in"]);
    let typo = "no event is of this kind; kinds are logged_in, ended and noted, say, as `projector history` names them";
    assert!(code == Some(2) && told.contains(typo), "{told}");
}

#[tokio::test]
async fn a_subscription_is_moved_if_that_is_meant() {
    let database = Database::fresh().await;
    let ledger = two(&database).await;
    let beginning = ["reset", "mailer", "--to", "beginning"];
    let unconfirmed =
        "error: nothing was changed: all events would be delivered again; say --yes if that is meant\n";
    assert_eq!(run(&database, &beginning), (Some(2), unconfirmed.to_owned()));
    let back = "Subscription `mailer` went back: 30 events will be delivered again.\n";
    assert_eq!(run(&database, &[&beginning[..], &["--yes"]].concat()), (Some(0), back.to_owned()));
    let on = "Subscription `mailer` went on: 30 events will never be delivered.\n";
    assert_eq!(run(&database, &["reset", "mailer", "--to", "now", "--yes"]), (Some(0), on.to_owned()));
    let (code, told) = run(&database, &["replay", "mailer", "--from", "2025-03-01"]);
    let since =
        "Subscription `mailer` went back: 30 events from 2025-03-01T00:00:00Z on will be delivered again.\n";
    assert_eq!((code, told), (Some(0), since.to_owned()));
    assert_eq!(ledger.subscriptions().await.unwrap()[1].lag, 30);
}

#[tokio::test]
async fn a_closed_subscription_is_told_and_opened_again() {
    let database = Database::fresh().await;
    let ledger = two(&database).await;
    ledger
        .subscription("audit", "host-2")
        .await
        .unwrap()
        .close("webhook shop.example answered 410")
        .await
        .unwrap();
    let (code, told) = run(&database, &["status", "audit"]);
    let (_, closed) = told.split_once("\nclosed           since 2").unwrap();
    assert!(code == Some(1) && closed.ends_with(", as webhook shop.example answered 410\n"), "{told}");
    let listed: Value = serde_json::from_str(&run(&database, &["list", "--format", "json"]).1).unwrap();
    assert_eq!(listed[0]["closed_reason"], "webhook shop.example answered 410");
    assert!(listed[0]["closed_at"].is_string() && listed[1]["closed_at"].is_null());
    let (code, told) = run(&database, &["run", "--subscription", "audit", "--once"]);
    assert!(code == Some(2) && told.starts_with("error: subscription `audit` is closed since 2"), "{told}");

    let again = "Subscription `audit` is open again: its relay goes on where it was.\n";
    assert_eq!(run(&database, &["reopen", "audit"]), (Some(0), again.to_owned()));
    assert_eq!(run(&database, &["reopen", "audit"]), (Some(1), "Subscription `audit` is open.\n".to_owned()));
    let unknown =
        "error: there is no subscription `adit`; did you mean `audit`? There are `audit`, `mailer`\n";
    assert_eq!(run(&database, &["reopen", "adit"]), (Some(2), unknown.to_owned()));
    assert_eq!(run(&database, &["status", "audit"]).0, Some(0));
}

#[tokio::test]
async fn dead_letters_are_listed_replayed_and_skipped() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let none = (Some(1), "There is no dead letter.\n".to_owned());
    assert_eq!(run(&database, &["dead-letters"]), none);
    let mut audit = ledger.subscription("audit", "host-1").await.unwrap();
    let batch = audit.next_batch(100).await.unwrap();
    let first = batch.events[0].clone();
    audit.checkpoint_refusing(batch, &[Refusal::of(&first, "it is too large")]).await.unwrap();
    let output = projector(&database.config())
        .args(["relay", "dead-letters", "audit", "--format", "json"])
        .output()
        .unwrap();
    let listed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(listed[0]["event"], first.entry.event_id.to_string());
    assert_eq!((&listed[0]["reason"], &listed[0]["state"]), (&json!("it is too large"), &json!("waits")));
    assert_eq!(run(&database, &["status", "audit"]).0, Some(1));

    let nobody = "No such session of subscription `audit` waits behind a dead letter.\n";
    let stranger = "0198b5c2-7a30-7cc3-98c4-dc0c0c07398f";
    assert_eq!(run(&database, &["replay", "audit", "--session", stranger]), (Some(1), nobody.to_owned()));
    let session = first.session_id.to_string();
    let replayed =
        "The relay of subscription `audit` will deliver 1 session that waited, each its dead letter first.\n";
    assert_eq!(run(&database, &["replay", "audit", "--session", &session]), (Some(0), replayed.to_owned()));
    let skipped = "The relay of subscription `audit` will deliver 1 session that waited, each without its dead letter.\n";
    assert_eq!(run(&database, &["skip", "audit", "--all"]), (Some(0), skipped.to_owned()));
    let (code, told) = run(&database, &["dead-letters", "audit"]);
    assert!(code == Some(0) && told.contains("skipped"), "{told}");
    assert_eq!(run(&database, &["dead-letters", "adit"]).0, Some(2));
}
