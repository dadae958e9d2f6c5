//! What the dashboard, the alerts and the page about operation name, a process tells.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use session_ledger::session::FeedFilter;
use test_support::Database;

use super::run::Copy;
use super::stories;

const DOCUMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");

/// Labels that Prometheus itself puts on all that it asks for. It renames those of a process.
const OF_PROMETHEUS: [&str; 2] = ["instance", "job"];

fn document(name: &str) -> String {
    fs::read_to_string(format!("{DOCUMENTS}/{name}")).unwrap()
}

/// The questions of all panels.
fn panels() -> Vec<String> {
    let dashboard: serde_json::Value = serde_json::from_str(&document("operate/dashboard.json")).unwrap();
    let targets =
        dashboard["panels"].as_array().unwrap().iter().filter_map(|panel| panel["targets"].as_array());
    targets.flatten().map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

fn alerts() -> Vec<String> {
    let rules = document("operate/alerts.yml");
    rules.lines().filter_map(|line| line.trim().strip_prefix("expr: ").map(str::to_owned)).collect()
}

/// The metrics of the table of alarms.
fn alarms() -> Vec<String> {
    let page = document("operate.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `session_ledger_")?.split('`').next());
    rows.map(|rest| format!("session_ledger_{rest}")).collect()
}

fn is_of_name(one: char) -> bool {
    one.is_ascii_alphanumeric() || one == '_'
}

/// The words of a question: names of functions, metrics and labels, but nothing that is quoted.
fn words(question: &str) -> BTreeSet<&str> {
    let unquoted = question.split('"').step_by(2);
    unquoted.flat_map(|part| part.split(|one| !is_of_name(one))).collect()
}

/// The labels that a question names: those it groups by, and those it selects by.
fn labels(question: &str) -> BTreeSet<&str> {
    let grouped = question.split("by (").skip(1).filter_map(|rest| rest.split(')').next());
    let selected = question.split('{').skip(1).filter_map(|rest| rest.split('=').next());
    grouped.flat_map(|names| names.split(", ")).chain(selected).collect()
}

/// Each metric that is told, with the names of its labels.
fn told(metrics: &str) -> BTreeMap<String, BTreeSet<&str>> {
    let mut told = BTreeMap::<String, BTreeSet<&str>>::new();
    for line in metrics.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let name: String = line.chars().take_while(|one| is_of_name(*one)).collect();
        let named = line.split('"').step_by(2).filter_map(|part| part.strip_suffix('='));
        let of_line = named.filter_map(|part| part.split([',', '{']).next_back());
        told.entry(name).or_default().extend(of_line);
    }
    told
}

#[tokio::test]
async fn each_metric_that_is_shown_or_alarms_is_told_from_the_start_with_its_labels() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    ledger.create_subscription("audit", &FeedFilter::all()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (archive, target) =
        (folder.path().to_str().unwrap(), format!("audit=file:{}/audit.ndjson", folder.path().display()));
    let more = ["--archive-to", archive, "--retain-activity", "900d", "--relay", &target];
    let copy = Copy::start_with(&database, "one", ", archive, retain, relay audit", &more);
    let (status, metrics) = copy.get("/metrics");
    assert_eq!(status, 200);
    let told = told(&metrics);
    for (name, labels) in &told {
        let renamed: Vec<_> = labels.iter().filter(|label| OF_PROMETHEUS.contains(label)).collect();
        assert!(renamed.is_empty(), "Prometheus renames {renamed:?} of {name}");
    }

    let (panels, alerts, alarms) = (panels(), alerts(), alarms());
    assert!(panels.len() > 15 && alerts.len() > 8 && alarms.len() > 8, "the documents are read");
    for question in panels.iter().chain(&alerts).chain(&alarms) {
        let metrics: Vec<_> =
            words(question).into_iter().filter(|word| word.starts_with("session_ledger_")).collect();
        assert!(!metrics.is_empty(), "{question} asks for no metric of ours");
        for metric in metrics {
            let has = told.get(metric).unwrap_or_else(|| panic!("`{question}`: no process tells {metric}"));
            let unknown: Vec<_> = labels(question).into_iter().filter(|label| !has.contains(label)).collect();
            assert!(unknown.is_empty(), "`{question}`: {metric} has no {unknown:?}, but {has:?}");
        }
    }
}
