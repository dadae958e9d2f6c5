//! Months that are archived as tables, too.

#[cfg(feature = "parquet")]
use std::fs;

#[cfg(feature = "parquet")]
use serde_json::Value;
#[cfg(feature = "parquet")]
use session_ledger::session::{EndReason, Ended, Event};
#[cfg(feature = "parquet")]
use time::macros::datetime;

#[cfg(feature = "parquet")]
use crate::scene::{MONTH, projector, stdout};
use crate::scene::{Scene, refusal};

/// What another crate reads: see the workspace `examples/beside`.
#[cfg(feature = "parquet")]
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/archive");

/// A session with events of each kind that is archived at all, and one that is over soon.
#[cfg(feature = "parquet")]
async fn scene() -> Scene {
    let is_archived = |event: &Event| !matches!(event, Event::Unknown(_) | Event::Started(_));
    let told = crate::stories::every_kind().into_iter().filter(is_archived).collect();
    let ended = Ended::new(EndReason::LoggedOut, datetime!(2025-03-01 09:01 UTC));
    Scene::set(told, vec![Event::Ended(ended)]).await
}

/// The manifest of the month.
#[cfg(feature = "parquet")]
fn manifest(scene: &Scene) -> Value {
    serde_json::from_slice(&fs::read(scene.path(&format!("{MONTH}.json"))).unwrap()).unwrap()
}

/// The lines of the month without the places that each log has of its own.
#[cfg(feature = "parquet")]
fn placeless(lines: &str) -> Vec<Value> {
    let mut lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &mut lines {
        let fields = line.as_object_mut().unwrap();
        assert!(fields.remove("transaction").is_some() && fields.remove("position").is_some());
    }
    lines
}

#[cfg(feature = "parquet")]
#[tokio::test]
async fn a_month_is_a_table_beside_its_lines_and_the_table_is_checked() {
    let scene = scene().await;
    let told = stdout(scene.export(&["--keep", "30d", "--leave"]));
    assert!(told.ends_with(".ndjson.zst. It stays in the log.\n"), "{told}");
    assert_eq!(manifest(&scene).get("table"), None);
    // The lines are there already: the table is made of them.
    let told = stdout(scene.export(&["--keep", "30d", "--parquet"]));
    assert!(told.contains(&format!("of {MONTH}.ndjson.zst, and a table in {MONTH}.parquet.\n")), "{told}");
    assert_eq!(scene.database.count("session_ledger.event").await, 0);

    let table = scene.path(&format!("{MONTH}.parquet"));
    let mut made = fs::read(&table).unwrap();
    assert_eq!(manifest(&scene)["table"]["bytes"], made.len());
    let lines = zstd_lines(&scene);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(GOLDEN).unwrap();
        fs::write(format!("{GOLDEN}/{MONTH}.parquet"), &made).unwrap();
        fs::write(format!("{GOLDEN}/{MONTH}.ndjson"), &lines).unwrap();
    }
    let golden = fs::read_to_string(format!("{GOLDEN}/{MONTH}.ndjson")).unwrap();
    assert_eq!(placeless(&lines), placeless(&golden));
    assert!(made == fs::read(format!("{GOLDEN}/{MONTH}.parquet")).unwrap(), "the table is the golden one");

    let check =
        || projector(&scene.database).args(["archive", "check", "--from"]).arg(scene.folder.path()).output();
    assert!(stdout(check().unwrap()).starts_with("Checked 1 month: "));
    let middle = made.len() / 2;
    made[middle] ^= 1;
    fs::write(&table, made).unwrap();
    assert!(
        refusal(&check().unwrap())
            .contains("event_2025_03.parquet: it is not the file that its manifest names")
    );
    assert!(scene.told_by_archive(&[&scene.session.to_string()]).contains("alice"), "it is asked as before");
}

#[cfg(feature = "parquet")]
fn zstd_lines(scene: &Scene) -> String {
    let file = fs::File::open(scene.path(&format!("{MONTH}.ndjson.zst"))).unwrap();
    String::from_utf8(zstd::stream::decode_all(file).unwrap()).unwrap()
}

#[cfg(not(feature = "parquet"))]
#[tokio::test]
async fn a_table_that_cannot_be_written_is_refused_before_anything_is_done() {
    let scene = Scene::over().await;
    let told = refusal(&scene.export(&["--keep", "30d", "--parquet"]));
    let why =
        "Parquet is not built in: build the projector with `--features parquet`, or leave the option out";
    assert_eq!(told, format!("error: {why}\n"));
    assert!(scene.month().await.is_some());
    let folder = scene.folder.path().to_str().unwrap();
    let run = ["run", "--archive-to", folder, "--archive-parquet", "--listen", "127.0.0.1:0"];
    let output = crate::scene::projector(&scene.database).args(run).output().unwrap();
    assert_eq!(refusal(&output), format!("error: {why}\n"));
}
