//! The metrics and spans for operators, under the documented names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use poem::http::Method;
use session_ledger::session::{FailedLogin, Policy};
use session_ledger::web::Sessions;
use test_support::{Cut, Database, Visitor, Wire, application, key_ring};

/// All counts so far: name, labels and value.
fn counted(snapshotter: &Snapshotter) -> Vec<(String, String, f64)> {
    let metrics = snapshotter.snapshot().into_vec().into_iter();
    metrics
        .map(|(key, _, _, value)| {
            let labels: Vec<_> = key.key().labels().map(|label| label.value().to_owned()).collect();
            let value = match value {
                DebugValue::Counter(count) => count as f64,
                DebugValue::Gauge(value) => value.into_inner(),
                DebugValue::Histogram(values) => values.len() as f64,
            };
            (key.key().name().to_owned(), labels.join(","), value)
        })
        .collect()
}

/// Seals are recorded in blocks, the first after a thousand: each answer to a late cookie is one, as the
/// token on offer is sealed anew.
async fn seal_a_block(visitor: &Visitor) {
    visitor.post("/login/alice", "").await;
    visitor.call(visitor.request(Method::GET, "/renew", "")).await;
    for _ in 0..1_100 {
        visitor.call(visitor.request(Method::GET, "/show", "")).await;
    }
}

#[tokio::test]
async fn every_documented_metric_is_counted_and_every_counted_one_documented() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);

    let database = Database::fresh().await;
    let wire = Wire::prompt(&database.config());
    let ledger =
        session_ledger::Ledger::builder(wire.config()).policy(Policy::default()).connect().await.unwrap();
    assert!(ledger.login_failed(FailedLogin::of("alice")).await.unwrap());
    let sessions = Sessions::new(ledger, key_ring());
    let shop = application(sessions.clone());
    let visitor = Visitor::new(&shop);
    let stranger = format!("primary 0badcafe {}A", "q".repeat(42));
    sessions.reload_keys(&stranger.parse().unwrap()).unwrap_err();
    visitor.post("/add", "").await;
    assert_eq!(visitor.get("/swallow").await.status, 500);
    wire.cut_next_commit(Cut::After);
    assert_eq!(visitor.post("/add", "").await.status, 200);
    visitor.put_cookie("__Host-session", "forged");
    visitor.get("/show").await;

    let counted = counted(&snapshotter);
    let value = |name: &str, label: &str| {
        let found = counted.iter().find(|(one, labels, _)| one == name && labels == label);
        found.unwrap_or_else(|| panic!("{name} {label} in {counted:?}")).2
    };
    assert_eq!(value("session_ledger_failed_logins_total", "recorded"), 1.0);
    assert_eq!(value("session_ledger_attempts_total", "first"), 4.0);
    assert_eq!(value("session_ledger_attempts_total", "again"), 2.0);
    assert_eq!(value("session_ledger_aborts_total", "aborted"), 3.0);
    assert_eq!(value("session_ledger_unknown_outcomes_total", "committed"), 1.0);
    assert_eq!(value("session_ledger_incidents_total", "crypt_decrypt_fail"), 1.0);
    assert_eq!(value("session_ledger_active_transactions", ""), 0.0);
    assert!(value("session_ledger_pool_wait_seconds", "") > 4.0);

    seal_a_block(&Visitor::new(&shop)).await;
    let later = self::counted(&snapshotter);
    let names: BTreeSet<_> = counted.iter().chain(&later).map(|(name, ..)| name.as_str()).collect();
    let documentation = include_str!("../src/telemetry.rs");
    let documented = documentation.lines().filter_map(|line| line.strip_prefix("//! | `session_ledger_"));
    let documented: Vec<_> = documented
        .filter_map(|line| line.split_once('`'))
        .map(|(name, _)| format!("session_ledger_{name}"))
        .collect();
    assert_eq!(documented.iter().map(String::as_str).collect::<BTreeSet<_>>(), names);
}
