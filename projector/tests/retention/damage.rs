//! An archive that was damaged is found out, and never taken for the log.

use std::fs;
use std::process::Command;

use crate::scene::{MONTH, Scene, refusal, stdout};

fn check(scene: &Scene) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_projector"));
    refusal(&command.args(["archive", "check", "--from"]).arg(scene.folder.path()).output().unwrap())
}

#[tokio::test]
async fn a_byte_that_was_changed_is_found_by_the_hash() {
    let scene = Scene::over().await;
    stdout(scene.export(&["--keep", "30d", "--leave"]));
    let file = scene.path(&format!("{MONTH}.ndjson.zst"));
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert!(check(&scene).contains("it is not the file that its manifest names"));
    // And the month is not dropped for it.
    let told = refusal(&scene.export(&["--keep", "30d"]));
    assert!(told.contains("it is not the file that its manifest names"), "{told}");
    assert!(scene.month().await.is_some());
}

/// Whoever may write the folder can write a manifest that fits. The chain is what they cannot make fit the
/// hashes that rows, tokens and other copies know.
#[tokio::test]
async fn an_event_that_was_edited_breaks_its_sessions_chain() {
    let scene = Scene::over().await;
    stdout(scene.export(&["--keep", "30d", "--leave"]));
    let (file, manifest) = (scene.path(&format!("{MONTH}.ndjson.zst")), scene.path(&format!("{MONTH}.json")));
    let lines = zstd::decode_all(&fs::read(&file).unwrap()[..]).unwrap();
    let edited = String::from_utf8(lines).unwrap().replacen("\"user\":\"alice\"", "\"user\":\"mallory\"", 1);
    fs::write(&file, zstd::encode_all(edited.as_bytes(), 3).unwrap()).unwrap();
    let hash = Command::new("sha256sum").arg(&file).output().unwrap();
    let hash = String::from_utf8(hash.stdout).unwrap()[..64].to_owned();
    let mut told: serde_json::Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    told["sha256"] = hash.into();
    told["bytes"] = fs::metadata(&file).unwrap().len().into();
    fs::write(&manifest, told.to_string()).unwrap();
    let told = check(&scene);
    assert!(told.contains("the chain of session") && told.contains("breaks at event 2"), "{told}");
}

#[tokio::test]
async fn what_was_exported_must_be_what_is_dropped() {
    let scene = Scene::over().await;
    stdout(scene.export(&["--keep", "30d", "--leave"]));
    let insert = "insert into session_ledger.event (session_id, version, event_id, kind, shape, occurred_at, recorded_at,
                                                   hash, payload)
                  values ($1, 99, gen_random_uuid(), 'cleared', 1, '2025-03-01Z', '2025-03-01Z', sha256(''), '')";
    scene.database.connect().await.execute(insert, &[&scene.other.as_uuid()]).await.unwrap();
    let told = refusal(&scene.export(&["--keep", "30d"]));
    let why =
        format!("partition {MONTH} holds 9 events of 2 sessions, and 8 events of 2 sessions were exported");
    assert!(told.contains(&why), "{told}");
    assert!(scene.month().await.is_some());
}
